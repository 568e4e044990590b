-- The state of the limits on requests and tokens a minute, with that of the limits on requests in flight.
-- Why: all instances count together; the rows live for seconds, so they are not worth a write-ahead log.
-- Locks: nothing that exists; the tables are new.

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
