-- The gateway's schema as it is declared: what the migrations in sql/migrations come to, in one file.
-- `migrate verify --declared` holds the two against each other, `migrate draft NAME` writes the migration that brings
-- a database from them to this. The file runs from top to bottom: what a statement needs stands above it.

-- The organizations that share this gateway: the top of the tree organization > team > project > key.

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

-- The people (or service accounts) who administer the gateway or hold keys.

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

-- The teams, which may stand inside an organization or alone.

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

-- Who belongs to which organization or team, with which role.

CREATE TABLE organization_memberships (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'member',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organization_memberships_pkey PRIMARY KEY (organization_id, user_id),
    CONSTRAINT organization_memberships_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT organization_memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT organization_memberships_role_check CHECK (role IN ('admin', 'auditor', 'member'))
);

CREATE INDEX organization_memberships_user_id_idx ON organization_memberships (user_id);

COMMENT ON TABLE organization_memberships IS
    'A user in an organization. Goes with either side (ON DELETE CASCADE), as it is nothing without both.';
COMMENT ON COLUMN organization_memberships.role IS
    'admin: may change the organization and all below it; auditor: may read it; member: may be put in its teams.';

CREATE TABLE team_memberships (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'member',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT team_memberships_pkey PRIMARY KEY (id),
    CONSTRAINT team_memberships_team_id_user_id_key UNIQUE (team_id, user_id),
    CONSTRAINT team_memberships_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
    CONSTRAINT team_memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT team_memberships_role_check CHECK (role IN ('admin', 'member'))
);

CREATE INDEX team_memberships_user_id_idx ON team_memberships (user_id);

COMMENT ON TABLE team_memberships IS
    'A user in a team. Goes with either side (ON DELETE CASCADE), as it is nothing without both.';
COMMENT ON COLUMN team_memberships.id IS
    'What the budget of one member within one team refers to (budgets.entity_kind = membership).';
COMMENT ON COLUMN team_memberships.role IS
    'admin: may change the team and its keys; member: may use the team and see its own keys.';

-- The projects of a team: the level between a team and its keys.

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

-- The customers of a customer, as named in the requests themselves.

CREATE TABLE end_users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    organization_id uuid,
    external_id text NOT NULL,
    blocked_at timestamptz,
    first_seen_on date NOT NULL,
    last_seen_on date NOT NULL,
    CONSTRAINT end_users_pkey PRIMARY KEY (id),
    CONSTRAINT end_users_organization_id_external_id_key UNIQUE NULLS NOT DISTINCT (organization_id, external_id),
    CONSTRAINT end_users_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE RESTRICT,
    CONSTRAINT end_users_external_id_check CHECK (length(external_id) BETWEEN 1 AND 256),
    CONSTRAINT end_users_last_seen_on_check CHECK (last_seen_on >= first_seen_on)
);

CREATE INDEX end_users_last_seen_on_idx ON end_users (last_seen_on);

COMMENT ON TABLE end_users IS
    'Whoever a request says it is made for. Rows appear by themselves with the first request, in bulk, so the table '
    'grows with traffic; those not seen for long can be deleted.';
COMMENT ON COLUMN end_users.organization_id IS
    'Whose customer: two organizations may use the same external_id for different people. NULL: seen under a key '
    'outside any organization.';
COMMENT ON COLUMN end_users.external_id IS 'The name that the caller gave, kept as it came.';
COMMENT ON COLUMN end_users.blocked_at IS 'Since when requests for this end user are refused. NULL: not blocked.';
COMMENT ON COLUMN end_users.first_seen_on IS 'Day in UTC.';
COMMENT ON COLUMN end_users.last_seen_on IS
    'Day in UTC; a day and not an instant, so that the row is written at most once a day.';

-- The API keys: who a caller is and what the caller may do.

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

-- The hashes of the secrets by which callers present their keys.

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

-- The rotations of secrets, one row each.

CREATE TABLE key_rotations (
    id uuid NOT NULL,
    key_id uuid NOT NULL,
    grace_ends_at timestamptz NOT NULL,
    rotated_by text NOT NULL,
    rotated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT key_rotations_pkey PRIMARY KEY (id),
    CONSTRAINT key_rotations_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
    CONSTRAINT key_rotations_grace_ends_at_check CHECK (grace_ends_at >= rotated_at),
    CONSTRAINT key_rotations_rotated_by_check CHECK (rotated_by <> '')
);

CREATE INDEX key_rotations_key_id_rotated_at_idx ON key_rotations (key_id, rotated_at);

COMMENT ON TABLE key_rotations IS
    'Written in the transaction that adds the new hash and limits the old one. A row that is already there means: '
    'done before, change nothing.';
COMMENT ON COLUMN key_rotations.id IS
    'Chosen by whoever asks for the rotation, so that asking again is recognized; hence no default.';
COMMENT ON COLUMN key_rotations.grace_ends_at IS
    'Until when the old secret is still accepted; equal to rotated_at where it ended at once.';
COMMENT ON COLUMN key_rotations.rotated_by IS 'In the form kind:id of audit_events.';

-- When each key was last used.

CREATE TABLE api_key_uses (
    key_id uuid NOT NULL,
    last_used_at timestamptz NOT NULL,
    CONSTRAINT api_key_uses_pkey PRIMARY KEY (key_id),
    CONSTRAINT api_key_uses_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE
) WITH (fillfactor = 70);

COMMENT ON TABLE api_key_uses IS
    'At most one row a key, written in batches. No row: never used. Fillfactor 70 leaves room for updates within the '
    'page, which touch no index.';
COMMENT ON COLUMN api_key_uses.last_used_at IS 'Start of the latest request that was seen; late by up to one flush.';

-- The budgets: how much may be spent, by whom, in what period.

