"""`up` and drift: what somebody changed by hand is told before the next migration hides it in a new snapshot."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from runner.catalog.difference import as_lines
from runner.catalog.introspect import settings_sql
from runner.catalog.snapshot import keep_sql, read_drift
from runner.config import OnDrift
from runner.errors import Drifted
from runner.ledger.ledger import fetch
from runner.ledger.lock import begin_unless_held

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.catalog.difference import Difference
    from runner.ledger.entry import LedgerEntry
    from runner.ledger.session import Session


async def look_for_drift(session: Session, tip: LedgerEntry | None) -> None:
    """Tells the listener of drift, or raises Drifted, as the setting wants it.

    While another runner is at work nothing is compared: it has looked, or is about to.
    """
    if tip is None or session.config.on_drift is OnDrift.IGNORE or not await begin_unless_held(session, tip):
        return
    try:
        await session.connection.execute(settings_sql())
        _, differences = await read_drift(session.connection, session.scope)
    finally:
        await session.connection.execute("ROLLBACK")
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


async def keep_if_behind(session: Session, tip: LedgerEntry | None) -> None:
    """After an error: takes the snapshot of what was applied before it, unless another runner is at work.

    The error is what has to be reported, so nothing that fails here is.
    """
    with suppress(Exception):
        [(behind,)] = await fetch(session, "behind")
        if behind == "t" and await begin_unless_held(session, tip):
            await session.connection.execute(f"{keep_sql(session.scope)};\nCOMMIT")
