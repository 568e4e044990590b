-- The hashes of the secrets by which callers present their keys.
-- Why: the hot look-up is one probe of a small index, and during a rotation one key can have two secrets.
-- Locks: SHARE ROW EXCLUSIVE on api_keys, for a moment, to add the foreign key.

CREATE TABLE api_key_hashes (
    hash bytea NOT NULL,
    key_id uuid NOT NULL,
    valid_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT api_key_hashes_pkey PRIMARY KEY (hash),
    CONSTRAINT api_key_hashes_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
    CONSTRAINT api_key_hashes_hash_check CHECK (octet_length(hash) = 32),
    CONSTRAINT api_key_hashes_valid_until_check CHECK (valid_until >= created_at)
);

CREATE UNIQUE INDEX api_key_hashes_key_id_idx ON api_key_hashes (key_id) WHERE valid_until IS NULL;
CREATE INDEX api_key_hashes_key_id_valid_until_idx ON api_key_hashes (key_id, valid_until);
CREATE INDEX api_key_hashes_valid_until_idx ON api_key_hashes (valid_until) WHERE valid_until IS NOT NULL;

COMMENT ON TABLE api_key_hashes IS
    'Authorizing a request starts here, by primary key, and goes on to api_keys and the places above it by primary '
    'keys. The secrets themselves are stored nowhere.';
COMMENT ON COLUMN api_key_hashes.hash IS
    'SHA-256 of the secret, as 32 bytes. Secrets are long and random, so no slow hash is needed.';
COMMENT ON COLUMN api_key_hashes.valid_until IS
    'NULL: the present secret. Otherwise an older one, accepted until then: the grace that a rotation leaves to '
    'callers.';
COMMENT ON INDEX api_key_hashes_key_id_idx IS
    'At most one present secret a key. Partial, as any number of older ones may end at the same time.';
COMMENT ON INDEX api_key_hashes_key_id_valid_until_idx IS
    'Serves the foreign key, which must see the older secrets too, with the secrets of one key in the order in which '
    'they end.';
COMMENT ON INDEX api_key_hashes_valid_until_idx IS 'Finds the hashes whose grace is over, which can be deleted.';
