"""What a statement does to the objects of before: the questions that several rules ask of a catalog difference."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from runner.catalog.catalog import Column, Key, Table
from runner.catalog.ddl import qualified, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.difference import Difference
    from runner.review.observed import Observed, Relation, Trace
    from runner.review.rules.rule import Subject

_RENAMES = frozenset(
    {"table", "column", "view", "materialized view", "schema", "enum", "function", "procedure", "domain"}
)


def called(key: Key) -> str:
    """An object as people name it: `table users`, `column users.email`, `index users_email_idx`."""
    match key.kind:
        case "column" | "attribute":
            return f"{key.kind} {qualified(key)}.{key.name}"
        case "constraint" | "trigger" | "policy" | "rule" | "domain constraint":
            return f"{key.kind} {key.name}"
        case "index":
            return f"index {within(key, key.name)}"
        case _:
            return f"{key.kind} {qualified(key)}"


def gone(trace: Trace, observed: Observed) -> list[Key]:
    """The objects of before that the statement takes away."""
    return [each.key for each in observed.differences if each.actual is None and each.key in trace.before.objects]


def renames(observed: Observed) -> bool:
    """Whether the statement gives another name, or schema, to what a query may call by its name."""
    return gives_name(observed) and any(each.key.kind in _RENAMES for each in observed.differences)


def gives_name(observed: Observed) -> bool:
    """Whether the statement gives another name or schema to anything; `rename` and `schema` may also name a column."""
    words = observed.words
    says = ("rename" in words and "to" in words[-3:]) or ("set", "schema") in pairwise(words)
    return says and words[:1] == ("alter",)


def moved(observed: Observed) -> set[tuple[str, str]]:
    """The tables that become a partition or child of another, or cease to be one.

    What such a table inherits is told with its parent: its columns and constraints seem to come and go.
    """
    return {
        each.key.parent
        for each in observed.differences
        if isinstance(old := each.expected, Table) and isinstance(new := each.actual, Table)
        if (old.partition_of, old.inherits) != (new.partition_of, new.inherits)
    }


def changed(trace: Trace, observed: Observed, kind: str) -> Iterator[Difference]:
    """The objects of a kind that are other than before, in tables that existed before and were not moved."""
    apart = moved(observed)
    for each in observed.differences:
        table = each.key._replace(kind="table", name="")
        if each.key.kind == kind and table in trace.before.objects and each.key.parent not in apart:
            yield each


def maker(subject: Subject, key: Key) -> Observed | None:
    """The last statement that made an object, by itself or with its table, or gave a column its type."""
    made = [each for each in subject.statements if any(_makes(difference, key) for difference in each.differences)]
    return made[-1] if made else None


def _makes(difference: Difference, key: Key) -> bool:
    match difference.expected, difference.actual:
        case None, _:
            return difference.key in (key, key._replace(kind="table", name=""))
        case Column() as old, Column() as new:
            return difference.key == key and old.type != new.type
        case _:
            return False


def was_there(subject: Subject, key: Key) -> bool:
    """Whether an object was there before under another name, in another schema, or as a part of its table's parent."""
    observed = maker(subject, key)
    if observed is None:
        return False
    return key.parent in moved(observed) or (gives_name(observed) and bool(gone(subject.trace, observed)))


def is_named(trace: Trace, observed: Observed, relation: Relation) -> bool:
    """Whether the statement names a table, or one that it is a partition of."""
    words = {word.strip('"') for word in observed.words}
    each: Relation | None = relation
    while each and each.name.strip('"') not in words:
        parts = trace.before.objects.get(Key("table", each.schema, each.name, ""))
        above = parts.partition_of if isinstance(parts, Table) else None
        each = next((table for table in trace.existing if str(table) == above), None)
    return each is not None


def relation_of(subject: Subject, key: Key) -> Relation | None:
    """The relation of before that an object is, or belongs to."""
    return next(
        (each for each in subject.trace.existing if (each.schema, each.name) == key.parent and each.kind != "index"),
        None,
    )
