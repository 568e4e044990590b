"""Whether the statement works depends on the rows that are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.catalog.catalog import Column, Constraint, Domain, Index, Key
from runner.catalog.ddl import HOME
from runner.catalog.references import indexed_columns, unique_columns
from runner.review.rules.objects import called, changed, renames
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.difference import Difference
    from runner.review.observed import Trace
    from runner.review.rules.rule import Finding, Subject

_TYPE = re.compile(r"([a-z ]+?)(?:\((\d+)(?:,(-?\d+))?\))?( with(?:out)? time zone)?(\[\])*")
_TEXTS = frozenset({"text", "character varying", "character", "citext"})
_BITS = frozenset({"bit", "bit varying"})
# From each of these to one that stands before it something can be lost.
_NUMBERS = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
_TIMES = ("date", "timestamp without time zone", "timestamp with time zone")


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        for each in changed(subject.trace, observed, "column") if not renames(observed) else ():
            if isinstance(each.expected, Column) and isinstance(each.actual, Column):
                old, new = each.expected.type, each.actual.type
                if old != new and _narrows(_base(subject.trace, old), new):
                    text = (
                        f"A value that does not fit fails, or loses a part: {called(each.key)} was {old} and is {new}."
                    )
                    yield RULE.found(observed, Severity.WARNING, text)
        for kind in ("constraint", "index") if observed.built else ():  # what has its index already is unique
            for each in changed(subject.trace, observed, kind):
                if columns := _made_unique(each):
                    yield RULE.found(observed, Severity.NOTE, _look_first(each, columns))


def _base(trace: Trace, name: str) -> str:
    """The type that a domain is made of, and another type as it is."""
    schema, _, bare = name.rpartition(".")
    parts = trace.before.objects.get(Key("domain", schema or HOME, bare, ""))
    return _base(trace, parts.type) if isinstance(parts, Domain) else name


def _narrows(old: str, new: str) -> bool:
    if old.endswith("[]") and new.endswith("[]"):
        return _narrows(old.removesuffix("[]"), new.removesuffix("[]"))
    before, after = _parts(old), _parts(new)
    if old == new or before is None or after is None:
        return old != new
    if after[0] in _TEXTS or (after[0] == "bit varying" and before[0] in _BITS):
        same = before[0] in _TEXTS | _BITS
        return after[1] is not None and (not same or before[1] is None or after[1] < before[1])
    for order in (_NUMBERS, _TIMES):
        if before[0] in order and after[0] in order:
            return order.index(after[0]) < order.index(before[0]) or _smaller(before, after)
    return True


def _smaller(before: tuple[str, int | None, int], after: tuple[str, int | None, int]) -> bool:
    """Whether fewer digits fit before the point, or after it."""
    if after[1] is None or before[0] != after[0]:
        return after[1] is not None
    return before[1] is None or after[1] - after[2] < before[1] - before[2] or after[2] < before[2]


def _parts(name: str) -> tuple[str, int | None, int] | None:
    """Name, length or precision, and scale of a type."""
    match = _TYPE.fullmatch(name)
    if match is None or match[5]:
        return None
    return f"{match[1]}{match[4] or ''}", int(match[2]) if match[2] else None, int(match[3] or 0)


def _made_unique(difference: Difference) -> tuple[str, ...]:
    """The columns that must be unique from now on."""
    match difference.expected, difference.actual:
        case None | Constraint(), Constraint(definition=text):
            return unique_columns(text)
        case None | Index(), Index(definition=text) if text.startswith("CREATE UNIQUE"):
            return indexed_columns(text)
        case _:
            return ()


def _look_first(difference: Difference, columns: tuple[str, ...]) -> str:
    table, listed = called(difference.key._replace(kind="table", name="")).removeprefix("table "), ", ".join(columns)
    query = f"SELECT {listed}, count(*) FROM {table} GROUP BY {listed} HAVING count(*) > 1"  # noqa: S608  # to be read
    return f"It fails if two rows of {table} have the same {listed}. Look first: {query}"


RULE = Rule(
    name="depends-on-rows",
    summary="A narrower type, or a new unique key: rows that are there may not fit.",
    condition="""\
A column of before gets a type that holds less: a shorter varchar, fewer digits, another kind of value. Or, as a note,
a key or index makes columns of a table of before unique.""",
    effect="""\
With one row that does not fit the file fails, on the live database and nowhere before. Casts that round or cut (a
numeric with a smaller scale, a timestamp as date) do not fail, and the rest of the value is gone. The trace cannot
tell: its tables are empty.""",
    safe="""\
Count the rows that do not fit before anything else, on the live database, and mend them. To narrow a text, a CHECK that
is validated in a later file does it without a rewrite, and can be widened again in a moment:

```sql
ALTER TABLE users ADD CONSTRAINT users_nickname_check CHECK (length(nickname) <= 20) NOT VALID;
```""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY, nickname text);",
    bad="ALTER TABLE users ALTER COLUMN nickname TYPE varchar(20);",
    good=("ALTER TABLE users ADD CONSTRAINT users_nickname_check CHECK (length(nickname) <= 20) NOT VALID;",),
    check=_check,
)
