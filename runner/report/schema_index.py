"""The objects of a schema by what they belong to, so that a page of a thousand tables looks at each object once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import Table, Text
from runner.catalog.ddl import described, qualified
from runner.report.markup import anchor, breakable, code, link
from runner.report.references import named, references_of, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.catalog.catalog import Key, Parts
    from runner.migrations.migration import Migration
    from runner.report.references import Name, Reference
    from runner.results import DocsResult


class SchemaIndex(NamedTuple):
    """A schema, found again from each side.

    `inside` has what belongs to a relation, by kind; `comments` the texts by what they are about; `referred` the
    foreign keys that lead to a table; `partitions` those of a table; `changes` the files that changed a relation
    after the one that made it.
    """

    tables: Sequence[Key]
    kinds: Mapping[str, Sequence[tuple[Key, Parts]]]
    inside: Mapping[Name, Mapping[str, Sequence[tuple[Key, Parts]]]]
    comments: Mapping[str, str]
    references: Mapping[Name, Sequence[Reference]]
    referred: Mapping[Name, Sequence[Reference]]
    partitions: Mapping[Name, Sequence[Name]]
    makers: Mapping[Name, Migration]
    changes: Mapping[Name, Sequence[Migration]]

    def comment(self, key: Key) -> str:
        """The comment on an object, or nothing."""
        return self.comments.get(described(key), "")

    def column_comments(self, key: Key) -> Sequence[tuple[Key, str]]:
        """The commented columns of a view, whose columns are no objects of their own."""
        start = f"COLUMN {qualified(key)}."
        return [
            (key._replace(kind="column", name=target.removeprefix(start)), comment)
            for target, comment in self.comments.items()
            if target.startswith(start)
        ]

    def link(self, name: Name) -> str:
        """A relation's name as a link to it, where the page has it."""
        place = anchor("table", spoken(name))
        return link(place, code(spoken(name))) if "table" in self.inside.get(name, ()) else code(spoken(name))

    def file(self, migration: Migration) -> str:
        """A link to a file of the history."""
        return link(anchor("file", migration.title), breakable(migration.title))


def index_of(result: DocsResult) -> SchemaIndex:
    """The schema, looked through once."""
    catalog = result.catalog
    kinds: defaultdict[str, list[tuple[Key, Parts]]] = defaultdict(list)
    inside: defaultdict[Name, defaultdict[str, list[tuple[Key, Parts]]]] = defaultdict(lambda: defaultdict(list))
    comments: dict[str, str] = {}
    for key, parts in catalog.objects.items():
        kinds[key.kind].append((key, parts))
        inside[key.parent][key.kind].append((key, parts))
        if key.kind == "comment" and isinstance(parts, Text):
            comments[key.name] = parts.text
    for belonging in inside.values():
        for objects in belonging.values():
            objects.sort(key=lambda each: (catalog.positions.get(each[0], 0), each[0].name))
    outgoing, incoming = _references(result)
    tables = sorted((key for key, _ in kinds["table"]), key=qualified)
    return SchemaIndex(
        tables,
        kinds,
        inside,
        comments,
        outgoing,
        incoming,
        _partitions(kinds["table"]),
        result.makers,
        _changes(result),
    )


def _references(result: DocsResult) -> tuple[Mapping[Name, Sequence[Reference]], Mapping[Name, Sequence[Reference]]]:
    """The foreign keys by the table that has them, and by the one that they lead to."""
    outgoing: defaultdict[Name, list[Reference]] = defaultdict(list)
    incoming: defaultdict[Name, list[Reference]] = defaultdict(list)
    for each in sorted(references_of(result.catalog), key=lambda each: (each.child, each.name)):
        outgoing[each.child].append(each)
        incoming[each.parent].append(each)
    return outgoing, incoming


def _partitions(tables: Sequence[tuple[Key, Parts]]) -> Mapping[Name, Sequence[Name]]:
    found: defaultdict[Name, list[Name]] = defaultdict(list)
    for key, parts in sorted(tables, key=lambda each: each[0]):
        if isinstance(parts, Table) and parts.partition_of:
            found[named(parts.partition_of)].append(key.parent)
    return found


def _changes(result: DocsResult) -> Mapping[Name, Sequence[Migration]]:
    found: defaultdict[Name, list[Migration]] = defaultdict(list)
    for each in result.files:
        for name in dict.fromkeys(difference.key.parent for difference in each.differences):
            if result.makers.get(name) != each.migration:
                found[name].append(each.migration)
    return found
