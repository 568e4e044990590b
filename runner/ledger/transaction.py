"""A transactional file: its statements and its ledger row, in the one transaction that also holds the lock."""

from __future__ import annotations

import re
from asyncio import CancelledError
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from runner.errors import StatementFailed, TransactionGone
from runner.ledger.drift import keep_within
from runner.ledger.entry import Ledger, LedgerEntry, State
from runner.ledger.ledger import rechain_sql, record_sql
from runner.ledger.lock import begin_locked, held_sql, settings_sql
from runner.migrations.script import batches
from runner.server.connect import is_lost, last_words
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script, Span
    from runner.migrations.statements import Statement

_HINTS = {
    "25001": "Put this statement alone into a file with the line `-- migrate: no-transaction` at the top.",
    "57014": "It ran into statement_timeout; a file may set its own: -- migrate: statement-timeout=30min",
    "42501": "The role that runs migrations needs this right, or must own the object.",
}


class UnseenCommit(CancelledError):
    """Cancelled while COMMIT ran: it may have taken effect, and the end of a wait for a standby does not undo it."""


async def apply_together(
    session: Session, work: Sequence[tuple[Migration, Script]], ledger: Ledger, then: str = ""
) -> bool:
    """Whether the files are applied, in one transaction that ends with `then`; False if the ledger moved before.

    Raises StatementFailed, TransactionGone, or LockTimeout; then nothing of the work is there.
    """
    first = work[0][0]
    if not await begin_locked(session, first, ledger.tip):
        return False
    known = Ledger(ledger)
    try:
        for migration, script in work:
            if migration is not first:
                await session.connection.execute(settings_sql(session, migration, scope="LOCAL"))
            await _apply(session, migration, script, known)
        await keep_within(session, then)
        await _commit(session, *work[-1])
    except BaseException:
        await _roll_back(session)
        raise
    return True


async def _apply(session: Session, migration: Migration, script: Script, ledger: Ledger) -> None:
    session.listener.began(migration)
    with notices(session, migration):
        for span in batches(script):
            await _run_span(session, script, span)
            session.listener.ran(migration, script.statements[span.last - 1].end / len(script.text))
    entry = ledger.entry_for(
        migration,
        State.APPLIED,
        statements_done=script.count,
        applied_by=session.applied_by,
    )
    await _record(session, migration, script, entry, ledger.put(entry))


async def _run_span(session: Session, script: Script, span: Span) -> None:
    """One message: a statement, or a run of data statements that is run again one by one if it fails."""
    statements = script.statements[span.first : span.last]
    several = len(statements) > 1 or statements[0].run > 1
    if several and await _run_batch(session, script.text[statements[0].start : statements[-1].end]):
        return
    for statement in chain.from_iterable(map(script.rows, statements)):
        with failing_at(script, statement):
            await session.connection.execute(script.sql(statement))
        if not session.connection.is_in_transaction():
            raise TransactionGone(
                "the statement ended the runner's transaction",
                place=script.place(statement.start),
                hint="What ran before it is committed or gone, and nothing is recorded. Look at the database, "
                "take the transaction control out of the file, and run again.",
            )


async def _run_batch(session: Session, sql: str) -> bool:
    import asyncpg

    try:
        await session.connection.execute(f"SAVEPOINT _migrate;\n{sql}\n;\nRELEASE SAVEPOINT _migrate")
    except asyncpg.PostgresError:
        await session.connection.execute("ROLLBACK TO SAVEPOINT _migrate")
        return False
    return True


async def _record(
    session: Session,
    migration: Migration,
    script: Script,
    entry: LedgerEntry,
    above: list[tuple[int, str]],
) -> None:
    """Resets the session and writes the entry, in one message; histories above a late comer are chained anew."""
    import asyncpg

    reset, above_sql = load_sql("ledger", "reset"), rechain_sql(session.schema, above)
    fence = held_sql(session, by_us=True)
    record = record_sql(session.schema, migration, entry, script.source, condition=fence)
    try:
        with failing_at(script, script.statements[-1], when=" at the end of the file"):
            await session.connection.execute(f"{reset}\n{above_sql}\n{record}")
    except StatementFailed as error:
        cause = error.__cause__
        names = (getattr(cause, "table_name", ""), getattr(cause, "column_name", ""))
        if not isinstance(cause, asyncpg.NotNullViolationError) or names != ("_migrations", "history"):
            raise
        raise TransactionGone(
            "the file ended the runner's transaction, and with it the lock",
            place=script.place(script.statements[0].start),
            hint="Nothing is recorded. Look at the database, take the transaction control out of the file, run again.",
        ) from error


async def _commit(session: Session, migration: Migration, script: Script) -> None:
    with failing_at(script, script.statements[-1], when=" at COMMIT"):
        try:
            tag = await session.connection.execute("COMMIT")
        except CancelledError as cancelled:
            raise UnseenCommit from cancelled
    if tag != "COMMIT":
        raise TransactionGone(f"the server rolled {migration.title} back at COMMIT", place=script.place(0))


async def _roll_back(session: Session) -> None:
    """Back to nothing, prepared statements and session locks too; a dead connection is reported by the first error."""
    await last_words(session.connection, "ROLLBACK;\nDEALLOCATE ALL;\nSELECT pg_catalog.pg_advisory_unlock_all()")


@contextmanager
def failing_at(script: Script, statement: Statement, *, when: str = "") -> Iterator[None]:
    """Turns the server's error into one that shows the place in the file."""
    import asyncpg

    try:
        yield
    except asyncpg.PostgresError as error:
        if is_lost(error):
            raise
        statement = script.rows(statement)[-1]
        offset = 0 if when else _offset(error.position, error.message or "", script.sql(statement))
        raise StatementFailed(
            f"{error.message}{when}",
            place=script.place(statement.start + offset),
            sqlstate=error.sqlstate,
            detail=error.detail,
            context=error.context,
            hint=error.hint or _hint(error.sqlstate or "", error.message or ""),
        ) from error


def _hint(sqlstate: str, message: str) -> str | None:
    if sqlstate == "57014" and "timeout" not in message:
        return None  # a person cancelled it
    return _HINTS.get(sqlstate)


def _offset(position: str | None, message: str, sql: str) -> int:
    """Where in the statement the error is: where the server says, else where the one name stands that it quotes."""
    if position:
        return int(position) - 1
    for name in re.findall(r'"([^"]+)"', message):
        found = [match.start() for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", sql)]
        if len(found) == 1:
            return found[0]
    return 0


@contextmanager
def notices(session: Session, migration: Migration) -> Iterator[None]:
    """Passes on what the server says while the file runs."""

    def hear(_: object, message: object) -> None:
        severity, text = getattr(message, "severity", "NOTICE"), getattr(message, "message", "")
        session.listener.notice(migration, f"{severity.lower()}: {text}")

    session.connection.add_log_listener(hear)
    try:
        yield
    finally:
        session.connection.remove_log_listener(hear)
