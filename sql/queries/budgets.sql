-- name: UpsertBudget :one
-- Sets the budget of an entity for a period, in one call whether it is new or not; what is spent stays counted.
-- Without an anchor a new budget follows the calendar in UTC and an existing one keeps its own. Another anchor starts
-- another period, and with it a count from zero.
INSERT INTO budgets AS b (entity_kind, entity_id, period, anchor_at, max_amount, soft_amount)
VALUES (
    @entity_kind,
    @entity_id,
    @period,
    coalesce(@anchor_at::timestamptz, '2024-01-01 00:00:00+00'),
    @max_amount,
    @soft_amount
)
ON CONFLICT (entity_kind, entity_id, period) DO UPDATE
SET
    anchor_at = coalesce(@anchor_at, b.anchor_at),
    max_amount = EXCLUDED.max_amount,
    soft_amount = EXCLUDED.soft_amount,
    updated_at = now()
RETURNING *;

-- name: LockBudget :one
-- The budget of an entity for a period, as it stays until the end of the transaction.
SELECT b.*
FROM budgets AS b
WHERE b.entity_kind = @entity_kind AND b.entity_id = @entity_id AND b.period = @period
FOR NO KEY UPDATE;

-- name: DeleteBudget :execrows
-- Removes a budget with all that was counted under it. Requests in flight lose nothing but their reservation.
DELETE FROM budgets
WHERE id = @id;

-- name: GetBudgetStatus :one
-- A budget with what is spent and reserved of it in the present period. remaining is NULL without a limit, and below
-- zero where requests cost more than they reserved.
SELECT
    sqlc.embed(b),
    starts.period_started_at,
    coalesce(c.spent, 0) AS spent,
    coalesce(c.reserved, 0) AS reserved,
    b.max_amount - coalesce(c.spent, 0) - coalesce(c.reserved, 0) AS remaining
FROM budgets AS b
CROSS JOIN LATERAL (SELECT budget_period_started_at(b.period, b.anchor_at, now()) AS period_started_at) AS starts
LEFT JOIN budget_counters AS c ON c.budget_id = b.id AND c.period_started_at = starts.period_started_at
WHERE b.id = @id;

-- name: ListBudgetsOf :many
-- The budgets of several entities, as in GetBudgetStatus: of a key and all above it, or of one entity alone.
-- The two arrays go together, element by element.
SELECT
    b.id,
    b.entity_kind,
    b.entity_id,
    b.period,
    b.max_amount,
    b.soft_amount,
    starts.period_started_at,
    coalesce(c.spent, 0) AS spent,
    coalesce(c.reserved, 0) AS reserved,
    b.max_amount - coalesce(c.spent, 0) - coalesce(c.reserved, 0) AS remaining
FROM (
    SELECT DISTINCT asked.entity_kind, asked.entity_id
    FROM unnest(@entity_kinds::text[], @entity_ids::uuid[]) AS asked (entity_kind, entity_id)
) AS scope
JOIN budgets AS b ON b.entity_kind = scope.entity_kind AND b.entity_id = scope.entity_id
CROSS JOIN LATERAL (SELECT budget_period_started_at(b.period, b.anchor_at, now()) AS period_started_at) AS starts
LEFT JOIN budget_counters AS c ON c.budget_id = b.id AND c.period_started_at = starts.period_started_at
ORDER BY b.entity_kind, b.entity_id, b.period;

-- name: ListBudgets :many
-- One page of the budgets of one kind of entity, after the last (entity_id, period) seen; both NULL for the first.
SELECT b.id, b.entity_id, b.period, b.anchor_at, b.max_amount, b.soft_amount, b.created_at, b.updated_at
FROM budgets AS b
WHERE
    b.entity_kind = @entity_kind
    AND (b.entity_id, b.period) > (
        coalesce(@after_entity_id::uuid, '00000000-0000-0000-0000-000000000000'),
        coalesce(@after_period::text, '')
    )
ORDER BY b.entity_id, b.period
LIMIT @page_size;

-- name: ListBudgetHistory :many
-- What was spent of a budget in its past periods and the present one, latest first.
SELECT c.period_started_at, c.spent, c.reserved
FROM budget_counters AS c
WHERE c.budget_id = @budget_id
ORDER BY c.period_started_at DESC
LIMIT @page_size;

