"""`up`: take the lock, apply, record, and so on until nothing is pending."""

from __future__ import annotations

from asyncio import CancelledError
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from runner.catalog.snapshot import keep_sql
from runner.errors import (
    ConnectionLost,
    Drifted,
    LedgerRefused,
    LockTimeout,
    MigrateError,
    NoRight,
    NotAtomic,
    Place,
    Pooled,
    TransactionGone,
)
from runner.ledger.drift import keep_if_behind, look_for_drift
from runner.ledger.entry import State
from runner.ledger.ledger import create_ledger, read_ledger, require_writable
from runner.ledger.light import MOST_FILES, apply_light, is_light
from runner.ledger.lock import Waiting, begin_locked, nothing_begun
from runner.ledger.no_transaction import apply_alone
from runner.ledger.retry import patiently
from runner.ledger.transaction import UnseenCommit, apply_together
from runner.migrations.migration import Mode
from runner.migrations.script import read_script
from runner.server.connect import read_facts, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.ledger.entry import Ledger, LedgerEntry
    from runner.ledger.plan import Plan, Step
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script


class Way(Enum):
    """How files travel: each in its own transaction in one message, in one transaction, or outside any."""

    LIGHT = "light"
    TOGETHER = "together"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Work:
    """Files that are applied in one go, and how."""

    way: Way
    steps: tuple[Step, ...]
    pieces: tuple[tuple[Migration, Script], ...]

    @property
    def first(self) -> int:
        """The lowest of them."""
        return self.pieces[0][0].version


async def apply_pending(
    session: Session,
    ledger: Ledger,
    planned: Callable[[Ledger], Plan],
    *,
    atomic: bool = False,
) -> Ledger:
    """The ledger after everything pending was applied, by this runner or by others meanwhile.

    `planned` makes the plan for a ledger. All scripts are read and checked before the first of them runs.
    Raises what the plan raises, FileError, ReadOnly, Pooled, LockTimeout, LockedOut, or an ApplyError with its state.
    """
    plan = planned(ledger)
    scripts = {step.migration.version: read_script(step.migration) for step in plan.steps}
    _require_able(session, plan, atomic=atomic)
    if plan.steps:
        existed = session.facts.ledger_exists
        session = await ensure_ledger(session)
        ledger = ledger if existed else await read_ledger(session)
    careful = session.turn.waited
    queue = _queue(planned(ledger), scripts, ledger.tip, careful=careful, atomic=atomic)
    looked = False
    while queue:
        session.listener.planned(sum(len(work.pieces) for work in queue))
        try:
            with translated():
                if not looked:
                    with nothing_begun():
                        await look_for_drift(session, ledger.tip)
                    looked = True
                complete = await _apply(session, queue[0], ledger, keep_sql(session.scope) if len(queue) == 1 else "")
        except MigrateError as error:
            error.state = _state(queue, ledger, error)
            await keep_if_behind(session, ledger.tip)
            raise
        except CancelledError as cancelled:
            raise CancelledError(_state(queue, ledger, cancelled)) from cancelled
        work = queue.popleft()
        read = await read_ledger(session, first=work.first if complete else 0)
        overtaken = not complete or _by_others(work, read, ledger)
        if not complete:
            ledger.clear()
        ledger.take(read)
        _report(session, work, ledger)
        if overtaken:  # another runner was here, or a light file was not so light
            careful = careful or session.turn.waited or work.way is Way.LIGHT
            queue = _queue(planned(ledger), scripts, ledger.tip, careful=careful, atomic=atomic)
    await keep_if_behind(session, ledger.tip)
    return ledger


def _by_others(work: Work, read: Ledger, before: Ledger) -> bool:
    """Whether the ledger has changed in more than what the work did: then the rest of the queue is stale."""
    ours = {migration.version for migration, _ in work.pieces}
    return any(entry != before.get(version) for version, entry in read.items() if version not in ours)


def _report(session: Session, work: Work, ledger: Ledger) -> None:
    for migration, _ in work.pieces:
        entry = ledger.get(migration.version)
        if entry and entry.state is State.APPLIED and entry.applied_by == session.applied_by:
            session.listener.applied(migration, entry)


def _queue(
    plan: Plan,
    scripts: Mapping[int, Script],
    tip: LedgerEntry | None,
    *,
    careful: bool,
    atomic: bool,
) -> deque[Work]:
    """What travels together: all of it, or each file by itself, or some light ones.

    Never light are files that came in below the tip; and none is, if it is better to be `careful`, as another runner
    is at work too, or a light file was not so light.
    """
    queue: deque[Work] = deque()
    for step in plan.steps:
        piece = (step.migration, scripts[step.migration.version])
        late = tip is not None and step.migration.version < tip.version
        if step.migration.header.mode is Mode.NO_TRANSACTION:
            way = Way.ALONE
        elif atomic or late or careful or not is_light(*piece):
            way = Way.TOGETHER
        else:
            way = Way.LIGHT
        last = queue[-1] if queue else None
        if last and last.way is way and (atomic or (way is Way.LIGHT and len(last.steps) < MOST_FILES)):
            queue[-1] = Work(way, (*last.steps, step), (*last.pieces, piece))
        else:
            queue.append(Work(way, (step,), (piece,)))
    return queue