CREATE TABLE budgets (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    entity_kind text NOT NULL,
    entity_id uuid NOT NULL,
    period text NOT NULL,
    anchor_at timestamptz NOT NULL DEFAULT '2024-01-01 00:00:00+00',
    max_amount numeric(20,10),
    soft_amount numeric(20,10),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budgets_pkey PRIMARY KEY (id),
    CONSTRAINT budgets_entity_kind_entity_id_period_key UNIQUE (entity_kind, entity_id, period),
    CONSTRAINT budgets_entity_kind_check
        CHECK (entity_kind IN ('gateway', 'organization', 'team', 'project', 'user', 'membership', 'key', 'end_user')),
    CONSTRAINT budgets_entity_id_check
        CHECK ((entity_kind = 'gateway') = (entity_id = '00000000-0000-0000-0000-000000000000')),
    CONSTRAINT budgets_period_check CHECK (period IN ('hour', 'day', 'week', 'month', 'total')),
    CONSTRAINT budgets_max_amount_check CHECK (max_amount >= 0),
    CONSTRAINT budgets_soft_amount_check CHECK (soft_amount >= 0),
    CONSTRAINT budgets_amounts_check CHECK (num_nonnulls(max_amount, soft_amount) > 0),
    CONSTRAINT budgets_soft_amount_max_amount_check CHECK (soft_amount <= max_amount)
);

COMMENT ON TABLE budgets IS
    'A limit on spending in a period. An entity may have one budget for each period; a request must fit into all '
    'budgets of all entities above it. All money in this schema is in the one currency of the prices that the '
    'gateway knows.';
COMMENT ON COLUMN budgets.entity_kind IS
    'What entity_id is the id of. gateway: everything together; membership: one member within one team.';
COMMENT ON COLUMN budgets.entity_id IS
    'No foreign key, as it points into seven tables; whoever purges an entity deletes its budgets in the same '
    'transaction. All zeros for the gateway itself.';
COMMENT ON COLUMN budgets.period IS 'How often the budget starts anew. total: never.';
COMMENT ON COLUMN budgets.anchor_at IS
    'An instant at which a period starts; the others follow from it, so they do not drift. The default, a Monday and '
    'first of a month, gives hours, days, weeks and months of the calendar in UTC.';
COMMENT ON COLUMN budgets.max_amount IS
    'Requests that could lead beyond it are refused. NULL: never refuse, only warn.';
COMMENT ON COLUMN budgets.soft_amount IS 'Beyond it people are warned. NULL: no warning.';
COMMENT ON COLUMN budgets.updated_at IS 'Set by the statement that changes the row. Traffic never changes it.';
COMMENT ON CONSTRAINT budgets_soft_amount_max_amount_check ON budgets IS
    'A warning beyond the limit would never be given.';

-- What has been spent and promised of each budget in each period.

CREATE FUNCTION budget_period_started_at(period text, anchor_at timestamptz, moment timestamptz)
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE period
    WHEN 'hour' THEN date_bin('1 hour', moment, anchor_at)
    WHEN 'day' THEN date_bin('24 hours', moment, anchor_at)
    WHEN 'week' THEN date_bin('168 hours', moment, anchor_at)
    WHEN 'month' THEN (
        SELECT max(starts.at)
        FROM (
            SELECT
                anchor_at AT TIME ZONE 'UTC' AS anchor,
                moment AT TIME ZONE 'UTC' AS instant
        ) AS utc
        CROSS JOIN generate_series(0, 1) AS back
        CROSS JOIN LATERAL (
            SELECT (utc.anchor + make_interval(
                years => (extract(YEAR FROM utc.instant) - extract(YEAR FROM utc.anchor))::integer,
                months => (extract(MONTH FROM utc.instant) - extract(MONTH FROM utc.anchor))::integer - back
            )) AT TIME ZONE 'UTC' AS at
        ) AS starts
        WHERE starts.at <= moment
    )
    WHEN 'total' THEN anchor_at
END;

COMMENT ON FUNCTION budget_period_started_at(text, timestamptz, timestamptz) IS
    'Start of the budget period that a moment lies in: the only place where periods are computed. Months are counted '
    'from the anchor each time, so one anchored on the 31st starts on the last day of shorter months and on the 31st '
    'again after them.';

CREATE TABLE budget_counters (
    budget_id uuid NOT NULL,
    period_started_at timestamptz NOT NULL,
    spent numeric(20,10) NOT NULL DEFAULT 0,
    reserved numeric(20,10) NOT NULL DEFAULT 0,
    CONSTRAINT budget_counters_pkey PRIMARY KEY (budget_id, period_started_at),
    CONSTRAINT budget_counters_budget_id_fkey FOREIGN KEY (budget_id) REFERENCES budgets (id) ON DELETE CASCADE,
    CONSTRAINT budget_counters_spent_check CHECK (spent >= 0),
    CONSTRAINT budget_counters_reserved_check CHECK (reserved >= 0)
) WITH (fillfactor = 70);

COMMENT ON TABLE budget_counters IS
    'One row for each budget and period in which anything happened. Admission is one conditional UPDATE: spent + '
    'reserved + estimate must not exceed budgets.max_amount. Statements that touch several rows lock them in the '
    'order of the primary key, so that they cannot deadlock. Fillfactor 70 leaves room for updates within the page, '
    'which touch no index.';
COMMENT ON COLUMN budget_counters.period_started_at IS 'By budget_period_started_at.';
COMMENT ON COLUMN budget_counters.spent IS 'Cost of the requests that are settled.';
COMMENT ON COLUMN budget_counters.reserved IS
    'Estimated cost of the requests in flight: the sum of the open rows in budget_reservations.';

-- The estimated cost that each request in flight holds of each budget it falls under.

