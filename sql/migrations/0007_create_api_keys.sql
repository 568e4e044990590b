-- The API keys: who a caller is and what the caller may do.
-- Why: the identity is apart from the secret, so that rotating a key keeps its limits, budgets and history.
-- Locks: SHARE ROW EXCLUSIVE on organizations, teams, projects, users, for a moment, to add the foreign keys.

CREATE TABLE api_keys (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text,
    hint text NOT NULL,
    kind text NOT NULL DEFAULT 'inference',
    organization_id uuid,
    team_id uuid,
    project_id uuid,
    user_id uuid,
    allowed_models text[],
    requests_per_minute bigint,
    tokens_per_minute bigint,
    max_parallel integer,
    metadata jsonb NOT NULL DEFAULT '{}',
    expires_at timestamptz,
    blocked_at timestamptz,
    deleted_at timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE RESTRICT,
    CONSTRAINT api_keys_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE RESTRICT,
    CONSTRAINT api_keys_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE RESTRICT,
    CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT,
    CONSTRAINT api_keys_place_check CHECK (num_nonnulls(organization_id, team_id, project_id) <= 1),
    CONSTRAINT api_keys_name_check CHECK (name <> ''),
    CONSTRAINT api_keys_hint_check CHECK (length(hint) BETWEEN 1 AND 16),
    CONSTRAINT api_keys_kind_check CHECK (kind IN ('inference', 'management', 'read_only')),
    CONSTRAINT api_keys_allowed_models_check CHECK (array_position(allowed_models, NULL) IS NULL),
    CONSTRAINT api_keys_requests_per_minute_check CHECK (requests_per_minute > 0),
    CONSTRAINT api_keys_tokens_per_minute_check CHECK (tokens_per_minute > 0),
    CONSTRAINT api_keys_max_parallel_check CHECK (max_parallel > 0),
    CONSTRAINT api_keys_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT api_keys_created_by_check CHECK (created_by <> '')
);

CREATE UNIQUE INDEX api_keys_name_place_idx
    ON api_keys (name, organization_id, team_id, project_id, user_id) NULLS NOT DISTINCT
    WHERE deleted_at IS NULL AND name IS NOT NULL;
CREATE INDEX api_keys_organization_id_created_at_id_idx ON api_keys (organization_id, created_at, id);
CREATE INDEX api_keys_team_id_created_at_id_idx ON api_keys (team_id, created_at, id);
CREATE INDEX api_keys_project_id_created_at_id_idx ON api_keys (project_id, created_at, id);
CREATE INDEX api_keys_user_id_created_at_id_idx ON api_keys (user_id, created_at, id);
CREATE INDEX api_keys_created_at_id_idx ON api_keys (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX api_keys_deleted_at_idx ON api_keys (deleted_at) WHERE deleted_at IS NOT NULL;

COMMENT ON TABLE api_keys IS
    'A key as an identity. It never changes its id; the secret is known only by its hashes in api_key_hashes. Read '
    'for every request that is not in a cache and never written by traffic: spend is in budget_counters, last use in '
    'api_key_uses.';
COMMENT ON COLUMN api_keys.name IS 'For people and for idempotent set-up. NULL: nameless, as for keys made in bulk.';
COMMENT ON COLUMN api_keys.hint IS
    'A few characters of the present secret, enough for people to tell keys apart and too few to guess it.';
COMMENT ON COLUMN api_keys.kind IS
    'inference: may call models; management: may also administer what it belongs to; read_only: may read reports, '
    'not call models.';
COMMENT ON COLUMN api_keys.organization_id IS 'Set only for a key that hangs directly under an organization.';
COMMENT ON COLUMN api_keys.team_id IS
    'Set only for a key that hangs directly under a team; its organization is found through the team.';
COMMENT ON COLUMN api_keys.project_id IS
    'Set only for a key that hangs under a project; its team and organization are found through the project.';
COMMENT ON COLUMN api_keys.user_id IS 'Whose key it is. NULL: it belongs to the place it hangs in, not to a person.';
COMMENT ON COLUMN api_keys.allowed_models IS 'As in organizations.';
COMMENT ON COLUMN api_keys.requests_per_minute IS 'NULL: no limit of its own.';
COMMENT ON COLUMN api_keys.tokens_per_minute IS 'Prompt and completion tokens together. NULL: no limit of its own.';
COMMENT ON COLUMN api_keys.max_parallel IS 'Requests in flight at once. NULL: no limit of its own.';
COMMENT ON COLUMN api_keys.metadata IS 'Free labels; the gateway does not read them.';
COMMENT ON COLUMN api_keys.expires_at IS 'From when the key is refused. NULL: never.';
COMMENT ON COLUMN api_keys.blocked_at IS 'Since when the key is refused; can be undone. NULL: not blocked.';
COMMENT ON COLUMN api_keys.deleted_at IS
    'Since when the key counts as removed; the row stays for reports until it is purged. NULL: in use.';
COMMENT ON COLUMN api_keys.created_by IS
    'Who made it, in the form kind:id of audit_events. Text and not a reference, as makers may be purged.';
COMMENT ON COLUMN api_keys.updated_at IS 'Set by the statement that changes the row. Traffic never changes it.';
COMMENT ON CONSTRAINT api_keys_place_check ON api_keys IS
    'A key hangs at one node of the tree, or directly under the gateway. What stands above is found by primary keys, '
    'so the levels cannot contradict each other when a team or project moves.';
COMMENT ON INDEX api_keys_name_place_idx IS
    'Creating the same named key twice in one place finds the first one, as at every start of an installation that '
    'is configured by file.';
COMMENT ON INDEX api_keys_team_id_created_at_id_idx IS
    'Serves the foreign key and pages of the keys of a team; the same shape for organization, project and user.';
COMMENT ON INDEX api_keys_created_at_id_idx IS
    'Pages of the list of all live keys: continue after the last (created_at, id) seen.';
COMMENT ON INDEX api_keys_deleted_at_idx IS 'Purging finds the keys that have been deleted for long enough.';
