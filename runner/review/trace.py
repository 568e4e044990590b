"""The trace: running a migration on a scratch database and seeing what each statement locks, rewrites and scans.

Locks come from `pg_locks` of the own session, after each statement and before the transaction ends; a rewrite is a new
`relfilenode`; a scan is counted by the server. What must run outside a transaction is held up by two sessions and
looked at from another. Nothing is guessed from the text, so DDL in a DO block or a trigger is seen like any other.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import read_catalog
from runner.catalog.difference import compare
from runner.migrations.migration import Mode
from runner.migrations.reach import concerns_roles, goes_beyond
from runner.review.locks import LockMode
from runner.review.observed import Lock, Observed, Refusal, Trace
from runner.review.state import BEGIN, look, mode_named, moved, new_modes
from runner.server.connect import connected, fetch_rows, is_lost
from runner.server.scratch import lacking_role
from runner.server.sql import load_sql, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from runner.catalog.difference import Difference
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script
    from runner.review.observed import Relation
    from runner.review.state import Seen, State
    from runner.server.connect import Connection

_DATA = frozenset({"insert", "update", "delete", "merge", "select", "with", "values", "copy"})
_NOT_IN_A_TRANSACTION = frozenset({"25001", "2D000"})
# A session remembers that a role was not there, until it takes a lock on a table that it has not.
_HEAR_OF_ROLES = """\
SAVEPOINT migrate_roles;
SELECT FROM pg_catalog.pg_roles LIMIT 0;
ROLLBACK TO SAVEPOINT migrate_roles;
RELEASE SAVEPOINT migrate_roles"""
_BETWEEN_SAMPLES = 0.002  # seconds


class _Sample(NamedTuple):
    """What a statement outside a transaction was seen to lock, by OID, and whether it waits for older transactions."""

    modes: Mapping[str, LockMode]
    waits: bool = False


async def trace(session: Session, migration: Migration, script: Script, *, private: bool = False) -> Trace:
    """What the migration does to the session's database, which is a scratch one: it is left as the migration leaves it.

    A statement that the server refuses is told as such, and the next one is tried: one look should find all there is.
    One that reaches beyond the database is not run, but for roles on a server that is our own, `private`; there a role
    that a statement speaks of and that is not there is made.
    """
    if session.facts.checks_clients:
        await session.connection.execute("SET client_connection_check_interval = '1s'")
    before = await look(session)
    tracer = _Tracer(session, script, before, private=private)
    statements = await tracer.together() if migration.header.mode is Mode.TRANSACTION else await tracer.one_by_one()
    major = session.scope.major
    return Trace(
        migration,
        script,
        tuple(statements),
        frozenset(each.relation for each in before.relations.values() if each.relation),
        read_catalog(before.lines, major),
        read_catalog(tracer.state.lines, major),
        _differences(before.lines, tracer.state.lines, major),
    )


class _Tracer:
    """Runs the statements of one script, and compares the states between them."""

    def __init__(self, session: Session, script: Script, state: State, *, private: bool) -> None:
        self.session, self.script, self.state, self.private = session, script, state, private
        self.connection = session.connection
        self.existing = state.relations
        self.nests = any(statement.verb == "savepoint" for statement in script.statements)
        self.limited = "timeout" in script.text.lower()
        self.made: set[str] = set()

    async def together(self) -> list[Observed]:
        """All statements in one transaction, as `up` runs them."""
        await self._begin()
        found = [await self._within(number) for number in range(len(self.script.statements))]
        if refusal := await self._refused("COMMIT"):
            await self._leave()
            self.state = await look(self.session)
            found[-1] = found[-1]._replace(refusal=found[-1].refusal or refusal)
        return found

    async def one_by_one(self) -> list[Observed]:
        """Each statement by itself, as `up` runs a no-transaction file."""
        return [await self._by_itself(number) for number in range(len(self.script.statements))]

    async def _begin(self) -> None:
        """Begins a transaction, and looks again: between two of them the server may set its counts of scans back."""
        await self.connection.execute(BEGIN)
        self.state = await look(self.session, self.state, quiet=True)

    async def _look(self, *, quiet: bool) -> State:
        """The state now; where the file may have set a timeout, it holds for the file's statements alone."""
        if not self.limited or not self.connection.is_in_transaction():
            return await look(self.session, self.state, quiet=quiet)
        await self.connection.execute("SAVEPOINT migrate_look; SET LOCAL statement_timeout = 0")
        state = await look(self.session, self.state, quiet=quiet)
        await self.connection.execute("ROLLBACK TO SAVEPOINT migrate_look; RELEASE SAVEPOINT migrate_look")
        return state

    async def _by_itself(self, number: int) -> Observed:
        if self._too_far(number):
            return self._skipped(number)
        await self._begin()
        observed = await self._within(number)
        refusal = await self._refused("COMMIT")
        if observed.refusal and observed.refusal.sqlstate in _NOT_IN_A_TRANSACTION:
            return await self._alone(number)
        if refusal:
            await self._leave()
        return observed._replace(refusal=observed.refusal or refusal)

    async def _within(self, number: int) -> Observed:
        """A statement inside the open transaction; one that is refused leaves nothing."""
        if self._too_far(number):
            return self._skipped(number)
        await self.connection.execute("SAVEPOINT migrate_review")
        refusal = await self._refused(self._sql(number))
        if refusal and await self._makes_role(refusal):
            await self._end_savepoint(undo=True)
            await self.connection.execute(_HEAR_OF_ROLES)
            return await self._within(number)
        if not self.connection.is_in_transaction():  # a procedure or a DO block ended it
            await self.connection.execute(BEGIN)
        else:
            await self._end_savepoint(undo=refusal is not None)
        return await self._observed(number, refusal, None)

    async def _end_savepoint(self, *, undo: bool) -> None:
        """Every open savepoint makes the next statement slower; but to end ours would end those of the file, too."""
        if undo:
            await self.connection.execute("ROLLBACK TO SAVEPOINT migrate_review")
        if not self.nests:
            await self.connection.execute("RELEASE SAVEPOINT migrate_review")

    async def _alone(self, number: int) -> Observed:
        """A statement that runs only outside a transaction, while others are in its way for a moment."""
        import asyncio

        async with self._another() as watcher, self._another() as one, self._another() as other:
            steps = await _stand_in_the_way(one, other, self.existing)
            work = asyncio.create_task(self._refused(self._sql(number)))
            sample = _Sample({})
            while not work.done():
                rows = await fetch_rows(watcher, load_sql("review", "sample", pid=self.session.facts.pid))
                sample = _merged(sample, rows)
                if steps and any(granted == "f" for *_, granted in rows):
                    await steps.pop(0)()
                await asyncio.sleep(_BETWEEN_SAMPLES)
            return await self._observed(number, await work, sample)

    async def _observed(self, number: int, refusal: Refusal | None, sample: _Sample | None) -> Observed:
        """What moved since the state before; `sample` is what was seen if the statement ran outside a transaction."""
        statement, then = self.script.statements[number], self.state
        quiet = statement.verb in _DATA and statement.verb != "select"
        self.state = now = await self._look(quiet=quiet)
        storage = moved(self.existing, then, now, committed=sample is not None)
        return self._unobserved(number)._replace(
            locks=self._locks(sample.modes if sample else new_modes(then, now)),
            rewritten=storage.rewritten,
            rebuilt=storage.rebuilt,
            built=storage.built,
            scanned=() if statement.verb in _DATA else storage.scanned,
            waits=bool(sample and sample.waits),
            wal=max(now.wal - then.wal, 0),
            differences=_differences(then.lines, now.lines, self.session.scope.major),
            refusal=refusal,
        )

    def _locks(self, modes: Mapping[str, LockMode]) -> tuple[Lock, ...]:
        found = [
            Lock(relation, mode)
            for oid, mode in modes.items()
            if oid in self.existing
            and (relation := self.existing[oid].relation)
            # The planner opens every index of a table that it looks at.
            and not (relation.kind == "index" and mode is LockMode.ACCESS_SHARE)
        ]
        return tuple(sorted(found, key=lambda lock: (-lock.mode, lock.relation.kind == "index", str(lock.relation))))

    def _sql(self, number: int) -> str:
        return self.script.sql(self.script.statements[number])

    def _unobserved(self, number: int) -> Observed:
        """The statement, with nothing seen of it."""
        statement = self.script.statements[number]
        return Observed(
            number + 1,
            self.script.place(statement.start),
            self._sql(number),
            statement.verb,
            self.script.words(statement, most=None if statement.run == 1 else 12),
        )

    def _skipped(self, number: int) -> Observed:
        return self._unobserved(number)._replace(skipped=True)

    def _too_far(self, number: int) -> bool:
        """Whether the statement would change more than the database, on a server that is not ours or for good."""
        statement = self.script.statements[number]
        words = self.script.words(statement, most=None) if statement.verb not in _DATA else ()
        return goes_beyond(words, self._sql(number)) and not (self.private and concerns_roles(words))

    async def _makes_role(self, refusal: Refusal) -> bool:
        """Whether a role that the server lacks could be made, by a session that the file has not given another role."""
        role = lacking_role(refusal.message) if self.private else None
        if role is None or role in self.made:
            return False
        self.made.add(role)
        async with self._another() as other:
            try:
                await other.execute(f"CREATE ROLE {quote_identifier(role)}")
            except Exception as error:
                if getattr(error, "sqlstate", None) is None or is_lost(error):
                    raise
                return False
        return True

    def _another(self) -> AbstractAsyncContextManager[Connection]:
        config, tell = self.session.config, self.session.listener.waiting
        return connected(config.database_url, wait_ms=config.wait_ms, tell=tell, database=config.database)

    async def _refused(self, sql: str) -> Refusal | None:
        """Runs something; why the server did not do it, if it did not."""
        try:
            await self.connection.execute(sql)
        except Exception as error:
            sqlstate = getattr(error, "sqlstate", None)
            if sqlstate is None or is_lost(error):
                raise
            return Refusal(sqlstate, str(error.args[0]), getattr(error, "hint", None))
        return None

    async def _leave(self) -> None:
        if self.connection.is_in_transaction():
            await self.connection.execute("ROLLBACK")


