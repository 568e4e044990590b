"""A schema as values: every object that people make, under its key, with the parts that make it what it is.

The parts come from `sql/*.sql` as JSON arrays, and the classes here give them names: one class for each `kind`, with
its fields in the order of the array. Text of the server (an expression, a definition) is kept as the server writes it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FORMAT = 1
_ELEMENT = r"'(?:[^']|'')*'(?:::[a-z ]+(?:\(\d+\))?)*"
_ARRAY = re.compile(rf"ARRAY\[({_ELEMENT}(?:, {_ELEMENT})*)\]::([a-z ]+)\[\]")


class Key(NamedTuple):
    """What tells an object from all others: `relation` is the table, view or type that it is or belongs to, or ''."""

    kind: str
    schema: str
    relation: str
    name: str

    @property
    def path(self) -> str:
        """What the patterns of the setting `ignore` are held against."""
        return f"{self.name if self.kind == 'schema' else self.schema}.{self.relation or self.name}"

    @property
    def parent(self) -> tuple[str, str]:
        """The relation, whose objects are told together."""
        return self.schema, self.relation


class Address(NamedTuple):
    """Where PostgreSQL keeps an object: its catalog, its OID, and the number of a column or 0."""

    classid: str
    objid: str
    objsubid: str


class Table(NamedTuple):
    """A table of any kind; columns, constraints and indexes are objects of their own."""

    persistence: str | None
    partitioned_by: str | None
    partition_of: str | None
    bound: str | None
    inherits: str | None
    of_type: str | None
    method: str | None
    options: str | None
    tablespace: str | None
    row_security: bool
    forced: bool
    replica_identity: str | None
    server: str | None
    server_options: tuple[str, ...] | None


class Column(NamedTuple):
    """A column of a table or an attribute of a composite type. `default` is also a generated column's expression."""

    type: str
    collation: str | None
    default: str | None
    identity: str | None
    generated: str | None
    not_null: str | None
    storage: str | None
    compression: str | None
    statistics: int | None
    options: tuple[str, ...] | None


class Constraint(NamedTuple):
    """A constraint of a table, by its definition, and what is set for the index or triggers that it makes."""

    definition: str
    options: tuple[str, ...] | None
    tablespace: str | None
    replica_identity: bool | None
    clustered: bool | None
    disabled: bool | None


class Index(NamedTuple):
    """An index that no constraint makes."""

    definition: str
    valid: bool
    replica_identity: bool
    clustered: bool
    tablespace: str | None


class Sequence(NamedTuple):
    """How a sequence counts; `column` is the one that owns it, as its identity or by OWNED BY."""

    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    column: str | None
    identity: bool | None
    persistence: str | None


class View(NamedTuple):
    """A view, materialized or not."""

    query: str
    options: str | None
    method: str | None
    tablespace: str | None


class Definition(NamedTuple):
    """A function, a procedure, or a constraint of a domain: what PostgreSQL writes out for it."""

    text: str


class Aggregate(NamedTuple):
    """An aggregate function."""

    transition: str
    state: str
    final: str | None
    combine: str | None
    initial: str | None
    sort: str | None
    kind: str
    parallel: str


class Fired(NamedTuple):
    """A trigger or a rule; `enabled` says how, if not in the usual way."""

    definition: str
    enabled: str | None


class Policy(NamedTuple):
    """A policy of row-level security; `command` None is ALL."""

    restrictive: str | None
    command: str | None
    roles: str
    using: str | None
    check: str | None


class Enumeration(NamedTuple):
    """An enum type."""

    labels: tuple[str, ...]


class Domain(NamedTuple):
    """A domain; its constraints are objects of their own."""

    type: str
    collation: str | None
    default: str | None
    not_null: bool


class Range(NamedTuple):
    """A range type."""

    subtype: str
    opclass: str | None
    collation: str | None
    canonical: str | None
    difference: str | None
    multirange: str


class Statistics(NamedTuple):
    """A statistics object."""

    definition: str
    target: int | None


class Publication(NamedTuple):
    """A publication; `tables` and `schemas` as they are written in CREATE PUBLICATION."""

    all_tables: bool
    publish: str
    via_root: bool
    tables: str | None
    schemas: str | None


class Collation(NamedTuple):
    """A collation."""

    provider: str
    locale: str | None
    deterministic: bool


class EventTrigger(NamedTuple):
    """An event trigger."""

    event: str
    function: str
    tags: str | None
    enabled: str | None


class Server(NamedTuple):
    """A foreign server."""

    wrapper: str
    type: str | None
    version: str | None
    options: tuple[str, ...] | None


class Grant(NamedTuple):
    """What a role may do with an object, or what is taken from PUBLIC."""

    privileges: str
    grantable: bool = False


class Text(NamedTuple):
    """A comment, the default of a view's column, or the schema of an extension."""

    text: str


class Presence(NamedTuple):
    """What is told by its name alone."""


Parts = (
    Table
    | Column
    | Constraint
    | Index
    | Sequence
    | View
    | Definition
    | Aggregate
    | Fired
    | Policy
    | Enumeration
    | Domain
    | Range
    | Statistics
    | Publication
    | Collation
    | EventTrigger
    | Server
    | Grant
    | Text
    | Presence
)
_CLASSES: Mapping[str, Callable[..., Parts]] = {
    "table": Table,
    "column": Column,
    "attribute": Column,
    "constraint": Constraint,
    "domain constraint": Definition,
    "index": Index,
    "sequence": Sequence,
    "view": View,
    "materialized view": View,
    "view default": Text,
    "function": Definition,
    "procedure": Definition,
    "aggregate": Aggregate,
    "trigger": Fired,
    "rule": Fired,
    "policy": Policy,
    "enum": Enumeration,
    "domain": Domain,
    "range": Range,
    "statistics": Statistics,
    "publication": Publication,
    "collation": Collation,
    "event trigger": EventTrigger,
    "server": Server,
    "grant": Grant,
    "revoke": Grant,
    "default privileges": Grant,
    "comment": Text,
    "extension": Text,
}


class Catalog(NamedTuple):
    """The objects of a schema, their names quoted as SQL wants them.

    `major` is that of the server that wrote the texts. `positions` and `needs` (which keys each key needs) are only
    there if they were asked for; neither is a part of what the schema is.
    """

    objects: Mapping[Key, Parts]
    major: int
    positions: Mapping[Key, int] = {}  # never changed
    needs: Mapping[Key, frozenset[Key]] = {}


def read_catalog(lines: Iterable[str], major: int) -> Catalog:
    """The catalog of lines that `sql/objects.sql` wrote."""
    return Catalog(dict(map(read_line, lines)), major)


def read_line(line: str) -> tuple[Key, Parts]:
    """One object of its line."""
    kind, schema, relation, name, parts = json.loads(line)
    made = _CLASSES.get(kind, Presence)
    return Key(kind, schema, relation, name), made(*map(_frozen, parts))


def _frozen(part: object) -> object:
    if isinstance(part, str):
        return _ARRAY.sub(_cast_inside, part) if "]::" in part else part
    return tuple(part) if isinstance(part, list) else part


def _cast_inside(match: re.Match[str]) -> str:
    """`ARRAY['a', 'b']::text[]` as `ARRAY['a'::text, 'b'::text]`, as PostgreSQL itself writes it when it reads the one.

    Otherwise what a dump makes would not be what was dumped.
    """
    elements = re.findall(_ELEMENT, match[1])
    return f"ARRAY[{', '.join(f'{element}::{match[2]}' for element in elements)}]"
