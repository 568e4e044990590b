"""Changes to files: each change after those that it has to wait for, in as few files as their locks allow."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import Key
from runner.catalog.changes import Change
from runner.catalog.needs import ABOUT, TYPES, homes, shared_name, users
from runner.catalog.order import order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.catalog.catalog import Catalog
    from runner.catalog.needs import Users

_RANKS = {
    kind: rank
    for rank, kind in enumerate(
        (
            "default privileges",
            "schema",
            "extension",
            "collation",
            *TYPES,
            "attribute",
            "sequence",
            "table",
            "column",
            "constraint",
            "index",
            "statistics",
            "view",
            "materialized view",
            "view default",
            "trigger",
            "rule",
            "policy",
            "function",
            "procedure",
            "aggregate",
            *ABOUT,
        )
    )
}
_COMMENTED = {"TABLE": 0, "COLUMN": 1}  # what is told of a table first
_NOT_NULL = " PRIMARY KEY | REPLICA IDENTITY "
_PROOF = ("check", "validate", "not null")

Edges = dict[Change, set[Change]]


class File(NamedTuple):
    """One drafted file: its changes in order, and whether each statement runs on its own."""

    changes: tuple[Change, ...]
    concurrent: bool


def arrange(changes: list[Change], have: Catalog, want: Catalog) -> list[File]:
    """The changes in files: each stage of its own, and what runs concurrently alone."""
    edges = _edges(changes, have, want)
    arranged = order(changes, edges, rank=lambda change: _rank(change, want), group=lambda change: change.key.parent)
    changes = [*arranged.items, *arranged.cycle]
    stages: dict[Change, int] = {}
    for change in changes:
        stages[change] = max([change.stage, *(_after(each, change, stages.get(each, 0)) for each in edges[change])])
    reasons = _reasons(changes, edges)
    files: dict[tuple[int, int], list[Change]] = defaultdict(list)
    for number, change in enumerate(changes):
        stage = stages[change]
        # What scans stands in a file before what locks: it would run under those locks otherwise.
        place = number if stage % 2 else -1 if change.name == "validate" else 0
        files[stage, place].append(change._replace(destroys=reasons.get(change)))
    return [File(tuple(found), concurrent=bool(stage % 2)) for (stage, _), found in sorted(files.items())]


Found = defaultdict[Key, set[Change]]


class _Graph(NamedTuple):
    """The changes by what they make, drop and free a name by, and by table; and who needs whom, before and after."""

    made: Found
    dropped: Found
    named: defaultdict[tuple[str, str], set[Change]]
    beside: defaultdict[tuple[str, str], set[Change]]
    using: Users
    want: Catalog
    whole: Mapping[tuple[str, str], Key]


def _edges(changes: list[Change], have: Catalog, want: Catalog) -> Edges:
    """What each change must come after."""
    graph = _graph(changes, have, want)
    privileges = {change for change in changes if change.key.kind == "default privileges"}
    edges: Edges = {}
    last: dict[Key, Change] = {}  # the changes of one object stand in their order
    for change in changes:
        earlier = {last[change.key]} if change.key in last else set()
        last[change.key] = change
        earlier |= _before_dropping(change, graph) | _before_making(change, graph)
        if change.name == "create" and change.key.kind not in ("schema", "default privileges"):
            earlier |= privileges
        edges[change] = earlier - {change}
    return edges


def _before_dropping(change: Change, graph: _Graph) -> set[Change]:
    """What lets go of that which a change drops."""
    earlier: set[Change] = set()
    for user in {user for key in change.drops for user in graph.using.get(key, ())}:
        if change.name == "drop":
            altered = {each for each in graph.made[user] if each.name not in ("create", *_PROOF)}
            earlier |= graph.dropped[user] or altered
        elif user.kind != "sequence":
            earlier |= graph.dropped[user]
    return earlier


def _before_making(change: Change, graph: _Graph) -> set[Change]:
    """What makes room for that which a change makes, and what this needs."""
    earlier: set[Change] = set()
    for key in change.makes:
        users_in_the_way = (user for user in graph.using.get(key, ()) if _in_the_way(user, change))
        earlier |= {each for user in users_in_the_way for each in graph.dropped[user]} | graph.named[shared_name(key)]
        for needed in _needed(key, change, graph):
            earlier |= {each for each in graph.made[needed] if _shapes(each, change)}
    if change.makes and change.key.kind == "constraint":
        table = graph.whole.get(change.key.parent, change.key)
        earlier |= {each for user in graph.using.get(table, ()) if user.kind == "table" for each in graph.dropped[user]}
    for parent in _wholes(change, graph.want):
        earlier |= {each for each in graph.beside[parent] if _shapes_whole(each, change)}
    return earlier


def _graph(changes: Iterable[Change], have: Catalog, want: Catalog) -> _Graph:
    graph = _Graph(
        defaultdict(set), defaultdict(set), defaultdict(set), defaultdict(set), users(have), want, homes(want)
    )
    for change in changes:
        graph.beside[change.key.parent].add(change)
        for key in change.makes:
            graph.made[key].add(change)
        for key in change.drops:
            graph.dropped[key].add(change)
            graph.named[shared_name(key)].add(change)
    return graph


def _needed(key: Key, change: Change, graph: _Graph) -> set[Key]:
    """What must be there before a change: what its object needs, and what this is a part of.

    A sequence does not need its column until it is given to it.
    """
    if key.kind == "sequence" and change.name != "owner":
        return {Key("schema", "", "", key.schema)}
    want, whole = graph.want, graph.whole
    needed = {*want.needs.get(key, ()), *([whole[key.parent]] if key.name and key.parent in whole else [])}
    needed |= {each for function in needed if function.kind == "function" for each in want.needs.get(function, ())}
    needed |= {whole[each.parent] for each in needed if each.name and each.kind != "sequence" and each.parent in whole}
    return needed - set(change.makes) - {key}


def _in_the_way(user: Key, change: Change) -> bool:
    """Whether an object can only change when what needs it is gone; few stand in the way of a table."""
    match change.key.kind, change.name:
        case "table", "persistence":
            return user.kind in ("constraint", "publication")
        case ("table", _) | ("sequence", _):
            return False
        case _:
            return user.kind != "sequence"


def _wholes(change: Change, want: Catalog) -> set[tuple[str, str]]:
    """What a change needs as a whole: the rows of a table or of a type, or the parent of a partition."""
    of_rows = change.key.kind in ("table", "view", "materialized view", "function")
    kinds = ("table", "composite type") if of_rows else ("composite type",)
    needed = {each for key in change.makes for each in want.needs.get(key, ())}
    through = {each for function in needed if function.kind == "function" for each in want.needs.get(function, ())}
    return {each.parent for each in needed | through if each.kind in kinds} - {change.key.parent}


def _shapes_whole(each: Change, change: Change) -> bool:
    """Whether a change of a column or attribute must come before what needs its table or type as a whole."""
    if change.key.kind == "table" and each.key.kind != "attribute":
        return not each.makes
    return each.key.kind in ("column", "attribute") and each.name not in _PROOF


def _shapes(needed: Change, change: Change) -> bool:
    """Whether a change must wait for this one of what it needs: not for the proof of NOT NULL, other than a key."""
    if needed.name in ("owner", "persistence"):
        return change.key.kind == "constraint"
    return needed.name not in _PROOF or any(re.search(_NOT_NULL, statement) for statement in change.statements)


def _rank(change: Change, want: Catalog) -> tuple[object, ...]:
    """What comes first where nothing else decides: what is dropped, then by table, then by kind."""
    key = change.key
    kind = _RANKS.get(key.kind, len(_RANKS))
    alone = key.relation == "" or key.kind in TYPES
    first = -1 if kind < _RANKS["table"] and not (key.kind == "sequence" and key.name) else 1 if alone else 0
    place = (_COMMENTED.get(key.name.split(" ", 1)[0], 2) if key.kind == "comment" else 0, want.positions.get(key, 0))
    return bool(change.makes), first, key.schema, key.relation, kind, place, key.name, change.name


def _after(earlier: Change, change: Change, stage: int) -> int:
    """The first stage that a change can have, after another: transactions have even ones, concurrent work odd ones."""
    if change.stage % 2:
        return stage + (stage % 2 == 0)
    if stage % 2:
        return stage + 1
    return stage + 2 if earlier.key == change.key and earlier.name in change.later else stage


def _reasons(changes: list[Change], edges: Edges) -> dict[Change, str]:
    """Why changes are left to people: they lose something, or only work after one that does."""
    reasons: dict[Change, str] = {}
    for change in changes:
        if change.destroys:
            reasons[change] = change.destroys
        elif any(each in reasons and _blocks(each, change) for each in edges[change]):
            reasons[change] = "it works only after what is commented out above"
    return reasons


def _blocks(earlier: Change, change: Change) -> bool:
    """Whether a change fails without an earlier one: that clears its way, or makes its table."""
    if not change.makes:
        return not earlier.makes
    taken = earlier.name in ("drop", "create") and shared_name(earlier.key) == shared_name(change.key)
    return taken or (earlier.name == "create" and earlier.key.kind == "table")
