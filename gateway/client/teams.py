# Made by migrate from sql/queries/teams.sql; do not edit (source 2068255c981d4c1e, text 0f7857f434a0b06b)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/teams.sql."""

import datetime
import decimal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from . import Database, JsonValue, OrganizationsRow, TeamsRow

CREATE_TEAM = """\
-- name: CreateTeam :one
INSERT INTO teams (
    organization_id,
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
    $6,
    $7
)
RETURNING id, organization_id, name, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, blocked_at, deleted_at, created_at, updated_at"""

GET_TEAM = """\
-- name: GetTeam :one
SELECT
    t.id, t.organization_id, t.name, t.allowed_models, t.requests_per_minute, t.tokens_per_minute, t.max_parallel, t.metadata, t.blocked_at, t.deleted_at, t.created_at, t.updated_at,
    o.id, o.name, o.allowed_models, o.requests_per_minute, o.tokens_per_minute, o.max_parallel, o.metadata, o.blocked_at, o.deleted_at, o.created_at, o.updated_at,
    ARRAY(
        SELECT found
        FROM (
            SELECT m.id AS membership_id, m.user_id, m.role, u.name, u.email, u.blocked_at
            FROM team_memberships AS m
            JOIN users AS u ON u.id = m.user_id
            WHERE m.team_id = t.id AND u.deleted_at IS NULL
            ORDER BY m.created_at, m.id
        ) AS found
    ) AS members,
    ARRAY(
        SELECT found
        FROM (
            SELECT p.id, p.name, p.blocked_at
            FROM projects AS p
            WHERE p.team_id = t.id AND p.deleted_at IS NULL
            ORDER BY p.name
        ) AS found
    ) AS projects,
    ARRAY(
        SELECT found
        FROM (
            SELECT b.id, b.period, b.max_amount, b.soft_amount
            FROM budgets AS b
            WHERE b.entity_kind = 'team' AND b.entity_id = t.id
            ORDER BY b.period
        ) AS found
    ) AS budgets
FROM teams AS t
LEFT JOIN organizations AS o ON o.id = t.organization_id
WHERE t.id = $1"""

LIST_TEAMS = """\
-- name: ListTeams :many
SELECT t.id, t.organization_id, o.name AS organization_name, t.name, t.allowed_models, t.blocked_at, t.created_at
FROM teams AS t
LEFT JOIN organizations AS o ON o.id = t.organization_id
WHERE
    t.deleted_at IS NULL
    AND (t.name, t.id) > (
        coalesce($1::text, ''),
        coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY t.name, t.id
LIMIT $3"""

LIST_TEAMS_OF_ORGANIZATION = """\
-- name: ListTeamsOfOrganization :many
SELECT
    t.id,
    t.name,
    t.allowed_models,
    t.requests_per_minute,
    t.tokens_per_minute,
    t.max_parallel,
    t.blocked_at,
    t.created_at,
    (SELECT count(*) FROM team_memberships AS m WHERE m.team_id = t.id) AS members
FROM teams AS t
WHERE
    t.organization_id = $1
    AND t.deleted_at IS NULL
    AND t.name > coalesce($2::text, '')
ORDER BY t.name
LIMIT $3"""

UPDATE_TEAM = """\
-- name: UpdateTeam :one
UPDATE teams
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
RETURNING id, organization_id, name, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, blocked_at, deleted_at, created_at, updated_at"""

MOVE_TEAM = """\
-- name: MoveTeam :execrows
UPDATE teams
SET organization_id = $1, updated_at = now()
WHERE id = $2 AND deleted_at IS NULL"""

BLOCK_TEAM = """\
-- name: BlockTeam :one
UPDATE teams
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!\""""

UNBLOCK_TEAM = """\
-- name: UnblockTeam :execrows
UPDATE teams
SET blocked_at = NULL, updated_at = now()
WHERE id = $1 AND blocked_at IS NOT NULL AND deleted_at IS NULL"""

DELETE_TEAM = """\
-- name: DeleteTeam :execrows
UPDATE teams
SET deleted_at = now(), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL"""

PURGE_TEAMS = """\
-- name: PurgeTeams :many
WITH due AS MATERIALIZED (
    SELECT t.id
    FROM teams AS t
    WHERE
        t.deleted_at < $1
        AND NOT EXISTS (SELECT FROM projects AS p WHERE p.team_id = t.id)
        AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.team_id = t.id)
    ORDER BY t.id
    LIMIT $2
    FOR UPDATE OF t SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM (
            SELECT 'team' AS entity_kind, due.id AS entity_id
            FROM due
            UNION ALL
            SELECT 'membership', m.id
            FROM due
            JOIN team_memberships AS m ON m.team_id = due.id
        ) AS entity
        JOIN budgets AS held ON held.entity_kind = entity.entity_kind AND held.entity_id = entity.entity_id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM teams AS t
USING due
WHERE t.id = due.id
RETURNING t.id, t.name, t.organization_id"""

