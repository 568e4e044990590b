"""What a statement makes, proves and takes away among constraints and indexes: read from its differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import Column, Constraint, Index, Table
from runner.catalog.ddl import within
from runner.catalog.references import foreign_key
from runner.review.rules.objects import gives_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Parts
    from runner.catalog.difference import Difference
    from runner.review.observed import Observed, Relation, Trace

_WITH_INDEX = ("INDEX", "PRIMARY KEY", "UNIQUE", "EXCLUDE")
_UNPROVEN = (" NOT VALID", " NOT ENFORCED")

Name = tuple[str, str]
"""Schema and name of a relation, quoted as SQL wants them."""


class Link(NamedTuple):
    """A foreign key between two tables; `proven` unless it is NOT VALID or NOT ENFORCED."""

    child: Name
    parent: Name
    proven: bool


def name_of(relation: Relation) -> Name:
    """The name as differences have it."""
    return relation.schema, relation.name


def new_constraints(statement: Observed, kind: str) -> list[str]:
    """The definitions of the proven constraints of a kind (`CHECK`, `PRIMARY KEY`) that come with the statement."""
    return [
        parts.definition
        for difference in _come(statement)
        if isinstance(parts := difference.actual, Constraint)
        if parts.definition.startswith(kind) and not parts.definition.endswith(_UNPROVEN)
    ]


def _come(statement: Observed) -> list[Difference]:
    """What is new, and what has another definition: the old one went, and a new one came under its name."""
    there = [] if gives_name(statement) else statement.differences
    return [each for each in there if each.actual and (each.expected is None or _redefined(each))]


def _went(statement: Observed) -> list[Difference]:
    """What is gone, and what had another definition."""
    there = [] if gives_name(statement) else statement.differences
    return [each for each in there if each.expected and (each.actual is None or _redefined(each))]


def _redefined(difference: Difference) -> bool:
    match difference.expected, difference.actual:
        case (Constraint(), Constraint()) | (Index(), Index()):
            return _kind(difference.expected) != _kind(difference.actual) and not _validated(difference)
        case _:
            return False


def built_for(trace: Trace, statement: Observed, *kinds: str) -> tuple[Relation, ...]:
    """The indexes that the statement builds for a constraint of the kinds that comes, or for an `INDEX`.

    On a table that it rewrites every index is built anew: that is the rewrite.
    """
    again = built_again(trace, statement)
    apart = (index for index in _apart(statement) if index not in again)
    return tuple(index for index in apart if _built_as(trace, statement, index).startswith(kinds))


def _built_as(trace: Trace, statement: Observed, index: Relation) -> str:
    """The definition that an index was built for; that of a partition's index is its parent's."""
    come = {(each.key.schema, each.key.name): _kind(each.actual) for each in _come(statement)}
    there = {(key.schema, key.name): _kind(parts) for key, parts in trace.after.objects.items() if _kind(parts)}
    of_parent = next((text for text in come.values() if text.startswith(_WITH_INDEX)), "")
    return come.get(name_of(index)) or there.get(name_of(index)) or of_parent


def built_again(trace: Trace, statement: Observed) -> tuple[Relation, ...]:
    """The indexes of before that the statement makes anew, as a column of theirs has another type or collation."""
    was = {name_of(each) for each in trace.existing if each.kind == "index"}
    retyped = {within(each.key, each.key.relation) for each in statement.differences if _is_retyped(each)}
    return tuple(index for index in _apart(statement) if name_of(index) in was and index.table in retyped)


def _is_retyped(difference: Difference) -> bool:
    match difference.expected, difference.actual:
        case Column() as old, Column() as new:
            return (old.type, old.collation) != (new.type, new.collation)
        case _:
            return False


def _apart(statement: Observed) -> list[Relation]:
    rewritten = {str(table) for table in statement.rewritten}
    return [index for index in statement.built if index.table not in rewritten]


def _kind(parts: Parts | None) -> str:
    """The definition of a constraint; that of an index with `INDEX` before it."""
    if isinstance(parts, Index):
        return f"INDEX {parts.definition}"
    return parts.definition if isinstance(parts, Constraint) else ""


def sets_not_null(statement: Observed) -> bool:
    """Whether a column that was there before becomes NOT NULL, proven."""
    return any(
        isinstance(difference.expected, Column)
        and isinstance(difference.actual, Column)
        and difference.expected.not_null is None
        and difference.actual.not_null == "NOT NULL"
        for difference in statement.differences
    )


def proves(statement: Observed) -> bool:
    """Whether the statement validates a constraint that was NOT VALID."""
    return any(map(_validated, statement.differences))


def _validated(difference: Difference) -> bool:
    """Whether nothing but NOT VALID went."""
    match difference.expected, difference.actual:
        case (Constraint(definition=str(old)), Constraint(definition=str(new))) | (
            Column(not_null=str(old)),
            Column(not_null=str(new)),
        ):
            return old == f"{new} NOT VALID"
        case _:
            return False


def new_links(statement: Observed) -> list[Link]:
    """The foreign keys that come with the statement, those of new tables too."""
    return [link for each in _come(statement) for link in _links(each, each.actual)]


def lost_links(statement: Observed) -> list[Link]:
    """The foreign keys that go with the statement, those of dropped tables too; not one that comes in another form."""
    come = {link[:2] for link in new_links(statement)}
    return [link for each in _went(statement) for link in _links(each, each.expected) if link[:2] not in come]


def _links(difference: Difference, parts: Parts | None) -> Iterator[Link]:
    texts = difference.lines if isinstance(parts, Table) else (_kind(parts),)
    for text in texts:
        start = text.find("FOREIGN KEY ")
        if start >= 0 and (found := foreign_key(text[start:])):
            yield Link(difference.key.parent, found.parent, proven=not text.endswith(_UNPROVEN))
