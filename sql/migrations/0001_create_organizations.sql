-- The organizations that share this gateway: the top of the tree organization > team > project > key.
-- Why: limits, budgets and keys hang from a node of that tree and hold for all that is below it.
-- Locks: nothing that exists; the table is new.

CREATE TABLE organizations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    allowed_models text[],
    requests_per_minute bigint,
    tokens_per_minute bigint,
    max_parallel integer,
    metadata jsonb NOT NULL DEFAULT '{}',
    blocked_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organizations_pkey PRIMARY KEY (id),
    CONSTRAINT organizations_name_check CHECK (name <> ''),
    CONSTRAINT organizations_allowed_models_check CHECK (array_position(allowed_models, NULL) IS NULL),
    CONSTRAINT organizations_requests_per_minute_check CHECK (requests_per_minute > 0),
    CONSTRAINT organizations_tokens_per_minute_check CHECK (tokens_per_minute > 0),
    CONSTRAINT organizations_max_parallel_check CHECK (max_parallel > 0),
    CONSTRAINT organizations_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE UNIQUE INDEX organizations_name_idx ON organizations (name) WHERE deleted_at IS NULL;

COMMENT ON TABLE organizations IS
    'A customer of the gateway. Removing one sets deleted_at and keeps the row for reports; it is purged later, when '
    'nothing refers to it any more, so every reference to it is ON DELETE RESTRICT. Teams, users, projects and keys '
    'are removed in the same way.';
COMMENT ON COLUMN organizations.name IS
    'Unique among organizations that are not deleted; also the order in which they are listed.';
COMMENT ON COLUMN organizations.allowed_models IS
    'Public names of the models that may be asked for. NULL: no restriction here; an empty array: none at all.';
COMMENT ON COLUMN organizations.requests_per_minute IS 'NULL: no limit.';
COMMENT ON COLUMN organizations.tokens_per_minute IS 'Prompt and completion tokens together. NULL: no limit.';
COMMENT ON COLUMN organizations.max_parallel IS 'Requests in flight at once. NULL: no limit.';
COMMENT ON COLUMN organizations.metadata IS
    'Free labels for the people who run the gateway; the gateway does not read them.';
COMMENT ON COLUMN organizations.blocked_at IS
    'Since when every request below this organization is refused. NULL: not blocked.';
COMMENT ON COLUMN organizations.deleted_at IS 'Since when the organization counts as removed. NULL: in use.';
COMMENT ON COLUMN organizations.updated_at IS 'Set by the statement that changes the row. Traffic never changes it.';
COMMENT ON INDEX organizations_name_idx IS 'Partial, so that the name of a deleted organization can be given again.';
