# Made by migrate from sql/queries/organizations.sql; do not edit (source 6107e7d27abcabd6, text 37e5b296edb8e935)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/organizations.sql."""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from . import Database, JsonValue, OrganizationsRow

CREATE_ORGANIZATION = """\
-- name: CreateOrganization :one
INSERT INTO organizations (
    name,
    allowed_models,
    requests_per_minute,
    tokens_per_minute,
    max_parallel,
    metadata
)
VALUES (
    $1,
    $2,
    $3,
    $4,
    $5,
    $6
)
RETURNING id, name, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, blocked_at, deleted_at, created_at, updated_at"""

GET_ORGANIZATION = """\
-- name: GetOrganization :one
SELECT
    o.id, o.name, o.allowed_models, o.requests_per_minute, o.tokens_per_minute, o.max_parallel, o.metadata, o.blocked_at, o.deleted_at, o.created_at, o.updated_at,
    (SELECT count(*) FROM teams AS t WHERE t.organization_id = o.id AND t.deleted_at IS NULL) AS teams,
    (SELECT count(*) FROM organization_memberships AS m WHERE m.organization_id = o.id) AS members
FROM organizations AS o
WHERE o.id = $1"""

FIND_ORGANIZATION = """\
-- name: FindOrganization :one
SELECT o.id, o.name, o.blocked_at
FROM organizations AS o
WHERE o.name = $1 AND o.deleted_at IS NULL"""

LIST_ORGANIZATIONS = """\
-- name: ListOrganizations :many
SELECT
    o.id,
    o.name,
    o.allowed_models,
    o.requests_per_minute,
    o.tokens_per_minute,
    o.max_parallel,
    o.blocked_at,
    o.created_at,
    o.updated_at
FROM organizations AS o
WHERE o.deleted_at IS NULL AND o.name > coalesce($1::text, '')
ORDER BY o.name
LIMIT $2"""

UPDATE_ORGANIZATION = """\
-- name: UpdateOrganization :one
UPDATE organizations
SET
    name = $1,
    allowed_models = $2,
    requests_per_minute = $3,
    tokens_per_minute = $4,
    max_parallel = $5,
    metadata = $6,
    updated_at = now()
WHERE
    id = $7
    AND deleted_at IS NULL
    AND ($8::timestamptz IS NULL OR updated_at = $8)
RETURNING id, name, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, blocked_at, deleted_at, created_at, updated_at"""

BLOCK_ORGANIZATION = """\
-- name: BlockOrganization :one
UPDATE organizations
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!\""""

UNBLOCK_ORGANIZATION = """\
-- name: UnblockOrganization :execrows
UPDATE organizations
SET blocked_at = NULL, updated_at = now()
WHERE id = $1 AND blocked_at IS NOT NULL AND deleted_at IS NULL"""

DELETE_ORGANIZATION = """\
-- name: DeleteOrganization :execrows
UPDATE organizations
SET deleted_at = now(), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL"""

PURGE_ORGANIZATIONS = """\
-- name: PurgeOrganizations :many
WITH due AS MATERIALIZED (
    SELECT o.id
    FROM organizations AS o
    WHERE
        o.deleted_at < $1
        AND NOT EXISTS (SELECT FROM teams AS t WHERE t.organization_id = o.id)
        AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.organization_id = o.id)
        AND NOT EXISTS (SELECT FROM end_users AS e WHERE e.organization_id = o.id)
    ORDER BY o.id
    LIMIT $2
    FOR UPDATE OF o SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN due ON held.entity_kind = 'organization' AND held.entity_id = due.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM organizations AS o
USING due
WHERE o.id = due.id
RETURNING o.id, o.name"""

SET_ORGANIZATION_MEMBER = """\
-- name: SetOrganizationMember :one
INSERT INTO organization_memberships AS m (organization_id, user_id, role)
VALUES ($1, $2, $3)
ON CONFLICT (organization_id, user_id) DO UPDATE
SET role = EXCLUDED.role
RETURNING m.role, m.created_at"""

REMOVE_ORGANIZATION_MEMBER = """\
-- name: RemoveOrganizationMember :execrows
WITH left_teams AS (
    DELETE FROM team_memberships AS m
    USING teams AS t
    WHERE t.id = m.team_id AND t.organization_id = $1 AND m.user_id = $2
    RETURNING m.id
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN left_teams ON held.entity_kind = 'membership' AND held.entity_id = left_teams.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM organization_memberships
WHERE organization_id = $1 AND user_id = $2"""

LIST_ORGANIZATION_MEMBERS = """\
-- name: ListOrganizationMembers :many
SELECT m.user_id, m.role, m.created_at, u.name, u.email, u.blocked_at
FROM organization_memberships AS m
JOIN users AS u ON u.id = m.user_id
WHERE
    m.organization_id = $1
    AND u.deleted_at IS NULL
    AND m.user_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY m.user_id
LIMIT $3"""


async def create_organization(
    database: Database,
    /,
    *,
    name: str,
    allowed_models: Sequence[str] | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_parallel: int | None,
    metadata: JsonValue,
) -> OrganizationsRow:
    """The new organization.

    Fails where a live one has this name.
    """
    row = await database.fetchrow(
        CREATE_ORGANIZATION,
        name,
        allowed_models,
        requests_per_minute,
        tokens_per_minute,
        max_parallel,
        metadata,
    )
    return OrganizationsRow(*row)


