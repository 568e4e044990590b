# Made by migrate from sql/queries/limits.sql; do not edit (source a3bd54708206566c, text dea3ac2fbe78270a)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/limits.sql."""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from . import Database

HIT_RATE_LIMITS = """\
-- name: HitRateLimits :many
WITH asked AS MATERIALIZED (
    SELECT
        hit.subject,
        hit.metric,
        hit.window_seconds,
        hit.cost,
        hit.allowed,
        date_bin(make_interval(secs => hit.window_seconds), now(), '2000-01-01 00:00:00+00') AS window_started_at
    FROM unnest(
        $1::text[],
        $2::text[],
        $3::integer[],
        $4::bigint[],
        $5::bigint[]
    ) AS hit (subject, metric, window_seconds, cost, allowed)
),
seen AS MATERIALIZED (
    SELECT
        a.subject,
        a.metric,
        a.window_seconds,
        a.window_started_at,
        a.cost,
        a.allowed,
        coalesce(w.used, 0) AS used
    FROM asked AS a
    LEFT JOIN rate_limit_windows AS w
        ON w.subject = a.subject
        AND w.metric = a.metric
        AND w.window_seconds = a.window_seconds
        AND w.window_started_at = a.window_started_at
),
hit AS (
    INSERT INTO rate_limit_windows AS w (subject, metric, window_seconds, window_started_at, used)
    SELECT s.subject, s.metric, s.window_seconds, s.window_started_at, s.cost
    FROM seen AS s
    WHERE NOT EXISTS (SELECT FROM seen AS full_one WHERE full_one.used + full_one.cost > full_one.allowed)
    ORDER BY s.subject, s.metric, s.window_seconds
    ON CONFLICT (subject, metric, window_seconds, window_started_at) DO UPDATE
    SET used = w.used + EXCLUDED.used
    WHERE w.used + EXCLUDED.used <= (
        SELECT a.allowed
        FROM asked AS a
        WHERE a.subject = w.subject AND a.metric = w.metric AND a.window_seconds = w.window_seconds
    )
    RETURNING subject, metric, window_seconds, used
)
SELECT
    s.subject,
    s.metric,
    s.window_seconds,
    s.window_started_at,
    s.window_started_at + make_interval(secs => s.window_seconds) AS window_ends_at,
    s.allowed,
    h.used IS NOT NULL AS counted,
    s.used + s.cost > s.allowed AS was_full,
    coalesce(h.used, s.used) AS used
FROM seen AS s
LEFT JOIN hit AS h ON h.subject = s.subject AND h.metric = s.metric AND h.window_seconds = s.window_seconds
ORDER BY s.subject, s.metric, s.window_seconds"""

PEEK_RATE_LIMITS = """\
-- name: PeekRateLimits :many
SELECT
    asked.subject,
    asked.metric,
    asked.window_seconds,
    asked.window_started_at,
    asked.window_started_at + make_interval(secs => asked.window_seconds) AS window_ends_at,
    coalesce(w.used, 0) AS used
FROM (
    SELECT
        peek.subject,
        peek.metric,
        peek.window_seconds,
        date_bin(make_interval(secs => peek.window_seconds), now(), '2000-01-01 00:00:00+00') AS window_started_at
    FROM unnest($1::text[], $2::text[], $3::integer[])
        AS peek (subject, metric, window_seconds)
) AS asked
LEFT JOIN rate_limit_windows AS w
    ON w.subject = asked.subject
    AND w.metric = asked.metric
    AND w.window_seconds = asked.window_seconds
    AND w.window_started_at = asked.window_started_at
ORDER BY asked.subject, asked.metric, asked.window_seconds"""

REFUND_RATE_LIMITS = """\
-- name: RefundRateLimits :execrows
WITH refund AS MATERIALIZED (
    SELECT given.subject, given.metric, given.window_seconds, given.window_started_at, given.amount
    FROM unnest(
        $1::text[],
        $2::text[],
        $3::integer[],
        $4::timestamptz[],
        $5::bigint[]
    ) AS given (subject, metric, window_seconds, window_started_at, amount)
),
held AS MATERIALIZED (
    -- In the order in which HitRateLimits writes them.
    SELECT w.subject, w.metric, w.window_seconds, w.window_started_at, r.amount
    FROM refund AS r
    JOIN rate_limit_windows AS w
        ON w.subject = r.subject
        AND w.metric = r.metric
        AND w.window_seconds = r.window_seconds
        AND w.window_started_at = r.window_started_at
    ORDER BY w.subject, w.metric, w.window_seconds, w.window_started_at
    FOR NO KEY UPDATE OF w
)
UPDATE rate_limit_windows AS w
SET used = greatest(0, w.used - held.amount)
FROM held
WHERE
    w.subject = held.subject
    AND w.metric = held.metric
    AND w.window_seconds = held.window_seconds
    AND w.window_started_at = held.window_started_at"""

