"""What the tests of the gateway's administration share: a link to the database of a test, and someone who acts."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING, Any

from gateway.administration.audit import Actor, Audit
from tests.postgres.spenders import linked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gateway.administration.audit import ObjectKind
    from gateway.link import Link
    from tests.conftest import Database

ROOT = Actor("user", "root", ipaddress.IPv4Address("10.0.0.7"))
NOTHING = "SELECT count(*) FROM audit_events"


def within(database: Database, work: Callable[[Link], Awaitable[Any]]) -> Any:
    """What a coroutine gives that gets a link to the database."""

    async def with_link() -> Any:
        async with linked(database.url) as link:
            return await work(link)

    return asyncio.run(with_link())


async def story(link: Link, kind: ObjectKind, object_id: object) -> list[tuple[str, Any, Any]]:
    """What the audit says of an object, earliest first: action, before, after."""
    events = await Audit(link).history(kind, str(object_id), size=1000)
    return [(event.action, event.before, event.after) for event in reversed(events)]


def is_a_chain(told: list[tuple[str, Any, Any]]) -> bool:
    """Whether a story has one beginning, and each of its changes begins where the one before has ended."""
    state: dict[str, Any] = {}
    for action, before, after in told:
        follows = action == "create" if before is None else state.items() >= before.items()
        if not follows:
            return False
        state |= after or {}
    return [action for action, _, _ in told].count("create") == 1


async def waits_for_a_lock(link: Link, task: asyncio.Task[Any]) -> None:
    """Returns when a session of the database waits for a lock, or the task that should is done without."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with link.connection() as connection:
        while not task.done() and not await connection.fetchval(query):  # noqa: ASYNC110  # no event tells of it
            await asyncio.sleep(0.005)
