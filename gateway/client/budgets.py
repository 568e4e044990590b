# Made by migrate from sql/queries/budgets.sql; do not edit (source 0450a5c79ae01e7c, text 2f6b6abd839d921e)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/budgets.sql."""

import datetime
import decimal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from . import BudgetsRow, Database

UPSERT_BUDGET = """\
-- name: UpsertBudget :one
INSERT INTO budgets AS b (entity_kind, entity_id, period, anchor_at, max_amount, soft_amount)
VALUES (
    $1,
    $2,
    $3,
    coalesce($4::timestamptz, '2024-01-01 00:00:00+00'),
    $5,
    $6
)
ON CONFLICT (entity_kind, entity_id, period) DO UPDATE
SET
    anchor_at = coalesce($4, b.anchor_at),
    max_amount = EXCLUDED.max_amount,
    soft_amount = EXCLUDED.soft_amount,
    updated_at = now()
RETURNING id, entity_kind, entity_id, period, anchor_at, max_amount, soft_amount, created_at, updated_at"""

DELETE_BUDGET = """\
-- name: DeleteBudget :execrows
DELETE FROM budgets
WHERE id = $1"""

GET_BUDGET_STATUS = """\
-- name: GetBudgetStatus :one
SELECT
    b.id, b.entity_kind, b.entity_id, b.period, b.anchor_at, b.max_amount, b.soft_amount, b.created_at, b.updated_at,
    starts.period_started_at,
    coalesce(c.spent, 0) AS spent,
    coalesce(c.reserved, 0) AS reserved,
    b.max_amount - coalesce(c.spent, 0) - coalesce(c.reserved, 0) AS remaining
FROM budgets AS b
CROSS JOIN LATERAL (SELECT budget_period_started_at(b.period, b.anchor_at, now()) AS period_started_at) AS starts
LEFT JOIN budget_counters AS c ON c.budget_id = b.id AND c.period_started_at = starts.period_started_at
WHERE b.id = $1"""

LIST_BUDGETS_OF = """\
-- name: ListBudgetsOf :many
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
    FROM unnest($1::text[], $2::uuid[]) AS asked (entity_kind, entity_id)
) AS scope
JOIN budgets AS b ON b.entity_kind = scope.entity_kind AND b.entity_id = scope.entity_id
CROSS JOIN LATERAL (SELECT budget_period_started_at(b.period, b.anchor_at, now()) AS period_started_at) AS starts
LEFT JOIN budget_counters AS c ON c.budget_id = b.id AND c.period_started_at = starts.period_started_at
ORDER BY b.entity_kind, b.entity_id, b.period"""

LIST_BUDGETS = """\
-- name: ListBudgets :many
SELECT b.id, b.entity_id, b.period, b.anchor_at, b.max_amount, b.soft_amount, b.created_at, b.updated_at
FROM budgets AS b
WHERE
    b.entity_kind = $1
    AND (b.entity_id, b.period) > (
        coalesce($2::uuid, '00000000-0000-0000-0000-000000000000'),
        coalesce($3::text, '')
    )
ORDER BY b.entity_id, b.period
LIMIT $4"""

LIST_BUDGET_HISTORY = """\
-- name: ListBudgetHistory :many
SELECT c.period_started_at, c.spent, c.reserved
FROM budget_counters AS c
WHERE c.budget_id = $1
ORDER BY c.period_started_at DESC
LIMIT $2"""

LIST_BUDGETS_OVER_SOFT_AMOUNT = """\
-- name: ListBudgetsOverSoftAmount :many
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
    b.id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
    AND b.soft_amount IS NOT NULL
    AND c.spent > b.soft_amount
ORDER BY b.id
LIMIT $2"""

