-- name: GuardFlush :exec
-- Lets no statement of the transaction wait for a lock for longer than a time; has each planned for the batch at hand,
-- since a plan for any batch would take it for a small one; and makes the commit outlive a crash of the server also
-- where that is not the server's habit.
SELECT
    set_config('lock_timeout', @lock_timeout_ms::integer || 'ms', TRUE),
    set_config('plan_cache_mode', 'force_custom_plan', TRUE),
    set_config(
        'synchronous_commit',
        CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on'
            ELSE current_setting('synchronous_commit')
        END,
        TRUE
    );

-- name: ClaimFlush :execrows
-- Begins a flush: 1 where the batch is to be written, 0 where that has been done before.
-- A flush is one transaction, with the tables in a fixed order: GuardFlush, ClaimFlush, UpsertEndUsers, CopySpendLogs,
-- PutSpendLogPayloads, AddDailyRollups, TouchKeys, HoldBudgetCounters, SettleReservations, AddBudgetSpend.
INSERT INTO flushes (id)
VALUES (@flush_id)
ON CONFLICT (id) DO NOTHING;

-- name: DeleteOldFlushes :execrows
-- Forgets a batch of the flushes applied before a time, which must be longer ago than anyone would try again.
DELETE FROM flushes AS f
USING (
    SELECT due.id
    FROM flushes AS due
    WHERE due.applied_at < @applied_before
    ORDER BY due.applied_at
    LIMIT @batch_size
    FOR UPDATE SKIP LOCKED
) AS past
WHERE f.id = past.id;

-- name: CopySpendLogs :copyfrom
-- Writes the log rows of a batch, the fastest way there is. Fails as a whole where one is there already, which
-- FindLogged tells, or is refused; then the batch is halved until it stands alone.
INSERT INTO spend_logs (
    started_at,
    request_id,
    key_id,
    organization_id,
    team_id,
    project_id,
    user_id,
    end_user_id,
    model_id,
    model_name,
    provider,
    provider_response_id,
    endpoint,
    status,
    error_code,
    cache_hit,
    prompt_tokens,
    completion_tokens,
    cached_tokens,
    cost,
    duration_ms,
    first_token_ms,
    session_id,
    tags,
    metadata
)
VALUES (
    @started_at,
    @request_id,
    @key_id,
    @organization_id,
    @team_id,
    @project_id,
    @user_id,
    @end_user_id,
    @model_id,
    @model_name,
    @provider,
    @provider_response_id,
    @endpoint,
    @status,
    @error_code,
    @cache_hit,
    @prompt_tokens,
    @completion_tokens,
    @cached_tokens,
    @cost,
    @duration_ms,
    @first_token_ms,
    @session_id,
    @tags,
    @metadata
);

-- name: FindLogged :many
-- Those of some requests that have a log row already: one pair of elements a request.
SELECT l.started_at, l.request_id
FROM unnest(@started_ats::timestamptz[], @request_ids::uuid[]) AS asked (started_at, request_id)
JOIN spend_logs AS l ON l.started_at = asked.started_at AND l.request_id = asked.request_id;

-- name: PutSpendLogPayloads :execrows
-- Writes the contents that belong to log rows, where keeping them is switched on, and passes over those that are there
-- already. Contents are JSON as text, an empty one for none: it was encoded once, when the request ended.
INSERT INTO spend_log_payloads (started_at, request_id, request, response)
SELECT
    given.started_at,
    given.request_id,
    nullif(given.request, '')::jsonb,
    nullif(given.response, '')::jsonb
FROM unnest(
    @started_ats::timestamptz[],
    @request_ids::uuid[],
    @request_texts::text[],
    @response_texts::text[]
) AS given (started_at, request_id, request, response)
ORDER BY given.started_at, given.request_id
ON CONFLICT (started_at, request_id) DO NOTHING;

