# Made by migrate from sql/queries/users.sql; do not edit (source 495bae9d588f3a08, text e4e8bdc32b134c41)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/users.sql."""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from . import Database, JsonValue, UsersRow

CREATE_USER = """\
-- name: CreateUser :one
INSERT INTO users (
    email,
    name,
    sso_subject,
    role,
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
    $6,
    $7,
    $8,
    $9
)
RETURNING id, email, name, sso_subject, role, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, blocked_at, deleted_at, created_at, updated_at"""

UPSERT_USER_BY_SSO = """\
-- name: UpsertUserBySso :one
INSERT INTO users AS u (email, name, sso_subject, role)
VALUES ($1, $2, $3, $4)
ON CONFLICT (sso_subject) WHERE deleted_at IS NULL DO UPDATE
SET email = coalesce(EXCLUDED.email, u.email), name = coalesce(EXCLUDED.name, u.name), updated_at = now()
RETURNING u.id, u.email, u.name, u.role, u.blocked_at"""

LINK_USER_TO_SSO = """\
-- name: LinkUserToSso :one
UPDATE users
SET sso_subject = $1, updated_at = now()
WHERE lower(email) = lower($2) AND deleted_at IS NULL AND sso_subject IS NULL
RETURNING id, email, name, role, blocked_at"""

GET_USER = """\
-- name: GetUser :one
SELECT
    u.id, u.email, u.name, u.sso_subject, u.role, u.allowed_models, u.requests_per_minute, u.tokens_per_minute, u.max_parallel, u.metadata, u.blocked_at, u.deleted_at, u.created_at, u.updated_at,
    ARRAY(
        SELECT found
        FROM (
            SELECT o.id, o.name, m.role
            FROM organization_memberships AS m
            JOIN organizations AS o ON o.id = m.organization_id
            WHERE m.user_id = u.id AND o.deleted_at IS NULL
            ORDER BY o.name
        ) AS found
    ) AS organizations,
    ARRAY(
        SELECT found
        FROM (
            SELECT t.id, t.name, t.organization_id, m.id AS membership_id, m.role
            FROM team_memberships AS m
            JOIN teams AS t ON t.id = m.team_id
            WHERE m.user_id = u.id AND t.deleted_at IS NULL
            ORDER BY t.name, t.id
        ) AS found
    ) AS teams
FROM users AS u
WHERE u.id = $1"""

FIND_USER_BY_EMAIL = """\
-- name: FindUserByEmail :one
SELECT u.id, u.email AS "email!", u.name, u.sso_subject, u.role, u.blocked_at
FROM users AS u
WHERE lower(u.email) = lower($1) AND u.deleted_at IS NULL"""

FIND_USER_BY_SSO = """\
-- name: FindUserBySso :one
SELECT u.id, u.email, u.name, u.role, u.blocked_at
FROM users AS u
WHERE u.sso_subject = $1 AND u.deleted_at IS NULL"""

LIST_USERS = """\
-- name: ListUsers :many
SELECT u.id, u.email, u.name, u.role, u.blocked_at, u.created_at
FROM users AS u
WHERE
    u.deleted_at IS NULL
    AND (u.created_at, u.id) > (
        coalesce($1::timestamptz, '-infinity'),
        coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    )
    AND ($3::text IS NULL OR u.role = $3)
    AND ($4::text IS NULL OR position(lower($4) IN lower(u.email)) > 0)
ORDER BY u.created_at, u.id
LIMIT $5"""

LIST_TEAMS_OF_USER = """\
-- name: ListTeamsOfUser :many
SELECT t.id, t.name, t.organization_id, m.id AS membership_id, m.role
FROM team_memberships AS m
JOIN teams AS t ON t.id = m.team_id
WHERE m.user_id = $1 AND t.deleted_at IS NULL
ORDER BY t.name, t.id"""

LIST_ORGANIZATIONS_OF_USER = """\
-- name: ListOrganizationsOfUser :many
SELECT o.id, o.name, m.role
FROM organization_memberships AS m
JOIN organizations AS o ON o.id = m.organization_id
WHERE m.user_id = $1 AND o.deleted_at IS NULL
ORDER BY o.name"""

UPDATE_USER = """\
-- name: UpdateUser :one
UPDATE users
SET
    email = $1,
    name = $2,
    role = $3,
    allowed_models = $4,
    requests_per_minute = $5,
    tokens_per_minute = $6,
    max_parallel = $7,
    metadata = $8,
    updated_at = now()
WHERE
    id = $9
    AND deleted_at IS NULL
    AND ($10::timestamptz IS NULL OR updated_at = $10)
RETURNING id, email, name, sso_subject, role, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, blocked_at, deleted_at, created_at, updated_at"""

