"""A type for a new column that people come to regret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Column, Constraint
from runner.catalog.references import unique_columns
from runner.review.rules.objects import called, maker, was_there
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Key
    from runner.review.rules.rule import Finding, Subject

_BETTER = {
    "json": "jsonb compares, and has indexes",
    "money": "numeric does not depend on the setting lc_monetary",
    "timestamp without time zone": "timestamptz is a moment, whatever the session's time zone is",
    "time with time zone": "timestamptz, or time, as an offset without a date says little",
}
_SMALL = {"integer": "2,147,483,647", "smallint": "32,767"}


def _check(subject: Subject) -> Iterator[Finding]:
    for key, parts in _new_columns(subject):
        kind = "character" if parts.type.startswith("character(") else parts.type
        if kind in _SMALL and _counts(parts) and _is_primary_key(subject, key):
            text = f"The key {called(key)} counts in {kind}, which ends at {_SMALL[kind]}."
            yield RULE.found(maker(subject, key), Severity.WARNING, text)
        elif better := _BETTER.get(kind) or ("text does not pad with blanks" if kind == "character" else None):
            text = f"The type of {called(key)} is {parts.type}: {better}."
            yield RULE.found(maker(subject, key), Severity.NOTE, text)


def _new_columns(subject: Subject) -> Iterator[tuple[Key, Column]]:
    """The columns that are new or have another type."""
    before = subject.trace.before.objects
    columns = (each for each in subject.trace.after.objects.items() if each[0].kind == "column")
    for key, parts in columns:
        if isinstance(parts, Column) and not _had(before.get(key), parts) and not was_there(subject, key):
            yield key, parts


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


RULE = Rule(
    name="type-choice",
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