CREATE TABLE budget_reservations (
    request_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    period_started_at timestamptz NOT NULL,
    amount numeric(20,10) NOT NULL,
    state text NOT NULL DEFAULT 'open',
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT budget_reservations_pkey PRIMARY KEY (request_id, budget_id),
    CONSTRAINT budget_reservations_budget_id_period_started_at_fkey
        FOREIGN KEY (budget_id, period_started_at)
        REFERENCES budget_counters (budget_id, period_started_at) ON DELETE CASCADE,
    CONSTRAINT budget_reservations_amount_check CHECK (amount >= 0),
    CONSTRAINT budget_reservations_state_check CHECK (state IN ('open', 'settled', 'released')),
    CONSTRAINT budget_reservations_closed_at_check CHECK ((state = 'open') = (closed_at IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX budget_reservations_budget_id_period_started_at_idx ON budget_reservations (budget_id, period_started_at);
CREATE INDEX budget_reservations_expires_at_idx ON budget_reservations (expires_at) WHERE state = 'open';
CREATE INDEX budget_reservations_closed_at_idx ON budget_reservations (closed_at) WHERE state <> 'open';

COMMENT ON TABLE budget_reservations IS
    'A request reserves before it calls a model and settles with the real cost after it. Every step can be repeated: '
    'reserving again finds the primary key, settling or releasing again finds the state. Closed rows are kept for a '
    'while and then deleted; frequent vacuum keeps the table small.';
COMMENT ON COLUMN budget_reservations.request_id IS
    'All rows of one request are reserved, settled or released together.';
COMMENT ON COLUMN budget_reservations.period_started_at IS
    'The period that paid: a request which ends in the next one is settled here.';
COMMENT ON COLUMN budget_reservations.amount IS 'The estimate, part of budget_counters.reserved while the row is open.';
COMMENT ON COLUMN budget_reservations.state IS
    'open: in flight; settled: its cost is in spent; released: it expired or never ran. A request that ends after '
    'its release is still settled: its cost goes to spent, with nothing to take off reserved.';
COMMENT ON COLUMN budget_reservations.expires_at IS 'From when a sweep may release it, if it is still open.';
COMMENT ON COLUMN budget_reservations.closed_at IS 'When it was settled or released. NULL: open.';
COMMENT ON INDEX budget_reservations_expires_at_idx IS
    'The sweep reads only what is open and due, however many closed rows are kept.';
COMMENT ON INDEX budget_reservations_closed_at_idx IS
    'Deleting old closed rows. A row stands in this index or in that of the open ones, never in both.';

-- One row for every request that the gateway answered or refused after authorizing it.

CREATE TABLE spend_logs (
    started_at timestamptz NOT NULL,
    request_id uuid NOT NULL,
    key_id uuid,
    organization_id uuid,
    team_id uuid,
    project_id uuid,
    user_id uuid,
    end_user_id uuid,
    model_id uuid,
    model_name text NOT NULL,
    provider text NOT NULL DEFAULT '',
    provider_response_id text,
    endpoint text NOT NULL,
    status text NOT NULL,
    error_code text,
    cache_hit boolean NOT NULL DEFAULT FALSE,
    prompt_tokens bigint NOT NULL DEFAULT 0,
    completion_tokens bigint NOT NULL DEFAULT 0,
    cached_tokens bigint NOT NULL DEFAULT 0,
    total_tokens bigint GENERATED ALWAYS AS (prompt_tokens + completion_tokens) STORED,
    cost numeric(20,10) NOT NULL DEFAULT 0,
    duration_ms bigint NOT NULL,
    first_token_ms bigint,
    session_id text,
    tags text[] NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT spend_logs_pkey PRIMARY KEY (started_at, request_id),
    CONSTRAINT spend_logs_status_check CHECK (status IN ('success', 'failure', 'cancelled', 'refused')),
    CONSTRAINT spend_logs_prompt_tokens_check CHECK (prompt_tokens >= 0),
    CONSTRAINT spend_logs_completion_tokens_check CHECK (completion_tokens >= 0),
    CONSTRAINT spend_logs_cached_tokens_check CHECK (cached_tokens BETWEEN 0 AND prompt_tokens),
    CONSTRAINT spend_logs_cost_check CHECK (cost >= 0),
    CONSTRAINT spend_logs_duration_ms_check CHECK (duration_ms >= 0),
    CONSTRAINT spend_logs_first_token_ms_check CHECK (first_token_ms >= 0),
    CONSTRAINT spend_logs_tags_check CHECK (array_position(tags, NULL) IS NULL),
    CONSTRAINT spend_logs_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
) PARTITION BY RANGE (started_at);

CREATE INDEX spend_logs_key_id_started_at_idx ON spend_logs (key_id, started_at);
CREATE INDEX spend_logs_team_id_started_at_idx ON spend_logs (team_id, started_at);

COMMENT ON TABLE spend_logs IS
    'One partition a day in UTC, made ahead of time by ensure_partitions. No foreign keys, on purpose: rows outlive '
    'the keys, teams and users they name, and checking six references a request would cost more than the row. '
    'Reports read daily_rollups; this table is for single requests and for mending the rollups.';
COMMENT ON COLUMN spend_logs.started_at IS 'When the gateway accepted the request; decides the partition.';
COMMENT ON COLUMN spend_logs.request_id IS
    'Made by the gateway and sent to the caller. Never the id given by a provider, which need not be unique.';
COMMENT ON COLUMN spend_logs.key_id IS
    'Which key, in whatever rotation. NULL: authorized without a key, as by a signed token.';
COMMENT ON COLUMN spend_logs.organization_id IS
    'Where the key hung at the time; it may have moved since. Likewise team_id, project_id and user_id.';
COMMENT ON COLUMN spend_logs.end_user_id IS 'NULL: the request named no end user.';
COMMENT ON COLUMN spend_logs.model_id IS 'The deployment that answered, as in models. NULL: none was reached.';
COMMENT ON COLUMN spend_logs.model_name IS 'The public name that was asked for, after aliases.';
COMMENT ON COLUMN spend_logs.provider IS 'Empty: none was reached.';
COMMENT ON COLUMN spend_logs.provider_response_id IS 'The provider''s own id, for questions to its support.';
COMMENT ON COLUMN spend_logs.endpoint IS 'Path of the API, such as /v1/chat/completions.';
COMMENT ON COLUMN spend_logs.status IS
    'success; failure: of the provider or the gateway; cancelled: by the caller; refused: by a limit or budget.';
COMMENT ON COLUMN spend_logs.error_code IS 'Short name of what went wrong. NULL: nothing did.';
COMMENT ON COLUMN spend_logs.cache_hit IS 'Answered from the cache of the gateway, without a provider.';
COMMENT ON COLUMN spend_logs.cached_tokens IS 'The part of prompt_tokens that the provider charged as cached.';
COMMENT ON COLUMN spend_logs.cost IS 'What the request cost, at the prices of the time.';
COMMENT ON COLUMN spend_logs.duration_ms IS 'Milliseconds from acceptance to the last byte.';
COMMENT ON COLUMN spend_logs.first_token_ms IS 'Milliseconds from acceptance to the first token. NULL: not streamed.';
COMMENT ON COLUMN spend_logs.session_id IS 'Given by the caller to tie requests together. NULL: none.';
COMMENT ON COLUMN spend_logs.tags IS 'Given by the caller or the key, for reports.';
COMMENT ON COLUMN spend_logs.metadata IS 'Further facts about the request, without its contents.';
COMMENT ON CONSTRAINT spend_logs_pkey ON spend_logs IS
    'Time first: it must hold the partition key, and it serves pages through all requests by time without a further '
    'index.';

-- The contents of requests and answers, where keeping them is switched on.

CREATE TABLE spend_log_payloads (
    started_at timestamptz NOT NULL,
    request_id uuid NOT NULL,
    request jsonb,
    response jsonb,
    CONSTRAINT spend_log_payloads_pkey PRIMARY KEY (started_at, request_id),
    CONSTRAINT spend_log_payloads_request_check CHECK (jsonb_typeof(request) = 'object')
) PARTITION BY RANGE (started_at);

COMMENT ON TABLE spend_log_payloads IS
    'At most one row for a row of spend_logs, with the same primary key and without a foreign key, as either may be '
    'dropped first. One partition a day in UTC.';
COMMENT ON COLUMN spend_log_payloads.request IS 'The body that the caller sent. NULL: not kept.';
COMMENT ON COLUMN spend_log_payloads.response IS
    'The body that went back: an object, or an array of the pieces of a stream. NULL: not kept, or none.';

-- Sums of use for each day, entity, key, model, provider and endpoint.

CREATE TABLE daily_rollups (
    day date NOT NULL,
    entity_kind text NOT NULL,
    entity_id uuid NOT NULL,
    key_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    model_name text NOT NULL DEFAULT '',
    provider text NOT NULL DEFAULT '',
    endpoint text NOT NULL DEFAULT '',
    requests bigint NOT NULL DEFAULT 0,
    failed_requests bigint NOT NULL DEFAULT 0,
    prompt_tokens bigint NOT NULL DEFAULT 0,
    completion_tokens bigint NOT NULL DEFAULT 0,
    cached_tokens bigint NOT NULL DEFAULT 0,
    cost numeric(20,10) NOT NULL DEFAULT 0,
    CONSTRAINT daily_rollups_pkey PRIMARY KEY (entity_kind, entity_id, day, key_id, model_name, provider, endpoint),
    CONSTRAINT daily_rollups_entity_kind_check
        CHECK (entity_kind IN ('gateway', 'organization', 'team', 'project', 'user', 'membership', 'key', 'end_user')),
    CONSTRAINT daily_rollups_entity_id_check
        CHECK ((entity_kind = 'gateway') = (entity_id = '00000000-0000-0000-0000-000000000000')),
    CONSTRAINT daily_rollups_requests_check CHECK (requests >= 0),
    CONSTRAINT daily_rollups_failed_requests_check CHECK (failed_requests BETWEEN 0 AND requests),
    CONSTRAINT daily_rollups_prompt_tokens_check CHECK (prompt_tokens >= 0),
    CONSTRAINT daily_rollups_completion_tokens_check CHECK (completion_tokens >= 0),
    CONSTRAINT daily_rollups_cached_tokens_check CHECK (cached_tokens BETWEEN 0 AND prompt_tokens),
    CONSTRAINT daily_rollups_cost_check CHECK (cost >= 0)
) PARTITION BY RANGE (day);

COMMENT ON TABLE daily_rollups IS
    'A request is counted once for every entity it falls under, so sum only rows of one entity_kind. One partition a '
    'month. Written by upserts sorted by the primary key, so that they cannot deadlock. No foreign keys: sums '
    'outlive what they count.';
COMMENT ON COLUMN daily_rollups.day IS 'Day in UTC on which the requests started.';
COMMENT ON COLUMN daily_rollups.entity_kind IS
    'What entity_id is the id of, as in budgets. gateway: everything together.';
COMMENT ON COLUMN daily_rollups.entity_id IS 'All zeros for the gateway itself.';
COMMENT ON COLUMN daily_rollups.key_id IS
    'Which key of the entity. All zeros: not told apart by key, or authorized without one. Never NULL, as NULLs '
    'would not meet in the primary key.';
COMMENT ON COLUMN daily_rollups.model_name IS 'Public name. Empty: unknown.';
COMMENT ON COLUMN daily_rollups.provider IS 'Empty: none was reached.';
COMMENT ON COLUMN daily_rollups.endpoint IS 'As in spend_logs.';
COMMENT ON COLUMN daily_rollups.requests IS 'All of them, failed ones too.';
COMMENT ON COLUMN daily_rollups.failed_requests IS 'Those whose status was not success.';
COMMENT ON COLUMN daily_rollups.cached_tokens IS 'The part of prompt_tokens that providers charged as cached.';
COMMENT ON CONSTRAINT daily_rollups_pkey ON daily_rollups IS
    'Entity before day, so that a report of one entity over any days is one range of the index.';

-- Who changed what in the gateway, and when.

CREATE TABLE audit_events (
    occurred_at timestamptz NOT NULL DEFAULT now(),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    before jsonb,
    after jsonb,
    reason text,
    client_address inet,
    CONSTRAINT audit_events_pkey PRIMARY KEY (occurred_at, id),
    CONSTRAINT audit_events_actor_kind_check CHECK (actor_kind IN ('user', 'key', 'system')),
    CONSTRAINT audit_events_actor_id_check CHECK (actor_id <> ''),
    CONSTRAINT audit_events_action_check
        CHECK (action IN ('create', 'update', 'delete', 'purge', 'block', 'unblock', 'rotate', 'adjust')),
    CONSTRAINT audit_events_object_kind_check
        CHECK (object_kind IN (
            'organization', 'team', 'project', 'user', 'membership', 'end_user',
            'key', 'budget', 'model', 'model_alias', 'credential', 'setting'
        )),
    CONSTRAINT audit_events_object_id_check CHECK (object_id <> ''),
    CONSTRAINT audit_events_before_check CHECK (jsonb_typeof(before) = 'object'),
    CONSTRAINT audit_events_after_check CHECK (jsonb_typeof(after) = 'object')
) PARTITION BY RANGE (occurred_at);

CREATE INDEX audit_events_object_kind_object_id_occurred_at_idx ON audit_events (object_kind, object_id, occurred_at);

COMMENT ON TABLE audit_events IS
    'Written in the transaction of the change itself, never updated. One partition a month in UTC. No foreign keys: '
    'it must outlive what it speaks of.';
COMMENT ON COLUMN audit_events.actor_kind IS 'system: a job of the gateway or its set-up.';
COMMENT ON COLUMN audit_events.actor_id IS 'Id of the user or key, or the name of the job.';
COMMENT ON COLUMN audit_events.action IS 'adjust: spend corrected by hand; purge: a deleted object removed for good.';
COMMENT ON COLUMN audit_events.object_id IS 'The id as text; for settings the key.';
COMMENT ON COLUMN audit_events.before IS
    'The columns that changed, as they were, without secrets. NULL: the object is new.';
COMMENT ON COLUMN audit_events.after IS
    'The columns that changed, as they are, without secrets. NULL: the object is gone.';
COMMENT ON COLUMN audit_events.reason IS 'What the person gave as reason. NULL: none was asked for.';
COMMENT ON COLUMN audit_events.client_address IS 'Where the request came from. NULL for the system.';
COMMENT ON CONSTRAINT audit_events_pkey ON audit_events IS
    'Time first: it must hold the partition key, and it serves pages through all events by time.';
COMMENT ON INDEX audit_events_object_kind_object_id_occurred_at_idx IS 'The history of one object, newest first.';

-- The function that makes partitions ahead of time.

CREATE FUNCTION ensure_partitions(days_ahead integer)
RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    made integer := 0;
    wanted record;
    child text;
BEGIN
    IF (days_ahead BETWEEN 0 AND 366) IS NOT TRUE THEN
        RAISE EXCEPTION 'days_ahead must be from 0 to 366, not %', days_ahead
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- There is no DEFAULT partition, on purpose. With one, partitions could no longer be detached CONCURRENTLY, adding
    -- one would lock and scan the default, and rows that fell into it would bar the partition they belong to. Without
    -- one, a forgotten day shows at once as SQLSTATE 23514 without the name of a constraint; the writer then calls
    -- this function and tries again.
    FOR wanted IN
        SELECT
            parent.oid::regclass AS parent,
            schema.nspname AS schema,
            format('%s_p%s', parent.relname, to_char(starts, grains.suffix)) AS name,
            to_char(starts, 'YYYY-MM-DD') AS first_day,
            to_char(starts + grains.length, 'YYYY-MM-DD') AS next_day
        FROM (
            VALUES
                ('spend_logs', 'day', interval '1 day', 'YYYYMMDD'),
                ('spend_log_payloads', 'day', interval '1 day', 'YYYYMMDD'),
                ('daily_rollups', 'month', interval '1 month', 'YYYYMM'),
                ('audit_events', 'month', interval '1 month', 'YYYYMM')
        ) AS grains (parent, grain, length, suffix)
        JOIN pg_class AS parent ON parent.oid = grains.parent::regclass
        JOIN pg_namespace AS schema ON schema.oid = parent.relnamespace
        CROSS JOIN generate_series(
            date_trunc(grains.grain, (today - 1)::timestamp),
            (today + days_ahead)::timestamp,
            grains.length
        ) AS starts
        ORDER BY parent.relname, starts
    LOOP
        child := format('%I.%I', wanted.schema, wanted.name);
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_inherits WHERE inhrelid = to_regclass(child) AND inhparent = wanted.parent
        );
        EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', wanted.parent);
        -- Asked again under the lock: another caller may have made it while this one waited.
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_inherits WHERE inhrelid = to_regclass(child) AND inhparent = wanted.parent
        );
        EXECUTE format(
            'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING STORAGE)',
            child, wanted.parent
        );
        EXECUTE format(
            'COMMENT ON TABLE %s IS %L',
            child, format('%s from %s until before %s, in UTC.', wanted.parent, wanted.first_day, wanted.next_day)
        );
        EXECUTE format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
            wanted.parent, child, wanted.first_day || ' 00:00:00+00', wanted.next_day || ' 00:00:00+00'
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END;
$$;

COMMENT ON FUNCTION ensure_partitions(integer) IS
    'Makes what is not there of the partitions from yesterday to days_ahead days from now, days and months in UTC, '
    'and returns how many it made. Any number of gateways may call it at once. Where something is to be made it '
    'takes SHARE UPDATE EXCLUSIVE on the parent, which readers and writers do not notice: the table is created apart '
    'and then attached. The caller must own the tables. Retention must leave yesterday alone, or this makes it again.';

-- The credentials by which the gateway calls providers, encrypted.

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

-- The models that the gateway offers, one row a deployment at a provider.

CREATE TABLE models (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    provider text NOT NULL,
    credential_id uuid,
    params jsonb NOT NULL DEFAULT '{}',
    weight integer NOT NULL DEFAULT 1,
    requests_per_minute bigint,
    tokens_per_minute bigint,
    prompt_token_price numeric(20,10),
    completion_token_price numeric(20,10),
    cached_token_price numeric(20,10),
    blocked_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT models_pkey PRIMARY KEY (id),
    CONSTRAINT models_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES credentials (id) ON DELETE RESTRICT,
    CONSTRAINT models_name_check CHECK (name <> ''),
    CONSTRAINT models_provider_check CHECK (provider <> ''),
    CONSTRAINT models_params_check CHECK (jsonb_typeof(params) = 'object'),
    CONSTRAINT models_weight_check CHECK (weight >= 0),
    CONSTRAINT models_requests_per_minute_check CHECK (requests_per_minute > 0),
    CONSTRAINT models_tokens_per_minute_check CHECK (tokens_per_minute > 0),
    CONSTRAINT models_prompt_token_price_check CHECK (prompt_token_price >= 0),
    CONSTRAINT models_completion_token_price_check CHECK (completion_token_price >= 0),
    CONSTRAINT models_cached_token_price_check CHECK (cached_token_price >= 0),
    CONSTRAINT models_version_check CHECK (version > 0)
);

CREATE INDEX models_name_idx ON models (name);
CREATE INDEX models_credential_id_idx ON models (credential_id);

COMMENT ON TABLE models IS 'A deployment of a model. Deployments that share a name share its requests by weight.';
COMMENT ON COLUMN models.name IS 'The public name that callers ask for. Not unique.';
COMMENT ON COLUMN models.credential_id IS
    'NULL: the provider needs none, or takes it from the environment. A credential in use cannot be deleted.';
COMMENT ON COLUMN models.params IS
    'How to call the provider: its own name of the model, address, time limits. Nothing secret; secrets are in '
    'credentials.';
COMMENT ON COLUMN models.weight IS 'Share of the requests among deployments of one name. 0: only when the others fail.';
COMMENT ON COLUMN models.requests_per_minute IS
    'What the provider grants this deployment. NULL: unknown, no limit here.';
COMMENT ON COLUMN models.tokens_per_minute IS 'What the provider grants this deployment. NULL: unknown, no limit here.';
COMMENT ON COLUMN models.prompt_token_price IS
    'For one token. NULL: as in the price list that the gateway brings along.';
COMMENT ON COLUMN models.completion_token_price IS
    'For one token. NULL: as in the price list that the gateway brings along.';
COMMENT ON COLUMN models.cached_token_price IS
    'For one prompt token that the provider had cached. NULL: as in the price list that the gateway brings along.';
COMMENT ON COLUMN models.blocked_at IS 'Since when no request is sent there. NULL: in use.';
COMMENT ON COLUMN models.version IS
    'Raised by every change, which names the version it read: a change made from a stale view changes nothing.';
COMMENT ON COLUMN models.updated_at IS 'Set by the statement that changes the row.';

-- Other names for models, for everyone or for one team.

CREATE TABLE model_aliases (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    team_id uuid,
    name text NOT NULL,
    target_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT model_aliases_pkey PRIMARY KEY (id),
    CONSTRAINT model_aliases_team_id_name_key UNIQUE NULLS NOT DISTINCT (team_id, name),
    CONSTRAINT model_aliases_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
    CONSTRAINT model_aliases_name_check CHECK (name <> ''),
    CONSTRAINT model_aliases_target_name_check CHECK (target_name <> '' AND target_name <> name)
);

COMMENT ON TABLE model_aliases IS
    'The alias of a team goes before one for everyone. Aliases are followed once: an alias of an alias is not looked '
    'up.';
COMMENT ON COLUMN model_aliases.team_id IS 'NULL: for everyone. An alias goes with its team (ON DELETE CASCADE).';
COMMENT ON COLUMN model_aliases.name IS 'What the caller asks for.';
COMMENT ON COLUMN model_aliases.target_name IS
    'A name in models; no foreign key, as several deployments bear it and it may come later.';
COMMENT ON COLUMN model_aliases.updated_at IS 'Set by the statement that changes the row.';

-- The settings that are common to all instances of the gateway.

CREATE TABLE settings (
    key text NOT NULL,
    value jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    updated_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT settings_pkey PRIMARY KEY (key),
    CONSTRAINT settings_key_check CHECK (key ~ '^[a-z][a-z0-9_.]*$'),
    CONSTRAINT settings_version_check CHECK (version > 0),
    CONSTRAINT settings_updated_by_check CHECK (updated_by <> '')
);

COMMENT ON TABLE settings IS
    'One row a setting that differs from the default of the gateway. Earlier values are in audit_events.';
COMMENT ON COLUMN settings.key IS 'Dotted name, such as retention.spend_logs.';
COMMENT ON COLUMN settings.value IS 'Of any JSON type; the gateway knows which one it expects.';
COMMENT ON COLUMN settings.version IS
    'Raised by every change, which names the version it read: a change made from a stale view changes nothing.';
COMMENT ON COLUMN settings.updated_by IS 'In the form kind:id of audit_events.';

-- The numbered feed of changes to settings, models, aliases, credentials, with a notification for each.

CREATE TABLE config_changes (
    revision bigint GENERATED ALWAYS AS IDENTITY,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    operation text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT config_changes_pkey PRIMARY KEY (revision),
    CONSTRAINT config_changes_object_kind_check
        CHECK (object_kind IN ('setting', 'model', 'model_alias', 'credential')),
    CONSTRAINT config_changes_operation_check CHECK (operation IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE config_changes IS
    'Written by triggers only. Revisions become visible in their order, without exception, so whoever has seen one '
    'has seen all before it. Old rows may be deleted, the last one excepted; an instance that is behind the oldest '
    'row reads everything anew.';
COMMENT ON COLUMN config_changes.revision IS
    'Grows with every change; may have gaps. The largest is the revision of the configuration.';
COMMENT ON COLUMN config_changes.object_id IS 'The id as text; for settings the key.';
COMMENT ON COLUMN config_changes.operation IS 'delete: forget the object; otherwise: read it again.';

CREATE FUNCTION record_config_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    changed jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    revision bigint;
BEGIN
    -- Held until the commit: otherwise a higher revision could be seen before a lower one, which would then be missed.
    EXECUTE format('LOCK TABLE %I.config_changes IN SHARE ROW EXCLUSIVE MODE', TG_TABLE_SCHEMA);
    EXECUTE format(
        'INSERT INTO %I.config_changes (object_kind, object_id, operation) VALUES ($1, $2, $3) RETURNING revision',
        TG_TABLE_SCHEMA
    ) INTO revision USING TG_ARGV[0], changed ->> TG_ARGV[1], lower(TG_OP);
    PERFORM pg_notify('config_changes', TG_TABLE_SCHEMA || ':' || revision);
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION record_config_change() IS
    'Trigger: adds a row to config_changes and notifies the channel of that name with schema:revision. Arguments: '
    'the object_kind and the column that holds the id. Names the schema by that of the table, so it works under any '
    'search_path. Changes of the configuration wait for one another; they are rare.';

CREATE TRIGGER settings_record_change
AFTER INSERT OR UPDATE OR DELETE ON settings
FOR EACH ROW EXECUTE FUNCTION record_config_change('setting', 'key');

CREATE TRIGGER models_record_change
AFTER INSERT OR UPDATE OR DELETE ON models
FOR EACH ROW EXECUTE FUNCTION record_config_change('model', 'id');

CREATE TRIGGER model_aliases_record_change
AFTER INSERT OR UPDATE OR DELETE ON model_aliases
FOR EACH ROW EXECUTE FUNCTION record_config_change('model_alias', 'id');

CREATE TRIGGER credentials_record_change
AFTER INSERT OR UPDATE OR DELETE ON credentials
FOR EACH ROW EXECUTE FUNCTION record_config_change('credential', 'id');

-- A notification whenever something changes that decides what a key may do.

CREATE FUNCTION notify_access_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    changed jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
    PERFORM pg_notify('access_changes', TG_TABLE_SCHEMA || ':' || (changed ->> TG_ARGV[0]));
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION notify_access_change() IS
    'Trigger: notifies the channel access_changes with schema:id, the id being in the column that is the argument. '
    'Whoever keeps something in memory about this organization, team, project, user or key, or about one below it, '
    'reads it again; all zeros stand for everything. What is new is in no memory, so most inserts say nothing.';

CREATE TRIGGER organizations_notify_access
AFTER UPDATE OR DELETE ON organizations
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER teams_notify_access
AFTER UPDATE OR DELETE ON teams
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER projects_notify_access
AFTER UPDATE OR DELETE ON projects
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER users_notify_access
AFTER UPDATE OR DELETE ON users
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER api_keys_notify_access
AFTER UPDATE OR DELETE ON api_keys
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER api_key_hashes_notify_access
AFTER UPDATE OR DELETE ON api_key_hashes
FOR EACH ROW EXECUTE FUNCTION notify_access_change('key_id');

CREATE TRIGGER team_memberships_notify_access
AFTER INSERT OR DELETE ON team_memberships
FOR EACH ROW EXECUTE FUNCTION notify_access_change('user_id');

CREATE TRIGGER budgets_notify_access
AFTER INSERT OR UPDATE OR DELETE ON budgets
FOR EACH ROW EXECUTE FUNCTION notify_access_change('entity_id');

-- The state of the limits on requests and tokens a minute, with that of the limits on requests in flight.

CREATE UNLOGGED TABLE rate_limit_windows (
    subject text NOT NULL,
    metric text NOT NULL,
    window_seconds integer NOT NULL,
    window_started_at timestamptz NOT NULL,
    used bigint NOT NULL,
    CONSTRAINT rate_limit_windows_pkey PRIMARY KEY (subject, metric, window_seconds, window_started_at),
    CONSTRAINT rate_limit_windows_subject_check CHECK (subject <> ''),
    CONSTRAINT rate_limit_windows_metric_check CHECK (metric IN ('requests', 'tokens')),
    CONSTRAINT rate_limit_windows_window_seconds_check CHECK (window_seconds > 0),
    CONSTRAINT rate_limit_windows_used_check CHECK (used >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE rate_limit_windows IS
    'Fixed windows. A hit is one INSERT ... ON CONFLICT DO UPDATE whose WHERE holds the limit, so it is exact '
    'however many run at once. UNLOGGED: empty after a crash, which lets callers start their window anew and does no '
    'other harm; empty on standbys. Fillfactor 50: hot rows are updated within their page. No index for purging: '
    'nearly all rows are what a purge deletes.';
COMMENT ON COLUMN rate_limit_windows.subject IS
    'What is limited, such as key:<id> or team:<id>, with the model appended where the limit is for one model.';
COMMENT ON COLUMN rate_limit_windows.metric IS 'What is counted.';
COMMENT ON COLUMN rate_limit_windows.window_started_at IS 'By date_bin, so that all instances agree.';
COMMENT ON COLUMN rate_limit_windows.used IS
    'Requests, or tokens; an estimate of tokens is corrected when the answer is there.';

CREATE UNLOGGED TABLE parallel_slots (
    subject text NOT NULL,
    slot integer NOT NULL,
    request_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT parallel_slots_pkey PRIMARY KEY (subject, slot),
    CONSTRAINT parallel_slots_subject_check CHECK (subject <> ''),
    CONSTRAINT parallel_slots_slot_check CHECK (slot > 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX parallel_slots_expires_at_idx ON parallel_slots (expires_at);

COMMENT ON TABLE parallel_slots IS
    'Requests in flight under a limit on their number. Slots are numbered from 1 to the limit, so the primary key '
    'itself keeps more from running at once: a request takes a free number, or one whose holder has expired. '
    'UNLOGGED, as rate_limit_windows.';
COMMENT ON COLUMN parallel_slots.subject IS 'As in rate_limit_windows.';
COMMENT ON COLUMN parallel_slots.request_id IS 'The holder; only it may renew or release the slot.';
COMMENT ON COLUMN parallel_slots.expires_at IS
    'Long requests renew it; the slot of a crashed instance is free from then on.';
COMMENT ON INDEX parallel_slots_expires_at_idx IS 'A sweep over all subjects deletes what has expired.';

-- The running instances of the gateway, with the jobs that only one of them may do at a time.

CREATE TABLE instances (
    id uuid NOT NULL,
    host text NOT NULL,
    version text NOT NULL,
    schema_version bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT instances_pkey PRIMARY KEY (id),
    CONSTRAINT instances_schema_version_check CHECK (schema_version >= 0),
    CONSTRAINT instances_last_seen_at_check CHECK (last_seen_at >= started_at)
) WITH (fillfactor = 70);

COMMENT ON TABLE instances IS
    'One row a process, refreshed every few seconds; those not seen for long are deleted. Few rows, hence no further '
    'index.';
COMMENT ON COLUMN instances.id IS 'Made by the process when it starts; hence no default.';
COMMENT ON COLUMN instances.host IS 'Host and process id, for people.';
COMMENT ON COLUMN instances.version IS 'Of the gateway.';
COMMENT ON COLUMN instances.schema_version IS
    'The highest migration that this build knows: while an older one runs, nothing may be removed that it reads.';

CREATE TABLE job_leases (
    job text NOT NULL,
    instance_id uuid NOT NULL,
    term bigint NOT NULL DEFAULT 1,
    acquired_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT job_leases_pkey PRIMARY KEY (job),
    CONSTRAINT job_leases_job_check CHECK (job ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT job_leases_term_check CHECK (term > 0),
    CONSTRAINT job_leases_expires_at_check CHECK (expires_at >= acquired_at)
) WITH (fillfactor = 70);

COMMENT ON TABLE job_leases IS
    'Who may do a job until when. Taken by an upsert that succeeds only where the lease has expired, so it works '
    'through any connection pooler; one row a job.';
COMMENT ON COLUMN job_leases.instance_id IS
    'As in instances, without a foreign key: a lease ends by expiring, whatever becomes of that row.';
COMMENT ON COLUMN job_leases.term IS
    'Raised each time the lease changes hands: a holder that was stalled sees that it is no longer the holder.';
COMMENT ON COLUMN job_leases.expires_at IS 'The holder renews it before; by the clock of the database alone.';

-- The batches of traffic that have been written, with the rows that could not be.

CREATE TABLE flushes (
    id uuid NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT flushes_pkey PRIMARY KEY (id)
);

CREATE INDEX flushes_applied_at_idx ON flushes (applied_at);

COMMENT ON TABLE flushes IS
    'The first statement of a flush inserts its id here; where it is already there, the flush has been applied and '
    'nothing more is written. Logs, rollups, counters and this row are one transaction.';
COMMENT ON COLUMN flushes.id IS 'Made by the instance when it closes the batch, kept over retries; hence no default.';
COMMENT ON INDEX flushes_applied_at_idx IS 'Rows older than any retry are deleted.';

CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY,
    flush_id uuid NOT NULL,
    target text NOT NULL,
    payload bytea NOT NULL,
    sqlstate text NOT NULL,
    error text NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT dead_letters_pkey PRIMARY KEY (id),
    CONSTRAINT dead_letters_target_check
        CHECK (target IN (
            'spend_logs', 'spend_log_payloads', 'daily_rollups', 'budget_counters', 'end_users', 'api_key_uses'
        )),
    CONSTRAINT dead_letters_sqlstate_check CHECK (sqlstate ~ '^[0-9A-Z]{5}$')
);

COMMENT ON TABLE dead_letters IS
    'Rows that the database refused, kept until a person has mended or dropped them. Read in the order of id; should '
    'be empty.';
COMMENT ON COLUMN dead_letters.flush_id IS 'The flush it came in. No foreign key: it outlives the row in flushes.';
COMMENT ON COLUMN dead_letters.target IS 'The table that refused it.';
COMMENT ON COLUMN dead_letters.payload IS
    'The row as JSON in UTF-8. Bytes and not jsonb, as what jsonb refuses must fit too.';
COMMENT ON COLUMN dead_letters.sqlstate IS 'The five characters by which PostgreSQL classes the error.';