def _require_able(session: Session, plan: Plan, *, atomic: bool) -> None:
    """Raises, before anything is tried, if this is not the place or not the way to apply the plan."""
    pending = f"{len(plan.steps)} migrations are pending" if len(plan.steps) > 1 else "1 migration is pending"
    require_writable(session, pending)
    for step in plan.steps:
        if step.migration.header.mode is Mode.TRANSACTION:
            continue
        if session.facts.pooled:
            raise Pooled(
                f"{step.migration.title} runs outside a transaction, and a pooler stands before the server",
                place=Place(step.migration.path),
                hint="Set MIGRATE_DATABASE_URL to the server's own address; the application can keep the pooler's.",
            )
        if atomic:
            raise NotAtomic(
                f"{step.migration.title} runs outside a transaction, so --atomic cannot hold",
                place=Place(step.migration.path),
                hint="Apply up to the file before it with --atomic --to, then go on without.",
            )


async def ensure_ledger(session: Session) -> Session:
    """The session of a database that has a ledger: made here, under the lock, unless it is there already.

    A ledger of a runner that took no snapshots gets the table for them.
    """
    if session.facts.ledger_exists and session.facts.catalog_exists:
        return session
    await begin_locked(session, None, None)
    try:
        facts = await read_facts(session.connection, session.schema)
        session = session._replace(facts=facts)
        if not (facts.ledger_exists and facts.catalog_exists):
            await create_ledger(session)
        await session.connection.execute("COMMIT")
    except NoRight:
        await session.connection.execute("ROLLBACK")
        if session.facts.ledger_exists:  # migrations come before snapshots
            return session
        raise
    except Exception:
        await session.connection.execute("ROLLBACK")
        raise
    return session._replace(facts=await read_facts(session.connection, session.schema))


async def _apply(session: Session, work: Work, ledger: Ledger, then: str) -> bool:
    """Whether the work is done, and `then` in its transaction; False if the ledger has to be looked at anew."""
    first = work.pieces[0][0]
    match work.way:
        case Way.LIGHT:
            return await patiently(session, first, lambda: apply_light(session, work.pieces, ledger, then))
        case Way.TOGETHER:
            return await patiently(session, first, lambda: apply_together(session, work.pieces, ledger, then))
        case Way.ALONE:
            return await apply_alone(session, work.steps[0], work.pieces[0][1], ledger, then)
        case _ as never:
            assert_never(never)


def _state(queue: Sequence[Work], ledger: Ledger, error: BaseException) -> str:
    """What is in the database now, in one line."""
    first = queue[0]
    labels = [migration.label for migration, _ in first.pieces]
    rest = [migration.label for work in list(queue)[1:] for migration, _ in work.pieces]
    parts = []
    if before := [version for version in ledger if version < first.first]:
        parts.append(f"{max(before):0{len(labels[0])}d} is applied")
    refused = first.way is Way.ALONE and isinstance(error, NoRight | LedgerRefused)  # the entry, before all else
    unbegun = refused or isinstance(error, LockTimeout | Waiting | Drifted)
    if unbegun and not any(step.started for step in first.steps):
        rest = labels + rest
    elif fate := _fate(first.way, labels, error):
        parts.append(fate)
    if rest:
        parts.append(f"{_listed(rest)} not tried")
    return "; ".join(parts) + "."


def _fate(way: Way, labels: Sequence[str], error: BaseException) -> str:
    """What became of the files that were at work; empty if nobody can tell."""
    lost = isinstance(error, TransactionGone | ConnectionLost)
    match way:
        case _ if isinstance(error, UnseenCommit):
            return f"nobody saw whether {_listed(labels)} committed"
        case Way.ALONE if isinstance(error, ConnectionLost):
            return f"nobody saw how far {labels[0]} came"
        case Way.ALONE:
            return f"{labels[0]} is started and not finished"
        case Way.TOGETHER if not lost:
            return f"{_listed(labels)} {'not applied' if isinstance(error, CancelledError) else 'rolled back'}"
        case _:
            return ""


def _listed(labels: Sequence[str]) -> str:
    """`0007 was`, `0008 and 0009 were`, `0008 to 0021 were`: long lists are named by their ends."""
    match labels:
        case [one]:
            return f"{one} was"
        case [one, other]:
            return f"{one} and {other} were"
        case _:
            return f"{labels[0]} to {labels[-1]} were"
