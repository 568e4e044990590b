"""What a person decides about the ledger: a baseline, the end of a half-way stop, the acceptance of an edit."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from runner.catalog.snapshot import keep_sql
from runner.errors import NothingToResolve
from runner.ledger.drift import keep_within
from runner.ledger.entry import LedgerEntry, State
from runner.ledger.ledger import kept, log, read_ledger, rechain_sql, record_sql, write
from runner.ledger.lock import begin_locked
from runner.migrations.script import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script


class Decision(Enum):
    """The three answers of `migrate resolve`; the values are the events in `_migrations_log`."""

    APPLIED = "applied"
    RETRY = "retry"
    ACCEPT_EDIT = "accept-edit"


async def record_baseline(session: Session, migrations: Sequence[Migration]) -> list[Migration]:
    """Records the migrations as there already, without running them; those that had no entry come back."""
    ledger = await read_ledger(session)
    while not await begin_locked(session, None, ledger.tip):
        ledger = await read_ledger(session)
    recorded = [migration for migration in migrations if migration.version not in ledger]
    for migration in recorded:
        entry = ledger.entry_for(migration, State.BASELINE, statements_done=0, applied_by=session.applied_by)
        above = rechain_sql(session.schema, ledger.put(entry))
        insert = record_sql(session.schema, migration, entry, read_text(migration))
        await session.connection.execute(f"{above}{insert}")
    await keep_within(session, keep_sql(session.scope) if recorded else "")
    await session.connection.execute("COMMIT")
    return recorded


async def resolve_entry(
    session: Session, migration: Migration, script: Script, decision: Decision, *, reason: str
) -> None:
    """Carries out a decision, in one transaction with its row in `_migrations_log`.

    Raises NothingToResolve if the entry is not in the state that the decision is about.
    """
    while True:
        ledger = await read_ledger(session)
        entry = _fitting(migration, ledger.get(migration.version), decision)
        if await begin_locked(session, None, ledger.tip):
            break
    await log(session, migration.version, decision.value, reason)
    above = ""
    if decision is not Decision.RETRY:
        history = ledger.history_with(migration.version, migration.checksum)
        changed = ledger.put(entry._replace(checksum=migration.checksum, history=history))
        above = rechain_sql(session.schema, changed)
        await write(
            session,
            "accept",
            version=migration.version,
            checksum=migration.checksum,
            history=history,
            statements_done=script.count,
            sql=kept(script.source),
        )
    if above:
        await session.connection.execute(above)
    await keep_within(session, keep_sql(session.scope) if decision is Decision.APPLIED else "")
    await session.connection.execute("COMMIT")


def _fitting(migration: Migration, entry: LedgerEntry | None, decision: Decision) -> LedgerEntry:
    """The entry, if it is in the state that the decision is about."""
    state = "not in the ledger" if entry is None else entry.state.value
    if decision is Decision.ACCEPT_EDIT:
        if entry and entry.state is not State.STARTED and entry.checksum != migration.checksum:
            return entry
        raise NothingToResolve(
            f"{migration.title} has no edit to accept: it is {state}, as the file stands", hint="See: migrate status"
        )
    if entry and entry.state is State.STARTED:
        return entry
    raise NothingToResolve(
        f"{migration.title} has not stopped half-way: it is {state}",
        hint="--applied and --retry end the state `started` of a no-transaction file. See: migrate status",
    )
