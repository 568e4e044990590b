"""`doctor`: what the command sees: its settings and where they come from, the files, the server, the ledger."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from runner import __version__
from runner.durations import format_duration
from runner.errors import MigrateError
from runner.ledger.integrity import TO_APPLY, compare
from runner.ledger.ledger import is_behind, read_ledger
from runner.ledger.lock import holder
from runner.ledger.session import Listener, open_session
from runner.migrations.folder import load_folder
from runner.results import DoctorResult, Section, Seen
from runner.server.binaries import all_binaries
from runner.server.connect import fetch_rows, redacted
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.config import Config, Origin
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration

_SILENT = Listener()
_OLD_S = 60


async def doctor(
    config: Config,
    origins: Sequence[Origin],
    *,
    unnamed: MigrateError | None = None,
    listener: Listener = _SILENT,
) -> DoctorResult:
    """All that can be seen, as sections for people; `origins` says where each setting comes from. Writes nothing.

    What kept it from seeing more is the result's `error`: the folder's, else the server's, else that none is named.
    """
    binaries = [f"{each.version} in {each.folder}" for each in all_binaries()]
    own = Section(
        "migrate",
        (
            Seen("version", f"{__version__}, Python {platform.python_version()}"),
            Seen("own servers", "\n".join(binaries) or "none: pip install 'migrate-runner[embedded]'"),
        ),
    )
    settings = Section("settings", tuple(Seen(each.name, _shown(each), each.source) for each in origins))
    sections, error = [own, settings], None
    migrations: tuple[Migration, ...] = ()
    try:
        migrations = load_folder(config.folder)
        files = f"{len(migrations)}, {migrations[0].title} to {migrations[-1].title}"
    except MigrateError as failure:
        error, files = failure, "see the error below"
    sections.append(Section("files", (Seen(str(config.folder), files),)))
    if unnamed:
        return DoctorResult(tuple(sections), error or unnamed)
    try:
        async with open_session(config, listener, None) as session:
            sections.append(Section("server", tuple(await _server(session))))
            sections.append(Section("ledger", tuple(await _ledger(session, migrations))))
    except MigrateError as failure:
        error = error or failure
    return DoctorResult(tuple(sections), error)


def _shown(origin: Origin) -> str:
    return redacted(origin.value) if "://" in origin.value else origin.value


async def _server(session: Session) -> list[Seen]:
    facts = session.facts
    [row] = await fetch_rows(session.connection, load_sql("server", "look_around", schema=session.schema))
    superuser, creates, makes, search_path, statement, lock, zone, address, sessions, idle, oldest = row
    kind = "a standby" if facts.standby else "read-only" if facts.read_only else "takes writes"
    rights = [
        "superuser" if superuser == "t" else "no superuser",
        f"{'may' if makes == 't' else 'may not'} create in schema {session.schema}",
        f"{'may' if creates == 't' else 'may not'} create databases",
    ]
    return [
        Seen("address", f"{address or ''}, database {facts.database}"),
        Seen("version", f"PostgreSQL {facts.version_text}, {kind}"),
        Seen("pooler", "yes: the server's process is not the one that greeted us" if facts.pooled else "none seen"),
        Seen("role", f"{facts.user}: {', '.join(rights)}"),
        Seen("its settings", f"search_path {search_path}, TimeZone {zone}"),
        Seen("its timeouts", f"statement_timeout {statement}, lock_timeout {lock}; migrations have their own"),
        Seen("other sessions", "".join(_others(int(sessions or 0), int(idle or 0), int(oldest or 0)))),
    ]


def _others(sessions: int, idle: int, oldest: int) -> Iterator[str]:
    yield f"{sessions}"
    if idle:
        yield f", {idle} idle in a transaction"
    if oldest >= _OLD_S:
        yield f"; the oldest transaction is {format_duration(oldest * 1000)} old, and locks wait for it"


async def _ledger(session: Session, migrations: Sequence[Migration]) -> list[Seen]:
    facts, name = session.facts, f"{session.schema}._migrations"
    if not facts.ledger_exists:
        return [Seen(name, "not there yet: the first `migrate up` makes it")]
    ledger = await read_ledger(session)
    last = f", the last is {ledger.tip.title}" if ledger.tip else ""
    pending = sum(row.standing in TO_APPLY for row in compare(migrations, ledger))
    kept = "none" if not facts.catalog_exists else "behind the ledger" if await is_behind(session) else "up to date"
    return [
        Seen(name, f"{len(ledger)} entries{last}"),
        Seen("pending", str(pending)),
        Seen("snapshot", kept),
        Seen("lock", (await holder(session)).removeprefix(": ") or "free"),
    ]
