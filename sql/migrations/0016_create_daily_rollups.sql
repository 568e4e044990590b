-- Sums of use for each day, entity, key, model, provider and endpoint.
-- Why: reports over months must not read single requests.
-- Locks: nothing that exists; the table is new.

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
