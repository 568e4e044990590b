"""What joins and conditions say about a query's columns: which rows may be missing, which values are certain.

The rules are those by which PostgreSQL itself reduces outer joins (find_nonnullable_vars in optimizer/util/clauses.c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.client.tree import CALLS, CASTS, Node, key, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from runner.client.facts import Facts

    # What is not NULL: a column as (range table index, number), a row as (index, 0), another expression as its key.
    Certain = frozenset[Hashable]

INNER, LEFT, FULL, RIGHT = range(4)
_ANY_SUBLINK = 2
_IS_NULL, _IS_NOT_NULL = 0, 1
_IS_TRUE, _IS_FALSE, _IS_NOT_UNKNOWN = 0, 2, 5
_NOTHING: Certain = frozenset()


class FullJoin(NamedTuple):
    """A full join with the range table entries of its two sides: at least one of them has a row."""

    number: int
    left: frozenset[int]
    right: frozenset[int]


class Joins(NamedTuple):
    """Which joins may leave a range table entry without a row, the full ones, and what conditions make certain."""

    nulled: dict[int, frozenset[int]]
    full: tuple[FullJoin, ...]
    certain: Certain

    def given(self, certain: Certain) -> Joins:
        """The same where more is certain: an entry with a value in it has a row."""
        there = _entries(certain)
        nulled = {entry: joins for entry, joins in self.nulled.items() if entry not in there}
        return self._replace(nulled=nulled, certain=self.certain | certain)


def read_joins(query: Node, facts: Facts, always_one: Callable[[Node], bool]) -> Joins:
    """What the FROM, WHERE and HAVING of a query say about its rows.

    `always_one` tells whether a part of FROM gives exactly one row: a LEFT JOIN … ON true to such a part adds no NULLs.
    """
    reader = _Reader(facts, always_one)
    tree = query.node("jointree")
    if tree:
        reader.walk(tree, frozenset())
    certain = reader.certain | if_true(query.node("havingQual"), facts)
    return Joins(reader.nulled, tuple(reader.full), certain)


class _Reader:
    """One walk down the join tree."""

    def __init__(self, facts: Facts, always_one: Callable[[Node], bool]) -> None:
        self.facts = facts
        self.always_one = always_one
        self.nulled: dict[int, frozenset[int]] = {}
        self.full: list[FullJoin] = []
        self.certain: Certain = _NOTHING

    def walk(self, node: Node, real: frozenset[int]) -> None:
        """Adds what a part of the tree says; `real` are the entries that conditions above it say have a row."""
        if node.tag == "FROMEXPR":
            self.certain |= if_true(node.node("quals"), self.facts)
            self._inner(node.nodes("fromlist"), node.node("quals"), real)
        elif node.tag == "JOINEXPR":
            self._join(node, node.node("larg"), node.node("rarg"), real)

    def _inner(self, parts: Iterable[Node], quals: Node | None, real: frozenset[int]) -> None:
        """Parts that all have a row; of a condition in ON, a join around it may still undo all but the columns."""
        certain = if_true(quals, self.facts)
        self.certain |= frozenset(fact for fact in certain if is_column(fact))
        for part in parts:
            self.walk(part, real | _entries(certain))

    def _join(self, node: Node, left: Node | None, right: Node | None, real: frozenset[int]) -> None:
        """A join; one whose optional side has a row all the same is as strict as if it had been written so."""
        if left is None or right is None:
            return
        kind, quals = node.number("jointype"), node.node("quals")
        left_optional = kind in (RIGHT, FULL) and not real & _under(left)
        right_optional = kind in (LEFT, FULL) and not real & _under(right)
        if kind == LEFT and right_optional and is_true(quals) and self.always_one(right):
            right_optional = False
        if not left_optional and not right_optional:
            self._inner((left, right), quals, real)
            return
        if left_optional and right_optional:
            self.full.append(FullJoin(node.number("rtindex"), _under(left), _under(right)))
        matched = _entries(if_true(quals, self.facts))
        self._side(node, left, optional=left_optional, real=real if right_optional else matched)
        self._side(node, right, optional=right_optional, real=real if left_optional else matched)

    def _side(self, join: Node, side: Node, *, optional: bool, real: frozenset[int]) -> None:
        """One side of an outer join."""
        if optional:
            for entry in _under(side):
                self.nulled[entry] = self.nulled.get(entry, frozenset()) | {join.number("rtindex")}
        self.walk(side, real)


def _under(node: Node) -> frozenset[int]:
    """The range table entries of a part of the join tree, that of the join itself among them."""
    if node.tag == "RANGETBLREF":
        return frozenset({node.number("rtindex")})
    sides = [_under(side) for name in ("larg", "rarg") if (side := node.node(name))]
    return frozenset({node.number("rtindex")}).union(*sides)


def _entries(certain: Certain) -> frozenset[int]:
    """The entries that have a row."""
    return frozenset(fact[0] for fact in certain if isinstance(fact, tuple) and is_column(fact))


def is_column(fact: Hashable) -> bool:
    """Whether a fact is about a column or row, and not about another expression."""
    return isinstance(fact, tuple) and isinstance(fact[0], int)


def is_true(node: Node | None) -> bool:
    """Whether a condition is the constant true."""
    return node is not None and node.tag == "CONST" and node.fields.get("constvalue", [])[2:3] == ["1"]


def if_true(node: Node | None, facts: Facts) -> Certain:
    """What cannot be NULL in a row for which a condition is true."""
    return _NOTHING if node is None else _if(node, facts, value=True)


def if_false(node: Node | None, facts: Facts) -> Certain:
    """What cannot be NULL in a row for which a condition is false; not true is less, it may be NULL."""
    return _NOTHING if node is None else _if(node, facts, value=False)


def _if(node: Node, facts: Facts, *, value: bool) -> Certain:
    """What cannot be NULL in a row for which a condition has this value."""
    match node.tag:
        case "BOOLEXPR" if node.text("boolop") == "not":
            return _if(node.nodes("args")[0], facts, value=not value)
        case "BOOLEXPR":
            arms = [_if(arg, facts, value=value) for arg in node.nodes("args")]
            return _NOTHING.union(*arms) if (node.text("boolop") == "and") == value else _common(arms)
        case "NULLTEST" if not node.flag("argisrow"):
            known = node.number("nulltesttype") == (_IS_NOT_NULL if value else _IS_NULL)
            return _if_known(node.node("arg"), facts) if known else _NOTHING
        case "BOOLEANTEST" if value:
            return _if_test(node, facts)
        case "SCALARARRAYOPEXPR" if value and node.flag("useOr"):
            return _arguments(node, facts)
        case "SUBLINK" if value and node.number("subLinkType") == _ANY_SUBLINK:
            return if_true(node.node("testexpr"), facts)
        case _:
            return _if_known(node, facts)


def _if_test(node: Node, facts: Facts) -> Certain:
    """The same for `x IS TRUE`, `IS FALSE`, `IS NOT UNKNOWN`."""
    match node.number("booltesttype"):
        case kind if kind == _IS_TRUE:
            return if_true(node.node("arg"), facts)
        case kind if kind in (_IS_FALSE, _IS_NOT_UNKNOWN):
            return _if_known(node.node("arg"), facts)
        case _:
            return _NOTHING


def _if_known(node: Node | None, facts: Facts) -> Certain:
    """What cannot be NULL in a row for which an expression is not NULL; the expression itself among it."""
    match node:
        case Node("VAR") if node.number("varlevelsup") == 0:
            return frozenset({(node.number("varno"), node.number("varattno")), (node.number("varno"), 0)})
        case Node("OPEXPR" | "FUNCEXPR"):
            return _arguments(node, facts) | _itself(node, facts)
        case Node("AGGREF"):
            return _itself(node, facts)
        case Node("SCALARARRAYOPEXPR") if _has_elements(node.nodes("args")[1]):
            return _arguments(node, facts)
        case Node("BOOLEXPR"):
            return _common([_if_known(arg, facts) for arg in node.nodes("args")])
        case Node(tag) if tag in CASTS:
            return _if_known(node.node("arg"), facts)
        case _:
            return _NOTHING


def _has_elements(array: Node) -> bool:
    """Whether an array is certainly not empty: `x = ANY ('{}')` has a value even if x has none."""
    return bool(array.nodes("elements")) and not array.flag("multidims")


def _itself(node: Node, facts: Facts) -> Certain:
    """The key of an expression that has one value in one row: one without volatile functions and subqueries."""
    steady = all(each.tag != "SUBLINK" and _steady(each, facts) for each in walk(node))
    return frozenset({key(node)}) if steady else _NOTHING


def _steady(node: Node, facts: Facts) -> bool:
    called = [node.number(field) for field in CALLS if node.number(field)]
    known = [facts.functions.get(function) for function in called]
    return all(each and each.steady for each in known) and not node.flag("funcretset") and not node.flag("opretset")


def _arguments(node: Node, facts: Facts) -> Certain:
    """What a strict function or operator says by giving a value: all its arguments had one."""
    function = facts.functions.get(node.number("opfuncid") or node.number("funcid"))
    if not (function and function.strict) or node.flag("funcretset") or node.flag("opretset"):
        return _NOTHING
    return _NOTHING.union(*(_if_known(arg, facts) for arg in node.nodes("args")))


def _common(found: list[Certain]) -> Certain:
    return found[0].intersection(*found[1:])
