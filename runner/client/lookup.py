"""What the inference has to know of a database, read from it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from runner.client.facts import Certainty, Column, Facts, Function, Relation, Type
from runner.client.tree import read_tree
from runner.server.connect import fetch_rows
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.server.connect import Connection

_FUNCTION = re.compile(r":(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)")
_RELATION = re.compile(r":relid (\d+)")


async def read_types(connection: Connection) -> Mapping[int, Type]:
    """The types of a database by their object ids."""
    rows = await fetch_rows(connection, load_sql("client", "types"))
    return {int(row[0] or 0): _type(row) for row in rows}


def _type(row: Sequence[str | None]) -> Type:
    oid, schema, name, kind, element, is_array, parts = row
    found = json.loads(parts or "[]")
    return Type(
        int(oid or 0),
        schema or "",
        name or "",
        kind or "",
        int(element or 0),
        is_array == "t",
        labels=tuple(found) if kind == "e" else (),
        fields=tuple((field, number) for field, number in found) if kind == "c" else (),
    )


async def read_reserved(connection: Connection) -> frozenset[str]:
    """The words that cannot be a name without quotes."""
    rows = await fetch_rows(connection, load_sql("client", "reserved"))
    return frozenset(word or "" for (word,) in rows)


async def read_facts(connection: Connection, trees: Sequence[str], types: Mapping[int, Type]) -> Facts:
    """All that the inference asks about what stands in the trees, and in the views that they may name."""
    views = {int(oid or 0): text or "" for oid, text in await fetch_rows(connection, load_sql("client", "views"))}
    texts = (*trees, *views.values())
    called, named = ({found for text in texts for found in each.findall(text)} for each in (_FUNCTION, _RELATION))
    functions = await fetch_rows(connection, load_sql("client", "functions", mentioned=_array(called)))
    relations = await fetch_rows(connection, load_sql("client", "relations", mentioned=_array(named)))
    return Facts(
        _relations(relations),
        {
            int(oid or 0): Function(name or "", strict == "t", steady == "t", Certainty(certainty))
            for oid, name, strict, steady, certainty in functions
        },
        types,
        {oid: tree for oid, text in views.items() if (tree := read_tree(text))},
    )


def _array(numbers: Iterable[str]) -> str:
    return "{" + ",".join(sorted(numbers)) + "}"


def _relations(rows: Sequence[Sequence[str | None]]) -> Mapping[int, Relation]:
    relations: dict[int, Relation] = {}
    columns: dict[int, dict[int, Column]] = {}
    for oid, schema, name, visible, may_skip, number, column, kind, *flags in rows:
        relation = int(oid or 0)
        own = columns.setdefault(relation, {})
        own[int(number or 0)] = Column(column or "", int(kind or 0), *(flag == "t" for flag in flags))
        relations[relation] = Relation(schema or "", name or "", visible == "t", own, may_skip == "t")
    return relations
