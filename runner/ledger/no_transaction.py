"""A no-transaction file: each statement on its own, counted in the ledger, so that a stop half-way is seen."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING

from runner import __version__
from runner.errors import LockGone, StatementFailed, Unfinished
from runner.ledger.entry import Ledger, LedgerEntry, State
from runner.ledger.indexes import (
    concurrent_index,
    drop_invalid,
    drop_reindex_leftovers,
    is_valid,
    may_run_again,
    require_valid,
)
from runner.ledger.ledger import fetch, kept, log, read_ledger, rechain_sql, record_sql, write
from runner.ledger.lock import lock_key, lock_session, unlock_session
from runner.ledger.transaction import failing_at, notices
from runner.migrations.migration import Mode
from runner.migrations.script import parse_script
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from runner.ledger.plan import Step
    from runner.ledger.session import Session
    from runner.migrations.migration import Header
    from runner.migrations.script import Script
    from runner.migrations.statements import Statement

# These may commit part of their work, so an error does not mean that nothing happened.
_COMMITS_IN_PARTS = frozenset({"call", "do"})


async def apply_alone(session: Session, step: Step, script: Script, ledger: Ledger) -> bool:
    """Whether a no-transaction file is applied; False if the ledger moved before.

    Raises Unfinished if it stopped half-way earlier and only a person can tell what to do, StatementFailed, or
    LockTimeout. The ledger then says `started` and how many statements are done.
    """
    try:
        # The whole ledger, as it also tells how far a started file is: another runner may have gone on.
        unmoved = await lock_session(session, step.migration, ledger.tip) and await read_ledger(session) == ledger
        if unmoved:
            await _apply(session, step, script, ledger)
    except BaseException:
        with suppress(Exception):
            await unlock_session(session)
        raise
    await unlock_session(session)
    return unmoved


async def _apply(session: Session, step: Step, script: Script, ledger: Ledger) -> None:
    migration = step.migration
    session.listener.began(migration)
    entry, border = await _begin(session, step, script, ledger)
    with notices(session, migration):
        for number in range(entry.statements_done, len(script.statements)):
            await _run(session, step, script, number, border if number == entry.statements_done else Border.FRESH)
            await _count(session, "progress", step, script, number)
    await _count(session, "finish", step, script, len(script.statements) - 1)


async def _count(session: Session, file: str, step: Step, script: Script, number: int) -> None:
    """Writes that a statement is done, if the session still has the lock; raises LockGone if not."""
    fence = load_sql("ledger", "fence", key=lock_key(session.schema))
    tag = await write(session, file, version=step.migration.version, statements_done=number + 1, fence=fence)
    if tag != "UPDATE 1":
        raise LockGone(
            "the file gave the runner's lock away",
            place=script.place(script.statements[number].start),
            hint="Another runner may be at work now. Look at the database, and take what frees advisory locks out.",
        )


class Border(Enum):
    """What is known of the statement that comes next: not begun, refused by the server, or nobody saw its end."""

    FRESH = "fresh"
    REFUSED = "refused"
    UNSEEN = "unseen"


async def _begin(session: Session, step: Step, script: Script, ledger: Ledger) -> tuple[LedgerEntry, Border]:
    """The entry in state `started`, new or old if it is safe to go on, and what is known of its next statement."""
    migration, started = step.migration, step.started
    entry = ledger.entry_for(
        migration,
        State.STARTED,
        statements_done=started.statements_done if started else 0,
        applied_by=session.applied_by,
    )
    above = rechain_sql(session.schema, Ledger(ledger).put(entry))
    if started is None:
        insert = record_sql(session.schema, migration, entry, script.source)
        await session.connection.execute(f"{above}{insert}")
        return entry, Border.FRESH
    border = await _require_resumable(session, step, started, script)
    await write(
        session,
        "restart",
        version=entry.version,
        checksum=entry.checksum,
        history=entry.history,
        applied_by=entry.applied_by,
        runner_version=__version__,
        sql=kept(script.source),
    )
    if above:
        await session.connection.execute(above)
    return entry, border


async def _require_resumable(session: Session, step: Step, started: LedgerEntry, script: Script) -> Border:
    """What is known of the statement where the file stopped.

    Raises Unfinished unless it is certain that the file can go on where it stopped.

    That is so if the statement may be run twice, if the server refused it and nothing happened, or if a person
    decided so with `migrate resolve --retry`; and if the statements that are done were not edited since.
    """
    [(old_text, event)] = await fetch(session, "started", version=started.version)
    done = started.statements_done
    edited = started.checksum != step.migration.checksum
    if edited and not _same_beginning(script, old_text, done):
        raise unfinished(step, script, "and the statements that are done were edited since")
    if done == len(script.statements) or event in ("failed", "retry"):
        return Border.REFUSED
    if not may_run_again(script.sql(script.statements[done])):
        raise unfinished(step, script, "and nobody saw how the next one ended")
    return Border.REFUSED if edited else Border.UNSEEN


def _same_beginning(script: Script, old_text: str | None, done: int) -> bool:
    if old_text is None or done == 0:
        return done == 0
    old = parse_script(old_text, script.path, Mode.NO_TRANSACTION)
    return [old.sql(each) for each in old.statements[:done]] == [script.sql(each) for each in script.statements[:done]]


def unfinished(step: Step, script: Script, why: str) -> Unfinished:
    """The error that asks a person, with the two commands that answer it."""
    version, done = step.migration.version, step.started.statements_done if step.started else 0
    next_one = script.statements[min(done, len(script.statements) - 1)]
    return Unfinished(
        f"{step.migration.title} stopped after {done} of {len(script.statements)} statements, {why}",
        place=script.place(next_one.start),
        hint="Look at the database. "
        f"If the whole file has taken effect: migrate resolve {version} --applied --reason TEXT. "
        f"To run it again from the statement shown: migrate resolve {version} --retry --reason TEXT, then migrate up.",
    )


async def _run(session: Session, step: Step, script: Script, number: int, border: Border) -> None:
    statement = script.statements[number]
    index = concurrent_index(script.sql(statement))
    with failing_at(script, statement):
        await session.connection.execute(lock_timeout_sql(script, statement, step.migration.header))
        if index:
            await drop_invalid(session, index)
            if border is Border.UNSEEN and await is_valid(session, index):
                return
        elif border is not Border.FRESH:
            await drop_reindex_leftovers(session, script.sql(statement))
    try:
        with failing_at(script, statement):
            await session.connection.execute(script.sql(statement))
    except StatementFailed as error:
        if _did_nothing(script, statement):
            reason = f"{error.message} (SQLSTATE {error.sqlstate})"
            await log(session, step.migration.version, "failed", reason)
        raise
    if index:
        await require_valid(session, index, script.place(statement.start))


def lock_timeout_sql(script: Script, statement: Statement, header: Header) -> str:
    """What the file asks for, else none. CONCURRENTLY never has one: a timeout would leave an invalid index behind."""
    concurrent = "concurrently" in script.words(statement)
    return f"SET lock_timeout = '{0 if concurrent else header.lock_timeout_ms or 0}ms'"


def _did_nothing(script: Script, statement: Statement) -> bool:
    """Whether an error of the server means that the statement left nothing behind."""
    if may_run_again(script.sql(statement)):
        return True  # or nothing that matters: what is left of it is dropped before it runs again
    return statement.verb not in _COMMITS_IN_PARTS and "concurrently" not in script.words(statement)
