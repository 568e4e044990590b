"""The projects of the teams: one application each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.administration.audit import changing
from gateway.administration.entities import UNLIMITED, Edit, Entities, Limits, Queries, lock_live, turn
from gateway.administration.teams import TEAMS
from gateway.client import ProjectsRow, projects

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from typing import Unpack

    from gateway.administration.audit import Actor
    from gateway.client.projects import GetProjectRow, ListProjectsOfTeamRow
    from gateway.link import Link

PROJECTS: Queries[ProjectsRow] = Queries(
    kind="project",
    lock=projects.lock_project,
    block=projects.block_project,
    unblock=projects.unblock_project,
    delete=projects.delete_project,
    restore=projects.restore_project,
    update=projects.update_project,
)


class Projects(Entities[ProjectsRow]):
    """The projects: the level between a team and its keys."""

    def __init__(self, link: Link) -> None:
        super().__init__(link, PROJECTS)

    async def create(
        self, name: str, /, *, team_id: uuid.UUID, by: Actor, reason: str | None = None, **limits: Unpack[Limits]
    ) -> ProjectsRow:
        """The new project. Raises Taken where a live one of the team has this name, NotFound for the team."""
        columns: dict[str, Any] = {**UNLIMITED, **limits}
        async with changing(self._link, by, reason) as change:
            await lock_live(change, TEAMS, team_id)
            made = await projects.create_project(change.connection, team_id=team_id, name=name, **columns)
            await change.note("create", "project", made.id, None, made)
        return made

    async def get(self, project_id: uuid.UUID, /) -> GetProjectRow | None:
        """A project, deleted or not, with its team."""
        async with self._link.connection() as connection:
            return await projects.get_project(connection, id=project_id)

    async def page_of(
        self, team_id: uuid.UUID, /, *, after: str | None = None, size: int = 100
    ) -> list[ListProjectsOfTeamRow]:
        """A page of the live projects of a team by name, after the last name of the page before."""
        async with self._link.connection() as connection:
            return await projects.list_projects_of_team(connection, team_id=team_id, after_name=after, page_size=size)

    async def update(
        self,
        project_id: uuid.UUID,
        /,
        *,
        by: Actor,
        reason: str | None = None,
        if_updated_at: dt.datetime | None = None,
        **edit: Unpack[Edit],
    ) -> ProjectsRow:
        """The project with what is given changed. Raises Changed where it was not last changed at that time."""
        return await self._edit(project_id, edit, by=by, reason=reason, if_updated_at=if_updated_at)

    async def move(
        self, project_id: uuid.UUID, team_id: uuid.UUID, *, by: Actor, reason: str | None = None
    ) -> ProjectsRow:
        """The project, with its keys, in another team. What was spent before stays with the team it was counted for."""
        async with changing(self._link, by, reason) as change:
            await lock_live(change, TEAMS, team_id)
            before = await lock_live(change, PROJECTS, project_id)
            if before.team_id == team_id:
                return before
            query = partial(projects.move_project, team_id=team_id)
            return await turn(change, PROJECTS, "update", before=before, query=query)