-- name: ListBudgetsOverSoftAmount :many
-- The budgets of which more is spent in the present period than should give no warning, in pages by id. For the job
-- that warns: it reads all budgets that have a soft amount.
SELECT
    b.id,
    b.entity_kind,
    b.entity_id,
    b.period,
    b.soft_amount AS "soft_amount!",
    b.max_amount,
    c.period_started_at,
    c.spent
FROM budgets AS b
JOIN budget_counters AS c
    ON c.budget_id = b.id AND c.period_started_at = budget_period_started_at(b.period, b.anchor_at, now())
WHERE
    b.id > coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
    AND b.soft_amount IS NOT NULL
    AND c.spent > b.soft_amount
ORDER BY b.id
LIMIT @page_size;

-- name: ReserveBudgets :one
-- Holds the estimated cost of a request in every budget of every entity given, in all of them or in none.
-- outcome is reserved; repeated, where this request has reserved before; refused, by the budgets in refused_by; or
-- again, where a period has only now begun: the statement has opened it, and the same call decides.
-- Counters are locked in the order of their key, so that requests cannot deadlock; each waits only for those that
-- share a budget with it.
WITH applicable AS MATERIALIZED (
    SELECT
        b.id AS budget_id,
        b.entity_kind,
        b.entity_id,
        b.period,
        b.max_amount,
        budget_period_started_at(b.period, b.anchor_at, now()) AS period_started_at
    FROM (
        SELECT DISTINCT asked.entity_kind, asked.entity_id
        FROM unnest(@entity_kinds::text[], @entity_ids::uuid[]) AS asked (entity_kind, entity_id)
    ) AS scope
    JOIN budgets AS b ON b.entity_kind = scope.entity_kind AND b.entity_id = scope.entity_id
    WHERE NOT EXISTS (SELECT FROM budget_reservations AS r WHERE r.request_id = @request_id)
),
missing AS MATERIALIZED (
    -- Without a budget that is being deleted, which would refuse the counter.
    SELECT a.budget_id, a.period_started_at
    FROM applicable AS a
    JOIN budgets AS b ON b.id = a.budget_id
    WHERE NOT EXISTS (
        SELECT
        FROM budget_counters AS c
        WHERE c.budget_id = a.budget_id AND c.period_started_at = a.period_started_at
    )
    ORDER BY b.id
    FOR KEY SHARE OF b
),
opened AS (
    INSERT INTO budget_counters (budget_id, period_started_at)
    SELECT m.budget_id, m.period_started_at
    FROM missing AS m
    ORDER BY m.budget_id, m.period_started_at
    ON CONFLICT (budget_id, period_started_at) DO NOTHING
),
held AS MATERIALIZED (
    -- Whoever waited here goes on with the row as it is then, not as it was when the statement began. Nothing is
    -- locked where a counter is missing: to insert it while holding others would be out of order.
    SELECT
        c.budget_id,
        c.period_started_at,
        c.spent,
        c.reserved,
        a.entity_kind,
        a.entity_id,
        a.period,
        a.max_amount
    FROM applicable AS a
    JOIN budget_counters AS c ON c.budget_id = a.budget_id AND c.period_started_at = a.period_started_at
    WHERE NOT EXISTS (SELECT FROM missing)
    ORDER BY c.budget_id, c.period_started_at
    FOR NO KEY UPDATE OF c
),
decision AS MATERIALIZED (
    SELECT
        CASE
            WHEN EXISTS (SELECT FROM budget_reservations AS r WHERE r.request_id = @request_id) THEN 'repeated'
            WHEN EXISTS (SELECT FROM missing) THEN 'again'
            WHEN (SELECT bool_or(h.spent + h.reserved + @amount::numeric > h.max_amount) FROM held AS h) THEN 'refused'
            ELSE 'reserved'
        END AS outcome
),
kept AS (
    INSERT INTO budget_reservations (request_id, budget_id, period_started_at, amount, expires_at)
    SELECT @request_id, h.budget_id, h.period_started_at, @amount, now() + @ttl::interval
    FROM held AS h
    CROSS JOIN decision AS d
    WHERE d.outcome = 'reserved'
    ORDER BY h.budget_id
    ON CONFLICT (request_id, budget_id) DO NOTHING
    RETURNING budget_id, period_started_at, amount
),
counted AS (
    UPDATE budget_counters AS c
    SET reserved = c.reserved + kept.amount
    FROM kept
    WHERE c.budget_id = kept.budget_id AND c.period_started_at = kept.period_started_at
)
SELECT
    d.outcome,
    ARRAY(
        SELECT found
        FROM (
            SELECT
                h.budget_id,
                h.entity_kind,
                h.entity_id,
                h.period,
                h.max_amount,
                h.spent,
                h.reserved
            FROM held AS h
            WHERE d.outcome = 'refused' AND h.spent + h.reserved + @amount > h.max_amount
            ORDER BY h.budget_id
        ) AS found
    ) AS refused_by
