# Made by migrate from sql/queries/spend.sql; do not edit (source 40df9d474846d30f, text 9216ceea8b4897ec)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/spend.sql."""

import datetime
import decimal
import uuid
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass

from . import (
    Connection,
    Database,
    DeadLettersRow,
    JsonValue,
    SpendLogPayloadsRow,
    SpendLogsRow,
)

CLAIM_FLUSH = """\
-- name: ClaimFlush :execrows
INSERT INTO flushes (id)
VALUES ($1)
ON CONFLICT (id) DO NOTHING"""

DELETE_OLD_FLUSHES = """\
-- name: DeleteOldFlushes :execrows
DELETE FROM flushes AS f
USING (
    SELECT due.id
    FROM flushes AS due
    WHERE due.applied_at < $1
    ORDER BY due.applied_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS past
WHERE f.id = past.id"""

COPY_SPEND_LOGS = """\
-- name: CopySpendLogs :copyfrom
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
    $1,
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    $8,
    $9,
    $10,
    $11,
    $12,
    $13,
    $14,
    $15,
    $16,
    $17,
    $18,
    $19,
    $20,
    $21,
    $22,
    $23,
    $24,
    $25
)"""

INSERT_SPEND_LOG = """\
-- name: InsertSpendLog :batchexec
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
    $1,
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    $8,
    $9,
    $10,
    $11,
    $12,
    $13,
    $14,
    $15,
    $16,
    $17,
    $18,
    $19,
    $20,
    $21,
    $22,
    $23,
    $24,
    $25
)
ON CONFLICT (started_at, request_id) DO NOTHING"""

COPY_SPEND_LOG_PAYLOADS = """\
-- name: CopySpendLogPayloads :copyfrom
INSERT INTO spend_log_payloads (started_at, request_id, request, response)
VALUES ($1, $2, $3, $4)"""

INSERT_SPEND_LOG_PAYLOAD = """\
-- name: InsertSpendLogPayload :batchexec
INSERT INTO spend_log_payloads (started_at, request_id, request, response)
VALUES ($1, $2, $3, $4)
ON CONFLICT (started_at, request_id) DO NOTHING"""

ADD_DAILY_ROLLUPS = """\
-- name: AddDailyRollups :execrows
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
    $1::text[],
    $2::uuid[],
    $3::date[],
    $4::uuid[],
    $5::text[],
    $6::text[],
    $7::text[],
    $8::bigint[],
    $9::bigint[],
    $10::bigint[],
    $11::bigint[],
    $12::bigint[],
    $13::numeric[]
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
    cost = r.cost + EXCLUDED.cost"""

REPORT_SPEND_BY_DAY = """\
-- name: ReportSpendByDay :many
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
    r.entity_kind = $1
    AND r.entity_id = $2
    AND r.day >= $3
    AND r.day < $4
GROUP BY r.day
ORDER BY r.day"""

REPORT_SPEND_BY_MODEL = """\
-- name: ReportSpendByModel :many
SELECT
    r.model_name AS "model_name?",
    r.provider AS "provider?",
    sum(r.requests)::bigint AS requests,
    sum(r.prompt_tokens + r.completion_tokens)::bigint AS tokens,
    sum(r.cost) AS cost
FROM daily_rollups AS r
WHERE
    r.entity_kind = $1
    AND r.entity_id = $2
    AND r.day >= $3
    AND r.day < $4
GROUP BY ROLLUP (r.model_name, r.provider)
HAVING count(*) > 0
ORDER BY grouping(r.model_name) DESC, r.model_name, grouping(r.provider) DESC, r.provider"""

REPORT_USAGE = """\
-- name: ReportUsage :many
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
    r.entity_kind = $1
    AND r.entity_id = $2
    AND r.day >= $3
    AND r.day < $4
GROUP BY GROUPING SETS ((r.day), (r.model_name), (r.endpoint), ())
HAVING count(*) > 0
ORDER BY grouping(r.day, r.model_name, r.endpoint) DESC, r.day, r.model_name, r.endpoint"""

