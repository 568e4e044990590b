-- name: HitRateLimits :many
-- Counts a request against several limits at once: one element of each array a limit. The request may go on where
-- counted is true in every row. Where a limit is already full nothing is counted at all; where one filled up in the
-- same moment the others have counted, and what is counted is given back by RefundRateLimits.
-- Exact however many run at once, as the limit stands in the condition of the upsert; sorted by the primary key, so
-- that requests cannot deadlock. used is without this request where it was not counted; ends_in is by the clock of the
-- database.
WITH asked AS MATERIALIZED (
    SELECT
        hit.subject,
        hit.metric,
        hit.window_seconds,
        hit.cost,
        hit.allowed,
        date_bin(make_interval(secs => hit.window_seconds), now(), '2000-01-01 00:00:00+00') AS window_started_at
    FROM unnest(
        @subjects::text[],
        @metrics::text[],
        @window_seconds::integer[],
        @costs::bigint[],
        @allowed::bigint[]
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
    s.subject AS "subject!",
    s.metric AS "metric!",
    s.window_seconds AS "window_seconds!",
    s.window_started_at AS "window_started_at!",
    s.window_started_at + make_interval(secs => s.window_seconds) - now() AS "ends_in!",
    s.allowed AS "allowed!",
    h.used IS NOT NULL AS counted,
    coalesce(h.used, s.used) AS used
FROM seen AS s
LEFT JOIN hit AS h ON h.subject = s.subject AND h.metric = s.metric AND h.window_seconds = s.window_seconds
ORDER BY s.subject, s.metric, s.window_seconds;

-- name: PeekRateLimits :many
-- How much of several limits is used in the present window, counting nothing. A window without a row is unused.
SELECT
    asked.subject AS "subject!",
    asked.metric AS "metric!",
    asked.window_seconds AS "window_seconds!",
    asked.window_started_at AS "window_started_at!",
    asked.window_started_at + make_interval(secs => asked.window_seconds) - now() AS "ends_in!",
    coalesce(w.used, 0) AS used
FROM (
    SELECT
        peek.subject,
        peek.metric,
        peek.window_seconds,
        date_bin(make_interval(secs => peek.window_seconds), now(), '2000-01-01 00:00:00+00') AS window_started_at
    FROM unnest(@subjects::text[], @metrics::text[], @window_seconds::integer[])
        AS peek (subject, metric, window_seconds)
) AS asked
LEFT JOIN rate_limit_windows AS w
    ON w.subject = asked.subject
    AND w.metric = asked.metric
    AND w.window_seconds = asked.window_seconds
    AND w.window_started_at = asked.window_started_at
ORDER BY asked.subject, asked.metric, asked.window_seconds;

-- name: RefundRateLimits :execrows
-- Takes counts back, in the windows in which HitRateLimits counted them: of a request that was refused after all, or
-- tokens that were estimated and not used. A negative amount adds what was estimated too low. Windows that have been
-- purged are passed over. Each window may be named once.
WITH refund AS MATERIALIZED (
    SELECT given.subject, given.metric, given.window_seconds, given.window_started_at, given.amount
    FROM unnest(
        @subjects::text[],
        @metrics::text[],
        @window_seconds::integer[],
        @window_started_ats::timestamptz[],
        @amounts::bigint[]
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
    AND w.window_started_at = held.window_started_at;

-- name: PurgeRateLimitWindows :execrows
-- Deletes the windows that ended some time ago. Reads the whole table, as nearly all of it is what it deletes.
DELETE FROM rate_limit_windows AS w
USING (
    SELECT due.subject, due.metric, due.window_seconds, due.window_started_at
    FROM rate_limit_windows AS due
    WHERE due.window_started_at + make_interval(secs => due.window_seconds) < now() - @ended_for::interval
    LIMIT @batch_size
    FOR UPDATE SKIP LOCKED
) AS past
WHERE
    w.subject = past.subject
    AND w.metric = past.metric
    AND w.window_seconds = past.window_seconds
    AND w.window_started_at = past.window_started_at;

-- name: AcquireSlots :many
-- Takes for a request one slot under each of several limits on requests in flight. It may go on where every row has a
-- slot. full says that a limit is reached; then no slot is taken under any. A row that is neither lost its slot to
-- another request in the same moment: the same call takes what is missing and keeps what is held. Whoever gives up
-- calls ReleaseSlots. Any free number serves, so that requests seldom meet.
WITH asked AS MATERIALIZED (
    SELECT wanted.subject, wanted.max_parallel, candidate.slot
    FROM unnest(@subjects::text[], @max_parallels::integer[]) AS wanted (subject, max_parallel)
    LEFT JOIN LATERAL (
        SELECT number.slot
        FROM generate_series(1, wanted.max_parallel) AS number (slot)
        LEFT JOIN parallel_slots AS taken ON taken.subject = wanted.subject AND taken.slot = number.slot
        WHERE taken.slot IS NULL OR taken.expires_at <= now() OR taken.request_id = @request_id
        ORDER BY taken.request_id = @request_id DESC NULLS LAST, random()
        LIMIT 1
    ) AS candidate ON TRUE
),
acquired AS (
    INSERT INTO parallel_slots AS s (subject, slot, request_id, expires_at)
    SELECT a.subject, a.slot, @request_id, now() + @ttl::interval
    FROM asked AS a
    WHERE NOT EXISTS (SELECT FROM asked AS full_one WHERE full_one.slot IS NULL)
    ORDER BY a.subject
    ON CONFLICT (subject, slot) DO UPDATE
    SET request_id = EXCLUDED.request_id, expires_at = EXCLUDED.expires_at
    WHERE s.expires_at <= now() OR s.request_id = EXCLUDED.request_id
    RETURNING subject, slot
)
SELECT a.subject AS "subject!", acquired.slot, a.slot IS NULL AS full
FROM asked AS a
LEFT JOIN acquired ON acquired.subject = a.subject
ORDER BY a.subject;

-- name: RenewSlots :execrows
-- Keeps the slots of a long request. Fewer than were asked for: another request has taken what had expired.
WITH held AS MATERIALIZED (
    SELECT s.subject, s.slot
    FROM unnest(@subjects::text[], @slots::integer[]) AS mine (subject, slot)
    JOIN parallel_slots AS s ON s.subject = mine.subject AND s.slot = mine.slot
    WHERE s.request_id = @request_id
    ORDER BY s.subject, s.slot
    FOR NO KEY UPDATE OF s
)
UPDATE parallel_slots AS s
SET expires_at = now() + @ttl::interval
FROM held
WHERE s.subject = held.subject AND s.slot = held.slot AND s.request_id = @request_id;

-- name: ReleaseSlots :execrows
-- Gives back the slots that a request holds under several limits, whichever they are; none is no error.
WITH held AS MATERIALIZED (
    SELECT s.subject, s.slot
    FROM parallel_slots AS s
    WHERE s.subject = ANY(@subjects::text[]) AND s.request_id = @request_id
    ORDER BY s.subject, s.slot
    FOR UPDATE
)
DELETE FROM parallel_slots AS s
USING held
WHERE s.subject = held.subject AND s.slot = held.slot AND s.request_id = @request_id;

-- name: CountSlots :many
-- How many requests are in flight under each of several limits; subjects without any are left out.
SELECT s.subject, count(*) AS in_flight
FROM parallel_slots AS s
WHERE s.subject = ANY(@subjects::text[]) AND s.expires_at > now()
GROUP BY s.subject
ORDER BY s.subject;

-- name: PurgeExpiredSlots :execrows
-- Deletes a batch of the slots whose holders have not renewed them. They were free already; this only tidies up.
DELETE FROM parallel_slots AS s
USING (
    SELECT due.subject, due.slot
    FROM parallel_slots AS due
    WHERE due.expires_at <= now()
    ORDER BY due.expires_at
    LIMIT @batch_size
    FOR UPDATE SKIP LOCKED
) AS expired
WHERE s.subject = expired.subject AND s.slot = expired.slot;
