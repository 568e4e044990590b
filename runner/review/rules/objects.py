"""What a statement does to the objects of before: the questions that several rules ask of a catalog difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.ddl import qualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Key
    from runner.catalog.difference import Difference
    from runner.review.observed import Observed, Relation, Trace
    from runner.review.rules.rule import Subject

_RENAMES = frozenset(
    {"table", "column", "view", "materialized view", "schema", "enum", "function", "procedure", "domain"}
)


def called(key: Key) -> str:
    """An object as people name it: `table users`, `column users.email`, `view active_users`."""
    if key.kind in ("column", "constraint", "trigger", "policy", "rule"):
        return f"{key.kind} {qualified(key)}.{key.name}" if key.kind == "column" else f"{key.kind} {key.name}"
    return f"{key.kind} {qualified(key)}"


def gone(trace: Trace, observed: Observed) -> list[Key]:
    """The objects of before that the statement takes away."""
    return [each.key for each in observed.differences if each.actual is None and each.key in trace.before.objects]


def renames(observed: Observed) -> bool:
    """Whether the statement gives another name, or schema, to what a query may call by its name."""
    moves = "rename" in observed.words or ("schema" in observed.words and observed.words[:1] == ("alter",))
    return moves and any(each.key.kind in _RENAMES for each in observed.differences)


def changed(trace: Trace, observed: Observed, kind: str) -> Iterator[Difference]:
    """The objects of a kind that are other than before, in tables that existed before."""
    for each in observed.differences:
        if each.key.kind == kind and each.key._replace(kind="table", name="") in trace.before.objects:
            yield each


def relation_of(subject: Subject, key: Key) -> Relation | None:
    """The relation of before that an object is, or belongs to."""
    return next(
        (each for each in subject.trace.existing if (each.schema, each.name) == key.parent and each.kind != "index"),
        None,
    )