RESERVE_BUDGETS = """\
-- name: ReserveBudgets :one
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
        FROM unnest($1::text[], $2::uuid[]) AS asked (entity_kind, entity_id)
    ) AS scope
    JOIN budgets AS b ON b.entity_kind = scope.entity_kind AND b.entity_id = scope.entity_id
    WHERE NOT EXISTS (SELECT FROM budget_reservations AS r WHERE r.request_id = $3)
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
            WHEN EXISTS (SELECT FROM budget_reservations AS r WHERE r.request_id = $3) THEN 'repeated'
            WHEN EXISTS (SELECT FROM missing) THEN 'again'
            WHEN (SELECT bool_or(h.spent + h.reserved + $4::numeric > h.max_amount) FROM held AS h) THEN 'refused'
            ELSE 'reserved'
        END AS outcome
),
kept AS (
    INSERT INTO budget_reservations (request_id, budget_id, period_started_at, amount, expires_at)
    SELECT $3, h.budget_id, h.period_started_at, $4, now() + $5::interval
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
            WHERE d.outcome = 'refused' AND h.spent + h.reserved + $4 > h.max_amount
            ORDER BY h.budget_id
        ) AS found
    ) AS refused_by
FROM decision AS d"""

EXTEND_RESERVATION = """\
-- name: ExtendReservation :execrows
UPDATE budget_reservations
SET expires_at = now() + $1::interval
WHERE request_id = $2 AND state = 'open'"""

SETTLE_RESERVATIONS = """\
-- name: SettleReservations :execrows
WITH asked AS MATERIALIZED (
    SELECT r.request_id, r.budget_id, r.period_started_at, cost.amount AS cost
    FROM unnest($1::uuid[], $2::numeric[]) AS cost (request_id, amount)
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
WHERE r.request_id = p.request_id AND r.budget_id = p.budget_id"""

RELEASE_RESERVATIONS = """\
-- name: ReleaseReservations :execrows
WITH asked AS MATERIALIZED (
    SELECT r.request_id, r.budget_id, r.period_started_at
    FROM budget_reservations AS r
    WHERE r.request_id = ANY($1::uuid[]) AND r.state = 'open'
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
WHERE r.request_id = p.request_id AND r.budget_id = p.budget_id"""

RELEASE_EXPIRED_RESERVATIONS = """\
-- name: ReleaseExpiredReservations :execrows
WITH due AS MATERIALIZED (
    SELECT r.request_id
    FROM budget_reservations AS r
    WHERE r.state = 'open' AND r.expires_at <= now()
    ORDER BY r.expires_at
    LIMIT $1
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
WHERE r.request_id = p.request_id AND r.budget_id = p.budget_id"""

LIST_RESERVATIONS = """\
-- name: ListReservations :many
SELECT r.budget_id, r.period_started_at, r.amount, r.state, r.expires_at, r.closed_at
FROM budget_reservations AS r
WHERE r.request_id = $1
ORDER BY r.budget_id"""

DELETE_CLOSED_RESERVATIONS = """\
-- name: DeleteClosedReservations :execrows
DELETE FROM budget_reservations AS r
USING (
    SELECT due.request_id, due.budget_id
    FROM budget_reservations AS due
    WHERE due.state <> 'open' AND due.closed_at < $1
    ORDER BY due.closed_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS closed
WHERE r.request_id = closed.request_id AND r.budget_id = closed.budget_id"""

DELETE_PAST_COUNTERS = """\
-- name: DeletePastCounters :execrows
DELETE FROM budget_counters AS c
USING (
    SELECT due.budget_id, due.period_started_at
    FROM budget_counters AS due
    JOIN budgets AS b ON b.id = due.budget_id
    WHERE
        due.period_started_at < least($1::timestamptz, now() - interval '32 days')
        AND b.period <> 'total'
    ORDER BY due.budget_id, due.period_started_at
    LIMIT $2
    FOR UPDATE OF due SKIP LOCKED
) AS past
WHERE c.budget_id = past.budget_id AND c.period_started_at = past.period_started_at"""

ADD_BUDGET_SPEND = """\
-- name: AddBudgetSpend :execrows
WITH due AS MATERIALIZED (
    SELECT
        b.id AS budget_id,
        budget_period_started_at(b.period, b.anchor_at, used.started_at) AS period_started_at,
        sum(used.amount) AS amount
    FROM unnest(
        $1::text[],
        $2::uuid[],
        $3::timestamptz[],
        $4::numeric[]
    ) AS used (entity_kind, entity_id, started_at, amount)
    JOIN budgets AS b ON b.entity_kind = used.entity_kind AND b.entity_id = used.entity_id
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
SET spent = c.spent + EXCLUDED.spent"""

