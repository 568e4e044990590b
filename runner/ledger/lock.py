"""The lock: an advisory lock, held by the very transaction or session that does the work, and never waited for in SQL.

A session that blocks inside the server holds a snapshot, and CREATE INDEX CONCURRENTLY waits for snapshots: the two
deadlock. So waiters ask, pause, and ask again (docs/adr/0001).
"""

from __future__ import annotations

import hashlib
from asyncio import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.durations import format_duration
from runner.errors import LockTimeout
from runner.ledger.ledger import tip_row, unmoved
from runner.migrations.migration import Header
from runner.server.connect import fetch_rows
from runner.server.sql import load_sql, quote_literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from runner.ledger.entry import LedgerEntry
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration

UNLOCK = "DISCARD ALL"  # of the session, and with the lock all else that a file may have left in it
_STALE_AFTER = 1.0  # seconds
_GOT_IT = "SELECT 1"
_FOR_A_WHILE = {
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "5s",  # keepalives rest while an answer is under way
}


def lock_key(schema: str) -> int:
    """The advisory lock's key for a ledger's schema: 64 bits of a hash, as a signed bigint."""
    return int.from_bytes(hashlib.sha256(f"migrate:{schema}".encode()).digest()[:8], "big", signed=True)


def settings_sql(session: Session, migration: Migration | None, *, scope: str, brief: bool = False) -> str:
    """The runner's own settings as SET statements; `scope` is LOCAL for a transaction, SESSION for a session.

    No timeout that is meant for applications ends a migration. A dead client's statement ends within a second
    (client_connection_check_interval) and, unless it is brief, a vanished host's within seconds (keepalives).
    """
    header = migration.header if migration else Header()
    lock_timeout = session.config.lock_timeout_ms if header.lock_timeout_ms is None else header.lock_timeout_ms
    settings = {
        "application_name": f"migrate {migration.title}"[:63] if migration else "migrate",
        "lock_timeout": f"{lock_timeout}ms" if scope == "LOCAL" else "0",
        "statement_timeout": f"{header.statement_timeout_ms or 0}ms",
    }
    if session.facts.version >= 170_000:  # noqa: PLR2004  # the release that brought it
        settings["transaction_timeout"] = "0"
    if session.facts.checks_clients:
        settings["client_connection_check_interval"] = "1s"
    if not brief:
        settings |= _FOR_A_WHILE
    return "\n".join(f"SET {scope} {name} = {quote_literal(value)};" for name, value in settings.items())


async def begin_locked(session: Session, migration: Migration | None, tip: LedgerEntry | None) -> bool:
    """Begins the transaction that holds the lock; False if the ledger moved on while it was waited for.

    Raises LockTimeout after the configured time.
    """
    with nothing_begun():
        if await _poll(session, lambda: _begin_at_once(session, migration), tip) and await unmoved(session, tip):
            return True
    await session.connection.execute("ROLLBACK")
    return False


async def begin_unless_held(session: Session, tip: LedgerEntry | None) -> bool:
    """The same without waiting: False if another runner is at work, or was."""
    if not await _begin_at_once(session, None):
        return False
    if await unmoved(session, tip):
        return True
    await session.connection.execute("ROLLBACK")
    return False


async def _begin_at_once(session: Session, migration: Migration | None) -> bool:
    settings = settings_sql(session, migration, scope="LOCAL")
    if (
        await session.connection.execute(load_sql("ledger", "begin", key=lock_key(session.schema), settings=settings))
        == _GOT_IT
    ):
        return True
    await session.connection.execute("ROLLBACK")
    return False


async def lock_session(session: Session, migration: Migration, tip: LedgerEntry | None) -> bool:
    """Takes the lock for the session, for a file that runs outside a transaction.

    False if the ledger moved while it was waited for; the caller reads the ledger again in either case.
    """
    settings = settings_sql(session, migration, scope="SESSION")
    question = load_sql("ledger", "lock_session", key=lock_key(session.schema), settings=settings)

    async def try_once() -> bool:
        return await session.connection.execute(question) == _GOT_IT

    return await _poll(session, try_once, tip)


class Waiting(CancelledError):
    """Cancelled before the lock was had, or before the ledger was looked at under it: nothing was begun."""


@contextmanager
def nothing_begun() -> Iterator[None]:
    """Lets a cancellation say that it came before any file was begun: another runner may have applied it meanwhile."""
    try:
        yield
    except CancelledError as cancelled:
        raise Waiting from cancelled


async def _poll(session: Session, try_once: Callable[[], Awaitable[bool]], tip: LedgerEntry | None) -> bool:
    """Tries until the lock is had: True. False if the ledger moved, since then the plan is stale.

    The pauses go on growing from one file to the next, until it is this runner's turn. While another runner goes on
    and on, a look once a second is enough to see that nothing is left to wait for.
    """
    stale_from = session.turn.elapsed() + _STALE_AFTER
    session.turn.waiting = True
    try:
        with nothing_begun():
            while not await try_once():
                held = True
                while held:
                    await _pause(session)
                    held, moved = await _look(session, tip)
                    if moved and (not held or session.turn.elapsed() >= stale_from):
                        return False
    finally:
        session.turn.waiting = False
    session.turn.renew()
    return True


async def _pause(session: Session) -> None:
    patience = session.turn
    why = await holder(session) if patience.word_is_due() else ""
    if not await patience.pause(f"waiting for another runner{why}"):
        raise LockTimeout(
            f"another runner holds the lock after {format_duration(patience.elapsed() * 1000)}{await holder(session)}",
            hint="Try again later, or allow more time with --lock-wait.",
        )


async def _look(session: Session, tip: LedgerEntry | None) -> tuple[bool, bool]:
    """Whether the lock is still held, and whether the ledger has moved, in one round trip and without a lock."""
    if not session.facts.ledger_exists:
        return await somebody_works(session), False
    look = load_sql("ledger", "look", held=held_sql(session), tip=load_sql("ledger", "tip", schema=session.schema))
    [(answer, *seen)] = await fetch_rows(session.connection, look)
    return answer == "t", tuple(seen) != tip_row(tip)


async def somebody_works(session: Session) -> bool:
    """Whether a runner holds the lock right now."""
    [(answer,)] = await fetch_rows(session.connection, f"SELECT {held_sql(session)}")
    return answer == "t"


def held_sql(session: Session, *, by_us: bool = False) -> str:
    """The condition that somebody, or this very session, holds the runner's lock."""
    return load_sql("ledger", "fence" if by_us else "held", the_lock=_the_lock(session))


def _the_lock(session: Session) -> str:
    return load_sql("ledger", "the_lock", key=lock_key(session.schema))


async def holder(session: Session) -> str:
    """Who holds the lock, in words that begin with a colon; empty if nobody does."""
    rows = await fetch_rows(session.connection, load_sql("ledger", "holder", the_lock=_the_lock(session)))
    for pid, host, application, since in rows:
        return f": pid {pid} on {host}, {application or 'unknown application'}, since {since or 'unknown'}"
    return ""