SET_TEAM_MEMBER = """\
-- name: SetTeamMember :one
INSERT INTO team_memberships AS m (team_id, user_id, role)
VALUES ($1, $2, $3)
ON CONFLICT (team_id, user_id) DO UPDATE
SET role = EXCLUDED.role
RETURNING m.id, m.role, m.created_at"""

SET_TEAM_MEMBERS = """\
-- name: SetTeamMembers :execrows
INSERT INTO team_memberships AS m (team_id, user_id, role)
SELECT $1, wanted.user_id, wanted.role
FROM unnest($2::uuid[], $3::text[]) AS wanted (user_id, role)
ORDER BY wanted.user_id
ON CONFLICT (team_id, user_id) DO UPDATE
SET role = EXCLUDED.role
WHERE m.role <> EXCLUDED.role"""

REMOVE_TEAM_MEMBER = """\
-- name: RemoveTeamMember :execrows
WITH released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN team_memberships AS m ON held.entity_kind = 'membership' AND held.entity_id = m.id
        WHERE m.team_id = $1 AND m.user_id = $2
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM team_memberships
WHERE team_id = $1 AND user_id = $2"""

LIST_TEAM_MEMBERS = """\
-- name: ListTeamMembers :many
SELECT m.id AS membership_id, m.user_id, m.role, m.created_at, u.name, u.email, u.blocked_at
FROM team_memberships AS m
JOIN users AS u ON u.id = m.user_id
WHERE
    m.team_id = $1
    AND u.deleted_at IS NULL
    AND m.user_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY m.user_id
LIMIT $3"""


async def create_team(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID | None,
    name: str,
    allowed_models: Sequence[str] | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_parallel: int | None,
    metadata: JsonValue,
) -> TeamsRow:
    """The new team, in an organization or alone.

    Fails where a live one has this name there.
    """
    row = await database.fetchrow(
        CREATE_TEAM,
        organization_id,
        name,
        allowed_models,
        requests_per_minute,
        tokens_per_minute,
        max_parallel,
        metadata,
    )
    return TeamsRow(*row)


@dataclass(frozen=True, slots=True)
class GetTeamRowMembers:
    """A record of GetTeam.members."""

    membership_id: uuid.UUID
    user_id: uuid.UUID
    role: str
    name: str | None
    email: str | None
    blocked_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class GetTeamRowProjects:
    """A record of GetTeam.projects."""

    id: uuid.UUID
    name: str
    blocked_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class GetTeamRowBudgets:
    """A record of GetTeam.budgets."""

    id: uuid.UUID
    period: str
    max_amount: decimal.Decimal | None
    soft_amount: decimal.Decimal | None


@dataclass(frozen=True, slots=True)
class GetTeamRow:
    """A row of GetTeam."""

    t: TeamsRow
    o: OrganizationsRow | None
    members: list[GetTeamRowMembers]
    projects: list[GetTeamRowProjects]
    budgets: list[GetTeamRowBudgets]


async def get_team(database: Database, /, *, id: uuid.UUID) -> GetTeamRow | None:
    """One team, deleted or not, with its organization, members, projects and budgets."""
    row = await database.fetchrow(GET_TEAM, id)
    if row is None:
        return None
    return GetTeamRow(
        TeamsRow(*row[0:12]),
        None if row[12] is None else OrganizationsRow(*row[12:23]),
        [GetTeamRowMembers(*item) for item in row[23]],
        [GetTeamRowProjects(*item) for item in row[24]],
        [GetTeamRowBudgets(*item) for item in row[25]],
    )


@dataclass(frozen=True, slots=True)
class ListTeamsRow:
    """A row of ListTeams."""

    id: uuid.UUID
    organization_id: uuid.UUID | None
    organization_name: str | None
    name: str
    allowed_models: list[str] | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime


