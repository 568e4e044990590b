# Made by migrate from sql/queries/end_users.sql; do not edit (source 842adf1990938332, text f1f6560e3747a1a2)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/end_users.sql."""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from . import Database

FIND_END_USER = """\
-- name: FindEndUser :one
SELECT e.id, e.blocked_at
FROM end_users AS e
WHERE
    e.external_id = $1
    AND (e.organization_id = $2 OR (e.organization_id IS NULL AND $2::uuid IS NULL))"""

UPSERT_END_USERS = """\
-- name: UpsertEndUsers :execrows
INSERT INTO end_users AS e (organization_id, external_id, first_seen_on, last_seen_on)
SELECT
    nullif(seen.organization_id, '00000000-0000-0000-0000-000000000000'),
    seen.external_id,
    min(seen.day),
    max(seen.day)
FROM unnest($1::uuid[], $2::text[], $3::date[]) AS seen (organization_id, external_id, day)
GROUP BY seen.organization_id, seen.external_id
ORDER BY seen.organization_id, seen.external_id
ON CONFLICT (organization_id, external_id) DO UPDATE
SET
    first_seen_on = least(e.first_seen_on, EXCLUDED.first_seen_on),
    last_seen_on = greatest(e.last_seen_on, EXCLUDED.last_seen_on)
WHERE e.first_seen_on > EXCLUDED.first_seen_on OR e.last_seen_on < EXCLUDED.last_seen_on"""

FIND_END_USERS = """\
-- name: FindEndUsers :many
SELECT e.id, asked.organization_id, e.external_id, e.blocked_at
FROM unnest($1::uuid[], $2::text[]) AS asked (organization_id, external_id)
JOIN end_users AS e ON e.organization_id = asked.organization_id AND e.external_id = asked.external_id
UNION ALL
SELECT e.id, asked.organization_id, e.external_id, e.blocked_at
FROM unnest($1::uuid[], $2::text[]) AS asked (organization_id, external_id)
JOIN end_users AS e ON e.organization_id IS NULL AND e.external_id = asked.external_id
WHERE asked.organization_id = '00000000-0000-0000-0000-000000000000'"""

LIST_END_USERS_OF_ORGANIZATION = """\
-- name: ListEndUsersOfOrganization :many
SELECT e.id, e.external_id, e.blocked_at, e.first_seen_on, e.last_seen_on
FROM end_users AS e
WHERE e.organization_id = $1 AND e.external_id > coalesce($2::text, '')
ORDER BY e.external_id
LIMIT $3"""

BLOCK_END_USER = """\
-- name: BlockEndUser :one
INSERT INTO end_users AS e (organization_id, external_id, blocked_at, first_seen_on, last_seen_on)
VALUES (
    $1,
    $2,
    now(),
    (now() AT TIME ZONE 'UTC')::date,
    (now() AT TIME ZONE 'UTC')::date
)
ON CONFLICT (organization_id, external_id) DO UPDATE
SET blocked_at = coalesce(e.blocked_at, EXCLUDED.blocked_at)
RETURNING e.id, e.blocked_at AS "blocked_at!\""""

UNBLOCK_END_USER = """\
-- name: UnblockEndUser :execrows
UPDATE end_users
SET blocked_at = NULL
WHERE id = $1 AND blocked_at IS NOT NULL"""

DELETE_IDLE_END_USERS = """\
-- name: DeleteIdleEndUsers :execrows
DELETE FROM end_users AS e
USING (
    SELECT due.id
    FROM end_users AS due
    WHERE
        due.last_seen_on < $1
        AND due.blocked_at IS NULL
        AND NOT EXISTS (SELECT FROM budgets AS b WHERE b.entity_kind = 'end_user' AND b.entity_id = due.id)
    ORDER BY due.last_seen_on
    LIMIT $2
    FOR UPDATE OF due SKIP LOCKED
) AS idle
WHERE e.id = idle.id"""

