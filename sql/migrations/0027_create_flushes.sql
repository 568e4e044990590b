-- The batches of traffic that have been written, with the rows that could not be.
-- Why: a batch that is sent again after a lost answer must not count twice, and one bad row must not cost the others.
-- Locks: nothing that exists; the tables are new.

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
