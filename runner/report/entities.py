"""The tables of a schema as a diagram has them: columns with their keys, references, and what a review changes."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import Column, Key, Table
from runner.report.references import Change, Name, Reference, keys_of, named, references_of, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.catalog.catalog import Catalog

_LONG_TYPE = re.compile(r"(timestamp|time)(\(\d+\))? (with|without) time zone|character varying|double precision")
_SHORT_TYPES = {"character varying": "varchar", "double precision": "float8"}
_TOLD_ELSEWHERE = ("comment", "grant", "revoke")


class Field(NamedTuple):
    """A column; `keys` are PK and FK where it is a part of one."""

    name: str
    type: str
    keys: tuple[str, ...]
    change: Change


class Entity(NamedTuple):
    """A table with its columns, in their order, and its partitions, which have the same columns."""

    name: Name
    fields: tuple[Field, ...]
    partitions: tuple[tuple[str, Change], ...]
    change: Change

    @property
    def title(self) -> str:
        """The name, with the schema where it is not public."""
        return spoken(self.name)


class Model(NamedTuple):
    """The tables by name, and the references between them."""

    entities: Mapping[Name, Entity]
    references: tuple[Reference, ...]

    def near(self, names: Iterable[Name]) -> set[Name]:
        """The tables of these names, and those that one reference leads to or from."""
        inside = set(names)
        linked = [{each.child, each.parent} for each in self.references]
        return inside.union(*(pair for pair in linked if pair & inside)) & self.entities.keys()

    def only(self, names: Iterable[Name]) -> Model:
        """The part of it that shows these tables."""
        kept = {name: self.entities[name] for name in names}
        return Model(kept, tuple(each for each in self.references if each.child in kept and each.parent in kept))


def short_type(name: str) -> str:
    """A type as people write it: `timestamptz(3)`, `varchar(50)[]`."""
    return _LONG_TYPE.sub(_shortened, name)


def _shortened(match: re.Match[str]) -> str:
    if match[1]:
        return f"{match[1]}{'tz' if match[3] == 'with' else ''}{match[2] or ''}"
    return _SHORT_TYPES[match[0]]


def model_of(before: Catalog | None, after: Catalog) -> Model:
    """The tables of both catalogs; without a `before`, or with one that has no table, nothing counts as changed."""
    old = before if before and any(key.kind == "table" for key in before.objects) else None
    catalogs = (old or after, after)
    children = _partitions(*catalogs)
    references = tuple(sorted(_references(*catalogs), key=lambda each: (each.child, each.name)))
    keys = _marks(catalogs, references)
    changed = _changed(*catalogs)
    entities = {
        name: Entity(name, _fields(columns, keys), tuple(children[name]), _of_table(name, changed, *catalogs))
        for name, columns in _columns(*catalogs).items()
    }
    inside = [each for each in references if each.child in entities and each.parent in entities]
    return Model(entities, tuple(inside))


def _side(one: object, other: object) -> Change:
    """What it is to be the one before and the other after; None is not to be there."""
    if one is None or other is None:
        return Change.ADDED if one is None else Change.REMOVED
    return Change.NONE if one == other else Change.CHANGED


def _changed(before: Catalog, after: Catalog) -> set[Name]:
    """The tables of which something is not as it was, other than what is said about them."""
    keys = before.objects.keys() | after.objects.keys()
    return {
        key.parent
        for key in keys
        if key.kind not in _TOLD_ELSEWHERE and before.objects.get(key) != after.objects.get(key)
    }


def _of_table(name: Name, changed: set[Name], before: Catalog, after: Catalog) -> Change:
    key = Key("table", *name, "")
    if key in before.objects and key in after.objects:
        return Change.CHANGED if name in changed else Change.NONE
    return Change.REMOVED if key in before.objects else Change.ADDED


def _columns(before: Catalog, after: Catalog) -> Mapping[Name, list[tuple[Key, Column, Change]]]:
    """The columns of each table that is no partition, those that go away too, in the order of the table."""
    found: dict[Name, list[tuple[Key, Column, Change]]] = {}
    for catalog in (after, before):
        for key, parts in catalog.objects.items():
            if isinstance(parts, Table) and parts.partition_of is None:
                found.setdefault(key.parent, [])
    for key in after.objects.keys() | before.objects.keys():
        if key.kind != "column" or key.parent not in found:
            continue
        was, now = before.objects.get(key), after.objects.get(key)
        either = now or was
        if isinstance(either, Column):
            found[key.parent].append((key, either, _side(was, now)))
    places = {**before.positions, **after.positions}
    for columns in found.values():
        columns.sort(key=lambda each: (places.get(each[0], 0), each[0].name))
    return {name: found[name] for name in sorted(found)}


def _fields(columns: Iterable[tuple[Key, Column, Change]], keys: Mapping[Key, list[str]]) -> tuple[Field, ...]:
    return tuple(
        Field(key.name, short_type(parts.type), tuple(keys.get(key, ())), change) for key, parts, change in columns
    )


def _marks(catalogs: tuple[Catalog, Catalog], references: Iterable[Reference]) -> Mapping[Key, list[str]]:
    """PK and FK by the keys of columns."""
    found: defaultdict[Key, list[str]] = defaultdict(list)
    for name, keys in {**keys_of(catalogs[0]), **keys_of(catalogs[1])}.items():
        for definition, columns in keys.items():
            if definition.startswith("PRIMARY KEY"):
                for column in columns:
                    found[Key("column", *name, column)].append("PK")
    for each in references:
        for column in each.columns:
            marks = found[Key("column", *each.child, column)]
            if "FK" not in marks:
                marks.append("FK")
    return found


def _partitions(before: Catalog, after: Catalog) -> Mapping[Name, list[tuple[str, Change]]]:
    """The partitions of each table by its name; a partition of a partition belongs to the outermost table."""
    tables = {
        key.parent: (parts, _side(before.objects.get(key), after.objects.get(key)))
        for catalog in (before, after)
        for key, parts in catalog.objects.items()
        if isinstance(parts, Table)
    }
    found: defaultdict[Name, list[tuple[str, Change]]] = defaultdict(list)
    for name, (parts, change) in sorted(tables.items()):
        if parts.partition_of is None:
            continue
        above = parts.partition_of
        while (outer := tables.get(named(above))) and outer[0].partition_of:
            above = outer[0].partition_of
        found[named(above)].append((spoken(name), change))
    return found


def _references(before: Catalog, after: Catalog) -> Iterator[Reference]:
    was = {(each.child, each.name): each for each in references_of(before)}
    now = {(each.child, each.name): each for each in references_of(after)}
    for place in was.keys() | now.keys():
        one, other = was.get(place), now.get(place)
        if either := other or one:
            same = one and other and one.definition == other.definition
            change = Change.NONE if same else _side(one, other)
            yield either._replace(change=change)