-- name: AddDailyRollups :execrows
-- Adds the sums of a batch to those of their days: one element of each array a row. Sorted by the primary key, so that
-- instances cannot deadlock. key_id is all zeros for the kinds gateway, key and end_user.
INSERT INTO daily_rollups AS r (
    entity_kind,
    entity_id,
    day,
    key_id,
    model_name,
    provider,
    endpoint,
    requests,
    failed_requests,
    prompt_tokens,
    completion_tokens,
    cached_tokens,
    cost
)
SELECT
    used.entity_kind,
    used.entity_id,
    used.day,
    used.key_id,
    used.model_name,
    used.provider,
    used.endpoint,
    sum(used.requests),
    sum(used.failed_requests),
    sum(used.prompt_tokens),
    sum(used.completion_tokens),
    sum(used.cached_tokens),
    sum(used.cost)
FROM unnest(
    @entity_kinds::text[],
    @entity_ids::uuid[],
    @days::date[],
    @key_ids::uuid[],
    @model_names::text[],
    @providers::text[],
    @endpoints::text[],
    @requests::bigint[],
    @failed_requests::bigint[],
    @prompt_tokens::bigint[],
    @completion_tokens::bigint[],
    @cached_tokens::bigint[],
    @costs::numeric[]
) AS used (
    entity_kind,
    entity_id,
    day,
    key_id,
    model_name,
    provider,
    endpoint,
    requests,
    failed_requests,
    prompt_tokens,
    completion_tokens,
    cached_tokens,
    cost
)
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT (entity_kind, entity_id, day, key_id, model_name, provider, endpoint) DO UPDATE
SET
    requests = r.requests + EXCLUDED.requests,
    failed_requests = r.failed_requests + EXCLUDED.failed_requests,
    prompt_tokens = r.prompt_tokens + EXCLUDED.prompt_tokens,
    completion_tokens = r.completion_tokens + EXCLUDED.completion_tokens,
    cached_tokens = r.cached_tokens + EXCLUDED.cached_tokens,
    cost = r.cost + EXCLUDED.cost;

-- name: HoldBudgetCounters :execrows
-- Locks all counters that SettleReservations and AddBudgetSpend of one flush are going to write, in the order of their
-- key, and opens those that are not there. Each of the two sorts what it locks, but one after the other they would not
-- be in order, and two flushes could wait for each other. Starts of periods are computed as in AddBudgetSpend.
WITH used AS MATERIALIZED (
    SELECT b.id AS budget_id, b.period, b.anchor_at, given.started_at
    FROM unnest(@entity_kinds::text[], @entity_ids::uuid[], @started_ats::timestamptz[])
        AS given (entity_kind, entity_id, started_at)
    JOIN budgets AS b ON b.entity_kind = given.entity_kind AND b.entity_id = given.entity_id
),
spans AS MATERIALIZED (
    SELECT
        u.period,
        u.anchor_at,
        budget_period_started_at(u.period, u.anchor_at, min(u.started_at)) AS first_started_at,
        budget_period_started_at(u.period, u.anchor_at, max(u.started_at)) AS last_started_at
    FROM used AS u
    GROUP BY u.period, u.anchor_at
),
due AS MATERIALIZED (
    SELECT r.budget_id, r.period_started_at
    FROM budget_reservations AS r
    WHERE r.request_id = ANY(@request_ids::uuid[]) AND r.state <> 'settled'
    UNION
    SELECT
        u.budget_id,
        CASE
            WHEN s.first_started_at = s.last_started_at THEN s.first_started_at
            ELSE budget_period_started_at(u.period, u.anchor_at, u.started_at)
        END
    FROM used AS u
    JOIN spans AS s ON s.period = u.period AND s.anchor_at = u.anchor_at
),
held AS MATERIALIZED (
    SELECT b.id
    FROM budgets AS b
    WHERE b.id IN (SELECT due.budget_id FROM due)
    ORDER BY b.id
    FOR KEY SHARE
)
INSERT INTO budget_counters AS c (budget_id, period_started_at)
SELECT due.budget_id, due.period_started_at
FROM due
JOIN held ON held.id = due.budget_id
ORDER BY due.budget_id, due.period_started_at
ON CONFLICT (budget_id, period_started_at) DO UPDATE
SET spent = c.spent
WHERE FALSE; -- a row that is there is locked and not written

