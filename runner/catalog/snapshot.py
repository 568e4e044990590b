"""The snapshot: the catalog as it was when the last migration ended, kept beside the ledger."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import FORMAT, Catalog, read_catalog
from runner.catalog.difference import Difference, compare
from runner.catalog.introspect import Scope, begin_reading, objects_sql, read_lines, settings_sql, stamp_sql
from runner.server.connect import fetch_rows
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.server.connect import Connection

LONGEST = 32 * 1024 * 1024  # bytes


class Snapshot(NamedTuple):
    """What is known of the snapshot beside the ledger as it is now.

    `entries` is how many entries the ledger had then, `entries_now` how many it has; if they differ, the schema has
    moved on by migrations and the snapshot has not. `untouched`: no DDL statement ran since.
    """

    version: int
    entries: int
    format: int
    major: int
    ignored: str
    fingerprint: str
    entries_now: int
    untouched: bool

    @property
    def current(self) -> bool:
        """Whether the live schema should be what the snapshot is."""
        return self.entries == self.entries_now and self.format == FORMAT


def create_sql(schema: str) -> str:
    """The statements that make the snapshot's table."""
    return load_sql("catalog", "create", schema=schema)


def keep_sql(scope: Scope) -> str:
    """The statements that take the snapshot, for the end of the transaction of the last migration."""
    return load_sql(
        "catalog",
        "keep",
        settings=settings_sql(),
        schema=scope.ledger,
        format=FORMAT,
        ignored=scope.ignored,
        longest=LONGEST,
        stamp=stamp_sql(scope),
        objects=objects_sql(scope),
    )


async def read_drift(connection: Connection, scope: Scope) -> tuple[Snapshot | None, tuple[Difference, ...] | None]:
    """The snapshot, if there is one, and how the live schema differs from it, if the two can be compared.

    In a transaction with the settings of `introspect`. No differences are told of a snapshot that is not current;
    None if there are some and cannot be named, as the text was too long to be kept.
    """
    snapshot = await _read(connection, scope)
    if snapshot is None or not snapshot.current or (snapshot.untouched and snapshot.ignored == scope.ignored):
        return snapshot, ()
    [(text, fingerprint)] = await fetch_rows(connection, load_sql("catalog", "kept", schema=scope.ledger))
    live = await read_lines(connection, scope)
    if text is None:
        return snapshot, () if fingerprint_of(live) == fingerprint else None
    kept = set(text.split("\n"))  # not splitlines: a comment may hold any other line end
    # What both have is not even read, unless another major of PostgreSQL spells it in another way.
    same = kept & live if snapshot.major == scope.major else set()
    then, now = read_catalog(kept - same, snapshot.major), read_catalog(live - same, scope.major)
    return snapshot, compare(_without(then, scope.ignored), _without(now, snapshot.ignored))


async def drift(connection: Connection, scope: Scope) -> tuple[Snapshot | None, tuple[Difference, ...] | None]:
    """The same in a transaction of its own."""
    await begin_reading(connection)
    try:
        return await read_drift(connection, scope)
    finally:
        await connection.execute("ROLLBACK")


async def _read(connection: Connection, scope: Scope) -> Snapshot | None:
    question = load_sql("catalog", "snapshot", schema=scope.ledger, stamp=stamp_sql(scope))
    for version, entries, form, major, ignored, fingerprint, entries_now, untouched in await fetch_rows(
        connection, question
    ):
        return Snapshot(
            int(version or 0),
            int(entries or 0),
            int(form or 0),
            int(major or 0),
            ignored or "",
            fingerprint or "",
            int(entries_now or 0),
            untouched == "t",
        )
    return None


def fingerprint_of(lines: Iterable[str]) -> str:
    """The fingerprint of a catalog's lines, as `keep.sql` takes it."""
    return "sha256:" + hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _without(catalog: Catalog, ignored: str) -> Catalog:
    """The catalog without what the regular expression finds."""
    find = re.compile(ignored)
    objects = {key: parts for key, parts in catalog.objects.items() if not find.search(key.path)}
    return catalog._replace(objects=objects)
