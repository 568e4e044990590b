"""The types of a query's columns; for anonymous records also their fields, which only the analyzed query knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.client.level import CTE, SUBQUERY, Level
from runner.client.nullability import column_nullable, nullable

if TYPE_CHECKING:
    from runner.client.tree import Node

RECORD, RECORDS = 2249, 2287  # record, record[]
_BOOL = 16
_ARRAY_SUBLINK, _EXPR_SUBLINK = 6, 4
_TYPE_FIELDS = (
    "vartype consttype funcresulttype opresulttype aggtype wintype paramtype coalescetype minmaxtype casetype "
    "resulttype array_typeid row_typeid type"
).split()  # fmt: skip


class Shape(NamedTuple):
    """A type by its object id; `fields` are those of a record, or of the records of an array.

    `null_elements` says that the elements of an array may be NULL.
    """

    oid: int
    fields: tuple[Field, ...] = ()
    null_elements: bool = False


class Field(NamedTuple):
    """A column, or a field of a record."""

    name: str
    shape: Shape
    nullable: bool


def shape_of_column(level: Level, number: int, oid: int) -> Shape:
    """The shape of an output column, whose type is known."""
    targets = level.targets
    if oid not in (RECORD, RECORDS) or not 0 < number <= len(targets):
        return Shape(oid)
    return Shape(oid, _fields(level, targets[number - 1].node("expr")))


def _fields(level: Level, node: Node | None) -> tuple[Field, ...]:
    """The fields of a record, or of each record of an array; none if they cannot be told."""
    if node is None:
        return ()
    match node.tag:
        case "VAR":
            return _fields_of_variable(level, node)
        case "ROWEXPR" | "ROW":
            named = zip(node.names("colnames"), node.nodes("args"), strict=False)
            return tuple(_field(level, name, value) for name, value in named)
        case "SUBLINK":
            query = node.node("subselect")
            return _fields_of_output(Level(query, level.facts, level), 1) if query else ()
        case "AGGREF":
            args = node.nodes("args")
            return _fields(level, args[0].node("expr")) if args else ()
        case "ARRAYEXPR" | "ARRAY":
            return _first(level, node.nodes("elements"))
        case "CASEEXPR" | "CASE":
            return _first(level, [result for when in node.nodes("args") if (result := when.node("result"))])
        case "COALESCEEXPR" | "COALESCE":
            return _first(level, node.nodes("args"))
        case _:
            return _fields(level, node.node("arg"))


def _first(level: Level, nodes: list[Node]) -> tuple[Field, ...]:
    return next((fields for node in nodes if (fields := _fields(level, node))), ())


def _fields_of_output(level: Level, number: int) -> tuple[Field, ...]:
    targets = level.targets
    return _fields(level, targets[number - 1].node("expr")) if 0 < number <= len(targets) else ()


def _fields_of_variable(level: Level, node: Node) -> tuple[Field, ...]:
    home = level.up(node.number("varlevelsup"))
    entry = home.entry(node.number("varno")) if home else None
    below = home.below(entry) if home and entry and entry.number("rtekind") in (SUBQUERY, CTE) else None
    if below is None:
        return ()
    if node.number("varattno"):
        return _fields_of_output(below, node.number("varattno"))
    return tuple(
        Field(
            target.text("resname"),
            _shape(below, target.node("expr")),
            column_nullable(below, number),
        )
        for number, target in enumerate(below.targets, start=1)
    )


def _field(level: Level, name: str, value: Node) -> Field:
    return Field(name, _shape(level, value), nullable(level, value))


def _shape(level: Level, node: Node | None) -> Shape:
    oid = _type(level, node)
    return Shape(oid, _fields(level, node) if oid in (RECORD, RECORDS) else ())


def _type(level: Level, node: Node | None) -> int:
    """The type of an expression; 0 if it cannot be told."""
    if node is None:
        return 0
    if node.tag == "SUBLINK":
        return _type_of_sublink(level, node)
    for field in _TYPE_FIELDS:
        if found := node.number(field):
            return found
    return _type(level, node.node("arg")) if node.tag == "COLLATEEXPR" else _BOOL


def _type_of_sublink(level: Level, node: Node) -> int:
    query = node.node("subselect")
    kind = node.number("subLinkType")
    if query is None or kind not in (_ARRAY_SUBLINK, _EXPR_SUBLINK):
        return _BOOL
    below = Level(query, level.facts, level)
    element = _type(below, below.targets[0].node("expr"))
    if kind == _EXPR_SUBLINK:
        return element
    if element == RECORD:
        return RECORDS
    return next((each.oid for each in level.facts.types.values() if each.is_array and each.element == element), 0)
