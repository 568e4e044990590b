"""`up`: take the lock, apply, record, and so on until nothing is pending."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.errors import (
    ApplyError,
    LockedOut,
    MigrateError,
    NotAtomic,
    Place,
    Pooled,
    StatementFailed,
    TransactionGone,
)
from runner.ledger.ledger import create_ledger, read_ledger, require_writable
from runner.ledger.lock import begin_locked
from runner.ledger.no_transaction import apply_alone
from runner.ledger.transaction import apply_together
from runner.migrations.migration import Mode
from runner.migrations.script import read_script
from runner.server.connect import read_facts
from runner.server.wait import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.ledger.entry import Ledger, LedgerEntry
    from runner.ledger.plan import Plan, Step
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script

    Work = tuple[Step, ...]

# lock_timeout, deadlock, serialization: the file was in somebody's way, and may not be the next time.
_IN_THE_WAY = frozenset({"55P03", "40P01", "40001"})
_RETRY_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Applied:
    """A file that this command applied."""

    migration: Migration
    entry: LedgerEntry


async def apply_pending(
    session: Session,
    ledger: Ledger,
    planned: Callable[[Ledger], Plan],
    done: list[Applied],
    *,
    atomic: bool = False,
) -> Ledger:
    """The ledger after everything pending was applied, by this runner (then it is in `done`) or by others meanwhile.

    `planned` makes the plan for a ledger. All scripts are read and checked before the first of them runs.
    Raises what the plan raises, FileError, ReadOnly, Pooled, LockTimeout, LockedOut, or an ApplyError with its state.
    """
    plan = planned(ledger)
    scripts = {step.migration.version: read_script(step.migration) for step in plan.steps}
    _require_able(session, plan, atomic=atomic)
    if not session.facts.ledger_exists:
        session = await ensure_ledger(session)
        ledger = await read_ledger(session)
    queue = _queue(planned(ledger), atomic=atomic)
    while queue:
        try:
            made = await _patiently(session, queue[0], scripts, ledger)
        except MigrateError as error:
            error.state = error.state or _state(queue, ledger, error)
            raise
        if made is None:  # another runner was here: look again
            ledger = await read_ledger(session)
            queue = _queue(planned(ledger), atomic=atomic)
            continue
        for step, entry in zip(queue.popleft(), made, strict=True):
            ledger.put(entry)
            done.append(Applied(step.migration, entry))
            session.listener.applied(step.migration, entry)
    return ledger


def _queue(plan: Plan, *, atomic: bool) -> deque[Work]:
    """What is applied together: each file alone, or all of them."""
    return deque([plan.steps] if atomic and plan.steps else [(step,) for step in plan.steps])


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
                place=Place(str(step.migration.path)),
                hint="Set MIGRATE_DATABASE_URL to the server's own address; the application can keep the pooler's.",
            )
        if atomic:
            raise NotAtomic(
                f"{step.migration.title} runs outside a transaction, so --atomic cannot hold",
                place=Place(str(step.migration.path)),
                hint="Apply up to the file before it with --atomic --to, then go on without.",
            )


async def ensure_ledger(session: Session) -> Session:
    """The session of a database that has a ledger: made here, under the lock, unless it is there already."""
    await begin_locked(session, None, None)
    try:
        facts = await read_facts(session.connection, session.schema)
        session = replace(session, facts=facts)
        if not facts.ledger_exists:
            await create_ledger(session)
        await session.connection.execute("COMMIT")
    except Exception:
        await session.connection.execute("ROLLBACK")
        raise
    return replace(session, facts=await read_facts(session.connection, session.schema))


async def _patiently(
    session: Session, work: Work, scripts: Mapping[int, Script], ledger: Ledger
) -> Sequence[LedgerEntry] | None:
    """The new ledger; a transactional file that is locked out is tried again as a whole, for `retry_for_ms`."""
    patience = Patience(session.config.retry_for_ms, session.listener.waiting, first_pause=_RETRY_PAUSE)
    while True:
        try:
            if work[0].migration.header.mode is Mode.NO_TRANSACTION:
                entry = await apply_alone(session, work[0], scripts[work[0].migration.version], ledger)
                return None if entry is None else [entry]
            return await apply_together(
                session, [(step.migration, scripts[step.migration.version]) for step in work], ledger
            )
        except StatementFailed as error:
            if error.sqlstate not in _IN_THE_WAY or work[0].migration.header.mode is Mode.NO_TRANSACTION:
                raise
            if not await patience.pause(f"{work[0].migration.title} is locked out, trying again: {error.message}"):
                raise _locked_out(session, error) from error


def _locked_out(session: Session, error: StatementFailed) -> LockedOut:
    return LockedOut(
        f"{error.message}, again and again for {session.config.retry_for_ms / 1000:g} s",
        place=error.place,
        sqlstate=error.sqlstate,
        detail=error.detail,
        context=error.context,
        hint="Another session holds a lock on the table; pg_stat_activity shows who. --retry-for allows more time.",
    )


def _state(queue: Sequence[Work], ledger: Ledger, error: MigrateError) -> str:
    """What is in the database now, in one line."""
    first = queue[0][0].migration
    failed = [step.migration.label for step in queue[0]]
    rest = [step.migration.label for work in list(queue)[1:] for step in work]
    parts = []
    if before := [version for version in ledger if version < first.version]:
        parts.append(f"{max(before):0{len(failed[0])}d} is applied")
    if not isinstance(error, ApplyError | LockedOut):
        rest = failed + rest
    elif first.header.mode is Mode.NO_TRANSACTION:
        parts.append(f"{failed[0]} is started and not finished")
    elif not isinstance(error, TransactionGone):
        parts.append(f"{_listed(failed)} rolled back")
    if rest:
        parts.append(f"{_listed(rest)} not tried")
    return "; ".join(parts) + "."


def _listed(labels: Sequence[str]) -> str:
    """`0007 was`, `0008 and 0009 were`, `0008 to 0021 were`: long lists are named by their ends."""
    match labels:
        case [one]:
            return f"{one} was"
        case [one, other]:
            return f"{one} and {other} were"
        case _:
            return f"{labels[0]} to {labels[-1]} were"
