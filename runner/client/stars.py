"""The stars of a query, written out: `SELECT *` would change its shape with the next column, under the old client.

Where they stand is read from the text, what they mean from the analyzed query. The result is held against the first
one by the server's own analysis (see describe), so a wrong guess here can only be an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.client.level import GROUP, INSERT, JOIN, SELECT
from runner.client.lexemes import Lexeme, lexemes
from runner.errors import BadColumn
from runner.server.sql import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from runner.client.queries import Query
    from runner.client.tree import Node

_ENDS = frozenset("from into where group having window union intersect except order limit offset fetch for".split())
_SET_OPERATIONS = frozenset({"union", "intersect", "except"})
_BEFORE_A_STAR = frozenset({"select", "all", "distinct", "returning"})
_SIMPLE = re.compile(r"[a-z_][a-z0-9_]*")
_WRITE_OUT = "Write the columns out."


class Star(NamedTuple):
    """A star between two offsets of the SQL; `qualifier` as it is written, empty for a bare one."""

    start: int
    end: int
    qualifier: str
    name: str


Arm = list[Star | None]  # the items of one select list; None for one that is no star


class Embed(NamedTuple):
    """The columns of a table that make one field: `width` of them from `first`, counted from 0."""

    name: str
    relation: int
    entry: int
    first: int
    width: int


class Expansion(NamedTuple):
    """The SQL without stars, and the tables in it that were asked for as one field each."""

    sql: str
    embeds: tuple[Embed, ...]


def find_arms(query: Query) -> list[Arm]:
    """The select lists that decide on a query's columns: that of the statement, those of a set operation's arms."""
    return _Finder(query).arms


def hides_a_star(query: Query) -> bool:
    """Whether a query is a `TABLE t`, or a WITH whose SELECT stands in parentheses: both may give every column."""
    words = _Finder(query).outside
    return "table" in words or ("with" in words and not words & {"select", "values", "returning"})


class _Finder:
    """One walk over the lexemes; parentheses that hold no arm of the outermost query are passed over."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.lexemes = list(lexemes(query.sql, 0, len(query.sql), query.place.path))
        self.arms: list[Arm] = []
        self.inside: list[bool] = []  # for each open parenthesis, whether it holds an arm
        self.outside: set[str] = set()  # the words outside of all parentheses
        self.listing = False
        self.brackets = 0
        previous = ""
        for index, lexeme in enumerate(self.lexemes):
            self._step(index, lexeme, previous)
            previous = lexeme.word or lexeme.text

    def _step(self, index: int, lexeme: Lexeme, previous: str) -> None:
        if not self.inside:
            self.outside.add(lexeme.word)
        if lexeme.text == "(":
            arm = previous in ("", "(") or previous in _SET_OPERATIONS or self._all_of_a_set(index)
            self.inside.append(arm and all(self.inside) and not self.listing)
        elif lexeme.text == ")":
            if self.inside and self.inside.pop():
                self.listing = False
        elif not all(self.inside):
            return
        elif lexeme.text in ("[", "]"):
            self.brackets += 1 if lexeme.text == "[" else -1
        elif previous in (".", "as"):
            self._plain_or_star(index, lexeme)
        elif lexeme.word in ("select", "returning"):
            self.listing = True
            self.arms.append([None])
        elif lexeme.word in _ENDS and not (lexeme.word == "from" and previous == "distinct"):
            self.listing = False
        elif self.listing and lexeme.text == "," and not self.brackets:
            self.arms[-1].append(None)
        else:
            self._plain_or_star(index, lexeme)

    def _plain_or_star(self, index: int, lexeme: Lexeme) -> None:
        """What is no keyword: after a dot or AS, `limit` and `order` are names like others."""
        if self.listing and lexeme.text == "*" and (star := self._star(index)):
            self.arms[-1][-1] = star

    def _all_of_a_set(self, index: int) -> bool:
        words = [each.word for each in self.lexemes[max(0, index - 2) : index]]
        return len(words) == 2 and words[0] in _SET_OPERATIONS and words[1] in ("all", "distinct")  # noqa: PLR2004

    def _star(self, index: int) -> Star | None:
        """The star at an index, or None if it is a multiplication."""
        star, before = self.lexemes[index], self.lexemes[index - 1]
        if before.text != ".":
            bare = before.word in _BEFORE_A_STAR or before.text == "," or self._after_parentheses(index - 1)
            return Star(star.start, star.end, "", "") if bare else None
        first = index - 1
        while self.lexemes[first].text == "." and self.lexemes[first - 1].kind in ("word", "identifier"):
            first -= 2
        if first == index - 1:
            raise BadColumn(
                "the fields of a composite value are asked for with a star",
                place=self.query.place_of(star.start),
                hint=_WRITE_OUT,
            )
        start = self.lexemes[first + 1].start
        return Star(start, star.end, self.query.sql[start : before.start], self.lexemes[index - 2].name)

    def _after_parentheses(self, index: int) -> bool:
        """Whether a star follows DISTINCT ON (…) or RETURNING WITH (…), and not an operand in parentheses."""
        depth = 0
        while depth or (index > 0 and self.lexemes[index].text == ")"):
            depth += {")": 1, "(": -1}.get(self.lexemes[index].text, 0)
            index -= 1
        return self.lexemes[index].word in ("on", "with")


