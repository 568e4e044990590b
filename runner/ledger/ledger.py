"""The ledger table: reading it, making it, and writing its rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner import __version__, errors
from runner.ledger.entry import Ledger, LedgerEntry, State
from runner.server.connect import fetch_rows
from runner.server.sql import load_sql, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.ledger.session import Session
    from runner.migrations.migration import Migration

FORMAT = 1
_STATES = {state.value: state for state in State}
_NO_ROW = (None, None, None)
KEPT_TEXT_LIMIT = 1024 * 1024
_FORMAT = re.compile(r"migrate ledger, format (\d+)")


async def read_ledger(session: Session, *, first: int = 0) -> Ledger:
    """The entries from a version on, in order; empty if there is no ledger yet. Reads only.

    Raises NewerRunner, NotALedger, or NoRight if the role may not read it.
    """
    if not session.facts.ledger_exists:
        return Ledger()
    _check_format(session)
    try:
        rows = await fetch_rows(session.connection, load_sql("ledger", "read", schema=session.schema, first=first))
    except Exception as error:
        raise cannot(session, "read", error) from error
    return Ledger({int(row[0] or 0): _entry(row) for row in rows})


def _entry(row: tuple[str | None, ...]) -> LedgerEntry:
    version, name, checksum, state, done, history, applied_at, duration, applied_by = row
    return LedgerEntry(
        int(version or 0),
        name or "",
        checksum or "",
        _state(state or ""),
        int(done or 0),
        history or "",
        applied_at,
        None if duration is None else int(duration),
        applied_by,
    )


def _state(text: str) -> State:
    try:
        return _STATES[text]
    except KeyError:
        raise errors.NewerRunner(
            f'the ledger has an entry in the state "{text}", which this runner does not know',
            hint="A newer runner wrote it. Use that version of migrate here too.",
        ) from None


def _check_format(session: Session) -> None:
    match = _FORMAT.match(session.facts.ledger_comment or "")
    if not match:
        raise errors.NotALedger(
            f"{session.schema}._migrations is a table of something else",
            hint="Keep the ledger in another schema: --schema, MIGRATE_SCHEMA or schema in [tool.migrate].",
        )
    if int(match[1]) > FORMAT:
        raise errors.NewerRunner(
            f"the ledger has format {match[1]}, and this runner knows format {FORMAT}",
            hint="A newer runner wrote it. Use that version of migrate here too.",
        )


def cannot(session: Session, verb: str, error: Exception) -> Exception:
    """A clear error if the role lacks the right; anything else is passed on as it is."""
    if getattr(error, "sqlstate", None) != "42501":
        return error
    grant = {
        "read": f"GRANT USAGE ON SCHEMA {session.schema} … and "
        f"GRANT SELECT ON {session.schema}._migrations, {session.schema}._migrations_catalog",
        "make": f"GRANT CREATE ON SCHEMA {session.schema}"
        if session.facts.schema_exists
        else f"GRANT CREATE ON DATABASE {session.facts.database}",
    }[verb]
    return errors.NoRight(
        f"the role {session.facts.user} may not {verb} the ledger in schema {session.schema}: {error}",
        sqlstate="42501",
        hint=f"Ask its owner for {grant} TO {session.facts.user}, or name another role or --schema.",
    )


async def unmoved(session: Session, tip: LedgerEntry | None) -> bool:
    """Whether the highest entry is still the one that the plan was made from.

    A statement of its own, so that its snapshot is younger than a lock that the statement before it took.
    """
    if not session.facts.ledger_exists:
        return True
    rows = await fetch(session, "tip")
    return (rows[0] if rows else _NO_ROW) == tip_row(tip)


def tip_row(tip: LedgerEntry | None) -> tuple[str | None, ...]:
    """The highest entry as `tip.sql` shows it."""
    return _NO_ROW if tip is None else (str(tip.version), tip.history, tip.state.value)


async def create_ledger(session: Session) -> None:
    """Makes the ledger; the caller holds the lock in a transaction. Raises NoRight if the role may not."""
    try:
        await session.connection.execute(create_sql(session))
    except Exception as error:
        raise cannot(session, "make", error) from error


def create_sql(session: Session) -> str:
    """The statements that make what is not there of the ledger: its schema, its tables, the snapshot's table."""
    from runner.catalog.snapshot import create_sql as create_snapshot_sql

    facts = session.facts
    schema = "" if facts.schema_exists else f"CREATE SCHEMA {quote_identifier(session.schema)};"
    ledger = "" if facts.ledger_exists else load_sql("ledger", "create", schema=session.schema)
    snapshot = "" if facts.catalog_exists else create_snapshot_sql(session.schema)
    return "\n\n".join(filter(None, (schema, ledger, snapshot)))


