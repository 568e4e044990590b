"""Which columns of a query can be NULL, read from PostgreSQL's analyzed query tree.

The law: what is not known to be NOT NULL is nullable. So an unknown node, a function of a user and a later version's
field all read as nullable; what is certain is listed here, with its reason where that is not plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.client.calls import ROW_SOURCES, needs
from runner.client.joins import if_false, if_true
from runner.client.level import (
    DELETE,
    FUNCTION,
    INSERT,
    MERGE,
    TABLEFUNC,
    UPDATE,
    Level,
    one_row,
    rows_of,
)
from runner.client.tree import CASTS, Node, key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.client.facts import Facts

_OLD, _NEW = 1, 2
_NOT_MATCHED_BY_SOURCE = 1
_CURRENT_SCHEMA = 14
_NEVER = frozenset(
    {
        *("NULLTEST", "BOOLEANTEST", "DISTINCTEXPR", "ROWEXPR", "ARRAYEXPR", "ARRAY"),
        *("GROUPINGFUNC", "MERGESUPPORTFUNC", "NEXTVALUEEXPR"),
    }
)
_AS_ITS_ARGUMENT = CASTS | {"CONVERTROWTYPEEXPR", "NAMEDARGEXPR"}


def output(query: Node, facts: Facts) -> list[bool]:
    """For each output column of a query whether it can be NULL."""
    level = Level(query, facts)
    return [column_nullable(level, number) for number in range(1, len(level.targets) + 1)]


def column_nullable(level: Level, number: int) -> bool:
    """Whether the output column of a query can be NULL, by its number from 1."""
    if number not in level.answers:
        try:
            level.answers[number] = _output_nullable(level, number)
        except RecursionError:  # hundreds of operators in one another
            return True
    return level.answers[number]


def _output_nullable(level: Level, number: int) -> bool:
    operation = level.query.node("setOperations")
    if operation:
        return _arm_nullable(level, operation, number)
    targets = level.targets
    if not 0 < number <= len(targets):
        return True  # a SEARCH or CYCLE clause added it
    return nullable(level, targets[number - 1].node("expr"))


def _arm_nullable(level: Level, arm: Node, number: int) -> bool:
    """The same for an arm of a set operation."""
    if arm.tag == "RANGETBLREF":
        entry = level.entry(arm.number("rtindex"))
        below = level.below(entry) if entry else None
        return below is None or column_nullable(below, number)
    left, right = (
        (side is None or _arm_nullable(level, side, number)) for side in (arm.node("larg"), arm.node("rarg"))
    )
    match arm.number("op"):
        case 2:  # INTERSECT
            return left and right
        case 3:  # EXCEPT
            return left
        case _:
            return left or right


def nullable(level: Level, node: Node | None) -> bool:
    """Whether an expression can be NULL."""
    if node is None or (level.left_out and key(node) in level.left_out):
        return True
    if level.certain and key(node) in level.certain:
        return False
    args = node.nodes("args")
    match node.tag:
        case "VAR":
            return _variable(level, node)
        case "CONST":
            return node.flag("constisnull")
        case "BOOLEXPR":
            return _any(level, args)
        case "COALESCEEXPR" | "COALESCE" | "MINMAXEXPR" | "MINMAX":
            return all(nullable(level, arg) for arg in args) and not _either_side(level, args)
        case "CASEEXPR" | "CASE":
            return _case(level, node)
        case "FUNCEXPR" | "OPEXPR" | "SCALARARRAYOPEXPR" | "AGGREF" | "WINDOWFUNC":
            needed = needs(level, node)
            return needed is None or _any(level, needed)
        case "SUBLINK":
            return _sublink(level, node)
        case "SQLVALUEFUNCTION":
            return node.number("op") == _CURRENT_SCHEMA
        case tag if tag in _AS_ITS_ARGUMENT:
            return nullable(level, node.node("arg"))
        case tag:
            return tag not in _NEVER


def _case(level: Level, node: Node) -> bool:
    """CASE: in a branch its condition is true, and those before it are not; they are false if they cannot be NULL."""
    for when in node.nodes("args"):
        condition = when.node("expr") if node.node("arg") is None else None
        if nullable(level.given(if_true(condition, level.facts)), when.node("result")):
            return True
        if condition and not nullable(level, condition):
            level = level.given(if_false(condition, level.facts))
    return nullable(level, node.node("defresult"))


def _any(level: Level, nodes: Sequence[Node]) -> bool:
    return any(nullable(level, node) for node in nodes)


def _variable(level: Level, node: Node, without: int = 0) -> bool:
    """A column of a range table entry; `without` is a join whose missing rows do not count."""
    home = level.up(node.number("varlevelsup"))
    number, column = node.number("varno"), node.number("varattno")
    entry = home.entry(number) if home else None
    if home is None or entry is None or home.joins.nulled.get(number, frozenset()) - {without}:
        return True
    if home.unsteady and home is not level:
        return True  # the grouped columns of a query around this one
    if number == home.query.number("resultRelation") and not home.old:
        return _returned(home, entry, node)
    if home.query.number("commandType") == MERGE and _may_lack_source(home.query):
        return True
    if (number, column) in home.joins.certain:
        return False
    if column == 0:  # a whole row; that of a function may be NULL as a whole
        return entry.number("rtekind") in (FUNCTION, TABLEFUNC)
    return _entry_column(home, entry, column)


def _returned(home: Level, entry: Node, node: Node) -> bool:
    """A column of the table that a statement writes, in RETURNING: its new row unless it is asked for the old one.

    Conditions say nothing about a new row, and a view's INSTEAD OF trigger may return anything.
    """
    command, which = home.query.number("commandType"), node.number("varreturningtype")
    if which == _OLD and command not in (UPDATE, DELETE):
        return True
    if which == _NEW and command not in (UPDATE, INSERT):
        return True
    column = node.number("varattno")
    if command == DELETE and (node.number("varno"), column) in home.joins.certain:
        return False
    if entry.text("relkind") == "v":
        return True
    if column == 0 or home.facts.not_null(entry.number("relid"), column):
        return False
    return which == _OLD or not _written_value(home, entry, node)


def _written_value(home: Level, entry: Node, node: Node) -> bool:
    """Whether a statement itself gives a column a value, or keeps the one that its condition asks for.

    Triggers before the row could change it; after a conflict another assignment counts.
    """
    relation = home.facts.relations.get(entry.number("relid"))
    number = node.number("varattno")
    column = relation.columns.get(number) if relation else None
    if relation is None or column is None or column.generated or relation.may_skip or home.query.node("onConflict"):
        return False
    if home.query.number("commandType") == MERGE:
        return False
    assigned = [target for target in home.query.nodes("targetList") if target.number("resno") == number]
    if assigned:
        before = Level(home.query, home.facts, home.parent, old=True)
        return not nullable(before, assigned[0].node("expr"))
    return home.query.number("commandType") == UPDATE and (node.number("varno"), number) in home.joins.certain


def _may_lack_source(query: Node) -> bool:
    return any(action.number("matchKind") == _NOT_MATCHED_BY_SOURCE for action in query.nodes("mergeActionList"))


def _entry_column(home: Level, entry: Node, column: int) -> bool:
    match entry.number("rtekind"):
        case 0 if entry.text("relkind") != "v":
            return not home.facts.not_null(entry.number("relid"), column)
        case 0 | 1:
            below = home.below(entry)
            return below is None or column_nullable(below, column)
        case 2:  # the merged column of a FULL JOIN … USING
            merged = entry.nodes("joinaliasvars")
            return not 0 < column <= len(merged) or nullable(home, merged[column - 1])
        case 3:
            return _function_column(home, entry, column)
        case 5:
            return any(nullable(home, row[column - 1]) for row in rows_of(entry, column))
        case 6:
            return _common_column(home, entry, column)
        case 9:
            return _grouped_column(home, entry, column)
        case _:
            return True


def _grouped_column(home: Level, entry: Node, column: int) -> bool:
    """A grouped column, as PostgreSQL 18 has it: the groupings are in the order of GROUP BY."""
    grouped, groupings = entry.nodes("groupexprs"), home.query.nodes("groupClause")
    if not 0 < column <= min(len(grouped), len(groupings)):
        return True
    unsteady = groupings[column - 1].number("tleSortGroupRef") in home.unsteady
    return unsteady or nullable(home, grouped[column - 1])


def _either_side(level: Level, args: Sequence[Node]) -> bool:
    """Whether the arguments are columns of both sides of a full join: one of the two has a row."""
    for join in level.joins.full:
        sides = [
            any(
                arg.number("varno") in side and not _variable(level, arg, join.number)
                for arg in args
                if arg.tag == "VAR" and arg.number("varlevelsup") == 0
            )
            for side in (join.left, join.right)
        ]
        if all(sides):
            return True
    return False


def _function_column(home: Level, entry: Node, column: int) -> bool:
    """A column of a function in FROM; of several functions, the shorter ones are filled up with NULLs."""
    functions = entry.nodes("functions")
    count = sum(function.number("funccolcount") for function in functions)
    if entry.flag("funcordinality") and column == count + 1:
        return False
    call = functions[0].node("funcexpr") if len(functions) == 1 else None
    name = home.facts.builtin(call.number("funcid")) if call and call.tag == "FUNCEXPR" else ""
    return column not in ROW_SOURCES.get(name, ())


def _common_column(home: Level, entry: Node, column: int) -> bool:
    """A column of a common table expression.

    A recursive one is first assumed to be as certain as it can be; what that proves wrong is assumed no more, until
    nothing changes: the least that the recursion allows.
    """
    name = entry.text("ctename")
    if entry.flag("self_reference"):
        return column in home.assumed.get(name, frozenset())
    below = home.below(entry)
    if below is None:
        return True
    if not below.query.node("setOperations"):
        return column_nullable(below, column)
    if not below.answers:
        found = _recursion(below, name)
        below.answers.update({number: number in found for number in range(1, len(below.targets) + 1)})
    return below.answers.get(column, True)  # a SEARCH or CYCLE clause added it


def _recursion(level: Level, name: str) -> frozenset[int]:
    """The columns of a recursive table that can be NULL."""
    known: frozenset[int] = frozenset()
    while True:
        trial = Level(level.query, level.facts, level.parent, assumed={**level.assumed, name: known})
        found = known | {number for number in range(1, len(trial.targets) + 1) if column_nullable(trial, number)}
        if found == known:
            return known
        known = found


def _sublink(level: Level, node: Node) -> bool:
    below = level.inside(node.node("subselect"))
    match node.number("subLinkType"):
        case 0 | 6:  # EXISTS, ARRAY
            return False
        case 4:  # a scalar subquery gives NULL for no row
            return below is None or not one_row(below) or column_nullable(below, 1)
        case 1 | 2:  # ALL, ANY
            return below is None or _comparison(level, node.node("testexpr")) or column_nullable(below, 1)
        case _:
            return True


def _comparison(level: Level, test: Node | None) -> bool:
    """Whether `x = …` of an ANY or ALL can be NULL although the subquery's column, compared as it is, cannot."""
    function = level.facts.functions.get(test.number("opfuncid")) if test else None
    if test is None or test.tag != "OPEXPR" or not (function and function.total):
        return True
    left, right = test.nodes("args")
    while right.tag == "RELABELTYPE" and (below := right.node("arg")):
        right = below
    return right.tag != "PARAM" or nullable(level, left)
