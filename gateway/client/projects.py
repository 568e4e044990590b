# Made by migrate from sql/queries/projects.sql; do not edit (source 3c7aa5a3043db0cb, text 344a7bc0ba047573)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/projects.sql."""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from . import Database, JsonValue, ProjectsRow, TeamsRow

CREATE_PROJECT = """\
-- name: CreateProject :one
INSERT INTO projects (
    team_id,
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
RETURNING id, team_id, name, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, blocked_at, deleted_at, created_at, updated_at"""

GET_PROJECT = """\
-- name: GetProject :one
SELECT p.id, p.team_id, p.name, p.allowed_models, p.requests_per_minute, p.tokens_per_minute, p.max_parallel, p.metadata, p.blocked_at, p.deleted_at, p.created_at, p.updated_at, t.id, t.organization_id, t.name, t.allowed_models, t.requests_per_minute, t.tokens_per_minute, t.max_parallel, t.metadata, t.blocked_at, t.deleted_at, t.created_at, t.updated_at
FROM projects AS p
JOIN teams AS t ON t.id = p.team_id
WHERE p.id = $1"""

LIST_PROJECTS_OF_TEAM = """\
-- name: ListProjectsOfTeam :many
SELECT
    p.id,
    p.name,
    p.allowed_models,
    p.requests_per_minute,
    p.tokens_per_minute,
    p.max_parallel,
    p.blocked_at,
    p.created_at
FROM projects AS p
WHERE
    p.team_id = $1
    AND p.deleted_at IS NULL
    AND p.name > coalesce($2::text, '')
ORDER BY p.name
LIMIT $3"""

UPDATE_PROJECT = """\
-- name: UpdateProject :one
UPDATE projects
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
RETURNING id, team_id, name, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, blocked_at, deleted_at, created_at, updated_at"""

MOVE_PROJECT = """\
-- name: MoveProject :execrows
UPDATE projects
SET team_id = $1, updated_at = now()
WHERE id = $2 AND deleted_at IS NULL"""

BLOCK_PROJECT = """\
-- name: BlockProject :one
UPDATE projects
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!\""""

UNBLOCK_PROJECT = """\
-- name: UnblockProject :execrows
UPDATE projects
SET blocked_at = NULL, updated_at = now()
WHERE id = $1 AND blocked_at IS NOT NULL AND deleted_at IS NULL"""

DELETE_PROJECT = """\
-- name: DeleteProject :execrows
UPDATE projects
SET deleted_at = now(), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL"""

PURGE_PROJECTS = """\
-- name: PurgeProjects :many
WITH due AS MATERIALIZED (
    SELECT p.id
    FROM projects AS p
    WHERE
        p.deleted_at < $1
        AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.project_id = p.id)
    ORDER BY p.id
    LIMIT $2
    FOR UPDATE OF p SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN due ON held.entity_kind = 'project' AND held.entity_id = due.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM projects AS p
USING due
WHERE p.id = due.id
RETURNING p.id, p.name, p.team_id"""


async def create_project(
    database: Database,
    /,
    *,
    team_id: uuid.UUID,
    name: str,
    allowed_models: Sequence[str] | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_parallel: int | None,
    metadata: JsonValue,
) -> ProjectsRow:
    """The new project of a team.

    Fails where a live one of the team has this name.
    """
    row = await database.fetchrow(
        CREATE_PROJECT,
        team_id,
        name,
        allowed_models,
        requests_per_minute,
        tokens_per_minute,
        max_parallel,
        metadata,
    )
    return ProjectsRow(*row)


@dataclass(frozen=True, slots=True)
class GetProjectRow:
    """A row of GetProject."""

    p: ProjectsRow
    t: TeamsRow


async def get_project(database: Database, /, *, id: uuid.UUID) -> GetProjectRow | None:
    """One project, deleted or not, with its team."""
    row = await database.fetchrow(GET_PROJECT, id)
    if row is None:
        return None
    return GetProjectRow(ProjectsRow(*row[0:12]), TeamsRow(*row[12:24]))


@dataclass(frozen=True, slots=True)
class ListProjectsOfTeamRow:
    """A row of ListProjectsOfTeam."""

    id: uuid.UUID
    name: str
    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime


async def list_projects_of_team(
    database: Database,
    /,
    *,
    team_id: uuid.UUID,
    after_name: str | None,
    page_size: int,
) -> list[ListProjectsOfTeamRow]:
    """One page of the live projects of a team by name, after the last name seen; NULL for the first page."""
    rows = await database.fetch(LIST_PROJECTS_OF_TEAM, team_id, after_name, page_size)
    return [ListProjectsOfTeamRow(*row) for row in rows]


async def update_project(
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
) -> ProjectsRow | None:
    """Sets all that may be edited of a live project; NULL lifts a restriction.

    With if_updated_at the change is made only to the row that was read. No row: deleted, absent, or
    changed meanwhile.
    """
    row = await database.fetchrow(
        UPDATE_PROJECT,
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
    return ProjectsRow(*row)


async def move_project(database: Database, /, *, team_id: uuid.UUID, id: uuid.UUID) -> int:
    """Puts a live project, with its keys, into another team."""
    status = await database.execute(MOVE_PROJECT, team_id, id)
    return int(status.rpartition(" ")[2])


async def block_project(database: Database, /, *, id: uuid.UUID) -> datetime.datetime | None:
    """Since when every key of the project is refused: from now, or from before where it was blocked already."""
    value: datetime.datetime | None = await database.fetchval(BLOCK_PROJECT, id)
    return value


async def unblock_project(database: Database, /, *, id: uuid.UUID) -> int:
    """Lets the keys of a project be used again; 0 where it was not blocked."""
    status = await database.execute(UNBLOCK_PROJECT, id)
    return int(status.rpartition(" ")[2])


async def delete_project(database: Database, /, *, id: uuid.UUID) -> int:
    """Removes a project: its keys are refused from now on."""
    status = await database.execute(DELETE_PROJECT, id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class PurgeProjectsRow:
    """A row of PurgeProjects."""

    id: uuid.UUID
    name: str
    team_id: uuid.UUID


async def purge_projects(
    database: Database,
    /,
    *,
    deleted_before: datetime.datetime,
    batch_size: int,
) -> list[PurgeProjectsRow]:
    """Deletes for good a batch of the projects removed before a time to which no key refers any more, with their budgets."""
    rows = await database.fetch(PURGE_PROJECTS, deleted_before, batch_size)
    return [PurgeProjectsRow(*row) for row in rows]