@dataclass(frozen=True, slots=True)
class GetOrganizationRow:
    """A row of GetOrganization."""

    o: OrganizationsRow
    teams: int
    members: int


async def get_organization(database: Database, /, *, id: uuid.UUID) -> GetOrganizationRow | None:
    """One organization, deleted or not, with how much there is in it."""
    row = await database.fetchrow(GET_ORGANIZATION, id)
    if row is None:
        return None
    return GetOrganizationRow(OrganizationsRow(*row[0:11]), *row[11:13])


@dataclass(frozen=True, slots=True)
class FindOrganizationRow:
    """A row of FindOrganization."""

    id: uuid.UUID
    name: str
    blocked_at: datetime.datetime | None


async def find_organization(database: Database, /, *, name: str) -> FindOrganizationRow | None:
    """The live organization of a name."""
    row = await database.fetchrow(FIND_ORGANIZATION, name)
    if row is None:
        return None
    return FindOrganizationRow(*row)


@dataclass(frozen=True, slots=True)
class ListOrganizationsRow:
    """A row of ListOrganizations."""

    id: uuid.UUID
    name: str
    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime
    updated_at: datetime.datetime


async def list_organizations(
    database: Database,
    /,
    *,
    after_name: str | None,
    page_size: int,
) -> list[ListOrganizationsRow]:
    """One page of the live organizations by name, after the last name seen; NULL for the first page."""
    rows = await database.fetch(LIST_ORGANIZATIONS, after_name, page_size)
    return [ListOrganizationsRow(*row) for row in rows]


async def update_organization(
    database: Database,
    /,
    *,
    name: str,
    allowed_models: Sequence[str] | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_parallel: int | None,
    metadata: JsonValue,
    id: uuid.UUID,
    if_updated_at: datetime.datetime | None,
) -> OrganizationsRow | None:
    """Sets all that may be edited of a live organization; NULL lifts a restriction.

    With if_updated_at the change is made only to the row that was read. No row: deleted, absent, or
    changed meanwhile.
    """
    row = await database.fetchrow(
        UPDATE_ORGANIZATION,
        name,
        allowed_models,
        requests_per_minute,
        tokens_per_minute,
        max_parallel,
        metadata,
        id,
        if_updated_at,
    )
    if row is None:
        return None
    return OrganizationsRow(*row)


async def block_organization(database: Database, /, *, id: uuid.UUID) -> datetime.datetime | None:
    """Since when every request below the organization is refused: from now, or from before where it was blocked already."""
    value: datetime.datetime | None = await database.fetchval(BLOCK_ORGANIZATION, id)
    return value


async def unblock_organization(database: Database, /, *, id: uuid.UUID) -> int:
    """Lets the keys of an organization be used again; 0 where it was not blocked."""
    status = await database.execute(UNBLOCK_ORGANIZATION, id)
    return int(status.rpartition(" ")[2])


async def delete_organization(database: Database, /, *, id: uuid.UUID) -> int:
    """Removes an organization: all keys below it are refused from now on.

    Its teams need no change of their own.
    """
    status = await database.execute(DELETE_ORGANIZATION, id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class PurgeOrganizationsRow:
    """A row of PurgeOrganizations."""

    id: uuid.UUID
    name: str


async def purge_organizations(
    database: Database,
    /,
    *,
    deleted_before: datetime.datetime,
    batch_size: int,
) -> list[PurgeOrganizationsRow]:
    """Deletes for good a batch of the organizations removed before a time to which nothing refers any more, with their budgets.

    Keys, projects, teams and end users are purged first, in this order.
    """
    rows = await database.fetch(PURGE_ORGANIZATIONS, deleted_before, batch_size)
    return [PurgeOrganizationsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class SetOrganizationMemberRow:
    """A row of SetOrganizationMember."""

    role: str
    created_at: datetime.datetime


async def set_organization_member(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID,
    user_id: uuid.UUID,
    role: str,
) -> SetOrganizationMemberRow:
    """Puts a user into an organization, or gives another role to one who is in it."""
    row = await database.fetchrow(SET_ORGANIZATION_MEMBER, organization_id, user_id, role)
    return SetOrganizationMemberRow(*row)


async def remove_organization_member(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID,
    user_id: uuid.UUID,
) -> int:
    """Takes a user out of an organization, and so out of its teams, with the budgets that the user had there.

    0 where the user was not in it.
    """
    status = await database.execute(REMOVE_ORGANIZATION_MEMBER, organization_id, user_id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class ListOrganizationMembersRow:
    """A row of ListOrganizationMembers."""

    user_id: uuid.UUID
    role: str
    created_at: datetime.datetime
    name: str | None
    email: str | None
    blocked_at: datetime.datetime | None


async def list_organization_members(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID,
    after_user_id: uuid.UUID | None,
    page_size: int,
) -> list[ListOrganizationMembersRow]:
    """One page of the users in an organization, after the last user id seen; NULL for the first page."""
    rows = await database.fetch(
        LIST_ORGANIZATION_MEMBERS,
        organization_id,
        after_user_id,
        page_size,
    )
    return [ListOrganizationMembersRow(*row) for row in rows]
