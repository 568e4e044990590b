"""Work that is in somebody's way: tried again as a whole, with the sessions named that hold what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from runner.errors import LockedOut, StatementFailed
from runner.ledger.watch import watching
from runner.server.wait import Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from runner.ledger.session import Session
    from runner.migrations.migration import Migration

_Result = TypeVar("_Result")
# lock_timeout, deadlock, serialization: the work was in somebody's way, and may not be the next time.
_IN_THE_WAY = frozenset({"55P03", "40P01", "40001"})
_PAUSE = 1.0


async def patiently(session: Session, migration: Migration, attempt: Callable[[], Awaitable[_Result]]) -> _Result:
    """What the attempt gives; it is watched, and made again for `retry_for_ms` if it is locked out.

    An attempt is a transaction: one that failed left nothing behind. Raises LockedOut in the end.
    """
    patience: Patience | None = None
    while True:
        async with watching(session, migration) as watch:
            try:
                return await attempt()
            except StatementFailed as error:
                if error.sqlstate not in _IN_THE_WAY:
                    raise
                failed = error
        patience = patience or Patience(session.config.retry_for_ms, session.listener.waiting, first_pause=_PAUSE)
        why = f": it waits for {watch.blockers}" if watch.blockers else f": {failed.message}"
        if not await patience.pause(f"{migration.title} is locked out, trying again{why}"):
            raise _locked_out(session, failed, watch.blockers) from failed


def _locked_out(session: Session, error: StatementFailed, blockers: str) -> LockedOut:
    return LockedOut(
        f"{error.message}, again and again for {session.config.retry_for_ms / 1000:g} s",
        place=error.place,
        sqlstate=error.sqlstate,
        detail=f"it waits for {blockers}" if blockers else error.detail,
        context=error.context,
        hint="Another session holds a lock that the file needs. Try again later; --retry-for allows more time.",
    )
