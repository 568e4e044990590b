"""What a migration was seen to do on a scratch database, statement by statement: values without a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.migrations.migration import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.catalog.catalog import Catalog
    from runner.catalog.difference import Difference
    from runner.errors import Place
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script
    from runner.review.locks import LockMode


def full_name(schema: str, name: str) -> str:
    """A name, with its schema where that is not public."""
    return name if schema == "public" else f"{schema}.{name}"


class Relation(NamedTuple):
    """A relation of the scratch database; schema and name quoted as SQL wants them.

    `kind` is `table`, `partitioned table`, `foreign table`, `index`, `view`, `materialized view` or `sequence`;
    `table` is the table of an index, with its schema where it is not public, and '' for anything else.
    """

    kind: str
    schema: str
    name: str
    table: str = ""

    def __str__(self) -> str:
        """The name, with the schema where it is not public."""
        return full_name(self.schema, self.name)

    @property
    def holds_rows(self) -> bool:
        """Whether it is a table or materialized view, whose lock is what other sessions feel."""
        return self.kind in ("table", "partitioned table", "foreign table", "materialized view")


class Lock(NamedTuple):
    """A lock that a statement took; kept until the transaction ends."""

    relation: Relation
    mode: LockMode


class Refusal(NamedTuple):
    """Why the server did not run a statement."""

    sqlstate: str
    message: str
    hint: str | None = None


class Observed(NamedTuple):
    """One statement and what it did. Only what existed before the file counts: nobody else can wait for the rest.

    `number` counts from 1; `words` are all words of the statement in lower case, quoted names as they are.
    `locks` are those that the transaction did not hold already, strongest first, one a relation.
    `rewritten` are tables and materialized views that got new storage (TRUNCATE and REFRESH do that, too);
    `rebuilt` the indexes that did and whose table did not; `built` the new indexes on tables of before;
    `scanned` the tables that were read from end to end, told of DDL alone.
    `waits`: it waits for every older transaction of the database to end, as CONCURRENTLY does.
    `differences` is what it changed in the catalog, of new objects too. `wal` in bytes, with empty tables.
    `skipped`: it was not run, as it would have changed more than the scratch database.
    """

    number: int
    place: Place
    sql: str
    verb: str
    words: tuple[str, ...]
    locks: tuple[Lock, ...] = ()
    rewritten: tuple[Relation, ...] = ()
    rebuilt: tuple[Relation, ...] = ()
    built: tuple[Relation, ...] = ()
    scanned: tuple[Relation, ...] = ()
    waits: bool = False
    wal: int = 0
    differences: tuple[Difference, ...] = ()
    refusal: Refusal | None = None
    skipped: bool = False

    @property
    def emptied(self) -> tuple[Relation, ...]:
        """Those of `rewritten` that TRUNCATE gave new storage, without the rows."""
        return self.rewritten if self.verb == "truncate" else ()

    def mode(self, relation: Relation) -> LockMode | None:
        """The mode that the statement newly took on a relation."""
        return next((lock.mode for lock in self.locks if lock.relation == relation), None)


class Trace(NamedTuple):
    """A migration with all that was seen of it. `existing` is what was there before."""

    migration: Migration
    script: Script
    statements: tuple[Observed, ...]
    existing: frozenset[Relation]
    before: Catalog
    after: Catalog
    differences: tuple[Difference, ...]

    def held(self, observed: Observed) -> Mapping[Relation, LockMode]:
        """The strongest mode that is held on each relation while the statement runs: by it, and by those before it."""
        alone = self.migration.header.mode is Mode.NO_TRANSACTION
        held: dict[Relation, LockMode] = {}
        for each in [observed] if alone else self.statements[: observed.number]:
            for lock in each.locks:
                held[lock.relation] = max(lock.mode, held.get(lock.relation, lock.mode))
        return held