-- name: ReportSpendByDay :many
-- What an entity used on each day from one day up to, not including, another; days without use are left out.
SELECT
    r.day,
    sum(r.requests)::bigint AS requests,
    sum(r.failed_requests)::bigint AS failed_requests,
    sum(r.prompt_tokens)::bigint AS prompt_tokens,
    sum(r.completion_tokens)::bigint AS completion_tokens,
    sum(r.cached_tokens)::bigint AS cached_tokens,
    sum(r.cost) AS cost
FROM daily_rollups AS r
WHERE
    r.entity_kind = @entity_kind
    AND r.entity_id = @entity_id
    AND r.day >= @since
    AND r.day < @until
GROUP BY r.day
ORDER BY r.day;

-- name: ReportSpendByModel :many
-- What an entity spent on each model and provider, with subtotals and the whole. model_name is NULL in the line of the
-- whole, provider is NULL there and in the line of a model.
SELECT
    r.model_name AS "model_name?",
    r.provider AS "provider?",
    sum(r.requests)::bigint AS requests,
    sum(r.prompt_tokens + r.completion_tokens)::bigint AS tokens,
    sum(r.cost) AS cost
FROM daily_rollups AS r
WHERE
    r.entity_kind = @entity_kind
    AND r.entity_id = @entity_id
    AND r.day >= @since
    AND r.day < @until
GROUP BY ROLLUP (r.model_name, r.provider)
HAVING count(*) > 0
ORDER BY grouping(r.model_name) DESC, r.model_name, grouping(r.provider) DESC, r.provider;

-- name: ReportUsage :many
-- One report with the totals of an entity by day, by model, by endpoint and over all: dimension says which kind of line
-- it is, and the other two of the three names are NULL.
SELECT
    CASE
        WHEN grouping(r.day) = 0 THEN 'day'
        WHEN grouping(r.model_name) = 0 THEN 'model'
        WHEN grouping(r.endpoint) = 0 THEN 'endpoint'
        ELSE 'total'
    END AS dimension,
    r.day AS "day?",
    r.model_name AS "model_name?",
    r.endpoint AS "endpoint?",
    sum(r.requests)::bigint AS requests,
    sum(r.failed_requests)::bigint AS failed_requests,
    sum(r.prompt_tokens)::bigint AS prompt_tokens,
    sum(r.completion_tokens)::bigint AS completion_tokens,
    sum(r.cost) AS cost
FROM daily_rollups AS r
WHERE
    r.entity_kind = @entity_kind
    AND r.entity_id = @entity_id
    AND r.day >= @since
    AND r.day < @until
GROUP BY GROUPING SETS ((r.day), (r.model_name), (r.endpoint), ())
HAVING count(*) > 0
ORDER BY grouping(r.day, r.model_name, r.endpoint) DESC, r.day, r.model_name, r.endpoint;

-- name: ReportTopKeys :many
-- The keys of an organization, team, project, user or membership that cost most, with what is still known of them.
SELECT
    top.key_id,
    k.name AS key_name,
    k.hint,
    top.requests,
    top.tokens,
    top.cost
FROM (
    SELECT
        r.key_id,
        sum(r.requests)::bigint AS requests,
        sum(r.prompt_tokens + r.completion_tokens)::bigint AS tokens,
        sum(r.cost) AS cost
    FROM daily_rollups AS r
    WHERE
        r.entity_kind = @entity_kind
        AND r.entity_id = @entity_id
        AND r.day >= @since
        AND r.day < @until
        AND r.key_id <> '00000000-0000-0000-0000-000000000000'
    GROUP BY r.key_id
    ORDER BY sum(r.cost) DESC, r.key_id
    LIMIT @page_size
) AS top
LEFT JOIN api_keys AS k ON k.id = top.key_id
ORDER BY top.cost DESC, top.key_id;

