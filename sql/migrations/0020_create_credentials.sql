-- The credentials by which the gateway calls providers, encrypted.
-- Why: several models share one, and changing it must be one row.
-- Locks: nothing that exists; the table is new.

CREATE TABLE credentials (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    provider text NOT NULL,
    secret bytea NOT NULL,
    encryption_key_version integer NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT credentials_pkey PRIMARY KEY (id),
    CONSTRAINT credentials_name_key UNIQUE (name),
    CONSTRAINT credentials_name_check CHECK (name <> ''),
    CONSTRAINT credentials_provider_check CHECK (provider <> ''),
    CONSTRAINT credentials_secret_check CHECK (octet_length(secret) > 0),
    CONSTRAINT credentials_encryption_key_version_check CHECK (encryption_key_version > 0),
    CONSTRAINT credentials_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

COMMENT ON TABLE credentials IS
    'Access to a provider. The database sees only cipher text; the key to it is in the environment of the gateway.';
COMMENT ON COLUMN credentials.secret IS 'Encrypted by the gateway with authentication, nonce included.';
COMMENT ON COLUMN credentials.encryption_key_version IS
    'Which key encrypted the secret. A change of key re-encrypts row by row; until it is through, both versions can '
    'be read.';
COMMENT ON COLUMN credentials.metadata IS 'What is not secret: region, project, account.';
COMMENT ON COLUMN credentials.updated_at IS 'Set by the statement that changes the row.';
