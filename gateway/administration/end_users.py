"""The customers of the customers, as requests name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.administration.audit import changing
from gateway.client import end_users
from gateway.errors import NotFound

if TYPE_CHECKING:
    import uuid

    from gateway.administration.audit import Actor
    from gateway.client.end_users import FindEndUserRow, ListEndUsersOfOrganizationRow
    from gateway.link import Link


class EndUsers:
    """The end users. An organization of None stands for keys outside any organization."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def find(self, external_id: str, organization_id: uuid.UUID | None) -> FindEndUserRow | None:
        """The end user whom a request names; None: never seen, so neither blocked nor with a budget."""
        async with self._link.asking() as connection:
            return await end_users.find_end_user(connection, external_id=external_id, organization_id=organization_id)

    async def page_of(
        self, organization_id: uuid.UUID, /, *, after: str | None = None, size: int = 100
    ) -> list[ListEndUsersOfOrganizationRow]:
        """A page of the end users of an organization by name, after the last external_id of the page before."""
        async with self._link.connection() as connection:
            return await end_users.list_end_users_of_organization(
                connection, organization_id=organization_id, after_external_id=after, page_size=size
            )

    async def block(
        self, external_id: str, organization_id: uuid.UUID | None, *, by: Actor, reason: str | None = None
    ) -> bool:
        """Whether requests for the end user, seen before or not, were let pass until now."""
        async with changing(self._link, by, reason) as change:
            blocked = await end_users.block_end_user(
                change.connection, external_id=external_id, organization_id=organization_id
            )
            if blocked:
                await change.note("block", "end_user", blocked.id, {"blocked_at": None}, blocked)
        return blocked is not None

    async def unblock(self, end_user_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> bool:
        """Whether requests for the end user, which pass now, were refused until now."""
        async with changing(self._link, by, reason) as change:
            before = await end_users.lock_end_user(change.connection, id=end_user_id)
            if before is None:
                raise NotFound(f"there is no end user with the id {end_user_id}")
            if before.blocked_at:
                await end_users.unblock_end_user(change.connection, id=end_user_id)
                after = {"blocked_at": None}
                await change.note("unblock", "end_user", before.id, {"blocked_at": before.blocked_at}, after)
        return before.blocked_at is not None
