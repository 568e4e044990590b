-- What has been spent and promised of each budget in each period.
-- Why: narrow rows take all the increments, and a new period is a new row, so no sweep has to reset anything.
-- Locks: SHARE ROW EXCLUSIVE on budgets, for a moment, to add the foreign key.

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
