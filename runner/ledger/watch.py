"""Watching a file that takes its time, over a second connection: who is in its way, and how far it is."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from runner.server.connect import fetch_rows
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.server.connect import Connection

# Seconds. Files that are done by then, nearly all, cost no second connection; a lock_timeout of 1 s is not over yet.
_FIRST_LOOK = 0.4
_NEXT_LOOK = 0.5
_QUICK_LOOK = 0.05


class Watch:
    """What was seen last; `blockers` names the sessions that hold what the file waits for, or is empty."""

    blockers = ""


@asynccontextmanager
async def watching(session: Session, migration: Migration, *, again: bool = False) -> AsyncIterator[Watch]:
    """Watches while the block runs, and tells the listener. A watch that cannot be had is done without.

    What is tried `again` is in somebody's way, so it is looked at from the start.
    """
    import asyncio

    watch = Watch()
    task = asyncio.ensure_future(_look_on(session, migration, watch, again=again))
    try:
        yield watch
    finally:
        # Not waited for: a signal that came in the wait would hide that the block is done, and has committed.
        task.cancel()
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # a watch that fails is done without


async def _look_on(session: Session, migration: Migration, watch: Watch, *, again: bool) -> None:
    import asyncio

    import asyncpg

    await asyncio.sleep(0 if again else _FIRST_LOOK)
    while session.turn.waiting:  # noqa: ASYNC110  # for the lock: there is nothing to watch yet
        await asyncio.sleep(_QUICK_LOOK)
    if session.facts.pooled or not session.reachable:
        return
    connection = await asyncpg.connect(session.url, statement_cache_size=0, timeout=5)
    try:
        while True:
            watch.blockers = await _blockers(connection, session.facts.pid)
            if watch.blockers:
                session.listener.doing(migration, f"waits for {watch.blockers}")
            else:
                session.listener.doing(migration, *await _work(connection, session.facts.pid))
            await asyncio.sleep(_QUICK_LOOK if again and not watch.blockers else _NEXT_LOOK)
    finally:
        connection.terminate()


async def _blockers(connection: Connection, pid: int) -> str:
    rows = await fetch_rows(connection, load_sql("ledger", "blockers", pid=pid))
    return "; ".join(
        f"pid {blocker} ({user}, {application}), {state} for {age}: {query}"
        for blocker, user, application, state, age, query in rows
    )


async def _work(connection: Connection, pid: int) -> tuple[str, float | None]:
    """What the server does, and which share of it is done, if that is one of the works that PostgreSQL counts."""
    for phase, done, total in await fetch_rows(connection, load_sql("ledger", "work", pid=pid)):
        return phase or "", int(done or 0) / int(total) if total and int(total) else None
    return "", None
