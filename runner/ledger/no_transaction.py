"""A no-transaction file: each statement on its own, counted in the ledger, so that a stop half-way is seen."""

from __future__ import annotations

from contextlib import asynccontextmanager
from enum import Enum
from typing import TYPE_CHECKING

from runner import __version__
from runner.errors import LockGone, StatementFailed, Unfinished
from runner.ledger.alone import Fate, clear, commits_in_parts, fate, going_on, runs_alone
from runner.ledger.drift import keep_within
from runner.ledger.entry import Ledger, LedgerEntry, State
from runner.ledger.indexes import concurrent_index, drop_invalid, is_valid, require_valid
from runner.ledger.ledger import fetch, kept, log, read_ledger, rechain_sql, record_sql, write
from runner.ledger.lock import UNLOCK, held_sql, lock_session
from runner.ledger.retry import patiently
from runner.ledger.transaction import failing_at, notices
from runner.ledger.watch import watching
from runner.migrations.migration import Mode
from runner.migrations.script import parse_script
from runner.server.connect import last_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from runner.ledger.indexes import ConcurrentIndex
    from runner.ledger.plan import Step
    from runner.ledger.session import Session
    from runner.migrations.migration import Header
    from runner.migrations.script import Script
    from runner.migrations.statements import Statement

_NOT_IN_A_TRANSACTION = "25001"


async def apply_alone(session: Session, step: Step, script: Script, ledger: Ledger, then: str = "") -> bool:
    """Whether a no-transaction file is applied, and `then` after it; False if the ledger moved before.

    Raises Unfinished if it stopped half-way earlier and only a person can tell what to do, StatementFailed, or
    LockTimeout. The ledger then says `started` and how many statements are done.
    """
    try:
        # The whole ledger, as it also tells how far a started file is: another runner may have gone on.
        unmoved = await lock_session(session, step.migration, ledger.tip) and await read_ledger(session) == ledger
        if unmoved:
            await _apply(session, step, script, ledger, then)
    except BaseException:
        await last_words(session.connection, UNLOCK)
        raise
    await session.connection.execute(UNLOCK)
    return unmoved


async def _apply(session: Session, step: Step, script: Script, ledger: Ledger, then: str) -> None:
    migration = step.migration
    session.listener.began(migration)
    entry, border = await _begin(session, step, script, ledger)
    with notices(session, migration):
        for number in range(entry.statements_done, len(script.statements)):
            await _run(session, step, script, number, border)
            session.listener.ran(migration, (number + 1) / len(script.statements))
            border = Border.FRESH
    async with _transaction(session):
        await _count(session, "finish", step, script, len(script.statements) - 1)
        await keep_within(session, then)


@asynccontextmanager
async def _transaction(session: Session) -> AsyncIterator[None]:
    await session.connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE")
    try:
        yield
        await session.connection.execute("COMMIT")
    except BaseException:
        await last_words(session.connection, "ROLLBACK")
        raise


async def _count(session: Session, file: str, step: Step, script: Script, number: int) -> None:
    """Writes that a statement is done, if the session still has the lock; raises LockGone if not."""
    fence = held_sql(session, by_us=True)
    tag = await write(session, file, version=step.migration.version, statements_done=number + 1, fence=fence)
    if tag != "UPDATE 1":
        raise LockGone(
            "the file gave the runner's lock away",
            place=script.place(script.statements[number].start),
            hint="Another runner may be at work now. Look at the database, and take what frees advisory locks out.",
        )


class Border(Enum):
    """What is known of the statement that comes next."""

    FRESH = "it was never begun"
    REFUSED = "it has not taken effect, and may have left something behind"
    UNSEEN = "the same, unless it ran outside a transaction against all expectation"
    DONE = "it took effect and was not counted"


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
    border = await _border(session, step, started, script)
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


async def _border(session: Session, step: Step, started: LedgerEntry, script: Script) -> Border:
    """What is known of the statement where the file stopped.

    Raises Unfinished unless it is certain how the file can go on: the statement did not take effect, or it did, or a
    person decided with `migrate resolve --retry`; and the statements that are done were not edited since.
    """
    [(text, event)] = await fetch(session, "started", version=started.version)
    done = started.statements_done
    edited = started.checksum != step.migration.checksum
    old = _as_it_ran(script, text) if edited else script
    if done and (old is None or _texts(old, done) != _texts(script, done)):
        raise unfinished(step, script, "and the statements that are done were edited since")
    await _set_again(session, script, done)
    if old and done == len(old.statements):
        return Border.FRESH
    found = await _fate(session, old, old.statements[done]) if old else Fate.UNKNOWN
    same = old is not None and _texts(old, done + 1) == _texts(script, done + 1)
    if event in ("failed", "retry"):
        return Border.REFUSED
    if found is Fate.NOT_DONE:
        return Border.UNSEEN if same else Border.REFUSED
    if found is Fate.DONE and same:
        return Border.DONE
    raise unfinished(step, script, "and nobody saw how the next one ended")


