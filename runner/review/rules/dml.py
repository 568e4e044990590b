"""Statements that change rows: of which tables, which rows, and whether they may be many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.migrations.statements import tokens
from runner.review.locks import LockMode
from runner.review.sizes import SMALL_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Subject

_CHANGING = frozenset({"update", "delete", "merge"})
_VERBS = _CHANGING | {"with", "do"}
_NOISE = frozenset({"from", "into", "only"})
_READING = frozenset({"select", "values", "table"})
_LONGEST = 100_000  # characters that are read of a statement
_IN_A_BODY = re.compile(r"\b(update\s+\w|delete\s+from|insert\s+into)", re.IGNORECASE)


class Change(NamedTuple):
    """An UPDATE, DELETE or MERGE of a table of before; `every` row, as no WHERE says which."""

    verb: str
    table: Relation
    every: bool


class _Word(NamedTuple):
    """A word, quoted name, dot or semicolon, and how many parentheses are open around it."""

    text: str
    depth: int


def changes(subject: Subject, statement: Observed) -> Iterator[Change]:
    """What a statement changes itself, within WITH, or in the body of a DO, in the order of its text."""
    if statement.verb not in _VERBS:
        return
    held = [each for each, mode in subject.trace.held(statement).items() if _may_change(each, mode)]
    found = list(_words(_body(statement.sql) if statement.verb == "do" else statement.sql))
    for at, (verb, depth) in enumerate(found):
        if verb in _CHANGING and (table := _table(statement, held, _name(found[at + 1 : at + 6]))):
            # The source of a MERGE says which rows there are.
            rest = [word.text for word in found[at:]] if verb == "merge" else _rest(found[at:], depth)
            yield Change(verb, table, every="where" not in rest)


def _words(sql: str) -> Iterator[_Word]:
    depth = 0
    for kind, start, end in tokens(sql, 0, min(len(sql), _LONGEST), ""):
        text = sql[start:end]
        depth += (text == "(") - (text == ")")
        if kind in ("word", "identifier", "semicolon") or text in (".", ")"):
            yield _Word(text.lower() if kind == "word" else text, depth)


def _body(sql: str) -> str:
    """The text between the quotes of a DO."""
    quoted = (sql[start:end] for kind, start, end in tokens(sql, 0, len(sql), "") if kind in ("string", "escaped"))
    text = next(quoted, "")
    return re.sub(r"\A\$\w*\$|\$\w*\$\Z", "", text) if text.startswith("$") else text[1:-1].replace("''", "'")


def _name(words: Sequence[_Word]) -> tuple[str, ...]:
    """The name at the beginning, with its schema if it has one; as `Relation` has the two."""
    texts = [word.text for word in words if word.text not in _NOISE]
    return (*texts[0:3:2],) if texts[1:2] == ["."] else (*texts[:1],)


def _rest(words: Sequence[_Word], depth: int) -> list[str]:
    """The words of a clause that stand in no parentheses of their own, up to its end."""
    end = next((at for at, word in enumerate(words) if word.depth < depth or word.text == ";"), len(words))
    return [word.text for word in words[:end] if word.depth == depth]


def _may_change(relation: Relation, mode: LockMode) -> bool:
    """Whether the server locked a table to change its rows, or for more than that."""
    return relation.holds_rows and mode >= LockMode.ROW_EXCLUSIVE


def _table(statement: Observed, held: Iterable[Relation], name: tuple[str, ...]) -> Relation | None:
    """The one of that name among the tables that are held; rather one that the statement itself locked."""
    plain = tuple(map(_plain, name))
    found = [each for each in held if plain in ((_plain(each.name),), (_plain(each.schema), _plain(each.name)))]
    return max(found, key=lambda each: (statement.mode(each) is not None, each.schema == "public"), default=None)


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


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
        case _:
            # A table that came with the file has few rows, or they were counted when they came.
            return any(not subject.small(change.table) for change in changes(subject, statement))


def _copies(subject: Subject, statement: Observed) -> bool:
    """Whether an INSERT reads its rows from a table of before that is not known to be small."""
    words = statement.words
    start = next((number for number, word in enumerate(words) if word in _READING), len(words))
    if words[start : start + 1] == ("values",) or _gives_one_row(statement):
        return False
    tables = subject.trace.existing
    return any(table.name in words[start:] and not subject.small(table) for table in tables if table.holds_rows)


def _gives_one_row(statement: Observed) -> bool:
    """Whether its SELECT has no FROM, whatever the parts in parentheses have."""
    outside = {word.text for word in _words(statement.sql) if word.depth == 0}
    return "select" in outside and outside.isdisjoint({"from", "table"})