BLOCK_USER = """\
-- name: BlockUser :one
UPDATE users
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!\""""

UNBLOCK_USER = """\
-- name: UnblockUser :execrows
UPDATE users
SET blocked_at = NULL, updated_at = now()
WHERE id = $1 AND blocked_at IS NOT NULL AND deleted_at IS NULL"""

DELETE_USER = """\
-- name: DeleteUser :execrows
UPDATE users
SET deleted_at = now(), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL"""

PURGE_USERS = """\
-- name: PurgeUsers :many
WITH due AS MATERIALIZED (
    SELECT u.id
    FROM users AS u
    WHERE
        u.deleted_at < $1
        AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.user_id = u.id)
    ORDER BY u.id
    LIMIT $2
    FOR UPDATE OF u SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM (
            SELECT 'user' AS entity_kind, due.id AS entity_id
            FROM due
            UNION ALL
            SELECT 'membership', m.id
            FROM due
            JOIN team_memberships AS m ON m.user_id = due.id
        ) AS entity
        JOIN budgets AS held ON held.entity_kind = entity.entity_kind AND held.entity_id = entity.entity_id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM users AS u
USING due
WHERE u.id = due.id
RETURNING u.id"""


async def create_user(
    database: Database,
    /,
    *,
    email: str | None,
    name: str | None,
    sso_subject: str | None,
    role: str,
    allowed_models: Sequence[str] | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_parallel: int | None,
    metadata: JsonValue,
) -> UsersRow:
    """The new user, or service account where there is no address.

    Fails where a live user has the address or the subject.
    """
    row = await database.fetchrow(
        CREATE_USER,
        email,
        name,
        sso_subject,
        role,
        allowed_models,
        requests_per_minute,
        tokens_per_minute,
        max_parallel,
        metadata,
    )
    return UsersRow(*row)


@dataclass(frozen=True, slots=True)
class UpsertUserBySsoRow:
    """A row of UpsertUserBySso."""

    id: uuid.UUID
    email: str | None
    name: str | None
    role: str
    blocked_at: datetime.datetime | None


async def upsert_user_by_sso(
    database: Database,
    /,
    *,
    email: str | None,
    name: str | None,
    sso_subject: str | None,
    role: str,
) -> UpsertUserBySsoRow:
    """The live user of a subject of the identity provider, made at the first sign-in and brought up to date at the others; the role is kept.

    Fails on users_email_idx where another live user has the address: LinkUserToSso joins the two,
    if the provider has verified it.
    """
    row = await database.fetchrow(UPSERT_USER_BY_SSO, email, name, sso_subject, role)
    return UpsertUserBySsoRow(*row)


@dataclass(frozen=True, slots=True)
class LinkUserToSsoRow:
    """A row of LinkUserToSso."""

    id: uuid.UUID
    email: str
    name: str | None
    role: str
    blocked_at: datetime.datetime | None


async def link_user_to_sso(
    database: Database,
    /,
    *,
    sso_subject: str | None,
    email: str,
) -> LinkUserToSsoRow | None:
    """Gives the live user of an address, who has never signed in through the identity provider, its subject.

    No row: there is none, or another subject has the address.
    """
    row = await database.fetchrow(LINK_USER_TO_SSO, sso_subject, email)
    if row is None:
        return None
    return LinkUserToSsoRow(*row)


@dataclass(frozen=True, slots=True)
class GetUserRowOrganizations:
    """A record of GetUser.organizations."""

    id: uuid.UUID
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class GetUserRowTeams:
    """A record of GetUser.teams."""

    id: uuid.UUID
    name: str
    organization_id: uuid.UUID | None
    membership_id: uuid.UUID
    role: str


@dataclass(frozen=True, slots=True)
class GetUserRow:
    """A row of GetUser."""

    u: UsersRow
    organizations: list[GetUserRowOrganizations]
    teams: list[GetUserRowTeams]


async def get_user(database: Database, /, *, id: uuid.UUID) -> GetUserRow | None:
    """One user, deleted or not, with the organizations and teams that the user is in."""
    row = await database.fetchrow(GET_USER, id)
    if row is None:
        return None
    return GetUserRow(
        UsersRow(*row[0:14]),
        [GetUserRowOrganizations(*item) for item in row[14]],
        [GetUserRowTeams(*item) for item in row[15]],
    )


