-- The projects of a team: the level between a team and its keys.
-- Why: a team that runs several applications wants limits and reports for each.
-- Locks: SHARE ROW EXCLUSIVE on teams, for a moment, to add the foreign key.

CREATE TABLE projects (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL,
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
    CONSTRAINT projects_pkey PRIMARY KEY (id),
    CONSTRAINT projects_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE RESTRICT,
    CONSTRAINT projects_name_check CHECK (name <> ''),
    CONSTRAINT projects_allowed_models_check CHECK (array_position(allowed_models, NULL) IS NULL),
    CONSTRAINT projects_requests_per_minute_check CHECK (requests_per_minute > 0),
    CONSTRAINT projects_tokens_per_minute_check CHECK (tokens_per_minute > 0),
    CONSTRAINT projects_max_parallel_check CHECK (max_parallel > 0),
    CONSTRAINT projects_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE UNIQUE INDEX projects_name_team_id_idx ON projects (name, team_id) WHERE deleted_at IS NULL;
CREATE INDEX projects_team_id_name_idx ON projects (team_id, name);

COMMENT ON TABLE projects IS 'One application of a team.';
COMMENT ON COLUMN projects.name IS 'Unique among the live projects of a team.';
COMMENT ON COLUMN projects.allowed_models IS 'As in organizations.';
COMMENT ON COLUMN projects.requests_per_minute IS 'Over all keys of the project. NULL: no limit.';
COMMENT ON COLUMN projects.tokens_per_minute IS 'Over all keys of the project. NULL: no limit.';
COMMENT ON COLUMN projects.max_parallel IS 'Requests in flight at once over all keys of the project. NULL: no limit.';
COMMENT ON COLUMN projects.metadata IS 'Free labels; the gateway does not read them.';
COMMENT ON COLUMN projects.blocked_at IS 'Since when every key of the project is refused. NULL: not blocked.';
COMMENT ON COLUMN projects.deleted_at IS 'Since when the project counts as removed. NULL: in use.';
COMMENT ON COLUMN projects.updated_at IS 'Set by the statement that changes the row. Traffic never changes it.';
COMMENT ON INDEX projects_team_id_name_idx IS
    'Not partial, as the foreign key must see deleted projects too; also lists the projects of a team by name.';
