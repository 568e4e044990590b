"""The scratch database at one moment, and what moved between two of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.introspect import read_lines, settings_sql
from runner.review.locks import LockMode
from runner.review.observed import Relation, full_name
from runner.server.connect import fetch_rows
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.ledger.session import Session

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE"
_KINDS = {
    "r": "table",
    "p": "partitioned table",
    "f": "foreign table",
    "i": "index",
    "I": "index",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
}
_TABLES = frozenset({"r", "p", "m"})
_NO_MODES: frozenset[LockMode] = frozenset()


class Seen(NamedTuple):
    """A relation at one moment, with the OID of an index's table; `relation` None if it is locked and dropped."""

    relation: Relation | None
    table: str | None
    filenode: str | None
    scans: int
    modes: frozenset[LockMode]


class State(NamedTuple):
    """The database at one moment: relations by OID, the lines of the catalog, and how far the WAL is."""

    relations: Mapping[str, Seen]
    wal: int
    lines: frozenset[str]


class Moved(NamedTuple):
    """What a statement did to the storage of what was there before the file; see `Observed`."""

    rewritten: tuple[Relation, ...]
    rebuilt: tuple[Relation, ...]
    built: tuple[Relation, ...]
    scanned: tuple[Relation, ...]


async def names_by_oid(session: Session) -> Mapping[str, str]:
    """What tables are called now, as `str(Relation)` has it."""
    rows = await fetch_rows(session.connection, load_sql("review", "state"))
    return {oid: full_name(schema or "", name or "") for oid, kind, schema, name, *_ in rows if oid and kind in _TABLES}


async def look(session: Session, known: State | None = None, *, quiet: bool = False) -> State:
    """The database now. The catalog is not read again if no WAL was written since, or if the statement is `quiet`."""
    rows = await fetch_rows(session.connection, load_sql("review", "state"))
    wal = int(rows[0][-1] or 0) if rows else 0
    lines = known.lines if known and (quiet or wal == known.wal) else await _read_lines(session)
    return State({row[0] or "": _seen(row) for row in rows}, wal, lines)


async def _read_lines(session: Session) -> frozenset[str]:
    """The catalog's lines, in a transaction or savepoint that leaves neither settings nor locks behind."""
    connection, inside = session.connection, session.connection.is_in_transaction()
    await connection.execute(f"{'SAVEPOINT migrate_catalog' if inside else BEGIN}; {settings_sql()}")
    try:
        return frozenset(await read_lines(connection, session.scope))
    finally:
        leave = "ROLLBACK TO SAVEPOINT migrate_catalog; RELEASE SAVEPOINT migrate_catalog"
        await connection.execute(leave if inside else "ROLLBACK")


def _seen(row: Sequence[str | None]) -> Seen:
    _, kind, schema, name, table, table_name, filenode, scans, modes, _ = row
    relation = Relation(_KINDS.get(kind, kind), schema or "", name or "", table_name or "") if kind else None
    held = frozenset(map(mode_named, modes.split(","))) if modes else _NO_MODES
    return Seen(relation, table, filenode, int(scans or 0), held)


def mode_named(name: str) -> LockMode:
    """The mode that PostgreSQL's views call `AccessExclusiveLock`."""
    return LockMode[re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Lock")).upper()]


def new_modes(was: State, now: State) -> Mapping[str, LockMode]:
    """The strongest mode on each relation that the session did not have before, by OID."""
    old = {oid: seen.modes for oid, seen in was.relations.items()}
    new = {oid: seen.modes - old.get(oid, _NO_MODES) for oid, seen in now.relations.items()}
    return {oid: max(modes) for oid, modes in new.items() if modes}


def moved(existing: Mapping[str, Seen], was: State, now: State, *, committed: bool) -> Moved:
    """What moved between two states, by the names of before the file: those are what the live database knows.

    Nobody counts the scans of what has committed; then each table with a new index or storage was read for it.
    """
    then = was.relations
    renewed = {
        oid
        for oid, seen in now.relations.items()
        if seen.relation and oid in then and seen.filenode != then[oid].filenode
    } & existing.keys()
    kept = {seen.filenode for seen in then.values()}  # ALTER TYPE may make an index anew and keep its storage
    built = {
        oid: seen.table
        for oid, seen in now.relations.items()
        if oid not in then and seen.table in existing and seen.filenode not in kept
    }
    if committed:
        read = {existing[oid].table or oid for oid in renewed} | set(built.values())
    else:
        read = {oid for oid, seen in now.relations.items() if oid in then and seen.scans > then[oid].scans}
    return Moved(
        rewritten=_rows(existing, renewed),
        rebuilt=_sorted(existing[oid].relation for oid in renewed if existing[oid].table not in (None, *renewed)),
        built=_sorted(_on(existing, now.relations[oid], table) for oid, table in built.items()),
        scanned=_rows(existing, read & existing.keys()),
    )


def _rows(existing: Mapping[str, Seen], oids: Iterable[str | None]) -> tuple[Relation, ...]:
    """Those that hold rows."""
    found = (existing[oid].relation for oid in oids if oid)
    return _sorted(relation for relation in found if relation and relation.holds_rows)


def _on(existing: Mapping[str, Seen], index: Seen, table: str | None) -> Relation | None:
    """An index on a table of before, which may have another name by now."""
    return index.relation and index.relation._replace(table=str(existing[table or ""].relation))


def _sorted(relations: Iterable[Relation | None]) -> tuple[Relation, ...]:
    return tuple(sorted((relation for relation in relations if relation), key=str))
