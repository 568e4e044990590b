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
    if oid not in (RECORD, RECORDS) or not 0 < number <= len(targets) or level.query.node("setOperations"):
        return Shape(oid)
    return _record(level, oid, targets[number - 1].node("expr"))


def _record(level: Level, oid: int, node: Node | None) -> Shape:
    """The shape of a record, or of an array of records, some of which may be missing as a whole."""
    return Shape(oid, _fields(level, node), null_elements=oid == RECORDS and _may_lack_element(level, node))


def _may_lack_element(level: Level, node: Node | None) -> bool:
    """Whether an array of records may hold a NULL: in doubt, yes."""
    match node.tag if node else "":
        case _ if node is None:
            return True
        case "SUBLINK":
            below = level.inside(node.node("subselect"))
            return below is None or column_nullable(below, 1)
        case "AGGREF":
            return any(nullable(level, arg.node("expr")) for arg in node.nodes("args")[:1])
        case "ARRAYEXPR" | "ARRAY":
            return any(nullable(level, element) for element in node.nodes("elements"))
        case "COALESCEEXPR" | "COALESCE":
            return any(_may_lack_element(level, arg) for arg in node.nodes("args") if arg.tag != "CONST")
        case _:
            return True


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
            below = level.inside(node.node("subselect"))
            return _fields_of_output(below, 1) if below else ()
        case "AGGREF":
            args = node.nodes("args")
            return _fields(level, args[0].node("expr")) if args else ()
        case "ARRAYEXPR" | "ARRAY":
            return _merged(level, node.nodes("elements"))
        case "CASEEXPR" | "CASE":
            results = [*(when.node("result") for when in node.nodes("args")), node.node("defresult")]
            return _merged(level, [result for result in results if result])
        case "COALESCEEXPR" | "COALESCE":
            return _merged(level, node.nodes("args"))
        case _:
            return _fields(level, node.node("arg"))


def _merged(level: Level, nodes: list[Node]) -> tuple[Field, ...]:
    """The fields of records that may stand for one another; none if they do not fit. A constant is NULL or empty."""
    first, *others = [_fields(level, node) for node in nodes if node.tag != "CONST"] or [()]
    for fields in others:
        if [field.shape for field in fields] != [field.shape for field in first]:
            return ()
        first = tuple(
            one._replace(nullable=one.nullable or other.nullable) for one, other in zip(first, fields, strict=True)
        )
    return first


def _fields_of_output(level: Level, number: int) -> tuple[Field, ...]:
    targets = level.targets
    known = 0 < number <= len(targets) and not level.query.node("setOperations")
    return _fields(level, targets[number - 1].node("expr")) if known else ()


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
    return _record(level, oid, node) if oid in (RECORD, RECORDS) else Shape(oid)


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
    below = level.inside(node.node("subselect"))
    kind = node.number("subLinkType")
    if below is None or kind not in (_ARRAY_SUBLINK, _EXPR_SUBLINK):
        return _BOOL
    element = _type(below, below.targets[0].node("expr"))
    if kind == _EXPR_SUBLINK:
        return element
    if element == RECORD:
        return RECORDS
    return next((each.oid for each in level.facts.types.values() if each.is_array and each.element == element), 0)