ADJUST_BUDGET_SPEND = """\
-- name: AdjustBudgetSpend :one
WITH target AS MATERIALIZED (
    SELECT b.id AS budget_id, budget_period_started_at(b.period, b.anchor_at, now()) AS period_started_at
    FROM budgets AS b
    WHERE b.id = $1
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
    SELECT target.budget_id, target.period_started_at, greatest(0, $2::numeric)
    FROM target
    WHERE (SELECT count(*) FROM held) >= 0
    ON CONFLICT (budget_id, period_started_at) DO UPDATE
    SET spent = greatest(0, c.spent + $2)
    RETURNING budget_id, period_started_at, spent
),
audited AS (
    INSERT INTO audit_events (actor_kind, actor_id, action, object_kind, object_id, before, after, reason)
    SELECT
        $3,
        $4,
        'adjust',
        'budget',
        adjusted.budget_id::text,
        jsonb_build_object('spent', coalesce((SELECT held.spent FROM held), 0)),
        jsonb_build_object('spent', adjusted.spent, 'period_started_at', adjusted.period_started_at),
        $5
    FROM adjusted
)
SELECT adjusted.period_started_at, adjusted.spent
FROM adjusted"""

LIST_COUNTERS_OFF_BALANCE = """\
-- name: ListCountersOffBalance :many
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
ORDER BY c.budget_id, c.period_started_at"""


async def upsert_budget(
    database: Database,
    /,
    *,
    entity_kind: str,
    entity_id: uuid.UUID,
    period: str,
    anchor_at: datetime.datetime | None,
    max_amount: decimal.Decimal | None,
    soft_amount: decimal.Decimal | None,
) -> BudgetsRow:
    """Sets the budget of an entity for a period, in one call whether it is new or not; what is spent stays counted.

    Without an anchor a new budget follows the calendar in UTC and an existing one keeps its own.
    Another anchor starts another period, and with it a count from zero.
    """
    row = await database.fetchrow(
        UPSERT_BUDGET,
        entity_kind,
        entity_id,
        period,
        anchor_at,
        max_amount,
        soft_amount,
    )
    return BudgetsRow(*row)


