"""One analyzed query among those around it: its rows, its tables, and whether it gives exactly one row."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from runner.client.joins import is_column, read_joins
from runner.client.tree import Node, key, walk

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from runner.client.facts import Facts
    from runner.client.joins import Joins

# CmdType and RTEKind of PostgreSQL's parse tree.
SELECT, UPDATE, INSERT, DELETE, MERGE = 1, 2, 3, 4, 5
RELATION, SUBQUERY, JOIN, FUNCTION, TABLEFUNC, VALUES, CTE, _, _, GROUP = range(10)
_DO_UPDATE = 2


class Level:
    """One query with those around it, as its variables see them; `old` if the table it writes still has its old row."""

    def __init__(
        self,
        query: Node,
        facts: Facts,
        parent: Level | None = None,
        *,
        old: bool = False,
        assumed: Mapping[str, frozenset[int]] | None = None,
    ) -> None:
        self.query = query
        self.old = old
        self.facts = facts
        self.parent = parent
        self.entries = query.nodes("rtable")
        # By name of a recursive table: the columns that can be NULL, as far as is known while they are looked for.
        self.assumed: Mapping[str, frozenset[int]] = assumed or (parent.assumed if parent else {})
        # What was found once; without it a chain of ten WITH tables would be followed along all of its thousand paths.
        self.answers: dict[int, bool] = {}
        self._levels: dict[int, Level] = {}

    @cached_property
    def joins(self) -> Joins:
        """What FROM, WHERE and HAVING say."""
        return read_joins(self.query, self.facts, self.gives_one)

    @cached_property
    def certain(self) -> frozenset[Hashable]:
        """The keys of expressions that are not NULL.

        What a statement writes may be another value than it found, and grouping sets make NULLs after the conditions.
        """
        kept = self.query.number("commandType") == SELECT and not self.query.nodes("groupingSets")
        return frozenset(fact for fact in self.joins.certain if kept and not is_column(fact))

    @cached_property
    def unsteady(self) -> frozenset[int]:
        """The groupings that the rows of some grouping set leave out as NULL, as sort-group references."""
        sets = self.query.nodes("groupingSets")
        if not sets:
            return frozenset()
        always = frozenset[int]().union(*(_always(each) for each in sets))
        return frozenset(clause.number("tleSortGroupRef") for clause in self.query.nodes("groupClause")) - always

    @cached_property
    def left_out(self) -> frozenset[Hashable]:
        """The keys of the expressions of those groupings."""
        return frozenset(
            key(target.node("expr"))
            for target in (self.query.nodes("targetList") if self.unsteady else ())
            if target.number("ressortgroupref") in self.unsteady
        )

    def given(self, certain: frozenset[Hashable]) -> Level:
        """The same query, of which more is certain: in a branch of CASE. What is written may not be what was tested."""
        if not certain or self.query.number("commandType") != SELECT:
            return self
        level = Level(self.query, self.facts, self.parent, old=self.old, assumed=self.assumed)
        level.joins = self.joins.given(certain)
        return level

    def gives_one(self, part: Node) -> bool:
        """Whether a part of FROM gives exactly one row."""
        entry = self.entry(part.number("rtindex")) if part.tag == "RANGETBLREF" else None
        if entry is None:
            return False
        if entry.number("rtekind") == VALUES:
            return len(rows_of(entry, 1)) == 1
        if entry.number("rtekind") == FUNCTION:
            calls = [function.node("funcexpr") for function in entry.nodes("functions")]
            return not any(returns_set(call) for call in calls)
        below = self.below(entry)
        return below is not None and below.query.number("commandType") == SELECT and one_row(below)

    @property
    def targets(self) -> list[Node]:
        """The expressions of the output columns, in order; those of a set operation's first arm."""
        name = "targetList" if self.query.number("commandType") == SELECT else "returningList"
        return [entry for entry in self.query.nodes(name) if not entry.flag("resjunk")]

    def up(self, levels: int) -> Level | None:
        """The query so many levels around this one."""
        level: Level | None = self
        for _ in range(levels):
            level = level.parent if level else None
        return level

    def entry(self, index: int) -> Node | None:
        """A range table entry by its index, counted from 1."""
        return self.entries[index - 1] if 0 < index <= len(self.entries) else None

    def below(self, entry: Node) -> Level | None:
        """The query of a subquery, view or common table expression in the range table."""
        match entry.number("rtekind"):
            case 1:
                return self.inside(entry.node("subquery"))
            case 0 if entry.text("relkind") == "v":
                return self._level(self.facts.views.get(entry.number("relid")), None)
            case 6 if not entry.flag("self_reference"):
                home = self.up(entry.number("ctelevelsup"))
                return home._common(entry.text("ctename")) if home else None  # noqa: SLF001  # its own class
            case _:
                return None

    def _common(self, name: str) -> Level | None:
        found = (cte.node("ctequery") for cte in self.query.nodes("cteList") if cte.text("ctename") == name)
        return self.inside(next(found, None))

    def inside(self, query: Node | None) -> Level | None:
        """A query that stands in this one."""
        return self._level(query, self)

    def _level(self, query: Node | None, parent: Level | None) -> Level | None:
        if query and id(query) not in self._levels:
            self._levels[id(query)] = Level(query, self.facts, parent)
        return self._levels[id(query)] if query else None


def _always(grouping: Node) -> frozenset[int]:
    match grouping.number("kind"):
        case 1:  # simple
            return frozenset(grouping.numbers("content"))
        case 4:  # a list of sets
            first, *others = (_always(each) for each in grouping.nodes("content"))
            return first.intersection(*others)
        case _:
            return frozenset()


def one_row(level: Level) -> bool:
    """Whether a query gives exactly one row, whatever the tables hold."""
    query = level.query
    limited = query.node("limitCount") or query.node("limitOffset")
    if query.flag("hasTargetSRFs") or limited or query.node("setOperations") or query.node("havingQual"):
        return False
    if query.number("commandType") == INSERT:
        return bool(level.targets) and _inserts_one(level)
    if query.number("commandType") != SELECT:
        return False
    if query.nodes("groupClause") or query.nodes("groupingSets"):
        return False
    return query.flag("hasAggs") or _source_one(level)


def _inserts_one(level: Level) -> bool:
    """An INSERT of one row that no conflict, trigger or rule can leave out."""
    target = level.entry(level.query.number("resultRelation"))
    relation = level.facts.relations.get(target.number("relid")) if target else None
    conflict = level.query.node("onConflict")
    skips = conflict and (conflict.number("action") != _DO_UPDATE or conflict.node("onConflictWhere"))
    return relation is not None and not relation.may_skip and not skips and _source_one(level)


def _source_one(level: Level) -> bool:
    """Whether FROM gives one row and no condition can take it away."""
    tree = level.query.node("jointree")
    if tree is None or tree.node("quals"):
        return False
    return all(level.gives_one(part) for part in tree.nodes("fromlist"))


def returns_set(node: Node | None) -> bool:
    return node is not None and any(each.flag("funcretset") or each.flag("opretset") for each in walk(node))


def rows_of(entry: Node, column: int) -> list[list[Node]]:
    """The rows of a VALUES list; those that lack the column are left out, which the server does not let happen."""
    lists = [row for row in entry.items("values_lists") if isinstance(row, list)]
    rows = [[item for item in row if isinstance(item, Node)] for row in lists]
    return [row for row in rows if len(row) >= column]
