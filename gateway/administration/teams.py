"""The teams, in an organization or alone, and who is in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from gateway.administration.audit import changing
from gateway.administration.entities import UNLIMITED, Edit, Entities, Limits, Queries, lock_live, turn
from gateway.administration.members import lock_users, note_left, note_roles, pairs, words
from gateway.administration.organizations import ORGANIZATIONS
from gateway.client import TeamsRow, organizations, teams
from gateway.errors import NotAMember

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Collection, Mapping
    from typing import Unpack

    from gateway.administration.audit import Actor, Change
    from gateway.client.teams import GetTeamRow, ListTeamMembersRow, ListTeamsOfOrganizationRow, ListTeamsRow
    from gateway.link import Link

TeamRole = Literal["admin", "member"]

TEAMS: Queries[TeamsRow] = Queries(
    kind="team",
    lock=teams.lock_team,
    block=teams.block_team,
    unblock=teams.unblock_team,
    delete=teams.delete_team,
    restore=teams.restore_team,
    update=teams.update_team,
)


class Teams(Entities[TeamsRow]):
    """The teams. Only members of an organization can be in its teams; a team that stands alone takes anybody."""

    def __init__(self, link: Link) -> None:
        super().__init__(link, TEAMS)

    async def create(
        self,
        name: str,
        /,
        *,
        organization_id: uuid.UUID | None = None,
        by: Actor,
        reason: str | None = None,
        **limits: Unpack[Limits],
    ) -> TeamsRow:
        """The new team. Raises Taken where a live one has this name there, NotFound for the organization."""
        columns: dict[str, Any] = {**UNLIMITED, **limits}
        async with changing(self._link, by, reason) as change:
            if organization_id:
                await lock_live(change, ORGANIZATIONS, organization_id)
            made = await teams.create_team(change.connection, organization_id=organization_id, name=name, **columns)
            await change.note("create", "team", made.id, None, made)
        return made

    async def get(self, team_id: uuid.UUID, /) -> GetTeamRow | None:
        """A team, deleted or not, with its organization, members, projects and budgets."""
        async with self._link.connection() as connection:
            return await teams.get_team(connection, id=team_id)

    async def page(self, *, after: tuple[str, uuid.UUID] | None = None, size: int = 100) -> list[ListTeamsRow]:
        """A page of all live teams by name, after the last (name, id) of the page before."""
        name, team_id = after or (None, None)
        async with self._link.connection() as connection:
            return await teams.list_teams(connection, after_name=name, after_id=team_id, page_size=size)

    async def page_of(
        self, organization_id: uuid.UUID, /, *, after: str | None = None, size: int = 100
    ) -> list[ListTeamsOfOrganizationRow]:
        """A page of the live teams of an organization by name, after the last name of the page before."""
        async with self._link.connection() as connection:
            return await teams.list_teams_of_organization(
                connection, organization_id=organization_id, after_name=after, page_size=size
            )

    async def update(
        self,
        team_id: uuid.UUID,
        /,
        *,
        by: Actor,
        reason: str | None = None,
        if_updated_at: dt.datetime | None = None,
        **edit: Unpack[Edit],
    ) -> TeamsRow:
        """The team with what is given changed. Raises Changed where it was not last changed at that time."""
        return await self._edit(team_id, edit, by=by, reason=reason, if_updated_at=if_updated_at)

    async def move(
        self,
        team_id: uuid.UUID,
        organization_id: uuid.UUID | None,
        *,
        by: Actor,
        reason: str | None = None,
        outsiders: Literal["refuse", "join"] = "refuse",
    ) -> TeamsRow:
        """The team, with all below it, in another organization, or in none.

        Members of the team who are not in that organization join it as members, or else NotAMember is raised. What was
        spent before stays with the organization that it was counted for.
        """
        async with changing(self._link, by, reason) as change:
            if organization_id:
                await lock_live(change, ORGANIZATIONS, organization_id)
            before = await lock_live(change, TEAMS, team_id)
            if before.organization_id == organization_id:
                return before
            if organization_id:
                await _admit(change, organization_id, team_id, outsiders)
            query = partial(teams.move_team, organization_id=organization_id)
            return await turn(change, TEAMS, "update", before=before, query=query)

    async def members(
        self, team_id: uuid.UUID, /, *, after: uuid.UUID | None = None, size: int = 100
    ) -> list[ListTeamMembersRow]:
        """A page of the users in a team, after the last user id of the page before."""
        async with self._link.connection() as connection:
            return await teams.list_team_members(connection, team_id=team_id, after_user_id=after, page_size=size)

    async def set_members(
        self, team_id: uuid.UUID, roles: Mapping[uuid.UUID, TeamRole], *, by: Actor, reason: str | None = None
    ) -> int:
        """How many users came into it or have another role by this. All are set, or none and an error is raised.

        Raises NotAMember for users who are not in the organization of the team.
        """
        async with changing(self._link, by, reason) as change:
            team = await lock_live(change, TEAMS, team_id)
            await lock_users(change, roles)
            if team.organization_id:
                _refuse(await _outsiders(change, team.organization_id, roles))
            before = await teams.lock_team_members(change.connection, team_id=team_id, user_ids=[*roles])
            after = await teams.set_team_members(change.connection, team_id=team_id, **pairs(roles))
            await note_roles(change, team_id, before, after)
        return len(after)

    async def remove_member(
        self, team_id: uuid.UUID, user_id: uuid.UUID, *, by: Actor, reason: str | None = None
    ) -> bool:
        """Whether the user was in the team. The budget that the user had there goes too; the user's keys stay."""
        async with changing(self._link, by, reason) as change:
            await lock_live(change, TEAMS, team_id)
            left = await teams.lock_team_members(change.connection, team_id=team_id, user_ids=[user_id])
            await teams.remove_team_member(change.connection, team_id=team_id, user_id=user_id)
            for membership in left:
                await note_left(change, team_id, membership)
        return bool(left)


async def _admit(
    change: Change, organization_id: uuid.UUID, team_id: uuid.UUID, outsiders: Literal["refuse", "join"]
) -> None:
    """Sees to it that all in a team are in an organization too."""
    members = await teams.list_team_member_ids(change.connection, team_id=team_id)
    strangers = await _outsiders(change, organization_id, members)
    if outsiders == "refuse":
        _refuse(strangers)
    joined = await organizations.set_organization_members(
        change.connection, organization_id=organization_id, **pairs(dict.fromkeys(sorted(strangers), "member"))
    )
    await note_roles(change, organization_id, [], joined)


async def _outsiders(change: Change, organization_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Who of some users is not in an organization."""
    inside = await teams.list_members_in_organization(
        change.connection, organization_id=organization_id, user_ids=[*user_ids]
    )
    return set(user_ids) - set(inside)


def _refuse(outsiders: Collection[uuid.UUID]) -> None:
    if outsiders:
        raise NotAMember(
            f"only members of the organization can be in this team, which these are not: {words(outsiders)}"
        )