FROM decision AS d;

-- name: ExtendReservation :execrows
-- Keeps the sweep from releasing what a long request still needs; 0 where it is settled or released.
UPDATE budget_reservations
SET expires_at = now() + @ttl::interval
WHERE request_id = @request_id AND state = 'open';

-- name: SettleReservations :execrows
-- Turns the reservations of requests into what they cost: one pair of elements a request, each request once.
-- Can be repeated, as settled ones are left alone. One that was released before, since it took too long, is charged
-- all the same, with nothing to take off. Locks counters before reservations, like all that touches both.
WITH asked AS MATERIALIZED (
    SELECT r.request_id, r.budget_id, r.period_started_at, cost.amount AS cost
    FROM unnest(@request_ids::uuid[], @costs::numeric[]) AS cost (request_id, amount)
    JOIN budget_reservations AS r ON r.request_id = cost.request_id
    WHERE r.state <> 'settled'
),
held AS MATERIALIZED (
    SELECT c.budget_id
    FROM budget_counters AS c
    WHERE (c.budget_id, c.period_started_at) IN (SELECT a.budget_id, a.period_started_at FROM asked AS a)
    ORDER BY c.budget_id, c.period_started_at
    FOR NO KEY UPDATE
),
pending AS MATERIALIZED (
    -- Read once more under the locks: another call may have closed it meanwhile.
    SELECT r.request_id, r.budget_id, r.period_started_at, r.amount, r.state, a.cost
    FROM asked AS a
    JOIN budget_reservations AS r ON r.request_id = a.request_id AND r.budget_id = a.budget_id
    WHERE r.state <> 'settled' AND (SELECT count(*) FROM held) >= 0
    ORDER BY r.request_id, r.budget_id
    FOR NO KEY UPDATE OF r
),
counted AS (
    UPDATE budget_counters AS c
    SET spent = c.spent + total.cost, reserved = c.reserved - total.reserved
    FROM (
        SELECT
            p.budget_id,
            p.period_started_at,
            sum(p.cost) AS cost,
            coalesce(sum(p.amount) FILTER (WHERE p.state = 'open'), 0) AS reserved
        FROM pending AS p
        GROUP BY p.budget_id, p.period_started_at
    ) AS total
    WHERE c.budget_id = total.budget_id AND c.period_started_at = total.period_started_at
)
UPDATE budget_reservations AS r
SET state = 'settled', closed_at = now()
FROM pending AS p
WHERE r.request_id = p.request_id AND r.budget_id = p.budget_id;

-- name: ReleaseReservations :execrows
-- Gives back what requests had reserved that were never sent. Can be repeated; what is settled stays settled.
WITH asked AS MATERIALIZED (
    SELECT r.request_id, r.budget_id, r.period_started_at
    FROM budget_reservations AS r
    WHERE r.request_id = ANY(@request_ids::uuid[]) AND r.state = 'open'
),
held AS MATERIALIZED (
    SELECT c.budget_id
    FROM budget_counters AS c
    WHERE (c.budget_id, c.period_started_at) IN (SELECT a.budget_id, a.period_started_at FROM asked AS a)
    ORDER BY c.budget_id, c.period_started_at
    FOR NO KEY UPDATE
),
pending AS MATERIALIZED (
    SELECT r.request_id, r.budget_id, r.period_started_at, r.amount
    FROM asked AS a
    JOIN budget_reservations AS r ON r.request_id = a.request_id AND r.budget_id = a.budget_id
    WHERE r.state = 'open' AND (SELECT count(*) FROM held) >= 0
    ORDER BY r.request_id, r.budget_id
    FOR NO KEY UPDATE OF r
),
counted AS (
    UPDATE budget_counters AS c
    SET reserved = c.reserved - total.amount
    FROM (
        SELECT p.budget_id, p.period_started_at, sum(p.amount) AS amount
        FROM pending AS p
        GROUP BY p.budget_id, p.period_started_at
    ) AS total
    WHERE c.budget_id = total.budget_id AND c.period_started_at = total.period_started_at
)
UPDATE budget_reservations AS r
SET state = 'released', closed_at = now()
FROM pending AS p
WHERE r.request_id = p.request_id AND r.budget_id = p.budget_id;

