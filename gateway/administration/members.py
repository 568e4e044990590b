"""Who is in an organization or a team: what the roles of both have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gateway.administration.audit import Event
from gateway.client.users import lock_live_users
from gateway.errors import NotFound

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Iterable, Mapping

    from gateway.administration.audit import Change


class Membership(Protocol):
    """A row that says who is in."""

    @property
    def user_id(self) -> uuid.UUID: ...


def pairs(roles: Mapping[uuid.UUID, str]) -> dict[str, Any]:
    """Users with their roles, as the queries take them."""
    return {"user_ids": [*roles], "roles": [*roles.values()]}


def words(user_ids: Iterable[uuid.UUID]) -> str:
    """Ids for a message."""
    return ", ".join(sorted(map(str, user_ids)))


async def lock_users(change: Change, user_ids: Collection[uuid.UUID]) -> None:
    """Keeps users from being deleted until the end of the change. Raises NotFound, naming those who are not there."""
    absent = set(user_ids) - set(await lock_live_users(change.connection, ids=[*user_ids]))
    if absent:
        raise NotFound(f"there is no user with the id {words(absent)}")


async def note_roles(
    change: Change, place_id: uuid.UUID, before: Iterable[Membership], after: Iterable[Membership]
) -> None:
    """Notes who came in, or has another role."""
    old = {row.user_id: row for row in before}
    await change.note_all(
        Event(
            "update" if row.user_id in old else "create",
            "membership",
            _name(place_id, row.user_id),
            old.get(row.user_id),
            row,
        )
        for row in after
    )


async def note_left(change: Change, place_id: uuid.UUID, row: Membership) -> None:
    """Notes who left."""
    await change.note("delete", "membership", _name(place_id, row.user_id), row, None)


def _name(place_id: uuid.UUID, user_id: uuid.UUID) -> str:
    """How the audit calls a membership: the same again when a user comes back, whose row then has another id."""
    return f"{place_id}/{user_id}"
