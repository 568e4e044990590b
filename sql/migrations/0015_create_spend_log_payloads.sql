-- The contents of requests and answers, where keeping them is switched on.
-- Why: they are large and private, so they are dropped sooner than the rows that say what was spent.
-- Locks: nothing that exists; the table is new.

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
