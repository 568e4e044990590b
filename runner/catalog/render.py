"""Drafted changes to SQL text: a migration, a repair, a dump."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.catalog.ddl import qualified
from runner.catalog.draft import draft

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.catalog.arrange import File
    from runner.catalog.catalog import Catalog
    from runner.catalog.changes import Change

_WIDTH = 120
_UNCHECKED = "check_function_bodies = off; -- a function uses what is made below it"
_NAME = r'((?:[\w$]+|"[^"]+")(?:\.(?:[\w$]+|"[^"]+"))?)'
_LOCKS = tuple(
    (re.compile(expression), mode)
    for expression, mode in (
        (rf"ALTER TABLE {_NAME} VALIDATE ", "SHARE UPDATE EXCLUSIVE"),
        (rf"ALTER TABLE {_NAME} ALTER COLUMN \S+ SET STATISTICS ", "SHARE UPDATE EXCLUSIVE"),
        (rf"ALTER TABLE {_NAME} ADD CONSTRAINT \S+ FOREIGN KEY .* REFERENCES {_NAME}", "SHARE ROW EXCLUSIVE"),
        (rf"ALTER TABLE {_NAME} ", "ACCESS EXCLUSIVE"),
        (rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY \S+ ON {_NAME}", "SHARE UPDATE EXCLUSIVE"),
        (rf"CREATE (?:UNIQUE )?INDEX \S+ ON {_NAME}", "SHARE"),
        (rf"CREATE (?:CONSTRAINT )?TRIGGER .* ON {_NAME}", "SHARE ROW EXCLUSIVE"),
        (rf"CREATE POLICY \S+ ON {_NAME}", "ACCESS EXCLUSIVE"),
        (rf"CREATE RULE \S+ AS ON \w+ TO {_NAME}", "ACCESS EXCLUSIVE"),
        (r"DROP INDEX CONCURRENTLY ", "SHARE UPDATE EXCLUSIVE"),
        (r"DROP INDEX ", "ACCESS EXCLUSIVE"),
        (rf"DROP (?:TABLE|VIEW|MATERIALIZED VIEW|(?:TRIGGER|POLICY|RULE) \S+ ON) {_NAME}", "ACCESS EXCLUSIVE"),
    )
)
_HEAVIEST = ("ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE", "SHARE UPDATE EXCLUSIVE")


def file_text(file: File, sentence: str) -> str:
    """A drafted file: its header, and its statements as they will run."""
    head = ["-- migrate: no-transaction"] if file.concurrent else []
    head += [f"-- {sentence}.", "-- Why: drafted from the declared schema; say why it changes.", _locks(file)]
    return "\n".join((*head, "", body(file.changes)))


def body(changes: Sequence[Change]) -> str:
    """The statements of changes, as they run in a migration."""
    unchecked = f"SET LOCAL {_UNCHECKED}\n\n" if _looks_ahead(changes) else ""
    return unchecked + statements(changes)


def _looks_ahead(changes: Sequence[Change]) -> bool:
    """Whether the text of a function in SQL speaks of what is only made below it."""
    below: set[str] = set()
    for change in reversed(changes):
        text = " ".join(change.statements)
        if "\n LANGUAGE sql" in text and "\nAS $" in text and not below.isdisjoint(re.findall(r"\w+", text)):
            return True
        below |= set(re.findall(r"\w+", f"{change.key.relation} {change.key.name.partition('(')[0]}"))
    return False


def statements(changes: Iterable[Change]) -> str:
    """The statements of changes; those that lose something stand there as a comment, with the reason."""
    blocks: list[str] = []
    before: Change | None = None
    for change in changes:
        text = "\n".join(_finished(statement) for statement in change.statements)
        if change.destroys:
            commented = "\n".join(f"-- {line}".rstrip() for line in text.split("\n"))
            text = f"-- Left to you: {change.destroys}.\n{commented}"
        if change.note:
            text = f"-- {change.note}\n{text}"
        together = (
            before and before.key.parent == change.key.parent and _is_short(change, text) and _is_short(before, "")
        )
        if blocks and together:
            blocks[-1] += f"\n{text}"
        else:
            blocks.append(text)
        before = change
    return "\n\n".join(blocks) + "\n"


def _is_short(change: Change, text: str) -> bool:
    """Whether a change may stand right below another of its kind: comments, grants and indexes do."""
    short = change.key.kind in ("comment", "grant", "revoke", "index")
    return short and not change.destroys and "\n\n" not in text


def repair_sql(live: Catalog, expected: Catalog) -> str:
    """The SQL that brings the live schema to the expected one, for a person to read; empty if nothing differs."""
    parts = []
    for file in draft(live, expected):
        text = statements(file.changes)
        text = f"SET LOCAL {_UNCHECKED}\n\n{text}" if _looks_ahead(file.changes) else text
        head = "-- Alone, outside a transaction:" if file.concurrent else "-- In one transaction:"
        parts.append(f"{head}\n\n{text}" if file.concurrent else f"{head}\n\nBEGIN;\n\n{text}\nCOMMIT;\n")
    return "\n".join(parts)


def dump(catalog: Catalog, empty: Catalog) -> str:
    """The schema as one file that makes it in an empty database, byte for byte the same for equal schemas."""
    changes = [change for file in draft(empty, catalog) for change in file.changes]
    head = (
        "-- The schema as it is declared. `migrate draft NAME` writes the migration that brings a database to it.\n\n"
    )
    head += f"SET {_UNCHECKED}\n\n" if _looks_ahead(changes) else ""
    return head + statements(changes) if changes else head


def _finished(statement: str) -> str:
    """A statement with its semicolon; a long comment in lines."""
    if statement.startswith("--"):
        return statement
    if len(statement) >= _WIDTH and "\n" not in statement:
        statement = re.sub(rf"^(ALTER TABLE {_NAME}) ", r"\1\n    ", statement)
    head, found, text = statement.partition(" IS '")
    if not (found and head.startswith("COMMENT ON ") and len(statement) >= _WIDTH):
        return f"{statement};"
    return f"{head} IS\n    " + "\n    ".join(_literals(text.removesuffix("'"))) + ";"


def _literals(text: str) -> list[str]:
    """A text cut into literals that SQL reads as one: they stand on lines of their own."""
    lines, line = [], ""
    for word in re.findall(r"\S*\s+|\S+", text):
        if line and len(line) + len(word) > _WIDTH - 7:
            lines.append(f"'{line}'")
            line = ""
        line += word
    return [*lines, f"'{line}'"]


def _locks(file: File) -> str:
    """The third line of a header: which locks the statements take, of those that stand in others' way."""
    found: dict[str, str] = {}
    for change in file.changes:
        for statement in () if change.destroys else change.statements:
            for expression, mode in _LOCKS:
                if match := expression.match(" ".join(statement.split())):
                    for table in match.groups() or (qualified(change.key),):
                        found[table] = min(mode, found.get(table, mode), key=_HEAVIEST.index)
                    break
    made = {change.key.relation for change in file.changes if change.name == "create" and change.key.kind == "table"}
    modes = {
        mode: sorted(table for table, its in found.items() if its == mode and table.rpartition(".")[2] not in made)
        for mode in _HEAVIEST
    }
    told = [f"{mode} on {', '.join(tables)}" for mode, tables in modes.items() if tables]
    return f"-- Locks: {'; '.join(told) or 'nothing that is in use'}."
