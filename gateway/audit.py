"""Every administrative change, noted in the transaction that makes it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import ipaddress
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import asyncpg

from gateway.client import audit
from gateway.errors import NotFound, Taken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from gateway.client import Inet
    from gateway.link import Connection, Link

    Row = Any  # a dataclass of the generated client, or a mapping

_UNSAID = frozenset({"secret", "hash", "updated_at", "version"})
"""Columns that the audit leaves out: what is secret, and what every change changes."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change: a user or key by its id, or a job of the gateway by its name; and from where."""

    kind: Literal["user", "key", "system"]
    id: str
    address: Inet | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction that changes something; it is undone if anything in it fails, the note included."""

    connection: Connection
    actor: Actor
    reason: str | None

    async def note(
        self, action: str, object_kind: str, object_id: uuid.UUID | str, before: Row | None, after: Row | None
    ) -> None:
        """Notes what was done to an object: the columns in which `before` and `after` differ, without secrets."""
        old, new = _columns(before), _columns(after)
        same = {name for name in old.keys() & new.keys() if old[name] == new[name]}
        await audit.append_audit_event(
            self.connection,
            actor_kind=self.actor.kind,
            actor_id=self.actor.id,
            action=action,
            object_kind=object_kind,
            object_id=str(object_id),
            before=_without(old, same) if before is not None else None,
            after=_without(new, same) if after is not None else None,
            reason=self.reason,
            client_address=self.actor.address,
        )


@asynccontextmanager
async def changing(link: Link, actor: Actor, reason: str | None = None) -> AsyncIterator[Change]:
    """A transaction for one change. Raises Away; Taken and NotFound for what the constraints of the schema refuse."""
    try:
        async with link.transaction() as connection:
            yield Change(connection, actor, reason)
    except asyncpg.UniqueViolationError as error:
        raise Taken(f"in use already: {error.detail or error}") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound(str(error.detail or error)) from error


def _columns(row: Row | None) -> dict[str, Any]:
    if row is None:
        return {}
    columns = {f.name: getattr(row, f.name) for f in dataclasses.fields(row)} if dataclasses.is_dataclass(row) else row
    return {name: _plain(value) for name, value in columns.items() if name not in _UNSAID}


def _without(columns: Mapping[str, Any], same: set[str]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if name not in same}


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
