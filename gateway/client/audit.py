# Made by migrate from sql/queries/audit.sql; do not edit (source cc297fcac74854ba, text ed3d0d07fb6d37a9)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/audit.sql."""

import datetime
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from . import AuditEventsRow, Connection, Database, Inet, Json, JsonValue

APPEND_AUDIT_EVENT = """\
-- name: AppendAuditEvent :one
INSERT INTO audit_events (
    actor_kind,
    actor_id,
    action,
    object_kind,
    object_id,
    before,
    after,
    reason,
    client_address
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
    $9
)
RETURNING occurred_at, id"""

APPEND_PURGE_EVENTS = """\
-- name: AppendPurgeEvents :execrows
INSERT INTO audit_events (actor_kind, actor_id, action, object_kind, object_id)
SELECT 'system', $1, 'purge', $2, purged.object_id
FROM unnest($3::text[]) AS purged (object_id)"""

LIST_AUDIT_EVENTS = """\
-- name: ListAuditEvents :many
SELECT
    e.occurred_at,
    e.id,
    e.actor_kind,
    e.actor_id,
    e.action,
    e.object_kind,
    e.object_id,
    e.before,
    e.after,
    e.reason,
    e.client_address
FROM audit_events AS e
WHERE
    e.occurred_at >= $1
    AND e.occurred_at < $2
    AND e.occurred_at <= coalesce($3::timestamptz, 'infinity')
    AND (e.occurred_at, e.id) < (
        coalesce($3::timestamptz, 'infinity'),
        coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    AND ($5::text IS NULL OR e.actor_kind = $5)
    AND ($6::text IS NULL OR e.actor_id = $6)
    AND ($7::text[] IS NULL OR e.action = ANY($7))
ORDER BY e.occurred_at DESC, e.id DESC
LIMIT $8"""

LIST_OBJECT_HISTORY = """\
-- name: ListObjectHistory :many
SELECT
    e.occurred_at,
    e.id,
    e.actor_kind,
    e.actor_id,
    e.action,
    e.before,
    e.after,
    e.reason
FROM audit_events AS e
WHERE
    e.object_kind = $1
    AND e.object_id = $2
    AND (e.occurred_at, e.id) < (
        coalesce($3::timestamptz, 'infinity'),
        coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
ORDER BY e.occurred_at DESC, e.id DESC
LIMIT $5"""

EXPORT_AUDIT_EVENTS = """\
-- name: ExportAuditEvents :iter
SELECT e.occurred_at, e.id, e.actor_kind, e.actor_id, e.action, e.object_kind, e.object_id, e.before, e.after, e.reason, e.client_address
FROM audit_events AS e
WHERE e.occurred_at >= $1 AND e.occurred_at < $2
ORDER BY e.occurred_at, e.id"""


@dataclass(frozen=True, slots=True)
class AppendAuditEventRow:
    """A row of AppendAuditEvent."""

    occurred_at: datetime.datetime
    id: uuid.UUID


async def append_audit_event(
    database: Database,
    /,
    *,
    actor_kind: str,
    actor_id: str,
    action: str,
    object_kind: str,
    object_id: str,
    before: JsonValue | None,
    after: JsonValue | None,
    reason: str | None,
    client_address: Inet | None,
) -> AppendAuditEventRow:
    """Notes a change in the transaction that makes it, and returns the time and id under which it stands.

    before and after hold the columns that changed, without secrets.
    """
    row = await database.fetchrow(
        APPEND_AUDIT_EVENT,
        actor_kind,
        actor_id,
        action,
        object_kind,
        object_id,
        before,
        after,
        reason,
        client_address,
    )
    return AppendAuditEventRow(*row)


async def append_purge_events(
    database: Database,
    /,
    *,
    job: str,
    object_kind: str,
    object_ids: Sequence[str],
) -> int:
    """Notes that a job has purged many objects of one kind."""
    status = await database.execute(APPEND_PURGE_EVENTS, job, object_kind, object_ids)
    return int(status.rpartition(" ")[2])


async def list_audit_events(
    database: Database,
    /,
    *,
    since: datetime.datetime,
    until: datetime.datetime,
    before_occurred_at: datetime.datetime | None,
    before_id: uuid.UUID | None,
    actor_kind: str | None,
    actor_id: str | None,
    actions: Sequence[str] | None,
    page_size: int,
) -> list[AuditEventsRow]:
    """One page of the changes of a time, latest first, before the last (occurred_at, id) seen; both NULL for the first page."""
    rows = await database.fetch(
        LIST_AUDIT_EVENTS,
        since,
        until,
        before_occurred_at,
        before_id,
        actor_kind,
        actor_id,
        actions,
        page_size,
    )
    return [AuditEventsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListObjectHistoryRow:
    """A row of ListObjectHistory."""

    occurred_at: datetime.datetime
    id: uuid.UUID
    actor_kind: str
    actor_id: str
    action: str
    before: Json
    after: Json
    reason: str | None


async def list_object_history(
    database: Database,
    /,
    *,
    object_kind: str,
    object_id: str,
    before_occurred_at: datetime.datetime | None,
    before_id: uuid.UUID | None,
    page_size: int,
) -> list[ListObjectHistoryRow]:
    """One page of the changes of one object, latest first, before the time of the last one seen; NULL for the first page."""
    rows = await database.fetch(
        LIST_OBJECT_HISTORY,
        object_kind,
        object_id,
        before_occurred_at,
        before_id,
        page_size,
    )
    return [ListObjectHistoryRow(*row) for row in rows]


async def export_audit_events(
    connection: Connection,
    /,
    *,
    since: datetime.datetime,
    until: datetime.datetime,
) -> AsyncGenerator[AuditEventsRow, None]:
    """All changes of a time, earliest first, row by row, within a transaction."""
    async with connection.transaction():
        async for row in connection.cursor(EXPORT_AUDIT_EVENTS, since, until, prefetch=500):
            yield AuditEventsRow(*row)