PURGE_RATE_LIMIT_WINDOWS = """\
-- name: PurgeRateLimitWindows :execrows
DELETE FROM rate_limit_windows AS w
USING (
    SELECT due.subject, due.metric, due.window_seconds, due.window_started_at
    FROM rate_limit_windows AS due
    WHERE due.window_started_at + make_interval(secs => due.window_seconds) < now() - $1::interval
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS past
WHERE
    w.subject = past.subject
    AND w.metric = past.metric
    AND w.window_seconds = past.window_seconds
    AND w.window_started_at = past.window_started_at"""

ACQUIRE_SLOTS = """\
-- name: AcquireSlots :many
WITH asked AS MATERIALIZED (
    SELECT wanted.subject, wanted.max_parallel, candidate.slot
    FROM unnest($1::text[], $2::integer[]) AS wanted (subject, max_parallel)
    LEFT JOIN LATERAL (
        SELECT number.slot
        FROM generate_series(1, wanted.max_parallel) AS number (slot)
        LEFT JOIN parallel_slots AS taken ON taken.subject = wanted.subject AND taken.slot = number.slot
        WHERE taken.slot IS NULL OR taken.expires_at <= now() OR taken.request_id = $3
        ORDER BY taken.request_id = $3 DESC NULLS LAST, random()
        LIMIT 1
    ) AS candidate ON TRUE
),
acquired AS (
    INSERT INTO parallel_slots AS s (subject, slot, request_id, expires_at)
    SELECT a.subject, a.slot, $3, now() + $4::interval
    FROM asked AS a
    WHERE NOT EXISTS (SELECT FROM asked AS full_one WHERE full_one.slot IS NULL)
    ORDER BY a.subject
    ON CONFLICT (subject, slot) DO UPDATE
    SET request_id = EXCLUDED.request_id, expires_at = EXCLUDED.expires_at
    WHERE s.expires_at <= now() OR s.request_id = EXCLUDED.request_id
    RETURNING subject, slot
)
SELECT a.subject, acquired.slot, a.slot IS NULL AS full
FROM asked AS a
LEFT JOIN acquired ON acquired.subject = a.subject
ORDER BY a.subject"""

RENEW_SLOTS = """\
-- name: RenewSlots :execrows
WITH held AS MATERIALIZED (
    SELECT s.subject, s.slot
    FROM unnest($1::text[], $2::integer[]) AS mine (subject, slot)
    JOIN parallel_slots AS s ON s.subject = mine.subject AND s.slot = mine.slot
    WHERE s.request_id = $3
    ORDER BY s.subject, s.slot
    FOR NO KEY UPDATE OF s
)
UPDATE parallel_slots AS s
SET expires_at = now() + $4::interval
FROM held
WHERE s.subject = held.subject AND s.slot = held.slot AND s.request_id = $3"""

RELEASE_SLOTS = """\
-- name: ReleaseSlots :execrows
WITH held AS MATERIALIZED (
    SELECT s.subject, s.slot
    FROM unnest($1::text[], $2::integer[]) AS mine (subject, slot)
    JOIN parallel_slots AS s ON s.subject = mine.subject AND s.slot = mine.slot
    WHERE s.request_id = $3
    ORDER BY s.subject, s.slot
    FOR UPDATE OF s
)
DELETE FROM parallel_slots AS s
USING held
WHERE s.subject = held.subject AND s.slot = held.slot AND s.request_id = $3"""

COUNT_SLOTS = """\
-- name: CountSlots :many
SELECT s.subject, count(*) AS in_flight
FROM parallel_slots AS s
WHERE s.subject = ANY($1::text[]) AND s.expires_at > now()
GROUP BY s.subject
ORDER BY s.subject"""

PURGE_EXPIRED_SLOTS = """\
-- name: PurgeExpiredSlots :execrows
DELETE FROM parallel_slots AS s
USING (
    SELECT due.subject, due.slot
    FROM parallel_slots AS due
    WHERE due.expires_at <= now()
    ORDER BY due.expires_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
) AS expired
WHERE s.subject = expired.subject AND s.slot = expired.slot"""


@dataclass(frozen=True, slots=True)
class HitRateLimitsRow:
    """A row of HitRateLimits."""

    subject: str | None
    metric: str | None
    window_seconds: int | None
    window_started_at: datetime.datetime | None
    window_ends_at: datetime.datetime | None
    allowed: int | None
    counted: bool
    was_full: bool | None
    used: int


