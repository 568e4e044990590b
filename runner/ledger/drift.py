"""`up` and drift: what somebody changed by hand is told before the next migration hides it in a new snapshot."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from runner.catalog.difference import as_lines
from runner.catalog.introspect import settings_sql
from runner.catalog.snapshot import keep_sql, read_drift
from runner.config import OnDrift
from runner.errors import Drifted
from runner.ledger.ledger import is_behind
from runner.ledger.lock import begin_unless_held
from runner.server.connect import is_lost, last_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.catalog.difference import Difference
    from runner.ledger.entry import LedgerEntry
    from runner.ledger.session import Session

_TRIES = 3


async def look_for_drift(session: Session, tip: LedgerEntry | None) -> None:
    """Tells the listener of drift, or raises Drifted, as the setting wants it.

    Somebody else's lock, or a table dropped while it is read, is no reason not to apply: then that is told.

    While another runner is at work nothing is compared: it has looked, or is about to.
    """
    import asyncpg

    if (
        tip is None
        or not session.facts.catalog_exists
        or session.config.on_drift is OnDrift.IGNORE
        or not await begin_unless_held(session, tip)
    ):
        return
    try:
        await session.connection.execute(settings_sql())
        _, differences = await read_drift(session.connection, session.scope)
    except asyncpg.PostgresError as error:
        if is_lost(error) or session.config.on_drift is OnDrift.FAIL:
            raise
        session.listener.warning(f"the live schema was not compared with what the last migration left: {error}")
        return
    finally:
        await last_words(session.connection, "ROLLBACK")
    if differences == ():
        return
    if session.config.on_drift is OnDrift.FAIL:
        raise drifted(differences)
    session.listener.drifted(differences)


def drifted(differences: Sequence[Difference] | None) -> Drifted:
    """The error for drift."""
    return Drifted(
        "the live schema is not what the last migration left",
        detail="\n".join(as_lines(differences)) if differences else None,
        hint="Put the change into a migration, or take it back (migrate verify --repair-sql). "
        "To go on in spite of it: --on-drift warn",
    )


async def keep_within(session: Session, then: str) -> None:
    """Takes the snapshot at the end of a transaction that has other work, which it can neither fail nor hold up.

    Describing a view takes a lock on it, and a table can be dropped while it is described. So it waits for no lock
    longer than a moment; what went wrong is tried again by `keep_if_behind` when the transaction is done.
    """
    import asyncpg

    if not then:
        return
    try:
        await session.connection.execute(f"SAVEPOINT _migrate_snapshot;\n{then};\nRELEASE SAVEPOINT _migrate_snapshot")
    except asyncpg.PostgresError as error:
        if is_lost(error):
            raise
        await session.connection.execute("ROLLBACK TO SAVEPOINT _migrate_snapshot")


async def keep_if_behind(session: Session, tip: LedgerEntry | None) -> None:
    """Takes the snapshot if there is none of the ledger as it is, unless another runner is at work.

    What was to be done is done, or has its own error to report: so nothing that fails here is an error.
    """
    with suppress(Exception):
        for _ in range(_TRIES if await is_behind(session) else 0):
            if not await begin_unless_held(session, tip):
                return
            try:
                await session.connection.execute(f"{keep_sql(session.scope)};\nCOMMIT")
            except Exception:  # noqa: BLE001  # a lock, a table dropped meanwhile, a right: the next try, or the next up
                await last_words(session.connection, "ROLLBACK")
            else:
                return
