"""What the analyzed query says about its parameters: which may be NULL, and what a bare $1 is best called."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from runner.client.level import CTE, FUNCTION, GROUP, INSERT, MERGE, SUBQUERY, UPDATE, VALUES
from runner.client.tree import CASTS, Node, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.client.facts import Facts

_EXTERNAL = 0  # a parameter of the statement, not one that links a subquery
_CAST_CALLS = (1, 2)  # CoercionForm: a cast, written or implied
_HANDLES_NULL = frozenset({"NULLTEST", "COALESCEEXPR", "COALESCE", "DISTINCTEXPR"})


class Use(NamedTuple):
    """A parameter on its way into a column; `element` if the column gets the elements of an array."""

    number: int
    element: bool = False


class Usage(NamedTuple):
    """What is known of the parameters, by number: those that may be NULL, arrays whose elements may be, good names."""

    nullable: frozenset[int]
    nullable_elements: frozenset[int]
    names: dict[int, str]


def read_usage(tree: Node, facts: Facts) -> Usage:
    """How a query uses its parameters.

    One may be NULL if the query handles NULL (IS NULL, COALESCE, IS DISTINCT FROM), or if it goes into columns that all
    may hold it.
    """
    nodes = list(walk(tree))
    queries = [node for node in nodes if node.tag == "QUERY"]
    into: dict[Use, set[bool]] = defaultdict(set)
    names: dict[int, str] = {}
    for query in queries:
        for relation, column, expression in _assignments(query):
            known = facts.relations.get(relation)
            target = known.columns.get(column) if known else None
            for use in _flow(query, expression) if target else ():
                into[use].add(target is not None and target.refuses_null)
                names.setdefault(use.number, target.name if target else "")
        _name_by_comparison(query, names)
    handled = {use.number for node in nodes if node.tag in _HANDLES_NULL for use in _handled(node)}
    free = {use for use, certain in into.items() if not any(certain)}
    bound = {use.number for use, certain in into.items() if any(certain) and not use.element}
    return Usage(
        frozenset(({use.number for use in free if not use.element} | handled) - bound),
        frozenset(use.number for use in free if use.element),
        names,
    )


def missing_columns(tree: Node, facts: Facts) -> list[tuple[int, int]]:
    """The columns (relation, number) that must have a value and that an INSERT of the query does not give one."""
    missing = []
    for query in (node for node in walk(tree) if node.tag == "QUERY"):
        for relation, targets in _inserts(query):
            given = {target.number("resno") for target in targets if not _is_default(target.node("expr"))}
            known = facts.relations.get(relation)
            columns = known.columns.items() if known else ()
            missing += [(relation, number) for number, column in columns if column.required and number not in given]
    return missing


def _inserts(query: Node) -> Iterator[tuple[int, list[Node]]]:
    relation = _written_relation(query)
    if query.number("commandType") == INSERT:
        yield relation, query.nodes("targetList")
    for action in query.nodes("mergeActionList"):
        if action.number("commandType") == INSERT:
            yield relation, action.nodes("targetList")


def _is_default(node: Node | None) -> bool:
    return node is not None and node.tag == "SETTODEFAULT"


def _written_relation(query: Node) -> int:
    number, entries = query.number("resultRelation"), query.nodes("rtable")
    return entries[number - 1].number("relid") if 0 < number <= len(entries) else 0


def _assignments(query: Node) -> Iterator[tuple[int, int, Node]]:
    """What a query writes: relation, column, expression."""
    targets: list[Node] = []
    if query.number("commandType") in (INSERT, UPDATE):
        conflict = query.node("onConflict")
        targets = query.nodes("targetList") + (conflict.nodes("onConflictSet") if conflict else [])
    elif query.number("commandType") == MERGE:
        targets = [target for action in query.nodes("mergeActionList") for target in action.nodes("targetList")]
    relation = _written_relation(query)
    for target in targets:
        expression = target.node("expr")
        if expression and not target.flag("resjunk"):
            yield relation, target.number("resno"), expression


def _flow(query: Node, node: Node | None) -> Iterator[Use]:
    """The parameters whose value an expression may hand on as it is."""
    node = bare(node)
    if node is None:
        return
    match node.tag:
        case "PARAM" if node.number("paramkind") == _EXTERNAL:
            yield Use(node.number("paramid"))
        case "CASEEXPR" | "CASE":
            for result in [*(when.node("result") for when in node.nodes("args")), node.node("defresult")]:
                yield from _flow(query, result)
        case "VAR" if node.number("varlevelsup") == 0 and node.number("varattno") > 0:
            yield from _flow_of_column(query, node.number("varno"), node.number("varattno"))


def _flow_of_column(query: Node, number: int, column: int) -> Iterator[Use]:
    entries = query.nodes("rtable")
    entry = entries[number - 1] if 0 < number <= len(entries) else None
    if entry is None:
        return
    match entry.number("rtekind"):
        case kind if kind == SUBQUERY:
            yield from _flow_of_output(entry.node("subquery"), column)
        case kind if kind == CTE and not entry.number("ctelevelsup"):
            for cte in query.nodes("cteList"):
                if cte.text("ctename") == entry.text("ctename"):
                    yield from _flow_of_output(cte.node("ctequery"), column)
        case kind if kind == VALUES:
            for row in entry.items("values_lists"):
                value = row[column - 1] if isinstance(row, list) and len(row) >= column else None
                yield from _flow(query, value if isinstance(value, Node) else None)
        case kind if kind == FUNCTION:
            yield from _flow_of_unnest(query, entry, column)
        case kind if kind == GROUP:
            yield from _flow(query, entry.nodes("groupexprs")[column - 1])


def _flow_of_output(query: Node | None, column: int) -> Iterator[Use]:
    """The same for an output column of a query, in all arms of a set operation."""
    if query is None or query.number("commandType") in (INSERT, UPDATE, MERGE):
        return
    if query.node("setOperations"):
        for entry in query.nodes("rtable"):
            yield from _flow_of_output(entry.node("subquery"), column)
        return
    targets = query.nodes("targetList")
    if 0 < column <= len(targets):
        yield from _flow(query, targets[column - 1].node("expr"))


def _flow_of_unnest(query: Node, entry: Node, column: int) -> Iterator[Use]:
    """The elements of the arrays that unnest(…) makes rows of, one column a function."""
    functions = entry.nodes("functions")
    call = functions[column - 1].node("funcexpr") if column <= len(functions) else None
    if call and call.tag == "FUNCEXPR" and len(call.nodes("args")) == 1:
        for use in _flow(query, call.nodes("args")[0]):
            yield use._replace(element=True)


def bare(node: Node | None) -> Node | None:
    """An expression without the casts around it."""
    while node is not None:
        if node.tag in CASTS:
            node = node.node("arg")
        elif node.tag == "FUNCEXPR" and node.number("funcformat") in _CAST_CALLS and node.nodes("args"):
            node = node.nodes("args")[0]
        else:
            return node
    return None


def _handled(node: Node) -> Iterator[Use]:
    for arg in [node.node("arg"), *node.nodes("args")]:
        value = bare(arg)
        if value and value.tag == "PARAM" and value.number("paramkind") == _EXTERNAL:
            yield Use(value.number("paramid"))


def _name_by_comparison(query: Node, names: dict[int, str]) -> None:
    """Calls a parameter after the column that it is compared with, or after LIMIT and OFFSET."""
    for field, name in (("limitCount", "limit"), ("limitOffset", "offset")):
        value = bare(query.node(field))
        if value and value.tag == "PARAM":
            names.setdefault(value.number("paramid"), name)
    tree = query.node("jointree")
    for node in walk(tree) if tree else ():
        if node.tag in ("OPEXPR", "SCALARARRAYOPEXPR") and len(node.nodes("args")) == 2:  # noqa: PLR2004
            left, right = (bare(arg) for arg in node.nodes("args"))
            for one, other in ((left, right), (right, left)):
                if one and other and one.tag == "PARAM" and other.tag == "VAR" and not other.number("varlevelsup"):
                    names.setdefault(one.number("paramid"), _column_name(query, other))


def _column_name(query: Node, variable: Node) -> str:
    entries = query.nodes("rtable")
    number, column = variable.number("varno"), variable.number("varattno")
    eref = entries[number - 1].node("eref") if 0 < number <= len(entries) else None
    names = eref.names("colnames") if eref else []
    return names[column - 1] if 0 < column <= len(names) else ""


def ordering_parameter(tree: Node) -> int | None:
    """The number of a parameter that stands in ORDER BY by itself: it is no column, whatever it holds."""
    for query in (node for node in walk(tree) if node.tag == "QUERY"):
        sorted_by = {clause.number("tleSortGroupRef") for clause in query.nodes("sortClause")}
        for target in query.nodes("targetList"):
            value = bare(target.node("expr"))
            alone = target.flag("resjunk") and target.number("ressortgroupref") in sorted_by
            if alone and value and value.tag == "PARAM":
                return value.number("paramid")
    return None