-- name: ReleaseExpiredReservations :execrows
-- Gives back what a batch of requests had reserved that should have ended by now; 0 when there are none left. All
-- reservations of a request go together.
WITH due AS MATERIALIZED (
    SELECT r.request_id
    FROM budget_reservations AS r
    WHERE r.state = 'open' AND r.expires_at <= now()
    ORDER BY r.expires_at
    LIMIT @batch_size
),
asked AS MATERIALIZED (
    SELECT r.request_id, r.budget_id, r.period_started_at
    FROM budget_reservations AS r
    WHERE r.request_id IN (SELECT due.request_id FROM due) AND r.state = 'open'
),
held AS MATERIALIZED (
    SELECT c.budget_id
    FROM budget_counters AS c
    WHERE (c.budget_id, c.period_started_at) IN (SELECT a.budget_id, a.period_started_at FROM asked AS a)
    ORDER BY c.budget_id, c.period_started_at
    FOR NO KEY UPDATE
),
pending AS MATERIALIZED (
    -- Asked again under the locks: it may have been settled, or extended.
    SELECT r.request_id, r.budget_id, r.period_started_at, r.amount
    FROM asked AS a
    JOIN budget_reservations AS r ON r.request_id = a.request_id AND r.budget_id = a.budget_id
    WHERE r.state = 'open' AND r.expires_at <= now() AND (SELECT count(*) FROM held) >= 0
    ORDER BY r.request_id, r.budget_id
    FOR NO KEY UPDATE OF r
),
counted AS (
    UPDATE budget_counters AS c
    SET reserved = c.reserved - total.amount
    FROM (
        SELECT p.budget_id, p.period_started_at, sum(p.amount) AS amount
        FROM pending AS p
        GROUP BY p.budget_id, p.period_started_at
    ) AS total
    WHERE c.budget_id = total.budget_id AND c.period_started_at = total.period_started_at
)
UPDATE budget_reservations AS r
SET state = 'released', closed_at = now()
FROM pending AS p
WHERE r.request_id = p.request_id AND r.budget_id = p.budget_id;

-- name: ListReservations :many
-- What a request holds, or held, of each budget.
SELECT r.budget_id, r.period_started_at, r.amount, r.state, r.expires_at, r.closed_at
FROM budget_reservations AS r
WHERE r.request_id = @request_id
ORDER BY r.budget_id;

-- name: DeleteClosedReservations :execrows
-- Deletes a batch of the reservations that were settled or released before a time. Until then a late settlement is
-- recognized, so leave them longer than any request can take.
DELETE FROM budget_reservations AS r
USING (
    SELECT due.request_id, due.budget_id
    FROM budget_reservations AS due
    WHERE due.state <> 'open' AND due.closed_at < @closed_before
    ORDER BY due.closed_at
    LIMIT @batch_size
    FOR UPDATE SKIP LOCKED
) AS closed
WHERE r.request_id = closed.request_id AND r.budget_id = closed.budget_id;

-- name: DeletePastCounters :execrows
-- Deletes a batch of the counters of periods that started before a time, with what is left of their reservations. What
-- started in the last 32 days may not be over, and is kept, as are the counters of budgets that never start anew.
DELETE FROM budget_counters AS c
USING (
    SELECT due.budget_id, due.period_started_at
    FROM budget_counters AS due
    JOIN budgets AS b ON b.id = due.budget_id
    WHERE
        due.period_started_at < least(@started_before::timestamptz, now() - interval '32 days')
        AND b.period <> 'total'
    ORDER BY due.budget_id, due.period_started_at
    LIMIT @batch_size
    FOR UPDATE OF due SKIP LOCKED
) AS past
WHERE c.budget_id = past.budget_id AND c.period_started_at = past.period_started_at;

