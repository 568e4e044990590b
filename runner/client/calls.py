"""Which functions, aggregates and window functions have a value, and which arguments must have one for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.client.facts import Certainty
from runner.client.tree import Node, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.client.level import Level

ENDLESS = frozenset({"epoch", "year", "century", "decade", "millennium", "isoyear", "julian"})
"""The fields that extract() has of infinity, too."""
ROW_SOURCES = {
    "generate_series": {1},
    "generate_subscripts": {1},
    "regexp_split_to_table": {1},
    "json_array_elements": {1},
    "jsonb_array_elements": {1},
    "json_object_keys": {1},
    "jsonb_object_keys": {1},
    "json_each": {1, 2},
    "jsonb_each": {1, 2},
    "json_each_text": {1},
    "jsonb_each_text": {1},
}
"""Functions in FROM: those of their columns that are never NULL."""
_EXTRACT = frozenset({"extract", "date_part"})
_COUNTS = frozenset({"count", "regr_count"})
_OF_ANY_ROW = frozenset({"array_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg"})
_OF_ANY_VALUE = frozenset(
    {
        *("sum", "min", "max", "avg", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor"),
        *("string_agg", "any_value", "range_agg"),
    }
)
_RANKS = frozenset({"row_number", "rank", "dense_rank", "percent_rank", "cume_dist"})
_OF_THE_FRAME = frozenset({"first_value", "last_value"})
# FRAMEOPTION_… of parsenodes.h: a frame that starts at the row or before it, ends at it or after it, and keeps it.
_FRAME_STARTS, _FRAME_ENDS, _FRAME_EXCLUDES = 0x0A20, 0x4500, 0x18000
_WITH_DEFAULT = 3  # arguments of lag and lead: value, offset, default


def needs(level: Level, node: Node) -> Sequence[Node] | None:
    """The expressions that must not be NULL for a call to have a value; None if nothing makes its value certain."""
    match node.tag:
        case "AGGREF":
            return _aggregate(level, node)
        case "WINDOWFUNC":
            return _window(level, node)
        case "SCALARARRAYOPEXPR":
            return _any_of(level, node)
        case _:
            return _call(level, node)


def _call(level: Level, node: Node) -> Sequence[Node] | None:
    """A function or operator, by what is known of it; VARIADIC NULL makes any function NULL."""
    known = level.facts.functions.get(node.number("opfuncid") or node.number("funcid"))
    args = node.nodes("args")
    if known is None:
        return None
    if node.flag("funcretset") or node.flag("opretset"):
        return [] if known.builtin in ROW_SOURCES and _sets(level.query) == 1 else None
    if known.builtin in _EXTRACT and _text_of(args[0]) in ENDLESS:
        return args
    if known.certainty is Certainty.NEVER_NULL and not node.flag("funcvariadic"):
        return []
    return args if known.total else None


def _sets(query: Node) -> int:
    """How many functions among the targets return sets: with more than one, the shorter sets are filled with NULLs."""
    nodes = [each for target in query.nodes("targetList") for each in walk(target)]
    return sum(each.flag("funcretset") or each.flag("opretset") for each in nodes)


def _text_of(node: Node) -> str:
    """The text of a constant: after its length in brackets, four bytes of header and the characters."""
    found = [int(byte) for byte in node.fields.get("constvalue", [])[2:-1] if isinstance(byte, str)]
    return bytes(byte % 256 for byte in found[4:]).decode(errors="replace") if node.tag == "CONST" else ""


def _any_of(level: Level, node: Node) -> Sequence[Node] | None:
    """`x = ANY (…)`: certain if x and all elements are; what a stored array holds is not known."""
    function = level.facts.functions.get(node.number("opfuncid"))
    value, array = node.nodes("args")
    listed = array.tag in ("ARRAYEXPR", "ARRAY") and not array.flag("multidims")
    return [value, *array.nodes("elements")] if function and function.total and listed else None


def _aggregate(level: Level, node: Node) -> Sequence[Node] | None:
    """An aggregate: a count is certain; others are if each group has a row that they take in."""
    name = level.facts.builtin(node.number("aggfnoid"))
    if name in _COUNTS:
        return []
    grouped = level.query.nodes("groupClause") and not level.query.nodes("groupingSets")
    if not grouped or node.node("aggfilter") or node.number("agglevelsup"):
        return None
    values = [value for arg in node.nodes("args") if (value := arg.node("expr"))]
    return _of_rows(name, values)


def _of_rows(name: str, values: Sequence[Node]) -> Sequence[Node] | None:
    """An aggregate over one row at least."""
    if name in _OF_ANY_ROW:
        return []
    return values[:1] if values and name in _OF_ANY_VALUE else None


def _window(level: Level, node: Node) -> Sequence[Node] | None:
    name = level.facts.builtin(node.number("winfnoid"))
    args = node.nodes("args")
    if name in _COUNTS or name in _RANKS:
        return []
    if name == "ntile" or (name in ("lag", "lead") and len(args) == _WITH_DEFAULT):
        return args
    frames = {window.number("winref"): window.number("frameOptions") for window in level.query.nodes("windowClause")}
    frame = frames.get(node.number("winref"), 0)
    holds_row = frame & _FRAME_STARTS and frame & _FRAME_ENDS and not frame & _FRAME_EXCLUDES
    if not holds_row or node.node("aggfilter"):
        return None
    return args[:1] if name in _OF_THE_FRAME else _of_rows(name, args)
