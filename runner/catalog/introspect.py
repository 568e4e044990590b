"""Reading a schema from a server. One query for all of it: what each kind of object is, stands in `sql/KIND.sql`."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import Address, Catalog, Key, read_line
from runner.server.connect import fetch_rows
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.catalog.catalog import Parts
    from runner.server.connect import Connection

_FILES = (
    "schemas",
    "extensions",
    "tables",
    "columns",
    "constraints",
    "indexes",
    "sequences",
    "views",
    "functions",
    "triggers",
    "policies",
    "types",
    "statistics",
    "publications",
    "others",
    "grants",
    "comments",
)
_FIRST_WITH_PUBLICATIONS = 150_000  # of schemas, with columns and rows
_LONGEST_CHAIN = 3  # of aliases: an array of the row type of a table
_ABOUT_OTHERS = frozenset({"comment", "grant", "revoke"})


class Scope(NamedTuple):
    """Which objects count: not those of the runner in the schema `ledger`, nor what the regular expression finds.

    `tenant`: only those in the ledger's schema; the regular expression finds all others then.
    """

    ledger: str
    ignored: str
    version: int
    tenant: bool = False

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.version // 10_000


def pattern(globs: Sequence[str], *, only: str | None = None) -> str:
    """The regular expression for the patterns of the setting `ignore`; one that finds nothing if there are none.

    A pattern is a name with `*` and `?` in it, as a shell has them; without a schema it means any. `only`: what is not
    in that schema is found, too.
    """
    found = ["".join(map(_as_regex, glob if "." in glob else f"*.{glob}")) for glob in globs]
    ignored = f"^({'|'.join(found)})$" if found else "^$"
    if only is None:
        return ignored
    schema = re.escape(only.replace('"', '""'))
    return rf'^(?!"?{schema}"?\.)|{ignored}'


def _as_regex(char: str) -> str:
    """A character of a pattern as a regular expression that Python and PostgreSQL both understand."""
    wild = {"*": ".*", "?": "."}
    return wild.get(char) or (char if char.isalnum() or char == "_" else f"\\{char}")


def objects_sql(scope: Scope) -> str:
    """The query for the objects: where each is, and its line."""
    files = [each for each in _FILES if each != "publications" or scope.version >= _FIRST_WITH_PUBLICATIONS]
    objects = "\nUNION ALL\n".join(load_sql("catalog", each, ledger=scope.ledger) for each in files)
    only = scope.ledger if scope.tenant else ""
    return load_sql("catalog", "objects", objects=objects, ledger=scope.ledger, ignored=scope.ignored, only=only)


def stamp_sql(scope: Scope) -> str:
    """The query for the stamp: while it gives the same, no DDL statement ran.

    It is of the whole database: between many tenants who change theirs it would never be the same, so they have none.
    """
    if scope.tenant:
        return "SELECT 'none, at ' || pg_catalog.clock_timestamp()"
    schemas = "pg_publication_namespace" if scope.version >= _FIRST_WITH_PUBLICATIONS else "pg_publication_rel"
    return load_sql("catalog", "stamp", schemas_in_publications=f"pg_catalog.{schemas}")


def settings_sql() -> str:
    """The settings under which the objects have to be read, for the transaction that reads them."""
    return load_sql("catalog", "settings")


async def begin_reading(connection: Connection) -> None:
    """Begins a transaction that reads a schema and changes nothing."""
    await connection.execute(f"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;\n{settings_sql()}")


async def read_lines(connection: Connection, scope: Scope) -> set[str]:
    """The lines of the live schema's objects, within a transaction that `begin_reading` began."""
    return {line or "" for *_, line in await fetch_rows(connection, objects_sql(scope))}


async def read_whole(connection: Connection, scope: Scope) -> Catalog:
    """The live schema with the positions of columns and with what needs what; in a transaction as for read_lines."""
    rows = [(_address(row), *read_line(row[3] or "")) for row in await fetch_rows(connection, objects_sql(scope))]
    edges = await fetch_rows(connection, load_sql("catalog", "dependencies"))
    aliases = await fetch_rows(connection, load_sql("catalog", "aliases"))
    return Catalog(
        {key: parts for _, key, parts in rows},
        scope.major,
        {key: int(address.objsubid) for address, key, _ in rows},
        _needs(rows, edges, {_address(row): _address(row[3:]) for row in aliases}),
    )


def _address(row: Sequence[str | None]) -> Address:
    return Address(*(part or "0" for part in (*row, "0")[:3]))


def _needs(
    rows: Sequence[tuple[Address, Key, Parts]],
    edges: Sequence[tuple[str | None, ...]],
    aliases: Mapping[Address, Address],
) -> Mapping[Key, frozenset[Key]]:
    """Which keys each key needs, from PostgreSQL's dependencies between addresses."""
    at = {address: key for address, key, _ in rows if key.kind not in _ABOUT_OTHERS}

    def find(address: Address) -> Key | None:
        for _ in range(_LONGEST_CHAIN):
            whole = address._replace(objsubid="0")
            if key := at.get(address) or at.get(whole):
                return key
            address = aliases.get(address) or aliases.get(whole) or address
        return None

    needs: defaultdict[Key, set[Key]] = defaultdict(set)
    for row in edges:
        needing, needed = find(_address(row)), find(_address(row[3:]))
        if needing and needed and needing != needed:
            needs[needing].add(needed)
    about = {key: find(address) for address, key, _ in rows if key.kind in _ABOUT_OTHERS}
    return {key: frozenset(needed) for key, needed in needs.items()} | {
        key: frozenset({other}) for key, other in about.items() if other
    }