REPORT_TOP_KEYS = """\
-- name: ReportTopKeys :many
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
        r.entity_kind = $1
        AND r.entity_id = $2
        AND r.day >= $3
        AND r.day < $4
        AND r.key_id <> '00000000-0000-0000-0000-000000000000'
    GROUP BY r.key_id
    ORDER BY sum(r.cost) DESC, r.key_id
    LIMIT $5
) AS top
LEFT JOIN api_keys AS k ON k.id = top.key_id
ORDER BY top.cost DESC, top.key_id"""

REPORT_TOP_MODELS = """\
-- name: ReportTopModels :many
SELECT
    r.model_name,
    sum(r.requests)::bigint AS requests,
    sum(r.failed_requests)::bigint AS failed_requests,
    sum(r.prompt_tokens + r.completion_tokens)::bigint AS tokens,
    sum(r.cost) AS cost,
    coalesce(sum(r.cost) / nullif(sum(sum(r.cost)) OVER (), 0), 0) AS share
FROM daily_rollups AS r
WHERE
    r.entity_kind = $1
    AND r.entity_id = $2
    AND r.day >= $3
    AND r.day < $4
GROUP BY r.model_name
ORDER BY sum(r.cost) DESC, r.model_name
LIMIT $5"""

REPORT_TOP_ENTITIES = """\
-- name: ReportTopEntities :many
SELECT
    r.entity_id,
    sum(r.requests)::bigint AS requests,
    sum(r.prompt_tokens + r.completion_tokens)::bigint AS tokens,
    sum(r.cost) AS cost
FROM daily_rollups AS r
WHERE
    r.entity_kind = $1
    AND r.day >= $2
    AND r.day < $3
GROUP BY r.entity_id
ORDER BY sum(r.cost) DESC, r.entity_id
LIMIT $4"""

LIST_LOGS = """\
-- name: ListLogs :many
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
    l.started_at >= $1
    AND l.started_at < $2
    AND l.started_at <= coalesce($3::timestamptz, 'infinity')
    AND (l.started_at, l.request_id) < (
        coalesce($3::timestamptz, 'infinity'),
        coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    AND ($5::uuid IS NULL OR l.organization_id = $5)
    AND ($6::uuid IS NULL OR l.user_id = $6)
    AND ($7::text IS NULL OR l.model_name = $7)
    AND ($8::text[] IS NULL OR l.status = ANY($8))
    AND ($9::text IS NULL OR l.session_id = $9)
    AND ($10::text IS NULL OR $10 = ANY(l.tags))
ORDER BY l.started_at DESC, l.request_id DESC
LIMIT $11"""

LIST_LOGS_OF_KEY = """\
-- name: ListLogsOfKey :many
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
    l.key_id = $1
    AND l.started_at >= $2
    AND l.started_at < $3
    AND l.started_at <= coalesce($4::timestamptz, 'infinity')
    AND (l.started_at, l.request_id) < (
        coalesce($4::timestamptz, 'infinity'),
        coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    AND ($6::text[] IS NULL OR l.status = ANY($6))
ORDER BY l.started_at DESC, l.request_id DESC
LIMIT $7"""

LIST_LOGS_OF_TEAM = """\
-- name: ListLogsOfTeam :many
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
    l.team_id = $1
    AND l.started_at >= $2
    AND l.started_at < $3
    AND l.started_at <= coalesce($4::timestamptz, 'infinity')
    AND (l.started_at, l.request_id) < (
        coalesce($4::timestamptz, 'infinity'),
        coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    AND ($6::text[] IS NULL OR l.status = ANY($6))
ORDER BY l.started_at DESC, l.request_id DESC
LIMIT $7"""

GET_LOG = """\
-- name: GetLog :one
SELECT l.started_at, l.request_id, l.key_id, l.organization_id, l.team_id, l.project_id, l.user_id, l.end_user_id, l.model_id, l.model_name, l.provider, l.provider_response_id, l.endpoint, l.status, l.error_code, l.cache_hit, l.prompt_tokens, l.completion_tokens, l.cached_tokens, l.total_tokens, l.cost, l.duration_ms, l.first_token_ms, l.session_id, l.tags, l.metadata, c.started_at, c.request_id, c.request, c.response
FROM spend_logs AS l
LEFT JOIN spend_log_payloads AS c ON c.started_at = l.started_at AND c.request_id = l.request_id
WHERE l.started_at = $1 AND l.request_id = $2"""

