"""Reading the history table of another tool. Nothing here ever writes to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import NoHistory
from runner.server.connect import fetch_rows
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import Row, Tool
    from runner.server.connect import Connection


class History(NamedTuple):
    """The history table where it was found, and its rows by the names of the columns.

    `in_path`: an unqualified name finds what is in its schema.
    """

    schema: str
    table: str
    in_path: bool
    rows: Sequence[Row]

    @property
    def name(self) -> str:
        """Schema and table."""
        return f"{self.schema}.{self.table}"


async def read_history(connection: Connection, tool: Tool, name: str | None) -> History:
    """The history of a tool, in the table that is named or else where the tool keeps it. Raises NoHistory."""
    wanted = name or tool.table
    schema, table, in_path = await _find(connection, tool, wanted, given=name is not None)
    rows = await fetch_rows(connection, load_sql("adoption", "rows", schema=schema, table=table))
    return History(schema, table, in_path, [json.loads(text or "{}") for (text,) in rows])


async def _find(connection: Connection, tool: Tool, wanted: str, *, given: bool) -> tuple[str, str, bool]:
    schema, _, table = wanted.rpartition(".")
    question = load_sql("adoption", "tables", schema=schema or None, table=table)
    there = await fetch_rows(connection, question)
    for found, _, columns, in_path in there:
        if tool.columns <= set(str(columns).split(",")):
            return str(found), table, in_path == "t"
    if there:
        lacks = ", ".join(sorted(tool.columns - set(str(there[0][2]).split(","))))
        raise NoHistory(
            f"{there[0][0]}.{table} is not the history of {tool.name}: it has no column {lacks}",
            hint="Another tool has a table of that name, too. Name the right tool with --from.",
        )
    raise NoHistory(
        f"there is no table {wanted}, where {tool.name} would keep what it has applied",
        hint="Is this the right database? "
        + ("Mind upper and lower case." if given else "A table with another name: --table NAME or SCHEMA.NAME."),
    )
