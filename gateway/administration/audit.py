"""Every administrative change, noted in the transaction that makes it; and the notes, read back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import ipaddress
import json
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gateway.administration.refusals import refusal
from gateway.client import audit, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from gateway.client import AuditEventsRow, Inet
    from gateway.client.audit import ListObjectHistoryRow
    from gateway.link import Connection, Link

    Row = Any  # a dataclass of the generated client, or a mapping

ActorKind = Literal["user", "key", "system"]
Action = Literal["create", "update", "delete", "purge", "block", "unblock", "rotate", "adjust"]
ObjectKind = Literal[
    "organization", "team", "project", "user", "membership", "end_user",
    "key", "budget", "model", "model_alias", "credential", "setting",
]  # fmt: skip

_UNSAID = frozenset({"secret", "hash", "updated_at", "version"})
"""Columns that the audit leaves out: what is secret, and what every change changes."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change: a user or key by its id, or a job of the gateway by its name; and from where."""

    kind: ActorKind
    id: str
    address: Inet | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done to an object, with its row before and after; None where there was or is none."""

    action: Action
    object_kind: ObjectKind
    object_id: uuid.UUID | str
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction that changes something; it is undone if anything in it fails, the note included."""

    connection: Connection
    actor: Actor
    reason: str | None

    async def note(
        self,
        action: Action,
        object_kind: ObjectKind,
        object_id: uuid.UUID | str,
        before: Row | None,
        after: Row | None,
    ) -> None:
        """Notes what was done to an object: the columns in which `before` and `after` differ, without secrets."""
        await self.note_all([Event(action, object_kind, object_id, before, after)])

    async def note_all(self, events: Iterable[Event]) -> None:
        """Notes what was done to many objects, in one go."""
        await audit.append_audit_events(self.connection, [self._line(event) for event in events])

    def _line(self, event: Event) -> audit.AppendAuditEventsParams:
        before, after = differing(event.before, event.after)
        return audit.AppendAuditEventsParams(
            actor_kind=self.actor.kind,
            actor_id=self.actor.id,
            action=event.action,
            object_kind=event.object_kind,
            object_id=str(event.object_id),
            before=before,
            after=after,
            reason=self.reason,
            client_address=self.actor.address,
        )


@asynccontextmanager
async def changing(link: Link, actor: Actor, reason: str | None = None) -> AsyncIterator[Change]:
    """A transaction for one change. Raises Away; Taken, NotFound, InUse and BadValue for what the schema refuses."""
    try:
        async with link.transaction() as connection:
            yield Change(connection, actor, reason)
    except Exception as error:
        refused = refusal(error)
        if refused is None:
            raise
        raise refused from error


@asynccontextmanager
async def configuring(link: Link, actor: Actor, reason: str | None = None) -> AsyncIterator[Change]:
    """The same for settings, models, aliases and credentials: nobody else changes any of them until it ends."""
    async with changing(link, actor, reason) as change:
        await settings.lock_config(change.connection)
        yield change


class Audit:
    """The notes of all changes, to be read."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def page(
        self,
        since: dt.datetime,
        until: dt.datetime,
        *,
        before: tuple[dt.datetime, uuid.UUID] | None = None,
        actor: tuple[ActorKind | None, str | None] = (None, None),
        actions: Sequence[Action] | None = None,
        size: int = 100,
    ) -> list[AuditEventsRow]:
        """A page of the changes from `since` to just before `until`, latest first.

        `before` is the (occurred_at, id) of the last one on the page before; `actor` a kind and id to look for.
        """
        at, event = before or (None, None)
        async with self._link.connection() as connection:
            return await audit.list_audit_events(
                connection,
                since=since,
                until=until,
                before_occurred_at=at,
                before_id=event,
                actor_kind=actor[0],
                actor_id=actor[1],
                actions=actions,
                page_size=size,
            )

    async def history(
        self,
        object_kind: ObjectKind,
        object_id: uuid.UUID | str,
        *,
        before: tuple[dt.datetime, uuid.UUID] | None = None,
        size: int = 100,
    ) -> list[ListObjectHistoryRow]:
        """A page of the changes of one object, latest first; also of one that is gone."""
        at, event = before or (None, None)
        async with self._link.connection() as connection:
            return await audit.list_object_history(
                connection,
                object_kind=object_kind,
                object_id=str(object_id),
                before_occurred_at=at,
                before_id=event,
                page_size=size,
            )

    async def export(self, since: dt.datetime, until: dt.datetime) -> AsyncIterator[AuditEventsRow]:
        """All changes from `since` to just before `until`, earliest first, as they were when the first was read."""
        async with self._link.transaction() as connection:
            async for event in audit.export_audit_events(connection, since=since, until=until):
                yield event


def differing(before: Row | None, after: Row | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The columns of two rows that are not the same in both, as JSON holds them, without secrets; None stays None."""
    old, new = _columns(before), _columns(after)
    alike = {name for name in old.keys() & new.keys() if same(old[name], new[name])}
    return (
        _without(old, alike) if before is not None else None,
        _without(new, alike) if after is not None else None,
    )


def same(old: Any, new: Any) -> bool:
    """Whether a column holds the same: for JSON, unlike for Python, true is not 1."""
    if old != new or not isinstance(old, bool | int | float | list | dict):
        return bool(old == new)
    return json.dumps(old, sort_keys=True, default=repr) == json.dumps(new, sort_keys=True, default=repr)


def _columns(row: Row | None) -> dict[str, Any]:
    if row is None:
        return {}
    columns = {f.name: getattr(row, f.name) for f in dataclasses.fields(row)} if dataclasses.is_dataclass(row) else row
    return {name: _plain(value) for name, value in columns.items() if name not in _UNSAID}


def _without(columns: Mapping[str, Any], left_out: set[str]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if name not in left_out}


def _plain(value: Any) -> Any:
    """The same as JSON can hold it."""
    match value:
        case dt.datetime() | dt.date():
            return value.isoformat()
        case decimal.Decimal():
            return format(value, "f")
        case uuid.UUID() | ipaddress.IPv4Address() | ipaddress.IPv6Address():
            return str(value)
        case _:
            return value
