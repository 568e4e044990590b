-- The teams, which may stand inside an organization or alone.
-- Why: most keys, limits and budgets are given to a team.
-- Locks: SHARE ROW EXCLUSIVE on organizations, for a moment, to add the foreign key.

CREATE TABLE teams (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    organization_id uuid,
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
    CONSTRAINT teams_pkey PRIMARY KEY (id),
    CONSTRAINT teams_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE RESTRICT,
    CONSTRAINT teams_name_check CHECK (name <> ''),
    CONSTRAINT teams_allowed_models_check CHECK (array_position(allowed_models, NULL) IS NULL),
    CONSTRAINT teams_requests_per_minute_check CHECK (requests_per_minute > 0),
    CONSTRAINT teams_tokens_per_minute_check CHECK (tokens_per_minute > 0),
    CONSTRAINT teams_max_parallel_check CHECK (max_parallel > 0),
    CONSTRAINT teams_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE UNIQUE INDEX teams_name_organization_id_idx
    ON teams (name, organization_id) NULLS NOT DISTINCT
    WHERE deleted_at IS NULL;
CREATE INDEX teams_organization_id_name_idx ON teams (organization_id, name);

COMMENT ON TABLE teams IS
    'A group of users and keys with limits of its own. Who is in it stands in team_memberships and nowhere else.';
COMMENT ON COLUMN teams.organization_id IS 'NULL: the team stands alone, directly under the gateway.';
COMMENT ON COLUMN teams.name IS 'Unique among the live teams of one organization.';
COMMENT ON COLUMN teams.allowed_models IS
    'As in organizations. A model must be allowed at every level that names models.';
COMMENT ON COLUMN teams.requests_per_minute IS 'Over all keys of the team. NULL: no limit.';
COMMENT ON COLUMN teams.tokens_per_minute IS 'Over all keys of the team. NULL: no limit.';
COMMENT ON COLUMN teams.max_parallel IS 'Requests in flight at once over all keys of the team. NULL: no limit.';
COMMENT ON COLUMN teams.metadata IS 'Free labels; the gateway does not read them.';
COMMENT ON COLUMN teams.blocked_at IS 'Since when every key of the team is refused. NULL: not blocked.';
COMMENT ON COLUMN teams.deleted_at IS 'Since when the team counts as removed. NULL: in use.';
COMMENT ON COLUMN teams.updated_at IS 'Set by the statement that changes the row. Traffic never changes it.';
COMMENT ON INDEX teams_name_organization_id_idx IS
    'Name first, so that it also lists all teams by name. NULLS NOT DISTINCT: teams without an organization share '
    'one space of names.';
COMMENT ON INDEX teams_organization_id_name_idx IS
    'Not partial, as the foreign key must see deleted teams too; also lists the teams of an organization by name.';
