"""Partitions: made before they are needed, and dropped whole when all in them is older than is kept."""

from __future__ import annotations

import datetime as dt
import logging
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncpg

from gateway.client import jobs, retention
from gateway.errors import Away
from gateway.faults import is_away

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from gateway.client.retention import ListPartitionsRow
    from gateway.link import Link
    from gateway.options import Options

    Connection = asyncpg.Connection[Any]

_log = logging.getLogger("gateway")
_TABLES = frozenset({"spend_logs", "spend_log_payloads", "daily_rollups", "audit_events"})
_DOOMED = "Being dropped by the gateway: all in it is older than is kept."
"""The comment of a partition from before it is detached. By it a table is known that was detached and not dropped, and
told from one that a person has detached to keep it."""


class Retention:
    """The partitions of the tables that grow with time, by the clock of the database alone.

    Dropping waits for the transactions that use a table, `lock_timeout` seconds for each, then leaves the rest for the
    next time. Yesterday's partition stays, however short the time that Options.keep gives.
    """

    def __init__(self, link: Link, options: Options, lock_timeout: float = 5.0) -> None:
        unknown = options.keep.keys() - _TABLES
        if unknown:
            raise ValueError(f"Options.keep is for {', '.join(sorted(_TABLES))}, not for {', '.join(sorted(unknown))}")
        self._link = link
        self._options = options
        self._lock_timeout = lock_timeout

    async def ensure(self) -> int:
        """Makes the partitions that the next days need, and returns how many were not there. Raises Away."""
        async with self._link.connection() as connection:
            return await retention.ensure_partitions(connection, days_ahead=self._options.days_ahead)

    async def drop(self) -> list[str]:
        """Drops the partitions that are older than is kept, and returns their names. Raises Away.

        What somebody's lock or a long transaction is in the way of stays for the next time; the log says so.
        """
        async with self._session() as connection:
            clock = await jobs.get_clock(connection)
            dropping = _Dropping(connection)
            await dropping.drop_left()
            partitions = await retention.list_partitions(connection)
            for table, keep in self._options.keep.items():
                its = [each for each in partitions if each.parent_table == table]
                await dropping.drop_old(its, _first_day_kept(clock, keep))
        return dropping.dropped

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Connection]:
        """A connection of its own: what detaches concurrently cannot be in a transaction, and may take its time."""
        try:
            connection = await self._link.connect()
            try:
                await connection.execute(f"SET lock_timeout = {int(self._lock_timeout * 1000)}")
                yield connection
            finally:
                connection.terminate()
        except Exception as error:
            if is_away(error):
                raise Away(f"the database is away: {error}") from error
            raise


def _first_day_kept(clock: dt.datetime, keep: dt.timedelta) -> dt.date:
    """The day before which nothing is kept: yesterday at the latest."""
    now = clock.astimezone(dt.UTC)
    try:
        return min((now - keep).date(), now.date() - dt.timedelta(days=1))
    except OverflowError:
        return dt.date.min


@dataclass(slots=True)
class _Dropping:
    connection: Connection
    dropped: list[str] = field(default_factory=list)

    async def drop_left(self) -> None:
        """Drops the tables that were detached for it and then were not dropped."""
        for left in await retention.list_left_tables(self.connection, comment=_DOOMED):
            with _or_another_time():
                await self._drop(left.table_name, left.table_sql)

    async def drop_old(self, partitions: Iterable[ListPartitionsRow], first_day_kept: dt.date) -> None:
        """Drops the partitions of one table that end before a day, up to one that cannot be had now.

        A detaching that was begun and not ended comes first, as it bars any other. Where a person began it, it is
        ended all the same, and the table stays.
        """
        with _or_another_time():
            for each in sorted(partitions, key=lambda partition: not partition.detaching):
                if each.detaching:
                    await self._alter(each, "FINALIZE")
                elif each.until <= first_day_kept:
                    await self._detach(each)
                if each.comment == _DOOMED if each.detaching else each.until <= first_day_kept:
                    await self._drop(each.partition_name, each.partition_sql)

    async def _detach(self, partition: ListPartitionsRow) -> None:
        await self._comment(partition, _DOOMED)
        try:
            await self._alter(partition, "CONCURRENTLY")
        except asyncpg.PostgresError:
            found = await retention.list_partitions(self.connection)
            if any(each.partition_sql == partition.partition_sql and not each.detaching for each in found):
                await self._comment(partition, partition.comment)
            raise

    async def _alter(self, partition: ListPartitionsRow, how: str) -> None:
        await self.connection.execute(
            f"ALTER TABLE {partition.parent_sql} DETACH PARTITION {partition.partition_sql} {how}"
        )

    async def _comment(self, partition: ListPartitionsRow, comment: str | None) -> None:
        literal = "NULL" if comment is None else "'" + comment.replace("'", "''") + "'"
        await self.connection.execute(f"COMMENT ON TABLE {partition.partition_sql} IS {literal}")

    async def _drop(self, name: str, sql: str) -> None:
        await self.connection.execute(f"DROP TABLE {sql}")
        _log.info("dropped %s, as all in it is older than is kept", name)
        self.dropped.append(name)


@contextmanager
def _or_another_time() -> Iterator[None]:
    try:
        yield
    except asyncpg.PostgresError as error:
        if is_away(error):
            raise
        _log.warning("old partitions are left for the next time: %s", error)
