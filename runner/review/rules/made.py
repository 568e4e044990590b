"""What a statement makes, proves and takes away among constraints and indexes: read from its differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import Column, Constraint, Index, Table
from runner.catalog.references import foreign_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Parts
    from runner.catalog.difference import Difference
    from runner.review.observed import Observed, Relation

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
        for difference in statement.differences
        if difference.expected is None and isinstance(parts := difference.actual, Constraint)
        if parts.definition.startswith(kind) and not parts.definition.endswith(_UNPROVEN)
    ]


def built_for(statement: Observed, *kinds: str) -> tuple[Relation, ...]:
    """The indexes that the statement builds for a new constraint of the kinds, or for a new `INDEX`.

    On a table that it rewrites every index is built anew: that is the rewrite.
    """
    new = {
        (difference.key.schema, difference.key.name)
        for difference in statement.differences
        if difference.expected is None and _kind(difference.actual).startswith(kinds)
    }
    return tuple(index for index in _apart(statement) if name_of(index) in new)


def built_again(statement: Observed) -> tuple[Relation, ...]:
    """The indexes that were there before and that the statement makes anew under the same name."""
    new = {
        (difference.key.schema, difference.key.name)
        for difference in statement.differences
        if difference.expected is None
    }
    return tuple(index for index in _apart(statement) if name_of(index) not in new)


def _apart(statement: Observed) -> list[Relation]:
    rewritten = {str(table) for table in statement.rewritten}
    return [index for index in statement.built if index.table not in rewritten]


def _kind(parts: Parts | None) -> str:
    if isinstance(parts, Index):
        return "INDEX"
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
    return any(
        _unproven(difference.expected) and not (difference.actual is None or _unproven(difference.actual))
        for difference in statement.differences
    )


def _unproven(parts: Parts | None) -> bool:
    match parts:
        case Constraint(definition=str(text)) | Column(not_null=str(text)):
            return text.endswith(" NOT VALID")
        case _:
            return False


def new_links(statement: Observed) -> list[Link]:
    """The foreign keys that come with the statement, those of new tables too."""
    return [link for each in statement.differences if each.expected is None for link in _links(each, each.actual)]


def lost_links(statement: Observed) -> list[Link]:
    """The foreign keys that go with the statement, those of dropped tables too."""
    return [link for each in statement.differences if each.actual is None for link in _links(each, each.expected)]


def _links(difference: Difference, parts: Parts | None) -> Iterator[Link]:
    texts = difference.lines if isinstance(parts, Table) else (_kind(parts),)
    for text in texts:
        start = text.find("FOREIGN KEY ")
        if start >= 0 and (found := foreign_key(text[start:])):
            yield Link(difference.key.parent, found.parent, proven=not text.endswith(_UNPROVEN))