PURGE_END_USERS_OF_ORGANIZATION = """\
-- name: PurgeEndUsersOfOrganization :execrows
WITH due AS MATERIALIZED (
    SELECT e.id
    FROM end_users AS e
    JOIN organizations AS o ON o.id = e.organization_id
    WHERE o.id = $1 AND o.deleted_at IS NOT NULL
    ORDER BY e.external_id
    LIMIT $2
    FOR UPDATE OF e SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN due ON held.entity_kind = 'end_user' AND held.entity_id = due.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM end_users AS e
USING due
WHERE e.id = due.id"""


@dataclass(frozen=True, slots=True)
class FindEndUserRow:
    """A row of FindEndUser."""

    id: uuid.UUID
    blocked_at: datetime.datetime | None


async def find_end_user(
    database: Database,
    /,
    *,
    external_id: str,
    organization_id: uuid.UUID | None,
) -> FindEndUserRow | None:
    """The end user that a request names, as the organization of its key knows it.

    No row: never seen, so neither blocked nor with a budget. Two conditions for the organization,
    since IS NOT DISTINCT FROM would not use the index.
    """
    row = await database.fetchrow(FIND_END_USER, external_id, organization_id)
    if row is None:
        return None
    return FindEndUserRow(*row)


async def upsert_end_users(
    database: Database,
    /,
    *,
    organization_ids: Sequence[uuid.UUID],
    external_ids: Sequence[str],
    days: Sequence[datetime.date],
) -> int:
    """Notes when end users were seen, in bulk; all zeros stand for no organization.

    Sorted, so that instances cannot deadlock; a row is written at most once a day. FindEndUsers,
    asked afterwards, gives their ids.
    """
    status = await database.execute(UPSERT_END_USERS, organization_ids, external_ids, days)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class FindEndUsersRow:
    """A row of FindEndUsers."""

    id: uuid.UUID
    organization_id: uuid.UUID
    external_id: str
    blocked_at: datetime.datetime | None


async def find_end_users(
    database: Database,
    /,
    *,
    organization_ids: Sequence[uuid.UUID],
    external_ids: Sequence[str],
) -> list[FindEndUsersRow]:
    """The ids of many end users; all zeros stand for no organization, in the answer too."""
    rows = await database.fetch(FIND_END_USERS, organization_ids, external_ids)
    return [FindEndUsersRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListEndUsersOfOrganizationRow:
    """A row of ListEndUsersOfOrganization."""

    id: uuid.UUID
    external_id: str
    blocked_at: datetime.datetime | None
    first_seen_on: datetime.date
    last_seen_on: datetime.date


async def list_end_users_of_organization(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID,
    after_external_id: str | None,
    page_size: int,
) -> list[ListEndUsersOfOrganizationRow]:
    """One page of the end users of an organization by the names they are given, after the last one seen."""
    rows = await database.fetch(
        LIST_END_USERS_OF_ORGANIZATION,
        organization_id,
        after_external_id,
        page_size,
    )
    return [ListEndUsersOfOrganizationRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class BlockEndUserRow:
    """A row of BlockEndUser."""

    id: uuid.UUID
    blocked_at: datetime.datetime


async def block_end_user(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID | None,
    external_id: str,
) -> BlockEndUserRow:
    """Refuses requests for an end user, seen before or not, and returns the id and since when."""
    row = await database.fetchrow(BLOCK_END_USER, organization_id, external_id)
    return BlockEndUserRow(*row)


async def unblock_end_user(database: Database, /, *, id: uuid.UUID) -> int:
    """Lets requests for an end user pass again; 0 where there was no block."""
    status = await database.execute(UNBLOCK_END_USER, id)
    return int(status.rpartition(" ")[2])


async def delete_idle_end_users(
    database: Database,
    /,
    *,
    seen_before: datetime.date,
    batch_size: int,
) -> int:
    """Deletes a batch of the end users not seen since a day.

    Whoever is blocked or has a budget stays: with the row the block and the budget would be lost.
    """
    status = await database.execute(DELETE_IDLE_END_USERS, seen_before, batch_size)
    return int(status.rpartition(" ")[2])


async def purge_end_users_of_organization(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID,
    batch_size: int,
) -> int:
    """Deletes a batch of the end users of an organization that is itself deleted, with their budgets, so that it can be purged."""
    status = await database.execute(PURGE_END_USERS_OF_ORGANIZATION, organization_id, batch_size)
    return int(status.rpartition(" ")[2])