async def hit_rate_limits(
    database: Database,
    /,
    *,
    subjects: Sequence[str],
    metrics: Sequence[str],
    window_seconds: Sequence[int],
    costs: Sequence[int],
    allowed: Sequence[int],
) -> list[HitRateLimitsRow]:
    """Counts a request against several limits at once: one element of each array a limit.

    The request may go on where counted is true in every row. Where a limit is already full nothing
    is counted at all; where one filled up in the same moment the others have counted, and what is
    counted is given back by RefundRateLimits. Exact however many run at once, as the limit stands
    in the condition of the upsert; sorted by the primary key, so that requests cannot deadlock.
    used is without this request where it was not counted.
    """
    rows = await database.fetch(HIT_RATE_LIMITS, subjects, metrics, window_seconds, costs, allowed)
    return [HitRateLimitsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class PeekRateLimitsRow:
    """A row of PeekRateLimits."""

    subject: str | None
    metric: str | None
    window_seconds: int | None
    window_started_at: datetime.datetime | None
    window_ends_at: datetime.datetime | None
    used: int


async def peek_rate_limits(
    database: Database,
    /,
    *,
    subjects: Sequence[str],
    metrics: Sequence[str],
    window_seconds: Sequence[int],
) -> list[PeekRateLimitsRow]:
    """How much of several limits is used in the present window, counting nothing.

    A window without a row is unused.
    """
    rows = await database.fetch(PEEK_RATE_LIMITS, subjects, metrics, window_seconds)
    return [PeekRateLimitsRow(*row) for row in rows]


async def refund_rate_limits(
    database: Database,
    /,
    *,
    subjects: Sequence[str],
    metrics: Sequence[str],
    window_seconds: Sequence[int],
    window_started_ats: Sequence[datetime.datetime],
    amounts: Sequence[int],
) -> int:
    """Takes counts back, in the windows in which HitRateLimits counted them: of a request that was refused after all, or tokens that were estimated and not used.

    A negative amount adds what was estimated too low. Windows that have been purged are passed
    over. Each window may be named once.
    """
    status = await database.execute(
        REFUND_RATE_LIMITS,
        subjects,
        metrics,
        window_seconds,
        window_started_ats,
        amounts,
    )
    return int(status.rpartition(" ")[2])


async def purge_rate_limit_windows(
    database: Database,
    /,
    *,
    ended_for: datetime.timedelta,
    batch_size: int,
) -> int:
    """Deletes the windows that ended some time ago.

    Reads the whole table, as nearly all of it is what it deletes.
    """
    status = await database.execute(PURGE_RATE_LIMIT_WINDOWS, ended_for, batch_size)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class AcquireSlotsRow:
    """A row of AcquireSlots."""

    subject: str | None
    slot: int | None
    full: bool


async def acquire_slots(
    database: Database,
    /,
    *,
    subjects: Sequence[str],
    max_parallels: Sequence[int],
    request_id: uuid.UUID,
    ttl: datetime.timedelta,
) -> list[AcquireSlotsRow]:
    """Takes for a request one slot under each of several limits on requests in flight.

    It may go on where every row has a slot. full says that a limit is reached; then no slot is
    taken under any. A row that is neither lost its slot to another request in the same moment: the
    same call takes what is missing and keeps what is held. Whoever gives up calls ReleaseSlots with
    the slots that were taken. Any free number serves, so that requests seldom meet.
    """
    rows = await database.fetch(ACQUIRE_SLOTS, subjects, max_parallels, request_id, ttl)
    return [AcquireSlotsRow(*row) for row in rows]


async def renew_slots(
    database: Database,
    /,
    *,
    subjects: Sequence[str],
    slots: Sequence[int],
    request_id: uuid.UUID,
    ttl: datetime.timedelta,
) -> int:
    """Keeps the slots of a long request.

    Fewer than were asked for: another request has taken what had expired.
    """
    status = await database.execute(RENEW_SLOTS, subjects, slots, request_id, ttl)
    return int(status.rpartition(" ")[2])


async def release_slots(
    database: Database,
    /,
    *,
    subjects: Sequence[str],
    slots: Sequence[int],
    request_id: uuid.UUID,
) -> int:
    """Gives the slots of a request back.

    Those that it no longer holds are passed over.
    """
    status = await database.execute(RELEASE_SLOTS, subjects, slots, request_id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class CountSlotsRow:
    """A row of CountSlots."""

    subject: str
    in_flight: int


async def count_slots(database: Database, /, *, subjects: Sequence[str]) -> list[CountSlotsRow]:
    """How many requests are in flight under each of several limits; subjects without any are left out."""
    rows = await database.fetch(COUNT_SLOTS, subjects)
    return [CountSlotsRow(*row) for row in rows]


async def purge_expired_slots(database: Database, /, *, batch_size: int) -> int:
    """Deletes a batch of the slots whose holders have not renewed them.

    They were free already; this only tidies up.
    """
    status = await database.execute(PURGE_EXPIRED_SLOTS, batch_size)
    return int(status.rpartition(" ")[2])
