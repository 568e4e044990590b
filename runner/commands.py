"""One short function a command: the only place where files, ledger and server meet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runner import errors
from runner.ledger.edits import read_edits, reformatted
from runner.ledger.entry import State
from runner.ledger.integrity import Standing, compare
from runner.ledger.ledger import is_behind, read_ledger, require_writable
from runner.ledger.plan import Plan, make_plan, unknown_version
from runner.ledger.session import Listener, Session, open_session
from runner.migrations.folder import as_sentence, file_words, load_folder, write_next
from runner.results import Applied, BaselineResult, PlanResult, ResolveResult, StatusResult, UpResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from runner.config import Config
    from runner.ledger.entry import Ledger
    from runner.ledger.resolve import Decision
    from runner.migrations.migration import Migration
    from runner.server.connect import Connection

_SILENT = Listener()
_LOSSES_BORNE = 2
_TEMPLATE = """\
-- {sentence}.
-- Why:
-- Locks:

"""


async def up(
    config: Config,
    *,
    to: int | None = None,
    atomic: bool = False,
    allow_out_of_order: bool = False,
    listener: Listener = _SILENT,
    connection: Connection | None = None,
) -> UpResult:
    """Applies what is pending, each file exactly once, however many runners start at the same time.

    Raises a MigrateError; its `status` is the exit status and its `state` says what is in the database. A connection
    that is lost is made again and the ledger read again; the second loss at the same file is an error. A `connection`
    that is given should be the runner's own: its settings, prepared statements and LISTENs do not survive.
    """
    start = time.monotonic()
    migrations = load_folder(config.folder)
    before: set[int] | None = None
    losses: list[int] = []
    while True:
        reached = 0
        try:
            async with open_session(config, listener, connection) as session:
                ledger = await read_ledger(session)
                if before is None:
                    before = {version for version, entry in ledger.items() if entry.state is not State.STARTED}
                planned = await _planner(session, migrations, ledger, to=to, allow_out_of_order=allow_out_of_order)
                the_plan, reached = planned(ledger), len(ledger)
                if the_plan.steps:
                    from runner.ledger.apply import apply_pending

                    ledger = await apply_pending(session, ledger, planned, atomic=atomic)
                    the_plan = planned(ledger)
                elif session.facts.ledger_exists and not (session.facts.standby or session.facts.read_only):
                    await _keep_if_behind(session, ledger)
                applied = _applied(session, the_plan, before)
                return UpResult(applied, the_plan.rows, ledger.history, round((time.monotonic() - start) * 1000))
        except errors.ConnectionLost as error:
            losses.append(reached)
            if connection or losses.count(reached) >= _LOSSES_BORNE:
                raise
            listener.warning(f"{error.message}; looking again")


async def _keep_if_behind(session: Session, ledger: Ledger) -> None:
    """Nothing is pending, and yet there may be no snapshot: of a runner that was killed, or that knew of none."""
    if session.facts.catalog_exists and not await is_behind(session):
        return
    from runner.ledger.apply import ensure_ledger
    from runner.ledger.drift import keep_if_behind

    await keep_if_behind(await ensure_ledger(session), ledger.tip)


def _applied(session: Session, the_plan: Plan, before: set[int]) -> tuple[Applied, ...]:
    """What this process applied, over however many connections: the ledger says whose work an entry is."""
    return tuple(
        Applied(row.migration, row.entry)
        for row in the_plan.rows
        if row.migration
        and row.entry
        and row.version not in before
        and row.standing is Standing.APPLIED
        and row.entry.applied_by == session.applied_by
    )


async def status(
    config: Config, *, check: bool = False, listener: Listener = _SILENT, connection: Connection | None = None
) -> StatusResult:
    """Where each version stands. Writes nothing."""
    migrations = load_folder(config.folder)
    async with open_session(config, listener, connection) as session:
        ledger = await read_ledger(session)
        rows = compare(migrations, ledger, reformatted=reformatted(await read_edits(session, migrations, ledger)))
        return StatusResult(rows, ledger.history, check)


async def plan(
    config: Config,
    *,
    to: int | None = None,
    allow_out_of_order: bool = False,
    as_sql: bool = False,
    listener: Listener = _SILENT,
    connection: Connection | None = None,
) -> PlanResult:
    """What `up` would do; `as_sql`: with the script for psql that does the same. Writes nothing."""
    from runner.ledger.psql import psql_script
    from runner.migrations.script import read_script

    migrations = load_folder(config.folder)
    async with open_session(config, listener, connection) as session:
        ledger = await read_ledger(session)
        planned = await _planner(session, migrations, ledger, to=to, allow_out_of_order=allow_out_of_order)
        the_plan = planned(ledger)
        scripts = {step.migration.version: read_script(step.migration) for step in the_plan.steps}
        sql = psql_script(session, the_plan, scripts, ledger) if as_sql else None
        return PlanResult(the_plan, scripts, sql)


async def baseline(
    config: Config, version: int, *, listener: Listener = _SILENT, connection: Connection | None = None
) -> BaselineResult:
    """Records the files up to a version as there already, without running them; the result has those newly recorded."""
    from runner.ledger.apply import ensure_ledger
    from runner.ledger.resolve import record_baseline

    migrations = load_folder(config.folder)
    if version not in {migration.version for migration in migrations}:
        raise unknown_version(version, migrations)
    async with open_session(config, listener, connection) as session:
        require_writable(session, "a baseline has to be written")
        wanted = [migration for migration in migrations if migration.version <= version]
        return BaselineResult(tuple(await record_baseline(await ensure_ledger(session), wanted)))


async def resolve(
    config: Config,
    version: int,
    decision: Decision,
    *,
    reason: str,
    listener: Listener = _SILENT,
    connection: Connection | None = None,
) -> ResolveResult:
    """Carries out a person's decision about one version, and keeps the reason and the old text."""
    from runner.ledger.resolve import resolve_entry
    from runner.migrations.script import read_script

    migrations = load_folder(config.folder)
    migration = next((each for each in migrations if each.version == version), None)
    if migration is None:
        raise unknown_version(version, migrations)
    async with open_session(config, listener, connection) as session:
        require_writable(session, "a decision has to be written")
        await resolve_entry(session, migration, read_script(migration), decision, reason=reason)
    return ResolveResult(migration, decision, reason)


def new(config: Config, name: str) -> Path:
    """Writes the next numbered file from a template and gives its path. Raises BadName, Unwritable."""
    words = file_words(name)
    return write_next(config.folder, words, _TEMPLATE.format(sentence=as_sentence(words)))


async def _planner(
    session: Session,
    migrations: Sequence[Migration],
    ledger: Ledger,
    *,
    to: int | None,
    allow_out_of_order: bool,
) -> Callable[[Ledger], Plan]:
    """A function from ledger to plan, with everything else about it settled; warns of edits that change nothing."""
    same = reformatted(await read_edits(session, migrations, ledger))
    for migration in migrations:
        if migration.version in same:
            session.listener.warning(
                f"{migration.title} was edited after it was applied, in comments or white space alone"
            )

    def planned(ledger: Ledger) -> Plan:
        return make_plan(migrations, ledger, to=to, allow_out_of_order=allow_out_of_order, reformatted=same)

    return planned