async def _fate(session: Session, script: Script, statement: Statement) -> Fate:
    found = await fate(session, script.words(statement), script.sql(statement))
    await clear(session, script.sql(statement))
    return found


def _as_it_ran(script: Script, text: str | None) -> Script | None:
    """The script as it was when the file stopped; None if it was too long to be kept."""
    return None if text is None else parse_script(text, script.path, Mode.NO_TRANSACTION)


def _texts(script: Script, count: int) -> list[str]:
    return [script.sql(each) for each in script.statements[:count]]


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


async def _set_again(session: Session, script: Script, done: int) -> None:
    """Makes the settings again that the statements before the border made for their session, now gone."""
    for statement in script.statements[:done]:
        selects_setting = statement.verb == "select" and "set_config" in script.words(statement)[1:3]
        if selects_setting or statement.verb in ("set", "reset"):
            with failing_at(script, statement):
                await session.connection.execute(script.sql(statement))


async def _run(session: Session, step: Step, script: Script, number: int, border: Border) -> None:
    """Runs the statement and counts it: in one transaction, unless PostgreSQL refuses it there."""
    statement = script.statements[number]
    if border is not Border.DONE:
        together = not runs_alone(script.words(statement))
        if together and await _ran_counted(session, step, script, number, border):
            return
        await _run_alone(session, step, script, statement, border)
    await _count(session, "progress", step, script, number)


async def _ran_counted(session: Session, step: Step, script: Script, number: int, border: Border) -> bool:
    """Whether the statement ran in one transaction with its count; False if PostgreSQL refuses it there."""
    timeout = lock_timeout_sql(session, script, script.statements[number], step.migration.header, alone=False)
    await session.connection.execute(timeout)
    try:
        await patiently(session, step.migration, lambda: _run_counted(session, step, script, number))
    except StatementFailed as error:
        if error.sqlstate != _NOT_IN_A_TRANSACTION:
            await _note(session, step, error)
            raise
        if border is Border.UNSEEN:  # it was refused so before, and then ran on its own
            raise unfinished(step, script, "and nobody saw how the next one ended") from error
        return False
    return True


async def _run_counted(session: Session, step: Step, script: Script, number: int) -> None:
    statement = script.statements[number]
    with failing_at(script, statement):
        async with _transaction(session):
            await session.connection.execute(script.sql(statement))
            await _count(session, "progress", step, script, number)


async def _run_alone(session: Session, step: Step, script: Script, statement: Statement, border: Border) -> None:
    sql = script.sql(statement)
    index = concurrent_index(sql)
    timeout = lock_timeout_sql(session, script, statement, step.migration.header, alone=True)
    await session.connection.execute(timeout)
    try:
        async with watching(session, step.migration):
            with failing_at(script, statement):
                if index:
                    await _make_room(session, script, statement, index)
                await session.connection.execute(sql if border is Border.FRESH else await going_on(session, sql))
    except StatementFailed as error:
        if not commits_in_parts(script.words(statement), sql):
            await _note(session, step, error)
        raise
    if index:
        await require_valid(session, index, script.place(statement.start))


async def _make_room(session: Session, script: Script, statement: Statement, index: ConcurrentIndex) -> None:
    """Drops an invalid index of the name; a valid one is refused before the statement queues for its lock.

    After a kill in that queue it would be taken for the one that the statement builds.
    """
    await drop_invalid(session, index)
    if "exists" not in script.words(statement) and await is_valid(session, index):
        place = script.place(statement.start)
        name = index.name.strip('"')
        raise StatementFailed(f'relation "{name}" already exists', place=place, sqlstate="42P07")


async def _note(session: Session, step: Step, error: StatementFailed) -> None:
    """Notes that the server refused a statement, which did nothing then, or nothing that matters."""
    await log(session, step.migration.version, "failed", f"{error.message} (SQLSTATE {error.sqlstate})")


def lock_timeout_sql(session: Session, script: Script, statement: Statement, header: Header, *, alone: bool) -> str:
    """The statement's lock_timeout: that of the file, or else the usual one where it can be tried again.

    CONCURRENTLY never has one: a timeout would leave an invalid index behind.
    """
    words = script.words(statement)
    usual = 0 if alone else session.config.lock_timeout_ms
    asked = header.lock_timeout_ms
    timeout = 0 if "concurrently" in words else usual if asked is None else asked
    return f"SET lock_timeout = '{timeout}ms'"