def _merged(sample: _Sample, rows: Sequence[Sequence[str | None]]) -> _Sample:
    """The sample with what was seen now; a lock that is still waited for is one that the statement takes."""
    modes = dict(sample.modes)
    for oid, mode, _ in rows:
        if oid and mode:
            modes[oid] = max(mode_named(mode), modes.get(oid, LockMode.ACCESS_SHARE))
    return _Sample(modes, sample.waits or any(oid is None for oid, *_ in rows))


async def _stand_in_the_way(
    one: Connection, other: Connection, existing: Mapping[str, Seen]
) -> list[Callable[[], Awaitable[object]]]:
    """Holds up whatever asks for SHARE UPDATE EXCLUSIVE or more; what comes back are the steps out of its way.

    Each time the statement waits, one step lets it go on: to its first lock on a table, then past the end of one
    older transaction, then of the other. That one holds the partitions, which DETACH CONCURRENTLY locks at its end.
    """
    tables = [each.relation for each in existing.values() if each.relation and each.table is None]
    parents = [each for each in tables if each.kind == "partitioned table"]
    parts = [each for each in tables if each.kind == "table"]
    strong = _lock_sql([*parents, *parts], LockMode.SHARE_UPDATE_EXCLUSIVE)
    await one.execute(f"{BEGIN}; {_lock_sql(parents, LockMode.ROW_EXCLUSIVE)} SAVEPOINT migrate_review; {strong}")
    await other.execute(f"{BEGIN}; {_lock_sql(parts, LockMode.ROW_EXCLUSIVE)}")
    return [
        partial(one.execute, "ROLLBACK TO SAVEPOINT migrate_review"),
        partial(one.execute, "ROLLBACK"),
        partial(other.execute, "ROLLBACK"),
    ]


def _lock_sql(tables: Sequence[Relation], mode: LockMode) -> str:
    names = ", ".join(f"ONLY {table.schema}.{table.name}" for table in tables)
    return f"LOCK TABLE {names} IN {mode} MODE;" if tables else ""


def _differences(before: frozenset[str], after: frozenset[str], major: int) -> tuple[Difference, ...]:
    """How two readings of the catalog differ; what both have is not even parsed."""
    if before is after:
        return ()
    return compare(read_catalog(before - after, major), read_catalog(after - before, major))