def expand(query: Query, tree: Node, arms: Sequence[Arm], reserved: Container[str]) -> Expansion:
    """The SQL of a query with every star written out. Raises BadColumn for one that cannot be."""
    sql, embeds = query.sql, []
    bodies = list(_bodies(tree))
    stars = [star for arm in arms for star in arm if star]
    if set(query.embeds) - {star.end - 1 for star in stars} or (query.embeds and len(bodies) > 1):
        raise BadColumn(
            "sqlc.embed stands in a subquery or a set operation",
            place=query.place,
            hint="It can only be a column of the whole query.",
        )
    if len(bodies) != len(arms):
        raise BadColumn("the stars cannot be told apart", place=query.place, hint=_WRITE_OUT)
    for arm, body in reversed(list(zip(arms, bodies, strict=True))):
        targets = _targets(body)
        counts = _counts(query, arm, body, len(targets))
        first = len(targets)
        for star, count in reversed(list(zip(arm, counts, strict=True))):
            first -= count
            if star is None:
                continue
            names = [_written(star, body, target, reserved) for target in targets[first : first + count]]
            if len(set(names)) == len(names):  # those of a function in FROM may be all the same, and stay a star
                sql = sql[: star.start] + ", ".join(names) + sql[star.end :]
            if star.end - 1 in query.embeds:
                embeds.append(_embed(query, star, body, first, count))
    return Expansion(sql, tuple(reversed(embeds)))


def _bodies(tree: Node) -> Iterator[Node]:
    """The queries that the arms stand for, in the order of the text."""
    inserts = tree.number("commandType") == INSERT
    if tree.node("setOperations") or inserts:
        for entry in tree.nodes("rtable"):
            subquery = entry.node("subquery")
            if subquery and (inserts or not entry.flag("inFromCl")):
                yield from _bodies(subquery)
    if not tree.node("setOperations") and (not inserts or tree.nodes("returningList")):
        yield tree


def _targets(body: Node) -> list[Node]:
    field = "targetList" if body.number("commandType") == SELECT else "returningList"
    return [target for target in body.nodes(field) if not target.flag("resjunk")]


def _counts(query: Query, arm: Arm, body: Node, total: int) -> list[int]:
    """How many columns each item of a select list stands for."""
    known = [1 if star is None else _width(body, star) if star.qualifier else 0 for star in arm]
    bare = [index for index, star in enumerate(arm) if star and not star.qualifier]
    left = total - sum(known)
    if left < 0 or (left % len(bare) if bare else left):
        star = next(filter(None, arm), None)
        place = query.place_of(star.start) if star else query.place
        raise BadColumn("the star cannot be written out", place=place, hint=_WRITE_OUT)
    for index in bare:
        known[index] = left // len(bare)
    return known


def _width(body: Node, star: Star) -> int:
    entry = _entry(body, star)
    eref = entry[1].node("eref") if entry else None
    return sum(1 for name in eref.names("colnames") if name) if eref else 0


def _entry(body: Node, star: Star) -> tuple[int, Node] | None:
    """The range table entry that a star's qualifier names; OLD and NEW are the table that is written."""
    entries = list(enumerate(body.nodes("rtable"), start=1))
    for number, entry in entries:
        eref = entry.node("eref")
        if eref and eref.text("aliasname") == star.name:
            return number, entry
    written = body.number("resultRelation")
    return entries[written - 1] if written and star.name in ("old", "new") else None


def _written(star: Star, body: Node, target: Node, reserved: Container[str]) -> str:
    """A column of a star as it would have been written by hand."""
    name = target.text("resname")
    if star.qualifier:
        return f"{star.qualifier}.{_quoted(name, ())}"
    alias = _alias(body, target.node("expr"))
    return f"{_quoted(alias, reserved)}.{_quoted(name, ())}" if alias else _quoted(name, reserved)


def _alias(body: Node, expression: Node | None) -> str:
    """What a column has to be qualified with; nothing if it is merged from two tables, or where there is one table."""
    entries = body.nodes("rtable")
    if expression is None or expression.tag != "VAR":
        return ""
    entry = entries[expression.number("varno") - 1]
    if entry.number("rtekind") == GROUP:
        return _alias(body, entry.nodes("groupexprs")[expression.number("varattno") - 1])
    named = [each for each in entries if each.flag("inFromCl")]
    eref = entry.node("eref")
    return "" if entry.number("rtekind") == JOIN or len(named) < 2 or eref is None else eref.text("aliasname")  # noqa: PLR2004


def _quoted(name: str, reserved: Container[str]) -> str:
    return name if _SIMPLE.fullmatch(name) and name not in reserved else quote_identifier(name)


def _embed(query: Query, star: Star, body: Node, first: int, width: int) -> Embed:
    found = _entry(body, star)
    written_view = found and found[1].text("relkind") == "v" and body.number("commandType") != SELECT
    if found is None or not found[1].number("relid") or found[1].number("rtekind") or written_view:
        raise BadColumn(
            f"sqlc.embed({star.name}) is not the row of a table or view",
            place=query.place_of(star.start),
            hint="Of others, and of a view that is written, write the columns out: their types are not the view's.",
        )
    return Embed(star.name, found[1].number("relid"), found[0], first, width)
