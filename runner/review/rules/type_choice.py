"""A type for a new column that people come to regret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Column, Constraint
from runner.catalog.references import unique_columns
from runner.review.rules.objects import called
from runner.review.rules.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Key
    from runner.review.rules.rule import Subject

_NAME = "type-choice"
_BETTER = {
    "json": "jsonb compares, and has indexes",
    "money": "numeric does not depend on the setting lc_monetary",
    "timestamp without time zone": "timestamptz is a moment, whatever the session's time zone is",
    "time with time zone": "timestamptz, or time, as an offset without a date says little",
}
_SMALL = {"integer": "2,147,483,647", "smallint": "32,767"}


def _check(subject: Subject) -> Iterator[Finding]:
    before = subject.trace.before.objects
    for key, parts in subject.trace.after.objects.items():
        if key.kind != "column" or not isinstance(parts, Column) or _had(before.get(key), parts):
            continue
        kind = "character" if parts.type.startswith("character(") else parts.type
        if kind in _SMALL and _counts(parts) and _is_primary_key(subject, key):
            text = f"The key {called(key)} counts in {kind}, which ends at {_SMALL[kind]}."
            yield Finding(_NAME, Severity.WARNING, _number(subject, key), text)
        elif better := _BETTER.get(kind) or ("text does not pad with blanks" if kind == "character" else None):
            yield Finding(
                _NAME, Severity.NOTE, _number(subject, key), f"The type of {called(key)} is {parts.type}: {better}."
            )


def _had(before: object, now: Column) -> bool:
    return isinstance(before, Column) and before.type == now.type


def _counts(column: Column) -> bool:
    """Whether its values come from a sequence."""
    return bool(column.identity or (column.default and "nextval(" in column.default))


def _is_primary_key(subject: Subject, key: Key) -> bool:
    return any(
        other.parent == key.parent and unique_columns(parts.definition) == (key.name,)
        for other, parts in subject.trace.after.objects.items()
        if isinstance(parts, Constraint)
    )


def _number(subject: Subject, key: Key) -> int:
    """The last statement that made the column, or its table."""
    keys = (key, key._replace(kind="table", name=""))
    made = [each.number for each in subject.statements if any(change.key in keys for change in each.differences)]
    return made[-1] if made else 0


RULE = Rule(
    name=_NAME,
    summary="A key that runs out of numbers, or a type that is hard to change later.",
    condition="""\
A new column, or one with a new type, is a primary key that counts in `integer` or `smallint` (a warning), or is `json`,
`money`, `char(n)`, `timestamp` without time zone or `time` with one (a note).""",
    effect="""\
When the sequence is past the end of the type, every INSERT fails (SQLSTATE 22003), and the way out is a rewrite of
the table, and of all that refer to it, under ACCESS EXCLUSIVE. The other types give wrong answers more often than
errors.""",
    safe="`bigint GENERATED ALWAYS AS IDENTITY`, `jsonb`, `numeric`, `text` with a CHECK, `timestamptz`.",
    setup="",
    bad="CREATE TABLE orders (id serial PRIMARY KEY);",
    good=("CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",),
    check=_check,
)