-- name: AddBudgetSpend :execrows
-- Adds what requests cost that had reserved nothing, to every budget of each entity given, in the period in which each
-- request started. Budgets are held against deletion first and counters are written in the order of their key, so
-- that flushes deadlock neither with each other nor with DeleteBudget. In a flush it comes last, as its locks are the
-- ones that requests wait for.
WITH used AS MATERIALIZED (
    SELECT b.id AS budget_id, b.period, b.anchor_at, given.started_at, given.amount
    FROM unnest(
        @entity_kinds::text[],
        @entity_ids::uuid[],
        @started_ats::timestamptz[],
        @amounts::numeric[]
    ) AS given (entity_kind, entity_id, started_at, amount)
    JOIN budgets AS b ON b.entity_kind = given.entity_kind AND b.entity_id = given.entity_id
),
spans AS MATERIALIZED (
    -- Nearly always all of a batch falls into one period, so starts are computed for its ends and not for each request.
    SELECT
        u.period,
        u.anchor_at,
        budget_period_started_at(u.period, u.anchor_at, min(u.started_at)) AS first_started_at,
        budget_period_started_at(u.period, u.anchor_at, max(u.started_at)) AS last_started_at
    FROM used AS u
    GROUP BY u.period, u.anchor_at
),
due AS MATERIALIZED (
    SELECT
        u.budget_id,
        CASE
            WHEN s.first_started_at = s.last_started_at THEN s.first_started_at
            ELSE budget_period_started_at(u.period, u.anchor_at, u.started_at)
        END AS period_started_at,
        sum(u.amount) AS amount
    FROM used AS u
    JOIN spans AS s ON s.period = u.period AND s.anchor_at = u.anchor_at
    GROUP BY 1, 2
),
held AS MATERIALIZED (
    SELECT b.id
    FROM budgets AS b
    WHERE b.id IN (SELECT due.budget_id FROM due)
    ORDER BY b.id
    FOR KEY SHARE
)
INSERT INTO budget_counters AS c (budget_id, period_started_at, spent)
SELECT due.budget_id, due.period_started_at, due.amount
FROM due
JOIN held ON held.id = due.budget_id
ORDER BY due.budget_id, due.period_started_at
ON CONFLICT (budget_id, period_started_at) DO UPDATE
SET spent = c.spent + EXCLUDED.spent;

-- name: AdjustBudgetSpend :one
-- Corrects by hand what is spent of a budget in the present period, never below zero, and says so in the audit, all in
-- one statement. Returns what is spent now; no row: no such budget.
WITH target AS MATERIALIZED (
    SELECT b.id AS budget_id, budget_period_started_at(b.period, b.anchor_at, now()) AS period_started_at
    FROM budgets AS b
    WHERE b.id = @budget_id
    FOR KEY SHARE
),
held AS MATERIALIZED (
    SELECT c.spent
    FROM target
    JOIN budget_counters AS c ON c.budget_id = target.budget_id AND c.period_started_at = target.period_started_at
    FOR NO KEY UPDATE OF c
),
adjusted AS (
    INSERT INTO budget_counters AS c (budget_id, period_started_at, spent)
    SELECT target.budget_id, target.period_started_at, greatest(0, @delta::numeric)
    FROM target
    WHERE (SELECT count(*) FROM held) >= 0
    ON CONFLICT (budget_id, period_started_at) DO UPDATE
    SET spent = greatest(0, c.spent + @delta)
    RETURNING budget_id, period_started_at, spent
),
audited AS (
    INSERT INTO audit_events (actor_kind, actor_id, action, object_kind, object_id, before, after, reason)
    SELECT
        @actor_kind,
        @actor_id,
        'adjust',
        'budget',
        adjusted.budget_id::text,
        jsonb_build_object('spent', coalesce((SELECT held.spent FROM held), 0)),
        jsonb_build_object('spent', adjusted.spent, 'period_started_at', adjusted.period_started_at),
        @reason
    FROM adjusted
)
SELECT adjusted.period_started_at, adjusted.spent
FROM adjusted;

-- name: ListCountersOffBalance :many
-- The counters whose reserved amount is not the sum of the open reservations under them: none, if all is well. A check
-- for operators; it reads all counters that have anything reserved.
SELECT
    c.budget_id,
    c.period_started_at,
    c.reserved,
    coalesce(held.amount, 0) AS open_amount
FROM budget_counters AS c
LEFT JOIN (
    SELECT r.budget_id, r.period_started_at, sum(r.amount) AS amount
    FROM budget_reservations AS r
    WHERE r.state = 'open'
    GROUP BY r.budget_id, r.period_started_at
) AS held ON held.budget_id = c.budget_id AND held.period_started_at = c.period_started_at
WHERE c.reserved <> coalesce(held.amount, 0)
ORDER BY c.budget_id, c.period_started_at;
