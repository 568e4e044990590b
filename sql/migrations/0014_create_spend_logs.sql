-- One row for every request that the gateway answered or refused after authorizing it.
-- Why: the record behind every bill and report; by day, so that old days are dropped as tables, not deleted as rows.
-- Locks: nothing that exists; the table is new.

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