async def delete_budget(database: Database, /, *, id: uuid.UUID) -> int:
    """Removes a budget with all that was counted under it.

    Requests in flight lose nothing but their reservation.
    """
    status = await database.execute(DELETE_BUDGET, id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class GetBudgetStatusRow:
    """A row of GetBudgetStatus."""

    b: BudgetsRow
    period_started_at: datetime.datetime | None
    spent: decimal.Decimal
    reserved: decimal.Decimal
    remaining: decimal.Decimal | None


async def get_budget_status(database: Database, /, *, id: uuid.UUID) -> GetBudgetStatusRow | None:
    """A budget with what is spent and reserved of it in the present period.

    remaining is NULL without a limit, and below zero where requests cost more than they reserved.
    """
    row = await database.fetchrow(GET_BUDGET_STATUS, id)
    if row is None:
        return None
    return GetBudgetStatusRow(BudgetsRow(*row[0:9]), *row[9:13])


@dataclass(frozen=True, slots=True)
class ListBudgetsOfRow:
    """A row of ListBudgetsOf."""

    id: uuid.UUID
    entity_kind: str
    entity_id: uuid.UUID
    period: str
    max_amount: decimal.Decimal | None
    soft_amount: decimal.Decimal | None
    period_started_at: datetime.datetime | None
    spent: decimal.Decimal
    reserved: decimal.Decimal
    remaining: decimal.Decimal | None


async def list_budgets_of(
    database: Database,
    /,
    *,
    entity_kinds: Sequence[str],
    entity_ids: Sequence[uuid.UUID],
) -> list[ListBudgetsOfRow]:
    """The budgets of several entities, as in GetBudgetStatus: of a key and all above it, or of one entity alone.

    The two arrays go together, element by element.
    """
    rows = await database.fetch(LIST_BUDGETS_OF, entity_kinds, entity_ids)
    return [ListBudgetsOfRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListBudgetsRow:
    """A row of ListBudgets."""

    id: uuid.UUID
    entity_id: uuid.UUID
    period: str
    anchor_at: datetime.datetime
    max_amount: decimal.Decimal | None
    soft_amount: decimal.Decimal | None
    created_at: datetime.datetime
    updated_at: datetime.datetime


async def list_budgets(
    database: Database,
    /,
    *,
    entity_kind: str,
    after_entity_id: uuid.UUID | None,
    after_period: str | None,
    page_size: int,
) -> list[ListBudgetsRow]:
    """One page of the budgets of one kind of entity, after the last (entity_id, period) seen; both NULL for the first."""
    rows = await database.fetch(LIST_BUDGETS, entity_kind, after_entity_id, after_period, page_size)
    return [ListBudgetsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListBudgetHistoryRow:
    """A row of ListBudgetHistory."""

    period_started_at: datetime.datetime
    spent: decimal.Decimal
    reserved: decimal.Decimal


async def list_budget_history(
    database: Database,
    /,
    *,
    budget_id: uuid.UUID,
    page_size: int,
) -> list[ListBudgetHistoryRow]:
    """What was spent of a budget in its past periods and the present one, latest first."""
    rows = await database.fetch(LIST_BUDGET_HISTORY, budget_id, page_size)
    return [ListBudgetHistoryRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListBudgetsOverSoftAmountRow:
    """A row of ListBudgetsOverSoftAmount."""

    id: uuid.UUID
    entity_kind: str
    entity_id: uuid.UUID
    period: str
    soft_amount: decimal.Decimal
    max_amount: decimal.Decimal | None
    period_started_at: datetime.datetime
    spent: decimal.Decimal


async def list_budgets_over_soft_amount(
    database: Database,
    /,
    *,
    after_id: uuid.UUID | None,
    page_size: int,
) -> list[ListBudgetsOverSoftAmountRow]:
    """The budgets of which more is spent in the present period than should give no warning, in pages by id.

    For the job that warns: it reads all budgets that have a soft amount.
    """
    rows = await database.fetch(LIST_BUDGETS_OVER_SOFT_AMOUNT, after_id, page_size)
    return [ListBudgetsOverSoftAmountRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReserveBudgetsRowRefusedBy:
    """A record of ReserveBudgets.refused_by."""

    budget_id: uuid.UUID
    entity_kind: str
    entity_id: uuid.UUID
    period: str
    max_amount: decimal.Decimal
    spent: decimal.Decimal
    reserved: decimal.Decimal


@dataclass(frozen=True, slots=True)
class ReserveBudgetsRow:
    """A row of ReserveBudgets."""

    outcome: str
    refused_by: list[ReserveBudgetsRowRefusedBy]


async def reserve_budgets(
    database: Database,
    /,
    *,
    entity_kinds: Sequence[str],
    entity_ids: Sequence[uuid.UUID],
    request_id: uuid.UUID,
    amount: decimal.Decimal,
    ttl: datetime.timedelta,
) -> ReserveBudgetsRow:
    """Holds the estimated cost of a request in every budget of every entity given, in all of them or in none.

    outcome is reserved; repeated, where this request has reserved before; refused, by the budgets
    in refused_by; or again, where a period has only now begun: the statement has opened it, and the
    same call decides. Counters are locked in the order of their key, so that requests cannot
    deadlock; each waits only for those that share a budget with it.
    """
    row = await database.fetchrow(
        RESERVE_BUDGETS,
        entity_kinds,
        entity_ids,
        request_id,
        amount,
        ttl,
    )
    return ReserveBudgetsRow(row[0], [ReserveBudgetsRowRefusedBy(*item) for item in row[1]])


async def extend_reservation(
    database: Database,
    /,
    *,
    ttl: datetime.timedelta,
    request_id: uuid.UUID,
) -> int:
    """Keeps the sweep from releasing what a long request still needs; 0 where it is settled or released."""
    status = await database.execute(EXTEND_RESERVATION, ttl, request_id)
    return int(status.rpartition(" ")[2])


async def settle_reservations(
    database: Database,
    /,
    *,
    request_ids: Sequence[uuid.UUID],
    costs: Sequence[decimal.Decimal],
) -> int:
    """Turns the reservations of requests into what they cost: one pair of elements a request, each request once.

    Can be repeated, as settled ones are left alone. One that was released before, since it took too
    long, is charged all the same, with nothing to take off. Locks counters before reservations,
    like all that touches both.
    """
    status = await database.execute(SETTLE_RESERVATIONS, request_ids, costs)
    return int(status.rpartition(" ")[2])


async def release_reservations(database: Database, /, *, request_ids: Sequence[uuid.UUID]) -> int:
    """Gives back what requests had reserved that were never sent.

    Can be repeated; what is settled stays settled.
    """
    status = await database.execute(RELEASE_RESERVATIONS, request_ids)
    return int(status.rpartition(" ")[2])


async def release_expired_reservations(database: Database, /, *, batch_size: int) -> int:
    """Gives back what a batch of requests had reserved that should have ended by now; 0 when there are none left.

    All reservations of a request go together.
    """
    status = await database.execute(RELEASE_EXPIRED_RESERVATIONS, batch_size)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class ListReservationsRow:
    """A row of ListReservations."""

    budget_id: uuid.UUID
    period_started_at: datetime.datetime
    amount: decimal.Decimal
    state: str
    expires_at: datetime.datetime
    closed_at: datetime.datetime | None


async def list_reservations(
    database: Database,
    /,
    *,
    request_id: uuid.UUID,
) -> list[ListReservationsRow]:
    """What a request holds, or held, of each budget."""
    rows = await database.fetch(LIST_RESERVATIONS, request_id)
    return [ListReservationsRow(*row) for row in rows]


async def delete_closed_reservations(
    database: Database,
    /,
    *,
    closed_before: datetime.datetime,
    batch_size: int,
) -> int:
    """Deletes a batch of the reservations that were settled or released before a time.

    Until then a late settlement is recognized, so leave them longer than any request can take.
    """
    status = await database.execute(DELETE_CLOSED_RESERVATIONS, closed_before, batch_size)
    return int(status.rpartition(" ")[2])


async def delete_past_counters(
    database: Database,
    /,
    *,
    started_before: datetime.datetime,
    batch_size: int,
) -> int:
    """Deletes a batch of the counters of periods that started before a time, with what is left of their reservations.

    What started in the last 32 days may not be over, and is kept, as are the counters of budgets
    that never start anew.
    """
    status = await database.execute(DELETE_PAST_COUNTERS, started_before, batch_size)
    return int(status.rpartition(" ")[2])


async def add_budget_spend(
    database: Database,
    /,
    *,
    entity_kinds: Sequence[str],
    entity_ids: Sequence[uuid.UUID],
    started_ats: Sequence[datetime.datetime],
    amounts: Sequence[decimal.Decimal],
) -> int:
    """Adds what requests cost that had reserved nothing, to every budget of each entity given, in the period in which each request started.

    Budgets are held against deletion first and counters are written in the order of their key, so
    that flushes deadlock neither with each other nor with DeleteBudget. In a flush it comes last,
    as its locks are the ones that requests wait for.
    """
    status = await database.execute(
        ADD_BUDGET_SPEND,
        entity_kinds,
        entity_ids,
        started_ats,
        amounts,
    )
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class AdjustBudgetSpendRow:
    """A row of AdjustBudgetSpend."""

    period_started_at: datetime.datetime
    spent: decimal.Decimal


async def adjust_budget_spend(
    database: Database,
    /,
    *,
    budget_id: uuid.UUID,
    delta: decimal.Decimal,
    actor_kind: str,
    actor_id: str,
    reason: str | None,
) -> AdjustBudgetSpendRow | None:
    """Corrects by hand what is spent of a budget in the present period, never below zero, and says so in the audit, all in one statement.

    Returns what is spent now; no row: no such budget.
    """
    row = await database.fetchrow(
        ADJUST_BUDGET_SPEND,
        budget_id,
        delta,
        actor_kind,
        actor_id,
        reason,
    )
    if row is None:
        return None
    return AdjustBudgetSpendRow(*row)


@dataclass(frozen=True, slots=True)
class ListCountersOffBalanceRow:
    """A row of ListCountersOffBalance."""

    budget_id: uuid.UUID
    period_started_at: datetime.datetime
    reserved: decimal.Decimal
    open_amount: decimal.Decimal


async def list_counters_off_balance(database: Database, /) -> list[ListCountersOffBalanceRow]:
    """The counters whose reserved amount is not the sum of the open reservations under them: none, if all is well.

    A check for operators; it reads all counters that have anything reserved.
    """
    rows = await database.fetch(LIST_COUNTERS_OFF_BALANCE)
    return [ListCountersOffBalanceRow(*row) for row in rows]
