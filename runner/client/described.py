"""A query with all that a server knows of it, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.client.facts import Type
    from runner.client.queries import Query
    from runner.client.shapes import Field
    from runner.errors import QueryError


class Parameter(NamedTuple):
    """A parameter; `elements` says whether those of an array may be NULL."""

    name: str
    type: int
    nullable: bool
    elements: bool


class Row(NamedTuple):
    """The row of a table or view: its name, with the schema if that is needed, and its columns."""

    relation: str
    fields: tuple[Field, ...]


class EmbedField(NamedTuple):
    """A table's row as one field: the columns from `first`, counted from 0; None where an outer join leaves it out."""

    name: str
    row: Row
    first: int
    nullable: bool


class Access(NamedTuple):
    """A relation with the names of the columns that a query reads, or writes."""

    relation: str
    columns: tuple[str, ...]


class Target(NamedTuple):
    """A table with columns; `schema` None if its name alone is enough."""

    schema: str | None
    table: str
    columns: tuple[str, ...]


class Described(NamedTuple):
    """A query with all that the server knows of it; `sql` has no stars, `one_row` says that exactly one row is certain.

    `row` is the table whose row it gives, if its columns are those of one table.
    `missing` are the columns that an INSERT had to give a value and does not. `target` is where COPY could put the
    parameters, in their order, if the query is a plain INSERT of them.
    """

    query: Query
    sql: str
    columns: tuple[Field, ...]
    parameters: tuple[Parameter, ...]
    embeds: tuple[EmbedField, ...]
    row: Row | None
    one_row: bool
    reads: tuple[Access, ...]
    writes: tuple[Access, ...]
    missing: tuple[Access, ...]
    target: Target | None


class Refused(NamedTuple):
    """A query that the server does not accept, and why."""

    query: Query
    error: QueryError


class Description(NamedTuple):
    """The queries that a server accepts, those that it refuses, and the types of its database."""

    accepted: list[Described]
    refused: list[Refused]
    types: Mapping[int, Type]
