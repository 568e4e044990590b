"""Who needs whom in a catalog, and what belongs to what."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from runner.catalog.catalog import Column, Constraint, Key

if TYPE_CHECKING:
    from runner.catalog.catalog import Catalog

Users = dict[Key, set[Key]]
TYPES = ("enum", "domain", "range", "composite type")
ABOUT = ("comment", "grant", "revoke")


def homes(catalog: Catalog) -> dict[tuple[str, str], Key]:
    """The table, view or type of each schema and name: what the objects under that name belong to."""
    return {key.parent: key for key in catalog.objects if key.relation and not key.name}


def users(catalog: Catalog) -> Users:
    """Who needs each object; who needs a part of another table needs that table too."""
    whole = homes(catalog)
    found: defaultdict[Key, set[Key]] = defaultdict(set)
    for key, needed in catalog.needs.items():
        for each in needed:
            found[each].add(key)
            home = whole.get(each.parent)
            if home and each.kind != "sequence" and each.parent != key.parent:
                found[home].add(key)
    return found


def is_generated(key: Key, catalog: Catalog) -> bool:
    """Whether the key is that of a generated column."""
    parts = catalog.objects[key]
    return isinstance(parts, Column) and parts.generated is not None


def is_foreign_key(key: Key, catalog: Catalog) -> bool:
    """Whether the key is that of a foreign key."""
    parts = catalog.objects[key]
    return isinstance(parts, Constraint) and parts.definition.startswith("FOREIGN KEY")


def shared_name(key: Key) -> tuple[str, str]:
    """The name that PostgreSQL lets only one object of a schema have: tables, views, indexes and types share them."""
    if key.kind in ("table", "view", "materialized view", *TYPES):
        return key.schema, key.relation
    if key.kind in ("index", "sequence"):
        return key.schema, key.name or key.relation
    if key.kind in ("function", "procedure", "aggregate"):
        return key.schema, f"() {key.name}"
    if key.kind == "constraint":
        return key.schema, key.name  # that of its index, if it has one
    if key.kind == "trigger":
        return key.schema, f"trigger {key.name}"  # a table's are its partitions' too
    return key.schema, f"{key.kind} {key.relation} {key.name}"