-- name: ReportTopModels :many
-- The models on which an entity spent most, each with its share of the whole from 0 to 1.
SELECT
    r.model_name,
    sum(r.requests)::bigint AS requests,
    sum(r.failed_requests)::bigint AS failed_requests,
    sum(r.prompt_tokens + r.completion_tokens)::bigint AS tokens,
    sum(r.cost) AS cost,
    coalesce(sum(r.cost) / nullif(sum(sum(r.cost)) OVER (), 0), 0) AS share
FROM daily_rollups AS r
WHERE
    r.entity_kind = @entity_kind
    AND r.entity_id = @entity_id
    AND r.day >= @since
    AND r.day < @until
GROUP BY r.model_name
ORDER BY sum(r.cost) DESC, r.model_name
LIMIT @page_size;

-- name: ReportTopEntities :many
-- The entities of one kind that cost most: all keys of the gateway, all teams, all organizations.
SELECT
    r.entity_id,
    sum(r.requests)::bigint AS requests,
    sum(r.prompt_tokens + r.completion_tokens)::bigint AS tokens,
    sum(r.cost) AS cost
FROM daily_rollups AS r
WHERE
    r.entity_kind = @entity_kind
    AND r.day >= @since
    AND r.day < @until
GROUP BY r.entity_id
ORDER BY sum(r.cost) DESC, r.entity_id
LIMIT @page_size;

-- name: ListLogs :many
-- One page of the requests of a time, latest first, before the last (started_at, request_id) seen; both NULL for the
-- first page. Filters that match few rows read the whole time: keep it short, or ask for a key or a team.
SELECT
    l.started_at,
    l.request_id,
    l.key_id,
    l.team_id,
    l.user_id,
    l.end_user_id,
    l.model_name,
    l.provider,
    l.endpoint,
    l.status,
    l.error_code,
    l.cache_hit,
    l.total_tokens AS "total_tokens!",
    l.cost,
    l.duration_ms,
    l.first_token_ms,
    l.tags