@dataclass(frozen=True, slots=True)
class FindUserByEmailRow:
    """A row of FindUserByEmail."""

    id: uuid.UUID
    email: str
    name: str | None
    sso_subject: str | None
    role: str
    blocked_at: datetime.datetime | None


async def find_user_by_email(database: Database, /, *, email: str) -> FindUserByEmailRow | None:
    """The live user of an address, however it is spelled."""
    row = await database.fetchrow(FIND_USER_BY_EMAIL, email)
    if row is None:
        return None
    return FindUserByEmailRow(*row)


@dataclass(frozen=True, slots=True)
class FindUserBySsoRow:
    """A row of FindUserBySso."""

    id: uuid.UUID
    email: str | None
    name: str | None
    role: str
    blocked_at: datetime.datetime | None


async def find_user_by_sso(database: Database, /, *, sso_subject: str) -> FindUserBySsoRow | None:
    """The live user of a subject of the identity provider."""
    row = await database.fetchrow(FIND_USER_BY_SSO, sso_subject)
    if row is None:
        return None
    return FindUserBySsoRow(*row)


@dataclass(frozen=True, slots=True)
class ListUsersRow:
    """A row of ListUsers."""

    id: uuid.UUID
    email: str | None
    name: str | None
    role: str
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime


async def list_users(
    database: Database,
    /,
    *,
    after_created_at: datetime.datetime | None,
    after_id: uuid.UUID | None,
    role: str | None,
    email_part: str | None,
    page_size: int,
) -> list[ListUsersRow]:
    """One page of the live users, oldest first, after the last (created_at, id) seen; both NULL for the first page."""
    rows = await database.fetch(LIST_USERS, after_created_at, after_id, role, email_part, page_size)
    return [ListUsersRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListTeamsOfUserRow:
    """A row of ListTeamsOfUser."""

    id: uuid.UUID
    name: str
    organization_id: uuid.UUID | None
    membership_id: uuid.UUID
    role: str


async def list_teams_of_user(
    database: Database,
    /,
    *,
    user_id: uuid.UUID,
) -> list[ListTeamsOfUserRow]:
    """The live teams that a user is in, by name."""
    rows = await database.fetch(LIST_TEAMS_OF_USER, user_id)
    return [ListTeamsOfUserRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListOrganizationsOfUserRow:
    """A row of ListOrganizationsOfUser."""

    id: uuid.UUID
    name: str
    role: str


async def list_organizations_of_user(
    database: Database,
    /,
    *,
    user_id: uuid.UUID,
) -> list[ListOrganizationsOfUserRow]:
    """The live organizations that a user is in, by name."""
    rows = await database.fetch(LIST_ORGANIZATIONS_OF_USER, user_id)
    return [ListOrganizationsOfUserRow(*row) for row in rows]


async def update_user(
    database: Database,
    /,
    *,
    email: str | None,
    name: str | None,
    role: str,
    allowed_models: Sequence[str] | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_parallel: int | None,
    metadata: JsonValue,
    id: uuid.UUID,
    if_updated_at: datetime.datetime | None,
) -> UsersRow | None:
    """Sets all that may be edited of a live user; NULL lifts a restriction.

    With if_updated_at the change is made only to the row that was read. No row: deleted, absent, or
    changed meanwhile.
    """
    row = await database.fetchrow(
        UPDATE_USER,
        email,
        name,
        role,
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
    return UsersRow(*row)


async def block_user(database: Database, /, *, id: uuid.UUID) -> datetime.datetime | None:
    """Since when every key of the user is refused: from now, or from before where the user was blocked already."""
    value: datetime.datetime | None = await database.fetchval(BLOCK_USER, id)
    return value


async def unblock_user(database: Database, /, *, id: uuid.UUID) -> int:
    """Lets the keys of a user be used again; 0 where the user was not blocked."""
    status = await database.execute(UNBLOCK_USER, id)
    return int(status.rpartition(" ")[2])


async def delete_user(database: Database, /, *, id: uuid.UUID) -> int:
    """Removes a user: the user's keys are refused from now on.

    The address and the subject may be given again.
    """
    status = await database.execute(DELETE_USER, id)
    return int(status.rpartition(" ")[2])


async def purge_users(
    database: Database,
    /,
    *,
    deleted_before: datetime.datetime,
    batch_size: int,
) -> list[uuid.UUID]:
    """Deletes for good a batch of the users removed before a time to whom no key belongs any more, with their budgets, also those within teams.

    Memberships go with them.
    """
    rows = await database.fetch(PURGE_USERS, deleted_before, batch_size)
    return [row[0] for row in rows]