FIND_LOG = """\
-- name: FindLog :one
SELECT l.started_at
FROM spend_logs AS l
WHERE l.request_id = $1 AND l.started_at >= $2 AND l.started_at < $3
LIMIT 1"""

EXPORT_LOGS = """\
-- name: ExportLogs :iter
SELECT l.started_at, l.request_id, l.key_id, l.organization_id, l.team_id, l.project_id, l.user_id, l.end_user_id, l.model_id, l.model_name, l.provider, l.provider_response_id, l.endpoint, l.status, l.error_code, l.cache_hit, l.prompt_tokens, l.completion_tokens, l.cached_tokens, l.total_tokens, l.cost, l.duration_ms, l.first_token_ms, l.session_id, l.tags, l.metadata
FROM spend_logs AS l
WHERE
    l.started_at >= $1
    AND l.started_at < $2
    AND ($3::uuid IS NULL OR l.organization_id = $3)
    AND ($4::uuid IS NULL OR l.team_id = $4)
    AND ($5::uuid[] IS NULL OR l.key_id = ANY($5))
ORDER BY l.started_at, l.request_id"""

LOCK_DAILY_ROLLUPS = """\
-- name: LockDailyRollups :exec
LOCK TABLE daily_rollups IN SHARE ROW EXCLUSIVE MODE"""

RECONCILE_DAILY_ROLLUPS = """\
-- name: ReconcileDailyRollups :execrows
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
        l.started_at >= $1::date::timestamp AT TIME ZONE 'UTC'
        AND l.started_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND entity.id IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6
),
removed AS (
    DELETE FROM daily_rollups AS r
    WHERE
        r.day = $1
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
    $1,
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
    )"""

PUT_DEAD_LETTER = """\
-- name: PutDeadLetter :batchexec
INSERT INTO dead_letters (flush_id, target, payload, sqlstate, error)
VALUES ($1, $2, $3, $4, $5)"""

LIST_DEAD_LETTERS = """\
-- name: ListDeadLetters :many
SELECT d.id, d.flush_id, d.target, d.payload, d.sqlstate, d.error, d.failed_at
FROM dead_letters AS d
WHERE d.id > coalesce($1::bigint, 0)
ORDER BY d.id
LIMIT $2"""

DELETE_DEAD_LETTERS = """\
-- name: DeleteDeadLetters :execrows
DELETE FROM dead_letters
WHERE id = ANY($1::bigint[])"""

COUNT_DEAD_LETTERS = """\
-- name: CountDeadLetters :many
SELECT d.target, d.sqlstate, count(*) AS letters, min(d.failed_at) AS "first_failed_at!"
FROM dead_letters AS d
GROUP BY d.target, d.sqlstate
ORDER BY d.target, d.sqlstate"""


async def claim_flush(database: Database, /, *, flush_id: uuid.UUID) -> int:
    """The first statement of a flush: 1 where the batch is to be written, 0 where that has been done before.

    A flush is one transaction, with the tables in a fixed order: UpsertEndUsers, CopySpendLogs,
    CopySpendLogPayloads, AddDailyRollups, TouchKeys, SettleReservations, AddBudgetSpend.
    """
    status = await database.execute(CLAIM_FLUSH, flush_id)
    return int(status.rpartition(" ")[2])