async def list_teams(
    database: Database,
    /,
    *,
    after_name: str | None,
    after_id: uuid.UUID | None,
    page_size: int,
) -> list[ListTeamsRow]:
    """One page of all live teams by name, after the last (name, id) seen; both NULL for the first page."""
    rows = await database.fetch(LIST_TEAMS, after_name, after_id, page_size)
    return [ListTeamsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListTeamsOfOrganizationRow:
    """A row of ListTeamsOfOrganization."""

    id: uuid.UUID
    name: str
    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime
    members: int


async def list_teams_of_organization(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID,
    after_name: str | None,
    page_size: int,
) -> list[ListTeamsOfOrganizationRow]:
    """One page of the live teams of an organization by name, after the last name seen; NULL for the first page."""
    rows = await database.fetch(LIST_TEAMS_OF_ORGANIZATION, organization_id, after_name, page_size)
    return [ListTeamsOfOrganizationRow(*row) for row in rows]


async def update_team(
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
) -> TeamsRow | None:
    """Sets all that may be edited of a live team; NULL lifts a restriction.

    With if_updated_at the change is made only to the row that was read. No row: deleted, absent, or
    changed meanwhile.
    """
    row = await database.fetchrow(
        UPDATE_TEAM,
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
    return TeamsRow(*row)


async def move_team(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID | None,
    id: uuid.UUID,
) -> int:
    """Puts a live team, with all below it, into another organization, or with NULL into none.

    What was spent before stays with the organization that it was counted for.
    """
    status = await database.execute(MOVE_TEAM, organization_id, id)
    return int(status.rpartition(" ")[2])


async def block_team(database: Database, /, *, id: uuid.UUID) -> datetime.datetime | None:
    """Since when every key of the team is refused: from now, or from before where it was blocked already."""
    value: datetime.datetime | None = await database.fetchval(BLOCK_TEAM, id)
    return value


async def unblock_team(database: Database, /, *, id: uuid.UUID) -> int:
    """Lets the keys of a team be used again; 0 where it was not blocked."""
    status = await database.execute(UNBLOCK_TEAM, id)
    return int(status.rpartition(" ")[2])


async def delete_team(database: Database, /, *, id: uuid.UUID) -> int:
    """Removes a team: all keys below it are refused from now on.

    Its projects and keys need no change of their own.
    """
    status = await database.execute(DELETE_TEAM, id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class PurgeTeamsRow:
    """A row of PurgeTeams."""

    id: uuid.UUID
    name: str
    organization_id: uuid.UUID | None


async def purge_teams(
    database: Database,
    /,
    *,
    deleted_before: datetime.datetime,
    batch_size: int,
) -> list[PurgeTeamsRow]:
    """Deletes for good a batch of the teams removed before a time to which no project or key refers any more, with the budgets of the team and of its members.

    Memberships and aliases go with them.
    """
    rows = await database.fetch(PURGE_TEAMS, deleted_before, batch_size)
    return [PurgeTeamsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class SetTeamMemberRow:
    """A row of SetTeamMember."""

    id: uuid.UUID
    role: str
    created_at: datetime.datetime


async def set_team_member(
    database: Database,
    /,
    *,
    team_id: uuid.UUID,
    user_id: uuid.UUID,
    role: str,
) -> SetTeamMemberRow:
    """Puts a user into a team, or gives another role to one who is in it.

    The id is what the budget of this member within this team refers to.
    """
    row = await database.fetchrow(SET_TEAM_MEMBER, team_id, user_id, role)
    return SetTeamMemberRow(*row)


async def set_team_members(
    database: Database,
    /,
    *,
    team_id: uuid.UUID,
    user_ids: Sequence[uuid.UUID],
    roles: Sequence[str],
) -> int:
    """Puts many users into a team, or gives them other roles: one pair of elements a user.

    Sorted, so that two such calls cannot deadlock; rows that would not change are not written.
    """
    status = await database.execute(SET_TEAM_MEMBERS, team_id, user_ids, roles)
    return int(status.rpartition(" ")[2])


async def remove_team_member(
    database: Database,
    /,
    *,
    team_id: uuid.UUID,
    user_id: uuid.UUID,
) -> int:
    """Takes a user out of a team, with the budget that the user had there.

    0 where the user was not in it. Keys of the user that hang in the team are not touched.
    """
    status = await database.execute(REMOVE_TEAM_MEMBER, team_id, user_id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class ListTeamMembersRow:
    """A row of ListTeamMembers."""

    membership_id: uuid.UUID
    user_id: uuid.UUID
    role: str
    created_at: datetime.datetime
    name: str | None
    email: str | None
    blocked_at: datetime.datetime | None


async def list_team_members(
    database: Database,
    /,
    *,
    team_id: uuid.UUID,
    after_user_id: uuid.UUID | None,
    page_size: int,
) -> list[ListTeamMembersRow]:
    """One page of the users in a team, after the last user id seen; NULL for the first page."""
    rows = await database.fetch(LIST_TEAM_MEMBERS, team_id, after_user_id, page_size)
    return [ListTeamMembersRow(*row) for row in rows]
