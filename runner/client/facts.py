"""What the inference has to know of a database, as values."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.client.tree import Node


class Column(NamedTuple):
    """A column of a relation: `not_null` only if no row can break it, `required` if an INSERT must give it a value.

    `refuses_null` is what a constraint says to new rows, whatever older ones hold.
    """

    name: str
    type: int
    not_null: bool
    required: bool
    generated: bool
    refuses_null: bool


class Relation(NamedTuple):
    """A table or view: its columns by number, and whether triggers or rules may make an INSERT or UPDATE return no row.

    `visible` says that its name alone is enough.
    """

    schema: str
    name: str
    visible: bool
    columns: Mapping[int, Column]
    may_skip: bool

    @property
    def called(self) -> str:
        """The name that a query would use."""
        return self.name if self.visible else f"{self.schema}.{self.name}"


class Certainty(Enum):
    """When a function's result is certainly not NULL: not known, if no argument is NULL, always."""

    NONE = ""
    TOTAL = "total"
    NEVER_NULL = "never"


class Function(NamedTuple):
    """A function: `builtin` is its name if it is one of PostgreSQL's own.

    A strict one gives NULL for NULL, a steady one the same value for the same arguments within a statement.
    """

    builtin: str
    strict: bool
    steady: bool
    certainty: Certainty

    @property
    def total(self) -> bool:
        """Whether the result is certain if the arguments are."""
        return self.certainty is not Certainty.NONE


class Type(NamedTuple):
    """A type of the catalog; `kind` as typtype has it, `element` of an array, range or domain, `labels` of an enum.

    `fields` are the name and type of each attribute of a composite type.
    """

    oid: int
    schema: str
    name: str
    kind: str
    element: int
    is_array: bool
    labels: tuple[str, ...] = ()
    fields: tuple[tuple[str, int], ...] = ()


class Facts(NamedTuple):
    """Everything by object id; `views` holds the analyzed query of each view."""

    relations: Mapping[int, Relation]
    functions: Mapping[int, Function]
    types: Mapping[int, Type]
    views: Mapping[int, Node]

    def not_null(self, relation: int, column: int) -> bool:
        """Whether a column of a table cannot hold NULL; system columns never do."""
        if column < 0:
            return True
        found = self.relations.get(relation)
        return bool(found and (known := found.columns.get(column)) and known.not_null)

    def base(self, oid: int) -> int:
        """The type that the server sends for a type: for a domain, what it is made of."""
        found = self.types.get(oid)
        return self.base(found.element) if found and found.kind == "d" else oid

    def builtin(self, function: int) -> str:
        """The name of one of PostgreSQL's own functions; empty for all others."""
        found = self.functions.get(function)
        return found.builtin if found else ""