async def delete_old_flushes(
    database: Database,
    /,
    *,
    applied_before: datetime.datetime,
    batch_size: int,
) -> int:
    """Forgets a batch of the flushes applied before a time, which must be longer ago than anyone would try again."""
    status = await database.execute(DELETE_OLD_FLUSHES, applied_before, batch_size)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySpendLogsParams:
    """The parameters of CopySpendLogs."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    key_id: uuid.UUID | None
    organization_id: uuid.UUID | None
    team_id: uuid.UUID | None
    project_id: uuid.UUID | None
    user_id: uuid.UUID | None
    end_user_id: uuid.UUID | None
    model_id: uuid.UUID | None
    model_name: str
    provider: str
    provider_response_id: str | None
    endpoint: str
    status: str
    error_code: str | None
    cache_hit: bool
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: decimal.Decimal
    duration_ms: int
    first_token_ms: int | None
    session_id: str | None
    tags: Sequence[str]
    metadata: JsonValue


async def copy_spend_logs(database: Database, /, rows: Iterable[CopySpendLogsParams]) -> int:
    """Writes the log rows of a batch, the fastest way there is.

    Fails as a whole where one is there already or is refused: then the batch is halved until
    InsertSpendLog is left for single rows.
    """
    status = await database.copy_records_to_table(
        "spend_logs",
        records=[
            (
                row.started_at,
                row.request_id,
                row.key_id,
                row.organization_id,
                row.team_id,
                row.project_id,
                row.user_id,
                row.end_user_id,
                row.model_id,
                row.model_name,
                row.provider,
                row.provider_response_id,
                row.endpoint,
                row.status,
                row.error_code,
                row.cache_hit,
                row.prompt_tokens,
                row.completion_tokens,
                row.cached_tokens,
                row.cost,
                row.duration_ms,
                row.first_token_ms,
                row.session_id,
                row.tags,
                row.metadata,
            )
            for row in rows
        ],
        columns=[
            "started_at",
            "request_id",
            "key_id",
            "organization_id",
            "team_id",
            "project_id",
            "user_id",
            "end_user_id",
            "model_id",
            "model_name",
            "provider",
            "provider_response_id",
            "endpoint",
            "status",
            "error_code",
            "cache_hit",
            "prompt_tokens",
            "completion_tokens",
            "cached_tokens",
            "cost",
            "duration_ms",
            "first_token_ms",
            "session_id",
            "tags",
            "metadata",
        ],
        schema_name=None,
    )
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertSpendLogParams:
    """The parameters of InsertSpendLog."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    key_id: uuid.UUID | None
    organization_id: uuid.UUID | None
    team_id: uuid.UUID | None
    project_id: uuid.UUID | None
    user_id: uuid.UUID | None
    end_user_id: uuid.UUID | None
    model_id: uuid.UUID | None
    model_name: str
    provider: str
    provider_response_id: str | None
    endpoint: str
    status: str
    error_code: str | None
    cache_hit: bool
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: decimal.Decimal
    duration_ms: int
    first_token_ms: int | None
    session_id: str | None
    tags: Sequence[str]
    metadata: JsonValue


