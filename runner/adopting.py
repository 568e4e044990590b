"""`adopt`: from another tool's history and files to ours; its table is only ever read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.adoption.files import no_source, read_source
from runner.adoption.history import read_history
from runner.adoption.plan import (
    Becomes,
    Known,
    Ours,
    applied_since,
    fresh,
    in_the_way,
    needs_schema,
    plan_copies,
    plan_in_place,
    plan_schema,
)
from runner.adoption.texts import origins
from runner.adoption.tools import TOOLS
from runner.adoption.write import write_all
from runner.errors import MigrateError, PlanChanged
from runner.ledger.ledger import read_ledger, require_writable
from runner.ledger.session import Listener, open_session
from runner.live_schema import body_of_live
from runner.migrations.folder import load_folder, load_if_any
from runner.migrations.script import read_text
from runner.results import AdoptResult
from runner.server.sql import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from runner.adoption.history import History
    from runner.adoption.plan import Step
    from runner.adoption.values import Theirs, Tool
    from runner.config import Config
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.results import Result

_SILENT = Listener()


class Asked(NamedTuple):
    """What an adoption is asked for: a tool by its name, where its files and its table are if not where it has them.

    With `one_file`, what is applied becomes one file of the live schema, even where there is SQL to copy.
    """

    tool: str
    source: Path | None = None
    table: str | None = None
    one_file: bool = False


async def plan_adoption(config: Config, asked: Asked, *, listener: Listener = _SILENT) -> AdoptResult:
    """What `adopt` would write and record. Writes nothing. Raises an AdoptionError, or a FileError of their files."""
    async with open_session(config, listener, None) as session:
        return await _planned(session, asked)


async def adopt(
    config: Config, asked: Asked, *, shown: Result | None = None, listener: Listener = _SILENT
) -> AdoptResult:
    """Writes the files of the plan and records what is applied as baseline, under the lock.

    `shown` is the plan that a person agreed to; raises PlanChanged if it is another one by now.
    """
    async with open_session(config, listener, None) as session:
        require_writable(session, "a baseline has to be written")
        plan = await _planned(session, asked)
        if isinstance(shown, AdoptResult) and shown.steps != plan.steps:
            raise PlanChanged("the plan is another one than was shown", hint="Run the command again, and look again.")
        written = write_all((step.path, step.text) for step in plan.steps if step.text is not None)
        try:
            recorded = await _record(session, plan.steps)
        except MigrateError as error:
            error.state = f"{written} files were written, and nothing is recorded: run the command again."
            raise
    return plan._replace(written=written, recorded=recorded, done=True, shown=shown is not None)


async def _record(session: Session, steps: Sequence[Step]) -> tuple[Migration, ...]:
    from runner.ledger.apply import ensure_ledger
    from runner.ledger.resolve import record_baseline

    versions = {step.version for step in steps if step.becomes is Becomes.BASELINE}
    if not versions:
        return ()
    wanted = [each for each in load_folder(session.config.folder) if each.version in versions]
    return tuple(await record_baseline(await ensure_ledger(session), wanted))


async def _planned(session: Session, asked: Asked) -> AdoptResult:
    tool, folder = TOOLS[asked.tool], session.config.folder
    history = await read_history(session.connection, tool, asked.table)
    if not history.in_path and "." not in tool.table:
        session.listener.warning(
            f"{history.schema} is not in the search_path here; if {tool.name} had it there, set it for migrate, too"
        )
    source = read_source(tool, asked.source, ours=folder)
    theirs = tool.read(history.rows, source.files)
    if source.folder is None and any(each.fault for each in theirs) and not asked.one_file:
        raise no_source(tool, ", ".join(tool.folders))
    steps = await _steps(session, tool, theirs, history, in_place=_same(source.folder, folder), asked=asked)
    shown = str(source.folder) if source.folder else None
    checks = "nothing: the live schema takes the place of the files" if asked.one_file else tool.checks
    return AdoptResult(tool.name, history.name, shown, checks, _own_patterns(tool, history), steps)


def _same(source: Path | None, ours: Path) -> bool:
    return source is not None and source.resolve() == ours.resolve()


async def _steps(
    session: Session, tool: Tool, theirs: Sequence[Theirs], history: History, *, in_place: bool, asked: Asked
) -> tuple[Step, ...]:
    ledger = await read_ledger(session)
    if in_place and not tool.code:
        if asked.one_file:
            raise in_the_way(str(session.config.folder), "with --one-file, their folder cannot be ours")
        return plan_in_place(theirs, Known(str(session.config.folder), (), ledger))
    migrations = load_if_any(session.config.folder)
    known = Known(str(session.config.folder), [_ours(tool, each) for each in migrations], ledger)
    new = any(each.applied for each in fresh(theirs, known))
    if not ((asked.one_file and new) or needs_schema(theirs, known)):
        return plan_copies(tool, theirs, known)
    ran = [each for each in migrations if each.version in ledger or each.version in applied_since(theirs, known)]
    body = await body_of_live(session, ran, ignore=_own_patterns(tool, history))
    return plan_schema(tool, theirs, known, body)


def _ours(tool: Tool, migration: Migration) -> Ours:
    text = read_text(migration)
    return Ours(migration.version, migration.path, text, origins(tool.name, text))


def _own_patterns(tool: Tool, history: History) -> tuple[str, ...]:
    """Patterns for what belongs to the tool itself, and is no part of the schema."""
    schema, table = _quoted(history.schema), _quoted(history.table)
    return (f"{schema}.{table}", *(each.format(schema=schema, table=table) for each in tool.companions))


def _quoted(name: str) -> str:
    """The name as a catalog has it."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else quote_identifier(name)
