"""The organizations that share the gateway, and who belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from gateway.administration.audit import changing
from gateway.administration.entities import UNLIMITED, Edit, Entities, Limits, Queries, lock_live
from gateway.administration.members import lock_users, note_left, note_roles, pairs
from gateway.client import OrganizationsRow, organizations

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Mapping
    from typing import Unpack

    from gateway.administration.audit import Actor
    from gateway.client.organizations import (
        FindOrganizationRow,
        GetOrganizationRow,
        ListOrganizationMembersRow,
        ListOrganizationsRow,
    )
    from gateway.link import Link

OrganizationRole = Literal["admin", "auditor", "member"]

ORGANIZATIONS: Queries[OrganizationsRow] = Queries(
    kind="organization",
    lock=organizations.lock_organization,
    block=organizations.block_organization,
    unblock=organizations.unblock_organization,
    delete=organizations.delete_organization,
    restore=organizations.restore_organization,
    update=organizations.update_organization,
)


class Organizations(Entities[OrganizationsRow]):
    """The organizations: the top of the tree organization, team, project, key."""

    def __init__(self, link: Link) -> None:
        super().__init__(link, ORGANIZATIONS)

    async def create(
        self, name: str, /, *, by: Actor, reason: str | None = None, **limits: Unpack[Limits]
    ) -> OrganizationsRow:
        """The new organization. Raises Taken where a live one has this name."""
        columns: dict[str, Any] = {**UNLIMITED, **limits}
        async with changing(self._link, by, reason) as change:
            made = await organizations.create_organization(change.connection, name=name, **columns)
            await change.note("create", "organization", made.id, None, made)
        return made

    async def get(self, organization_id: uuid.UUID, /) -> GetOrganizationRow | None:
        """An organization, deleted or not, with how many teams and members it has."""
        async with self._link.connection() as connection:
            return await organizations.get_organization(connection, id=organization_id)

    async def find(self, name: str) -> FindOrganizationRow | None:
        """The live organization of a name."""
        async with self._link.connection() as connection:
            return await organizations.find_organization(connection, name=name)

    async def page(self, *, after: str | None = None, size: int = 100) -> list[ListOrganizationsRow]:
        """A page of the live organizations by name, after the last name of the page before."""
        async with self._link.connection() as connection:
            return await organizations.list_organizations(connection, after_name=after, page_size=size)

    async def update(
        self,
        organization_id: uuid.UUID,
        /,
        *,
        by: Actor,
        reason: str | None = None,
        if_updated_at: dt.datetime | None = None,
        **edit: Unpack[Edit],
    ) -> OrganizationsRow:
        """The organization with what is given changed. Raises Changed where it was not last changed at that time."""
        return await self._edit(organization_id, edit, by=by, reason=reason, if_updated_at=if_updated_at)

    async def members(
        self, organization_id: uuid.UUID, /, *, after: uuid.UUID | None = None, size: int = 100
    ) -> list[ListOrganizationMembersRow]:
        """A page of the users in an organization, after the last user id of the page before."""
        async with self._link.connection() as connection:
            return await organizations.list_organization_members(
                connection, organization_id=organization_id, after_user_id=after, page_size=size
            )

    async def set_members(
        self,
        organization_id: uuid.UUID,
        roles: Mapping[uuid.UUID, OrganizationRole],
        *,
        by: Actor,
        reason: str | None = None,
    ) -> int:
        """How many users came into it or have another role by this. All are set, or none and an error is raised."""
        async with changing(self._link, by, reason) as change:
            place = (await lock_live(change, ORGANIZATIONS, organization_id)).id
            await lock_users(change, roles)
            before = await organizations.lock_organization_members(
                change.connection, organization_id=place, user_ids=[*roles]
            )
            after = await organizations.set_organization_members(
                change.connection, organization_id=place, **pairs(roles)
            )
            await note_roles(change, place, before, after)
        return len(after)

    async def remove_member(
        self, organization_id: uuid.UUID, user_id: uuid.UUID, *, by: Actor, reason: str | None = None
    ) -> bool:
        """Whether the user was in it. Takes the user out of its teams too, with the budgets that the user had there."""
        async with changing(self._link, by, reason) as change:
            await lock_live(change, ORGANIZATIONS, organization_id)
            left = await organizations.lock_organization_members(
                change.connection, organization_id=organization_id, user_ids=[user_id]
            )
            if left:
                left_teams = await organizations.remove_organization_member(
                    change.connection, organization_id=organization_id, user_id=user_id
                )
                for team in left_teams:
                    await note_left(change, team.team_id, team)
                await note_left(change, organization_id, left[0])
        return bool(left)