async def insert_spend_log(database: Database, /, rows: Iterable[InsertSpendLogParams]) -> None:
    """Writes log rows one by one and passes over those that are there already: for mending by hand, and for what is left of a batch that CopySpendLogs could not write."""
    await database.executemany(
        INSERT_SPEND_LOG,
        [
            (
                row.started_at,
                row.request_id,
                row.key_id,
                row.organization_id,
                row.team_id,
                row.project_id,
                row.user_id,
                row.end_user_id,
                row.model_id,
                row.model_name,
                row.provider,
                row.provider_response_id,
                row.endpoint,
                row.status,
                row.error_code,
                row.cache_hit,
                row.prompt_tokens,
                row.completion_tokens,
                row.cached_tokens,
                row.cost,
                row.duration_ms,
                row.first_token_ms,
                row.session_id,
                row.tags,
                row.metadata,
            )
            for row in rows
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySpendLogPayloadsParams:
    """The parameters of CopySpendLogPayloads."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    request: JsonValue | None
    response: JsonValue | None


async def copy_spend_log_payloads(
    database: Database,
    /,
    rows: Iterable[CopySpendLogPayloadsParams],
) -> int:
    """Writes the contents that belong to log rows, where keeping them is switched on."""
    status = await database.copy_records_to_table(
        "spend_log_payloads",
        records=[(row.started_at, row.request_id, row.request, row.response) for row in rows],
        columns=["started_at", "request_id", "request", "response"],
        schema_name=None,
    )
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertSpendLogPayloadParams:
    """The parameters of InsertSpendLogPayload."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    request: JsonValue | None
    response: JsonValue | None


async def insert_spend_log_payload(
    database: Database,
    /,
    rows: Iterable[InsertSpendLogPayloadParams],
) -> None:
    """Writes contents one by one and passes over those that are there already: what is left of a batch that CopySpendLogPayloads could not write."""
    await database.executemany(
        INSERT_SPEND_LOG_PAYLOAD,
        [(row.started_at, row.request_id, row.request, row.response) for row in rows],
    )


async def add_daily_rollups(
    database: Database,
    /,
    *,
    entity_kinds: Sequence[str],
    entity_ids: Sequence[uuid.UUID],
    days: Sequence[datetime.date],
    key_ids: Sequence[uuid.UUID],
    model_names: Sequence[str],
    providers: Sequence[str],
    endpoints: Sequence[str],
    requests: Sequence[int],
    failed_requests: Sequence[int],
    prompt_tokens: Sequence[int],
    completion_tokens: Sequence[int],
    cached_tokens: Sequence[int],
    costs: Sequence[decimal.Decimal],
) -> int:
    """Adds the sums of a batch to those of their days: one element of each array a row.

    Sorted by the primary key, so that instances cannot deadlock. key_id is all zeros for the kinds
    gateway, key and end_user.
    """
    status = await database.execute(
        ADD_DAILY_ROLLUPS,
        entity_kinds,
        entity_ids,
        days,
        key_ids,
        model_names,
        providers,
        endpoints,
        requests,
        failed_requests,
        prompt_tokens,
        completion_tokens,
        cached_tokens,
        costs,
    )
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class ReportSpendByDayRow:
    """A row of ReportSpendByDay."""

    day: datetime.date
    requests: int
    failed_requests: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: decimal.Decimal


async def report_spend_by_day(
    database: Database,
    /,
    *,
    entity_kind: str,
    entity_id: uuid.UUID,
    since: datetime.date,
    until: datetime.date,
) -> list[ReportSpendByDayRow]:
    """What an entity used on each day from one day up to, not including, another; days without use are left out."""
    rows = await database.fetch(REPORT_SPEND_BY_DAY, entity_kind, entity_id, since, until)
    return [ReportSpendByDayRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReportSpendByModelRow:
    """A row of ReportSpendByModel."""

    model_name: str | None
    provider: str | None
    requests: int | None
    tokens: int | None
    cost: decimal.Decimal | None


async def report_spend_by_model(
    database: Database,
    /,
    *,
    entity_kind: str,
    entity_id: uuid.UUID,
    since: datetime.date,
    until: datetime.date,
) -> list[ReportSpendByModelRow]:
    """What an entity spent on each model and provider, with subtotals and the whole.

    model_name is NULL in the line of the whole, provider is NULL there and in the line of a model.
    """
    rows = await database.fetch(REPORT_SPEND_BY_MODEL, entity_kind, entity_id, since, until)
    return [ReportSpendByModelRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReportUsageRow:
    """A row of ReportUsage."""

    dimension: str
    day: datetime.date | None
    model_name: str | None
    endpoint: str | None
    requests: int | None
    failed_requests: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: decimal.Decimal | None


async def report_usage(
    database: Database,
    /,
    *,
    entity_kind: str,
    entity_id: uuid.UUID,
    since: datetime.date,
    until: datetime.date,
) -> list[ReportUsageRow]:
    """One report with the totals of an entity by day, by model, by endpoint and over all: dimension says which kind of line it is, and the other two of the three names are NULL."""
    rows = await database.fetch(REPORT_USAGE, entity_kind, entity_id, since, until)
    return [ReportUsageRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReportTopKeysRow:
    """A row of ReportTopKeys."""

    key_id: uuid.UUID
    key_name: str | None
    hint: str | None
    requests: int
    tokens: int
    cost: decimal.Decimal


async def report_top_keys(
    database: Database,
    /,
    *,
    entity_kind: str,
    entity_id: uuid.UUID,
    since: datetime.date,
    until: datetime.date,
    page_size: int,
) -> list[ReportTopKeysRow]:
    """The keys of an organization, team, project, user or membership that cost most, with what is still known of them."""
    rows = await database.fetch(REPORT_TOP_KEYS, entity_kind, entity_id, since, until, page_size)
    return [ReportTopKeysRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReportTopModelsRow:
    """A row of ReportTopModels."""

    model_name: str
    requests: int
    failed_requests: int
    tokens: int
    cost: decimal.Decimal
    share: decimal.Decimal


async def report_top_models(
    database: Database,
    /,
    *,
    entity_kind: str,
    entity_id: uuid.UUID,
    since: datetime.date,
    until: datetime.date,
    page_size: int,
) -> list[ReportTopModelsRow]:
    """The models on which an entity spent most, each with its share of the whole from 0 to 1."""
    rows = await database.fetch(REPORT_TOP_MODELS, entity_kind, entity_id, since, until, page_size)
    return [ReportTopModelsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReportTopEntitiesRow:
    """A row of ReportTopEntities."""

    entity_id: uuid.UUID
    requests: int
    tokens: int
    cost: decimal.Decimal


async def report_top_entities(
    database: Database,
    /,
    *,
    entity_kind: str,
    since: datetime.date,
    until: datetime.date,
    page_size: int,
) -> list[ReportTopEntitiesRow]:
    """The entities of one kind that cost most: all keys of the gateway, all teams, all organizations."""
    rows = await database.fetch(REPORT_TOP_ENTITIES, entity_kind, since, until, page_size)
    return [ReportTopEntitiesRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListLogsRow:
    """A row of ListLogs."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    key_id: uuid.UUID | None
    team_id: uuid.UUID | None
    user_id: uuid.UUID | None
    end_user_id: uuid.UUID | None
    model_name: str
    provider: str
    endpoint: str
    status: str
    error_code: str | None
    cache_hit: bool
    total_tokens: int
    cost: decimal.Decimal
    duration_ms: int
    first_token_ms: int | None
    tags: list[str]


async def list_logs(
    database: Database,
    /,
    *,
    since: datetime.datetime,
    until: datetime.datetime,
    before_started_at: datetime.datetime | None,
    before_request_id: uuid.UUID | None,
    organization_id: uuid.UUID | None,
    user_id: uuid.UUID | None,
    model_name: str | None,
    statuses: Sequence[str] | None,
    session_id: str | None,
    tag: str | None,
    page_size: int,
) -> list[ListLogsRow]:
    """One page of the requests of a time, latest first, before the last (started_at, request_id) seen; both NULL for the first page.

    Filters that match few rows read the whole time: keep it short, or ask for a key or a team.
    """
    rows = await database.fetch(
        LIST_LOGS,
        since,
        until,
        before_started_at,
        before_request_id,
        organization_id,
        user_id,
        model_name,
        statuses,
        session_id,
        tag,
        page_size,
    )
    return [ListLogsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListLogsOfKeyRow:
    """A row of ListLogsOfKey."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    end_user_id: uuid.UUID | None
    model_name: str
    provider: str
    endpoint: str
    status: str
    error_code: str | None
    total_tokens: int
    cost: decimal.Decimal
    duration_ms: int


async def list_logs_of_key(
    database: Database,
    /,
    *,
    key_id: uuid.UUID,
    since: datetime.datetime,
    until: datetime.datetime,
    before_started_at: datetime.datetime | None,
    before_request_id: uuid.UUID | None,
    statuses: Sequence[str] | None,
    page_size: int,
) -> list[ListLogsOfKeyRow]:
    """One page of the requests of a key within a time, latest first, before the last (started_at, request_id) seen; both NULL for the first page."""
    rows = await database.fetch(
        LIST_LOGS_OF_KEY,
        key_id,
        since,
        until,
        before_started_at,
        before_request_id,
        statuses,
        page_size,
    )
    return [ListLogsOfKeyRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListLogsOfTeamRow:
    """A row of ListLogsOfTeam."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    key_id: uuid.UUID | None
    user_id: uuid.UUID | None
    end_user_id: uuid.UUID | None
    model_name: str
    provider: str
    endpoint: str
    status: str
    error_code: str | None
    total_tokens: int
    cost: decimal.Decimal
    duration_ms: int


async def list_logs_of_team(
    database: Database,
    /,
    *,
    team_id: uuid.UUID,
    since: datetime.datetime,
    until: datetime.datetime,
    before_started_at: datetime.datetime | None,
    before_request_id: uuid.UUID | None,
    statuses: Sequence[str] | None,
    page_size: int,
) -> list[ListLogsOfTeamRow]:
    """One page of the requests of a team within a time, latest first, before the last (started_at, request_id) seen; both NULL for the first page."""
    rows = await database.fetch(
        LIST_LOGS_OF_TEAM,
        team_id,
        since,
        until,
        before_started_at,
        before_request_id,
        statuses,
        page_size,
    )
    return [ListLogsOfTeamRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class GetLogRow:
    """A row of GetLog."""

    l: SpendLogsRow
    c: SpendLogPayloadsRow | None


async def get_log(
    database: Database,
    /,
    *,
    started_at: datetime.datetime,
    request_id: uuid.UUID,
) -> GetLogRow | None:
    """One request, with its contents where they were kept."""
    row = await database.fetchrow(GET_LOG, started_at, request_id)
    if row is None:
        return None
    return GetLogRow(
        SpendLogsRow(*row[0:26]),
        None if row[26] is None else SpendLogPayloadsRow(*row[26:30]),
    )


async def find_log(
    database: Database,
    /,
    *,
    request_id: uuid.UUID,
    since: datetime.datetime,
    until: datetime.datetime,
) -> datetime.datetime | None:
    """When a request started, by its id alone, within a time.

    It reads the primary key over that time: a day or so.
    """
    value: datetime.datetime | None = await database.fetchval(FIND_LOG, request_id, since, until)
    return value


async def export_logs(
    connection: Connection,
    /,
    *,
    since: datetime.datetime,
    until: datetime.datetime,
    organization_id: uuid.UUID | None,
    team_id: uuid.UUID | None,
    key_ids: Sequence[uuid.UUID] | None,
) -> AsyncGenerator[SpendLogsRow, None]:
    """All requests of a time, earliest first, row by row: for exports of any size, within a transaction."""
    async with connection.transaction():
        async for row in connection.cursor(
            EXPORT_LOGS,
            since,
            until,
            organization_id,
            team_id,
            key_ids,
            prefetch=500,
        ):
            yield SpendLogsRow(*row)


async def lock_daily_rollups(database: Database, /) -> None:
    """Keeps flushes from writing rollups until the transaction ends: before ReconcileDailyRollups, so that it misses none.

    Flushes wait meanwhile; requests do not.
    """
    await database.execute(LOCK_DAILY_ROLLUPS)


async def reconcile_daily_rollups(database: Database, /, *, day: datetime.date) -> int:
    """Computes the rollups of a day in UTC anew from its log rows and returns how many were wrong or missing.

    Only while the logs of the day are complete: rows without logs are removed. In the transaction
    of LockDailyRollups. A membership is found as it is today; the key of its rows is the key of the
    request, as for all kinds but gateway, key and end_user.
    """
    status = await database.execute(RECONCILE_DAILY_ROLLUPS, day)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDeadLetterParams:
    """The parameters of PutDeadLetter."""

    flush_id: uuid.UUID
    target: str
    payload: bytes
    sqlstate: str
    error: str


async def put_dead_letter(database: Database, /, rows: Iterable[PutDeadLetterParams]) -> None:
    """Keeps rows that the database refused, so that the rest of their batch can be written."""
    await database.executemany(
        PUT_DEAD_LETTER,
        [(row.flush_id, row.target, row.payload, row.sqlstate, row.error) for row in rows],
    )


async def list_dead_letters(
    database: Database,
    /,
    *,
    after_id: int | None,
    page_size: int,
) -> list[DeadLettersRow]:
    """One page of the refused rows, oldest first, after the last id seen; NULL for the first page."""
    rows = await database.fetch(LIST_DEAD_LETTERS, after_id, page_size)
    return [DeadLettersRow(*row) for row in rows]


async def delete_dead_letters(database: Database, /, *, ids: Sequence[int]) -> int:
    """Drops refused rows that a person has mended or given up."""
    status = await database.execute(DELETE_DEAD_LETTERS, ids)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class CountDeadLettersRow:
    """A row of CountDeadLetters."""

    target: str
    sqlstate: str
    letters: int
    first_failed_at: datetime.datetime


async def count_dead_letters(database: Database, /) -> list[CountDeadLettersRow]:
    """How many refused rows there are of each table and kind of error: none, if all is well."""
    rows = await database.fetch(COUNT_DEAD_LETTERS)
    return [CountDeadLettersRow(*row) for row in rows]
