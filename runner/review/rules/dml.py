"""Statements that change rows: of which table, and whether they may be many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.review.sizes import SMALL_ROWS

if TYPE_CHECKING:
    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Subject

_CHANGING = frozenset({"update", "delete", "merge"})
_BETWEEN = frozenset({"only", "from", "into"})
_IN_A_BODY = re.compile(r"\b(update\s+\w|delete\s+from|insert\s+into)", re.IGNORECASE)


def target(subject: Subject, statement: Observed) -> Relation | None:
    """The table of before the file whose rows an UPDATE, DELETE, MERGE or INSERT changes, if it names one."""
    words = [word for word in statement.words[1:5] if word not in _BETWEEN]
    names = (*(".".join(words[:2]) for _ in words[1:2]), *words[:1])
    found = {f"{each.schema}.{each.name}": each for each in subject.trace.existing if each.holds_rows}
    short = {each.name: each for each in found.values() if each.schema == "public"}
    return next((table for name in names if (table := (found | short).get(name))), None)


def changes_many(subject: Subject, statement: Observed) -> bool:
    """Whether the statement may change many rows, as far as is known; unknown counts as many."""
    expected = subject.estimates.get(statement.number)
    if expected is not None:
        return expected >= SMALL_ROWS
    match statement.verb:
        case "do" | "call":
            return _IN_A_BODY.search(statement.sql) is not None
        case "with":
            return not _CHANGING.isdisjoint(statement.words) or "insert" in statement.words
        case "insert":
            return _copies(subject, statement)
        case verb:
            return verb in _CHANGING and _is_large(subject, target(subject, statement))


def _copies(subject: Subject, statement: Observed) -> bool:
    """Whether an INSERT reads its rows from a table of before that is not known to be small."""
    words = statement.words
    start = next((number for number, word in enumerate(words) if word in ("select", "values", "table")), len(words))
    read = set(words[start:]) if words[start : start + 1] != ("values",) else set()
    return any(table.name in read and not subject.small(table) for table in subject.trace.existing if table.holds_rows)


def _is_large(subject: Subject, table: Relation | None) -> bool:
    """A table that came with the file has few rows, or they were counted when they came."""
    return table is not None and not subject.small(table)
