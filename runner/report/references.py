"""The keys and foreign keys of a schema, read from the definitions that the server writes."""

from __future__ import annotations

import re
from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import Column, Constraint
from runner.catalog.ddl import HOME
from runner.catalog.references import foreign_key, unique_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.catalog.catalog import Catalog, Key

Name = tuple[str, str]  # schema and relation, quoted as SQL wants them

_NAME = re.compile(r'"(?:[^"]|"")+"|[^\s",().]+')


class Change(Enum):
    """What a review does to a part of the schema."""

    NONE = ""
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Reference(NamedTuple):
    """A foreign key; `definition` as the server writes it.

    `optional`: a row may refer to none; `single`: at most one row refers to one.
    """

    name: str
    child: Name
    columns: tuple[str, ...]
    parent: Name
    referenced: tuple[str, ...]
    definition: str
    optional: bool
    single: bool
    change: Change


def references_of(catalog: Catalog) -> Iterator[Reference]:
    """The foreign keys of a schema."""
    keys = keys_of(catalog)
    for key, parts in catalog.objects.items():
        found = foreign_key(parts.definition) if isinstance(parts, Constraint) else None
        if found is None or not isinstance(parts, Constraint):
            continue
        yield Reference(
            key.name,
            key.parent,
            found.columns,
            found.parent,
            found.referenced,
            parts.definition,
            any(_is_nullable(catalog, key, name) for name in found.columns),
            any(set(unique) <= set(found.columns) for unique in keys[key.parent].values()),
            Change.NONE,
        )


def keys_of(catalog: Catalog) -> Mapping[Name, Mapping[str, tuple[str, ...]]]:
    """The columns of each primary key and unique constraint, by table and definition."""
    found: defaultdict[Name, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for key, parts in catalog.objects.items():
        if isinstance(parts, Constraint) and (columns := unique_columns(parts.definition)):
            found[key.parent][parts.definition] = columns
    return found


def _is_nullable(catalog: Catalog, key: Key, name: str) -> bool:
    column = catalog.objects.get(key._replace(kind="column", name=name))
    return isinstance(column, Column) and column.not_null is None


def spoken(name: Name) -> str:
    """`users`, and `billing.invoices` where the schema is not public."""
    return name[1] if name[0] in (HOME, "") else f"{name[0]}.{name[1]}"


def named(text: str) -> Name:
    """Schema and relation of a name as SQL writes it; without a schema it is one of public."""
    found = _NAME.findall(text)
    return (found[0], found[1]) if len(found) > 1 else (HOME, found[0] if found else text)
