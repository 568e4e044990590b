-- The people (or service accounts) who administer the gateway or hold keys.
-- Why: a key can belong to a person, and single sign-on needs a row to find.
-- Locks: nothing that exists; the table is new.

CREATE TABLE users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    email text,
    name text,
    sso_subject text,
    role text NOT NULL DEFAULT 'member',
    allowed_models text[],
    requests_per_minute bigint,
    tokens_per_minute bigint,
    max_parallel integer,
    metadata jsonb NOT NULL DEFAULT '{}',
    blocked_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_check CHECK (position('@' IN email) > 1),
    CONSTRAINT users_name_check CHECK (name <> ''),
    CONSTRAINT users_sso_subject_check CHECK (sso_subject <> ''),
    CONSTRAINT users_role_check CHECK (role IN ('admin', 'auditor', 'member')),
    CONSTRAINT users_allowed_models_check CHECK (array_position(allowed_models, NULL) IS NULL),
    CONSTRAINT users_requests_per_minute_check CHECK (requests_per_minute > 0),
    CONSTRAINT users_tokens_per_minute_check CHECK (tokens_per_minute > 0),
    CONSTRAINT users_max_parallel_check CHECK (max_parallel > 0),
    CONSTRAINT users_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE UNIQUE INDEX users_email_idx ON users (lower(email)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_sso_subject_idx ON users (sso_subject) WHERE deleted_at IS NULL;
CREATE INDEX users_created_at_id_idx ON users (created_at, id) WHERE deleted_at IS NULL;

COMMENT ON TABLE users IS 'A person or service account known to the gateway. Customers of a customer are in end_users.';
COMMENT ON COLUMN users.email IS 'As written; compared in lower case. NULL: a service account.';
COMMENT ON COLUMN users.name IS 'For display only.';
COMMENT ON COLUMN users.sso_subject IS 'Subject claim of the identity provider. NULL: never signed in that way.';
COMMENT ON COLUMN users.role IS
    'admin: may change everything; auditor: may read everything; member: what the memberships allow.';
COMMENT ON COLUMN users.allowed_models IS 'As in organizations; holds for the keys of this user.';
COMMENT ON COLUMN users.requests_per_minute IS 'Over all keys of this user. NULL: no limit.';
COMMENT ON COLUMN users.tokens_per_minute IS 'Over all keys of this user. NULL: no limit.';
COMMENT ON COLUMN users.max_parallel IS 'Requests in flight at once over all keys of this user. NULL: no limit.';
COMMENT ON COLUMN users.metadata IS 'Free labels; the gateway does not read them.';
COMMENT ON COLUMN users.blocked_at IS 'Since when every key of this user is refused. NULL: not blocked.';
COMMENT ON COLUMN users.deleted_at IS 'Since when the user counts as removed. NULL: in use.';
COMMENT ON COLUMN users.updated_at IS 'Set by the statement that changes the row. Traffic never changes it.';
COMMENT ON INDEX users_email_idx IS
    'One live account an address, however it is spelled; look up with lower(email) = lower(...) AND deleted_at IS '
    'NULL.';
COMMENT ON INDEX users_created_at_id_idx IS
    'Pages of the list of live users: continue after the last (created_at, id) seen.';
