"""The live database: one query about sizes, and the planner's word on an UPDATE or DELETE. Nothing is written."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from runner.review.observed import full_name
from runner.review.sizes import Sizes, TableSize
from runner.server.connect import fetch_rows, translated
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from runner.migrations.script import Script
    from runner.server.connect import Connection

_CHANGES = frozenset({"update", "delete", "merge", "with"})
_BEGIN = """\
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '1min'
"""


@asynccontextmanager
async def _reading(connection: Connection) -> AsyncIterator[None]:
    """A transaction in which the server refuses to write, and that waits for nobody long."""
    with translated():
        await connection.execute(_BEGIN)
        try:
            yield
        finally:
            await connection.execute("ROLLBACK")


async def measure(connection: Connection) -> Sizes:
    """The sizes of the database at the other end. A partitioned table is as large as its partitions together."""
    async with _reading(connection):
        found = await fetch_rows(connection, load_sql("review", "sizes"))
    taken_at, version, timezone, search_path, database, since, oldest = found[0][11:]
    tables: dict[str, TableSize] = {}
    parents: dict[str, str] = {}
    for schema, name, *numbers, published, above_schema, above in (row[:11] for row in found):
        if name is None:
            continue
        full = full_name(schema or "", name)
        rows, table_bytes, index_bytes, indexes, reads, writes = (int(number or 0) for number in numbers)
        tables[full] = TableSize(rows, table_bytes, index_bytes, indexes, reads, writes, published == "t")
        if above:
            parents[full] = full_name(above_schema or "", above)
    return Sizes(
        database or "",
        taken_at or "",
        since,
        int(version or 0),
        timezone or "",
        float(oldest) if oldest else None,
        _with_partitions(tables, parents),
        tuple(json.loads(search_path or "[]")),
    )


def _with_partitions(tables: Mapping[str, TableSize], parents: Mapping[str, str]) -> Mapping[str, TableSize]:
    """The tables, each partition counted for all the tables above it, too."""
    whole = dict(tables)
    for name, size in tables.items():
        above = parents.get(name)
        while above in whole:
            parent = whole[above]
            whole[above] = parent._replace(
                rows=parent.rows + size.rows,
                table_bytes=parent.table_bytes + size.table_bytes,
                index_bytes=parent.index_bytes + size.index_bytes,
                reads=parent.reads + size.reads,
                writes=parent.writes + size.writes,
                published=parent.published or size.published,
            )
            above = parents.get(above)
    return whole


async def estimate(connection: Connection, script: Script) -> Mapping[int, int]:
    """How many rows the planner expects each UPDATE, DELETE and MERGE of a script to change, by statement number.

    Those that need what the script itself makes first are left out.
    """
    found: dict[int, int] = {}
    async with _reading(connection):
        for number, statement in enumerate(script.statements, 1):
            if statement.verb in _CHANGES and statement.run == 1:
                rows = await _planned(connection, script.sql(statement))
                if rows is not None:
                    found[number] = rows
    return found


async def _planned(connection: Connection, sql: str) -> int | None:
    import asyncpg

    await connection.execute("SAVEPOINT migrate_review")
    try:
        answer = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}")
    except asyncpg.PostgresError:
        await connection.execute("ROLLBACK TO SAVEPOINT migrate_review")
        return None
    return _changed(json.loads(answer)[0]["Plan"])


def _changed(plan: Mapping[str, Any]) -> int | None:
    """The rows that reach the node that changes them: of that node itself the planner says 0 without RETURNING."""
    below: Sequence[Mapping[str, Any]] = plan.get("Plans", ())
    if plan["Node Type"] == "ModifyTable" and plan.get("Operation") != "Insert":
        return max((int(each["Plan Rows"]) for each in below), default=0)
    return max((rows for each in below if (rows := _changed(each)) is not None), default=None)
