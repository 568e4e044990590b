"""Work that is in somebody's way: tried again as a whole, with the sessions named that hold what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from runner.errors import LockedOut, StatementFailed
from runner.ledger.watch import watching
from runner.server.wait import FIRST_WORD, Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from runner.ledger.session import Session
    from runner.ledger.watch import Watch
    from runner.migrations.migration import Migration

_Result = TypeVar("_Result")
# lock_timeout, deadlock, serialization: the work was in somebody's way, and may not be the next time.
_LOCK_TIMEOUT = "55P03"
_IN_THE_WAY = frozenset({_LOCK_TIMEOUT, "40P01", "40001"})
_PAUSE = 1.0


async def patiently(session: Session, migration: Migration, attempt: Callable[[], Awaitable[_Result]]) -> _Result:
    """What the attempt gives; it is watched, and made again for `retry_for_ms` if it is locked out.

    An attempt is a transaction: one that failed left nothing behind. Raises LockedOut in the end.
    """
    patience: Patience | None = None
    while True:
        async with watching(session, migration, again=patience is not None) as watch:
            try:
                return await attempt()
            except StatementFailed as error:
                if error.sqlstate not in _IN_THE_WAY:
                    raise
                failed = error
        patience = patience or _patience(session, failed, watch)
        why = f": it waits for {watch.blockers}" if watch.blockers else f": {failed.message}"
        if not await patience.pause(f"{migration.title} is locked out, trying again{why}"):
            raise _locked_out(session, failed, watch.blockers) from failed


def _patience(session: Session, error: StatementFailed, watch: Watch) -> Patience:
    """Says at once what is in the way, or as soon as that is known, which for a short lock_timeout is the next time."""
    seen = watch.blockers or error.sqlstate != _LOCK_TIMEOUT
    limit, tell = session.config.retry_for_ms, session.listener.waiting
    return Patience(limit, tell, first_pause=_PAUSE, first_word=0 if seen else FIRST_WORD)


def _locked_out(session: Session, error: StatementFailed, blockers: str) -> LockedOut:
    return LockedOut(
        f"{error.message}, again and again for {session.config.retry_for_ms / 1000:g} s",
        place=error.place,
        sqlstate=error.sqlstate,
        detail=f"it waits for {blockers}" if blockers else error.detail,
        context=error.context,
        hint="Another session holds a lock that the file needs. Try again later; --retry-for allows more time.",
    )
