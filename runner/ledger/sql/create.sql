-- The ledger: what ran here, when, and by whom. Made once, under the runner's lock.
CREATE TABLE :"schema"._migrations (
    version bigint NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    state text NOT NULL,
    started_at timestamptz NOT NULL,
    applied_at timestamptz,
    duration_ms bigint,
    statements_done integer NOT NULL,
    applied_by text NOT NULL,
    runner_version text NOT NULL,
    history text NOT NULL,
    sql text,
    CONSTRAINT _migrations_pkey PRIMARY KEY (version),
    CONSTRAINT _migrations_state_check CHECK (state IN ('applied', 'baseline', 'started')),
    CONSTRAINT _migrations_applied_at_check CHECK ((applied_at IS NULL) = (state = 'started'))
);

COMMENT ON TABLE :"schema"._migrations IS 'migrate ledger, format 1: one row for each migration that ran here. Written by `migrate` alone.';
COMMENT ON COLUMN :"schema"._migrations.version IS 'The number that the file''s name begins with.';
COMMENT ON COLUMN :"schema"._migrations.name IS 'The words of the file''s name.';
COMMENT ON COLUMN :"schema"._migrations.checksum IS 'sha256 of the file''s text, without byte-order mark, with LF line ends, without white space at its end.';
COMMENT ON COLUMN :"schema"._migrations.state IS 'applied: ran here. baseline: was there before the ledger. started: a no-transaction file that has not finished.';
COMMENT ON COLUMN :"schema"._migrations.started_at IS 'When its transaction, or its last try, began.';
COMMENT ON COLUMN :"schema"._migrations.duration_ms IS 'Wall time in milliseconds, from BEGIN to the writing of this row.';
COMMENT ON COLUMN :"schema"._migrations.statements_done IS 'How many of the file''s statements have finished; tells where a no-transaction file stopped.';
COMMENT ON COLUMN :"schema"._migrations.applied_by IS 'Role, then host and process of the runner.';
COMMENT ON COLUMN :"schema"._migrations.history IS 'Hash over the history of the next lower version, this version and this checksum: equal last histories mean equal files.';
COMMENT ON COLUMN :"schema"._migrations.sql IS 'The text that ran, if it is at most 1 MiB.';

CREATE TABLE :"schema"._migrations_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    version bigint NOT NULL,
    event text NOT NULL,
    reason text NOT NULL,
    statements_done integer NOT NULL,
    decided_by text NOT NULL,
    old_checksum text,
    old_sql text,
    CONSTRAINT _migrations_log_pkey PRIMARY KEY (id),
    CONSTRAINT _migrations_log_event_check CHECK (event IN ('failed', 'retry', 'applied', 'accept-edit'))
);

COMMENT ON TABLE :"schema"._migrations_log IS 'What people decided about the ledger with `migrate resolve`, and where no-transaction files failed.';
COMMENT ON COLUMN :"schema"._migrations_log.event IS 'failed: a statement was refused and did nothing. retry, applied, accept-edit: decided with `migrate resolve`.';
COMMENT ON COLUMN :"schema"._migrations_log.reason IS 'The words of the person who decided, or the error of the server.';
COMMENT ON COLUMN :"schema"._migrations_log.old_sql IS 'The text that an accepted edit replaced.';
