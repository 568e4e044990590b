"""`plan --sql`: what `up` would do as one script for psql, with the same statements and the same ledger rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.snapshot import keep_sql
from runner.ledger.alone import runs_alone
from runner.ledger.entry import Ledger, State
from runner.ledger.indexes import concurrent_index
from runner.ledger.ledger import create_sql, rechain_sql, record_sql
from runner.ledger.lock import held_sql, lock_key, settings_sql
from runner.ledger.no_transaction import lock_timeout_sql, unfinished
from runner.migrations.migration import Mode
from runner.server.sql import load_sql, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.ledger.entry import LedgerEntry
    from runner.ledger.plan import Plan, Step
    from runner.ledger.session import Session
    from runner.migrations.script import Script


def psql_script(session: Session, plan: Plan, scripts: Mapping[int, Script], ledger: Ledger) -> str:
    """The script; empty if nothing is pending. Raises Unfinished for a file that stopped half-way: `up` mends that."""
    return "\n\n".join(_parts(session, plan, scripts, Ledger(ledger))) + "\n" if plan.steps else ""


def _parts(session: Session, plan: Plan, scripts: Mapping[int, Script], ledger: Ledger) -> Iterator[str]:
    yield _head(session, plan)
    if not (session.facts.ledger_exists and session.facts.catalog_exists):
        yield _create(session)
    for step in plan.steps:
        script, tip = scripts[step.migration.version], ledger.tip
        entry = ledger.entry_for(
            step.migration,
            State.APPLIED,
            statements_done=script.count,
            applied_by=f"psql, with a script of {session.applied_by}",
        )
        above = rechain_sql(session.schema, ledger.put(entry))
        yield f"\\echo {step.migration.title}\nSET client_encoding = 'UTF8';"
        if step.migration.header.mode is Mode.TRANSACTION:
            yield from _in_transaction(session, step, script, entry, tip)
            yield f"{above}COMMIT;"
        elif step.started:
            raise unfinished(step, script, "and a script cannot tell how to go on")
        else:
            yield from _alone(session, step, script, entry, tip)
            yield f"{above}DISCARD ALL;"
    yield from _snapshot(session, ledger.tip)


def _snapshot(session: Session, tip: LedgerEntry | None) -> Iterator[str]:
    """At the very end, as it is long, and nothing for those who read what happens to their tables."""
    yield (
        "-- From here on nothing is changed but one row of the ledger's own: what the schema is now, read from the\n"
        "-- system catalogs, so that `migrate verify` can tell what somebody changes by hand later."
    )
    yield "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;"
    yield _lock(session, "xact_lock")
    yield _guard(session, tip)
    yield f"{keep_sql(session.scope)};\n\nCOMMIT;"


def _head(session: Session, plan: Plan) -> str:
    names = "\n".join(f"--   {step.migration.title}" for step in plan.steps)
    return (
        f"-- What `migrate up` would do to the database {quote_identifier(session.facts.database)}, for psql:\n"
        f"--     psql -X -f THIS_FILE     (not with -1: each file has its own transaction, as with `migrate up`)\n"
        f"{names}\n\n" + load_sql("ledger", "psql_head")
    )


def _create(session: Session) -> str:
    return f"BEGIN;\n\n{_lock(session, 'xact_lock')}\n\n{create_sql(session)}\n\nCOMMIT;"


def _lock(session: Session, kind: str) -> str:
    return load_sql("ledger", "psql_lock", question=f"pg_catalog.pg_try_advisory_{kind}({lock_key(session.schema)})")


def _guard(session: Session, tip: LedgerEntry | None) -> str:
    """Stops the script if the ledger is not what it was when the script was made."""
    return load_sql("ledger", "psql_guard", schema=session.schema, history=tip.history if tip else None)


def _record(session: Session, step: Step, script: Script, entry: LedgerEntry) -> str:
    return record_sql(session.schema, step.migration, entry, script.source) + ";"


def _in_transaction(
    session: Session, step: Step, script: Script, entry: LedgerEntry, tip: LedgerEntry | None
) -> Iterator[str]:
    yield "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;"
    yield settings_sql(session, step.migration, scope="LOCAL")
    yield _lock(session, "xact_lock")
    yield _guard(session, tip)
    yield f"{script.text}\n;"
    yield load_sql("ledger", "reset") + "\nSET client_encoding = 'UTF8';"
    yield _record(session, step, script, entry)


def _alone(session: Session, step: Step, script: Script, entry: LedgerEntry, tip: LedgerEntry | None) -> Iterator[str]:
    fence = held_sql(session, by_us=True)
    ours = {"schema": session.schema, "version": entry.version, "fence": fence}
    yield _lock(session, "lock")
    yield settings_sql(session, step.migration, scope="SESSION")
    yield _guard(session, tip)
    yield _record(session, step, script, entry._replace(state=State.STARTED, statements_done=0))
    for number, statement in enumerate(script.statements, start=1):
        alone = runs_alone(script.words(statement))
        yield lock_timeout_sql(session, script, statement, step.migration.header, alone=alone) + ";"
        if not alone:
            yield "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;"
        yield f"{script.sql(statement)}\n;"
        if index := concurrent_index(script.sql(statement)):
            state = load_sql("ledger", "index_state", name=index.name, table=index.table)
            yield load_sql("ledger", "psql_index", state=state, name=index.name)
        yield load_sql("ledger", "progress", statements_done=number, **ours) + ";"
        if not alone:
            yield "COMMIT;"
    yield load_sql("ledger", "finish", statements_done=entry.statements_done, **ours) + ";"
