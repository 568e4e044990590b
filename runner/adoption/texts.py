"""The text of a file of ours that was adopted: where it came from, a directive if it needs one, and their SQL."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from runner.adoption.checks import ONE_FILE
from runner.errors import FileError, NoStatement
from runner.migrations.header import parse_header
from runner.migrations.migration import Mode
from runner.migrations.script import parse_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.adoption.values import Theirs, Tool

LIVE = "-- The live schema, as it was then. Rows that had been put in are not here."
_NOTHING = "SELECT 1; -- the migration has no statement"
_ORIGIN = re.compile(r"-- Adopted from ([a-z-]+): (.+)")


def origins(tool: str, text: str) -> tuple[str, ...]:
    """The ids that the head of a file of ours says it was adopted from."""
    head = takewhile(lambda line: not line.strip() or line.startswith("--"), text.split("\n"))
    return tuple(match[2] for line in head if (match := _ORIGIN.fullmatch(line)) and match[1] == tool)


def head(tool: Tool, theirs: Iterable[Theirs]) -> str:
    """The lines on top that say what a file of ours was adopted from, by which a later run knows it."""
    return "".join(f"-- Adopted from {tool.name}: {each.id}\n" for each in theirs)


def body_of(theirs: Theirs) -> str:
    """The text of ours without its head; a FileError names the place in their file."""
    sql = theirs.sql or ""
    try:
        header = parse_header(sql, theirs.path)
        try:
            alone = _needs_alone(sql, theirs)
        except NoStatement:
            return f"{sql.strip()}\n{_NOTHING}\n".lstrip()
    except FileError as error:
        if theirs.applied:
            error.hint = (
                f"{error.hint or 'Only SQL can be adopted.'} For what is applied there is another way: {ONE_FILE}"
            )
        raise
    directive = "-- migrate: no-transaction\n" if alone and header.mode is Mode.TRANSACTION else ""
    return f"{directive}{sql.strip()}\n"


def _needs_alone(sql: str, theirs: Theirs) -> bool:
    """Whether each statement has to run on its own: the tool says so, or PostgreSQL."""
    mode = Mode.NO_TRANSACTION if theirs.no_transaction else Mode.TRANSACTION
    script = parse_script(sql, theirs.path, mode)
    if mode is Mode.TRANSACTION and any(_refused_in_transaction(script.words(each)) for each in script.statements):
        parse_script(sql, theirs.path, Mode.NO_TRANSACTION)
        return True
    return mode is Mode.NO_TRANSACTION


def _refused_in_transaction(words: Sequence[str]) -> bool:
    match words:
        case ["vacuum", *_] | ["alter", "system", *_] | ["reindex", "database" | "system" | "schema", *_]:
            return True
        case ["create" | "drop", "database" | "tablespace" | "subscription", *_]:
            return True
        case ["create" | "drop" | "reindex" | "alter", *rest]:
            return "concurrently" in rest
    return False