def require_writable(session: Session, purpose: str) -> None:
    """Raises ReadOnly if nothing can be written here; `purpose` says what would have been."""
    if session.facts.standby:
        raise errors.ReadOnly(f"the server is a standby, and {purpose}", hint="Name the primary.")
    if session.facts.read_only:
        raise errors.ReadOnly(
            f"the database is read-only, and {purpose}",
            hint="default_transaction_read_only is on for this database or role; run migrate where it is off.",
        )


def record_sql(
    schema: str,
    migration: Migration,
    entry: LedgerEntry,
    text: str | None,
    *,
    began: str = "pg_catalog.now()",
    condition: str = "",
) -> str:
    """The INSERT of an entry; it fails unless the condition holds. `began` and `condition` are expressions.

    VALUES and plain expressions, as each thing more that is planned is felt when there are a thousand files.
    """
    done = "NULL" if entry.state is State.STARTED else "pg_catalog.clock_timestamp()"
    took = f"1000 * extract(EPOCH FROM pg_catalog.clock_timestamp() - {began})"
    return load_sql(
        "ledger",
        "record",
        schema=schema,
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
        state=entry.state.value,
        statements_done=entry.statements_done,
        applied_by=entry.applied_by,
        runner_version=__version__,
        history=f"CASE WHEN {condition} THEN '{entry.history}' END" if condition else f"'{entry.history}'",
        sql=kept(text),
        began=began,
        applied_at=done,
        duration_ms=took if entry.state is State.APPLIED else "NULL",
    )


def kept(text: str | None) -> str | None:
    """The text as the ledger keeps it: None if it is longer than 1 MiB."""
    if text is None or len(text) > KEPT_TEXT_LIMIT or len(text.encode()) > KEPT_TEXT_LIMIT:
        return None
    return text


def rechain_sql(schema: str, histories: Iterable[tuple[int, str]]) -> str:
    """The UPDATE that gives entries above a changed one their new histories; empty if there are none."""
    values = ", ".join(f"({version}, '{history}')" for version, history in histories)
    return load_sql("ledger", "rechain", schema=schema, values=values) + ";\n" if values else ""


async def is_behind(session: Session) -> bool:
    """Whether the ledger has moved on since the snapshot; False if the role may not even know."""
    try:
        [(behind,)] = await fetch(session, "behind")
    except Exception as error:
        if getattr(error, "sqlstate", None) != "42501":
            raise
        return False
    return behind == "t"


async def log(session: Session, version: int, event: str, reason: str) -> None:
    """Notes a decision or a failure beside the ledger."""
    await write(session, "log", version=version, event=event, reason=reason, decided_by=session.applied_by)


async def write(session: Session, file: str, /, **values: object) -> str:
    """Runs one of the ledger's own statements, `ledger/sql/FILE.sql`; the command tag."""
    return await session.connection.execute(load_sql("ledger", file, schema=session.schema, **values))


async def fetch(session: Session, file: str, /, **values: object) -> list[tuple[str | None, ...]]:
    """The rows of one of the ledger's own queries, `ledger/sql/FILE.sql`."""
    return await fetch_rows(session.connection, load_sql("ledger", file, schema=session.schema, **values))
