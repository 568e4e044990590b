"""What organizations, teams, projects, users and keys have in common: they are changed, blocked and removed alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypedDict, TypeVar

from gateway.administration.audit import changing, same
from gateway.errors import Changed, NotFound

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Mapping

    from gateway.administration.audit import Action, Actor, Change
    from gateway.link import Link


class Limits(TypedDict, total=False):
    """What an entity may do, with free labels. None, or left out when it is made: no restriction."""

    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    metadata: Mapping[str, Any]


class Edit(Limits, total=False):
    """What may be changed. What is left out stays as it is; None lifts a restriction."""

    name: str


UNLIMITED: Mapping[str, Any] = {
    "allowed_models": None,
    "requests_per_minute": None,
    "tokens_per_minute": None,
    "max_parallel": None,
    "metadata": {},
}
"""The limits of an entity that is made without any."""


class Entity(Protocol):
    """A row that can be blocked and removed."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def blocked_at(self) -> dt.datetime | None: ...
    @property
    def deleted_at(self) -> dt.datetime | None: ...
    @property
    def updated_at(self) -> dt.datetime: ...


Row = TypeVar("Row", bound=Entity)
Query = Callable[..., Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries(Generic[Row]):
    """The queries of one kind of entity, all by id, and the columns that `update` sets."""

    kind: Literal["organization", "team", "project", "user", "key"]
    lock: Callable[..., Awaitable[Row | None]]
    block: Query
    unblock: Query
    delete: Query
    restore: Query
    update: Query
    editable: frozenset[str] = Edit.__optional_keys__


async def lock(change: Change, queries: Queries[Row], entity_id: uuid.UUID) -> Row:
    """An entity, removed or not, as it stays until the end of the change. Raises NotFound."""
    row = await queries.lock(change.connection, id=entity_id)
    if row is None:
        raise NotFound(f"there is no {queries.kind} with the id {entity_id}")
    return row


async def lock_live(change: Change, queries: Queries[Row], entity_id: uuid.UUID) -> Row:
    """The same, where it is not removed."""
    row = await lock(change, queries, entity_id)
    if row.deleted_at:
        raise NotFound(f"the {queries.kind} with the id {entity_id} was deleted at {row.deleted_at}")
    return row


async def turn(
    change: Change, queries: Queries[Row], action: Action, *, before: Row, query: Query, **columns: Any
) -> Row:
    """A locked entity after a query that changes it, which is noted."""
    await query(change.connection, id=before.id, **columns)
    after = await lock(change, queries, before.id)
    await change.note(action, queries.kind, before.id, before, after)
    return after


class Entities(Generic[Row]):
    """The entities of one kind. Each change is one transaction with its note in the audit.

    All changes raise Away, and NotFound where there is no such entity or it is removed. What would change nothing is
    neither written nor noted.
    """

    def __init__(self, link: Link, queries: Queries[Row]) -> None:
        self._link = link
        self._queries = queries

    async def block(self, entity_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> Row:
        """The entity, under which no key is accepted from now on, or since it was blocked before."""
        async with changing(self._link, by, reason) as change:
            before = await lock_live(change, self._queries, entity_id)
            if before.blocked_at:
                return before
            return await turn(change, self._queries, "block", before=before, query=self._queries.block)

    async def unblock(self, entity_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> Row:
        """The entity, whose keys are accepted again."""
        async with changing(self._link, by, reason) as change:
            before = await lock_live(change, self._queries, entity_id)
            if not before.blocked_at:
                return before
            return await turn(change, self._queries, "unblock", before=before, query=self._queries.unblock)

    async def delete(self, entity_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> Row:
        """The entity, removed: it is in no list and no key below it is accepted, but reports still know its name."""
        async with changing(self._link, by, reason) as change:
            before = await lock_live(change, self._queries, entity_id)
            return await turn(change, self._queries, "delete", before=before, query=self._queries.delete)

    async def restore(self, entity_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> Row:
        """The entity, as it was before it was removed. Raises Taken where its name has another owner by now."""
        async with changing(self._link, by, reason) as change:
            before = await lock(change, self._queries, entity_id)
            if not before.deleted_at:
                return before
            return await turn(change, self._queries, "update", before=before, query=self._queries.restore)

    async def _edit(
        self,
        entity_id: uuid.UUID,
        edit: Mapping[str, Any],
        *,
        by: Actor,
        reason: str | None,
        if_updated_at: dt.datetime | None,
    ) -> Row:
        """The entity with the columns of `edit` changed and all others as they are."""
        async with changing(self._link, by, reason) as change:
            before = await lock_live(change, self._queries, entity_id)
            if if_updated_at not in (None, before.updated_at):
                raise Changed(f"the {self._queries.kind} was changed at {before.updated_at}, after it was read")
            if all(same(getattr(before, name), value) for name, value in edit.items()):
                return before
            columns = {name: getattr(before, name) for name in self._queries.editable} | dict(edit)
            query = partial(self._queries.update, if_updated_at=if_updated_at)
            return await turn(change, self._queries, "update", before=before, query=query, **columns)