FROM spend_logs AS l
WHERE
    l.started_at >= @since
    AND l.started_at < @until
    AND l.started_at <= coalesce(@before_started_at::timestamptz, 'infinity')
    AND (l.started_at, l.request_id) < (
        coalesce(@before_started_at::timestamptz, 'infinity'),
        coalesce(@before_request_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    AND (@organization_id::uuid IS NULL OR l.organization_id = @organization_id)
    AND (@user_id::uuid IS NULL OR l.user_id = @user_id)
    AND (@model_name::text IS NULL OR l.model_name = @model_name)
    AND (@statuses::text[] IS NULL OR l.status = ANY(@statuses))
    AND (@session_id::text IS NULL OR l.session_id = @session_id)
    AND (@tag::text IS NULL OR @tag = ANY(l.tags))
ORDER BY l.started_at DESC, l.request_id DESC
LIMIT @page_size;

-- name: ListLogsOfKey :many
-- One page of the requests of a key within a time, latest first, before the last (started_at, request_id) seen; both
-- NULL for the first page.
SELECT
    l.started_at,
    l.request_id,
    l.end_user_id,
    l.model_name,
    l.provider,
    l.endpoint,
    l.status,
    l.error_code,
    l.total_tokens AS "total_tokens!",
    l.cost,
    l.duration_ms
FROM spend_logs AS l
WHERE
    l.key_id = @key_id
    AND l.started_at >= @since
    AND l.started_at < @until
    AND l.started_at <= coalesce(@before_started_at::timestamptz, 'infinity')
    AND (l.started_at, l.request_id) < (
        coalesce(@before_started_at::timestamptz, 'infinity'),
        coalesce(@before_request_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    AND (@statuses::text[] IS NULL OR l.status = ANY(@statuses))
ORDER BY l.started_at DESC, l.request_id DESC
LIMIT @page_size;

-- name: ListLogsOfTeam :many
-- One page of the requests of a team within a time, latest first, before the last (started_at, request_id) seen; both
-- NULL for the first page.
SELECT
    l.started_at,
    l.request_id,
    l.key_id,
    l.user_id,
    l.end_user_id,
    l.model_name,
    l.provider,
    l.endpoint,
    l.status,
    l.error_code,
    l.total_tokens AS "total_tokens!",
    l.cost,
    l.duration_ms
FROM spend_logs AS l
WHERE
    l.team_id = @team_id
    AND l.started_at >= @since
    AND l.started_at < @until
    AND l.started_at <= coalesce(@before_started_at::timestamptz, 'infinity')
    AND (l.started_at, l.request_id) < (
        coalesce(@before_started_at::timestamptz, 'infinity'),
        coalesce(@before_request_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    AND (@statuses::text[] IS NULL OR l.status = ANY(@statuses))
ORDER BY l.started_at DESC, l.request_id DESC
LIMIT @page_size;

-- name: GetLog :one
-- One request, with its contents where they were kept.
SELECT sqlc.embed(l), sqlc.embed(c)
FROM spend_logs AS l
LEFT JOIN spend_log_payloads AS c ON c.started_at = l.started_at AND c.request_id = l.request_id
WHERE l.started_at = @started_at AND l.request_id = @request_id;

-- name: FindLog :one
-- When a request started, by its id alone, within a time. It reads the primary key over that time: a day or so.
SELECT l.started_at
FROM spend_logs AS l
WHERE l.request_id = @request_id AND l.started_at >= @since AND l.started_at < @until
LIMIT 1;

-- name: ExportLogs :iter
-- All requests of a time, earliest first, row by row: for exports of any size, within a transaction.
SELECT l.*
FROM spend_logs AS l
WHERE
    l.started_at >= @since
    AND l.started_at < @until
    AND (@organization_id::uuid IS NULL OR l.organization_id = @organization_id)
    AND (@team_id::uuid IS NULL OR l.team_id = @team_id)
    AND (@key_ids::uuid[] IS NULL OR l.key_id = ANY(@key_ids))
ORDER BY l.started_at, l.request_id;

-- name: LockDailyRollups :exec
-- Keeps flushes from writing rollups until the transaction ends: before ReconcileDailyRollups, so that it misses none.
-- Flushes wait meanwhile; requests do not.
LOCK TABLE daily_rollups IN SHARE ROW EXCLUSIVE MODE;

-- name: ReconcileDailyRollups :execrows
-- Computes the rollups of a day in UTC anew from its log rows and returns how many were wrong or missing. Only while
-- the logs of the day are complete: rows without logs are removed. In the transaction of LockDailyRollups.
-- A membership is found as it is today; the key of its rows is the key of the request, as for all kinds but gateway,
-- key and end_user.
WITH counted AS MATERIALIZED (
    SELECT
        entity.kind AS entity_kind,
        entity.id AS entity_id,
        entity.key_id,
        l.model_name,
        l.provider,
        l.endpoint,
        count(*) AS requests,
        count(*) FILTER (WHERE l.status <> 'success') AS failed_requests,
        sum(l.prompt_tokens)::bigint AS prompt_tokens,
        sum(l.completion_tokens)::bigint AS completion_tokens,
        sum(l.cached_tokens)::bigint AS cached_tokens,
        sum(l.cost) AS cost
    FROM spend_logs AS l
    LEFT JOIN team_memberships AS m ON m.team_id = l.team_id AND m.user_id = l.user_id
    CROSS JOIN LATERAL (
        SELECT
            '00000000-0000-0000-0000-000000000000'::uuid AS none,
            coalesce(l.key_id, '00000000-0000-0000-0000-000000000000') AS key_id
    ) AS request
    CROSS JOIN LATERAL (
        VALUES
            ('gateway', request.none, request.none),
            ('organization', l.organization_id, request.key_id),
            ('team', l.team_id, request.key_id),
            ('project', l.project_id, request.key_id),
            ('user', l.user_id, request.key_id),
            ('membership', m.id, request.key_id),
            ('key', l.key_id, request.none),
            ('end_user', l.end_user_id, request.none)
    ) AS entity (kind, id, key_id)
    WHERE
        l.started_at >= @day::date::timestamp AT TIME ZONE 'UTC'
        AND l.started_at < (@day::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND entity.id IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6
),
removed AS (
    DELETE FROM daily_rollups AS r
    WHERE
        r.day = @day
        AND NOT EXISTS (
            SELECT
            FROM counted AS c
            WHERE
                c.entity_kind = r.entity_kind
                AND c.entity_id = r.entity_id
                AND c.key_id = r.key_id
                AND c.model_name = r.model_name
                AND c.provider = r.provider
                AND c.endpoint = r.endpoint
        )
)
INSERT INTO daily_rollups AS r (
    entity_kind,
    entity_id,
    day,
    key_id,
    model_name,
    provider,
    endpoint,
    requests,
    failed_requests,
    prompt_tokens,
    completion_tokens,
    cached_tokens,
    cost
)
SELECT
    c.entity_kind,
    c.entity_id,
    @day,
    c.key_id,
    c.model_name,
    c.provider,
    c.endpoint,
    c.requests,
    c.failed_requests,
    c.prompt_tokens,
    c.completion_tokens,
    c.cached_tokens,
    c.cost
FROM counted AS c
ORDER BY c.entity_kind, c.entity_id, c.key_id, c.model_name, c.provider, c.endpoint
ON CONFLICT (entity_kind, entity_id, day, key_id, model_name, provider, endpoint) DO UPDATE
SET
    requests = EXCLUDED.requests,
    failed_requests = EXCLUDED.failed_requests,
    prompt_tokens = EXCLUDED.prompt_tokens,
    completion_tokens = EXCLUDED.completion_tokens,
    cached_tokens = EXCLUDED.cached_tokens,
    cost = EXCLUDED.cost
WHERE
    (r.requests, r.failed_requests, r.prompt_tokens, r.completion_tokens, r.cached_tokens, r.cost)
    IS DISTINCT FROM (
        EXCLUDED.requests,
        EXCLUDED.failed_requests,
        EXCLUDED.prompt_tokens,
        EXCLUDED.completion_tokens,
        EXCLUDED.cached_tokens,
        EXCLUDED.cost
    );

-- name: PutDeadLetter :batchexec
-- Keeps rows that the database refused, so that the rest of their batch can be written.
INSERT INTO dead_letters (flush_id, target, payload, sqlstate, error)
VALUES (@flush_id, @target, @payload, @sqlstate, @error);

-- name: ListDeadLetters :many
-- One page of the refused rows, oldest first, after the last id seen; NULL for the first page.
SELECT d.id, d.flush_id, d.target, d.payload, d.sqlstate, d.error, d.failed_at
FROM dead_letters AS d
WHERE d.id > coalesce(@after_id::bigint, 0)
ORDER BY d.id
LIMIT @page_size;

-- name: DeleteDeadLetters :execrows
-- Drops refused rows that a person has mended or given up.
DELETE FROM dead_letters
WHERE id = ANY(@ids::bigint[]);

-- name: CountDeadLetters :many
-- How many refused rows there are of each table and kind of error: none, if all is well.
SELECT d.target, d.sqlstate, count(*) AS letters, min(d.failed_at) AS "first_failed_at!"
FROM dead_letters AS d
GROUP BY d.target, d.sqlstate
ORDER BY d.target, d.sqlstate;
