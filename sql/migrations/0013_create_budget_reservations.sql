-- The estimated cost that each request in flight holds of each budget it falls under.
-- Why: requests at the same time must not all pass one check; a crashed gateway must not hold money for ever.
-- Locks: SHARE ROW EXCLUSIVE on budget_counters, for a moment, to add the foreign key.

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
