"""The way to the database: a pool that heals, and what can be said of it at any moment."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg

from gateway.client import init
from gateway.errors import Away
from gateway.faults import is_away, is_passing, is_refusal, words
from runner import MigrateError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from asyncpg.pool import PoolConnectionProxy

    from gateway.options import Options

    Connection = PoolConnectionProxy[asyncpg.Record]

_log = logging.getLogger("gateway")
_LATER = 5  # the runner's exit status for what waiting mends
_READ_ONLY = "SELECT current_setting('transaction_read_only')::boolean"
_PAUSES = (0.1, 0.25, 0.5, 1.0, 2.0)  # seconds between looks at a database that is away


class State(Enum):
    """What the store can do."""

    READY = "ready"
    """The database answers."""
    DEGRADED = "degraded"
    """It answered before and does not now: keys in memory go on for a while, spend is kept on disk."""
    STATELESS = "stateless"
    """It has not been reached since the start, or there is none: requests can only be forwarded."""
    BROKEN = "broken"
    """It is there and cannot be used: a wrong password, a wrong schema. A person has to mend it."""


class Standing(NamedTuple):
    """A state, why (empty if ready), and since when, by time.time()."""

    state: State
    reason: str
    since: float


class Link:
    """A pool of connections that comes back by itself when the database does.

    `prepare` makes the schema usable before the first use; it raises a MigrateError, or a GatewayError for a schema
    that will not do.
    """

    def __init__(self, url: str | None, options: Options, prepare: Callable[[], Awaitable[None]]) -> None:
        self._url = url
        self._options = options
        self._prepare = prepare
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._ready = asyncio.Event()
        self._doubted = asyncio.Event()
        self._turn = 0
        self._keeper: asyncio.Task[None] | None = None
        self.standing = Standing(State.STATELESS, "no database is configured", time.time())

    @property
    def state(self) -> State:
        """What the store can do right now."""
        return self.standing.state

    @property
    def kept(self) -> bool:
        """Whether somebody looks after it."""
        return self._keeper is None or not self._keeper.done()

    async def open(self) -> None:
        """Comes back with the database or, after `within` seconds, without it, and then goes on trying.

        Raises what waiting does not mend: a MigrateError for a wrong password or URL, a schema that cannot be used.
        """
        if self._url is None:
            return
        try:
            await self._bring_up()
        except Away as away:
            self._enter(State.STATELESS, str(away))
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Ends the trying and closes all connections."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._pool:
            with suppress(Exception):
                await asyncio.wait_for(self._pool.close(), self._options.within)
            self._pool.terminate()
        self.standing = Standing(State.STATELESS, "the store is closed", time.time())

    async def until_ready(self) -> None:
        """Returns when the database can be asked."""
        await self._ready.wait()

    @asynccontextmanager
    async def connection(self, within: float | None = None) -> AsyncIterator[Connection]:
        """A connection of the pool, for `within` seconds all in all. Raises Away, at once if that is known already.

        An answer that is late says nothing of the database: that is looked at, and only this caller hears Away.
        """
        if self._pool is None or self.state is not State.READY:
            raise Away(self.standing.reason)
        cancelled, turn, lost = _cancellations(), self._turn, True
        try:
            async with asyncio.timeout(within), self._pool.acquire(timeout=self._options.within) as connection:
                lost = False
                try:
                    yield connection
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    lost = _is_lost(connection)
                    raise
        except Exception as error:
            if _cancellations() > cancelled:  # a connection that was lost while it was left had the last word
                raise asyncio.CancelledError from error
            if self._is_away(error, turn, lost=lost):
                raise Away(words(error)) from error
            raise

    def _is_away(self, error: Exception, turn: int, *, lost: bool) -> bool:
        """Whether an error means that the caller goes on without; `lost`: there was no connection, or is none now.

        What happened before the database was last found there says nothing of it.
        """
        if isinstance(error, TimeoutError):
            self._doubted.set()
            return True
        state = State.BROKEN if lost and is_refusal(error) else State.DEGRADED
        away = is_away(error) and (lost or isinstance(error, asyncpg.PostgresError))
        if (away or state is State.BROKEN) and turn == self._turn:
            self._enter(state, words(error))
        return away or state is State.BROKEN

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Connection]:
        """A connection for what a request waits for: Away, too, where a bad moment has ended the statement."""
        try:
            async with self.connection(self._options.within) as connection:
                yield connection
        except asyncpg.PostgresError as error:
            if not is_passing(error):
                raise
            raise Away(f"the database did not answer: {error}") from error

    @asynccontextmanager
    async def transaction(self, within: float | None = None) -> AsyncIterator[Connection]:
        """The same, in a transaction. After Away it is not known whether it was committed."""
        async with self.connection(within) as connection, connection.transaction():
            yield connection

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection of its own, past the pooler, for notices and for what takes long."""
        return await asyncpg.connect(self._options.direct_url or self._url, **self._arguments(), statement_cache_size=0)

    def _arguments(self) -> dict[str, Any]:
        settings = {"application_name": "gateway"}
        if self._options.search_path:
            settings["search_path"] = self._options.search_path
        return {"timeout": self._options.within, "server_settings": settings}

    async def _bring_up(self) -> None:
        await self._probe()
        if self._pool is None:
            try:
                await self._prepare()
            except MigrateError as error:
                if error.status == _LATER:
                    raise Away(str(error)) from error
                raise
            self._pool = await self._open_pool()
        if self.state is not State.READY:
            await self._pool.expire_connections()
        self._enter(State.READY, "")

    async def _probe(self) -> None:
        """Whether the server answers a query in time; what is no question of time is left for `prepare` to tell."""
        try:
            async with asyncio.timeout(self._options.within):
                connection = await asyncpg.connect(self._url, **self._arguments(), statement_cache_size=0)
                try:
                    read_only = await connection.fetchval(_READ_ONLY)
                finally:
                    connection.terminate()
        except Exception as error:
            if is_away(error):
                raise Away(words(error)) from error
            if self._pool is not None:
                raise
            return
        if read_only:
            raise Away("the server cannot be written to: it is a standby, or set to read-only")

    async def _open_pool(self) -> asyncpg.Pool[asyncpg.Record]:
        arguments = self._arguments() | ({} if self._options.prepared else {"statement_cache_size": 0})
        pool: asyncpg.Pool[asyncpg.Record] = await asyncpg.create_pool(
            self._url, min_size=0, max_size=self._options.pool_size, init=init, reset=_leave, **arguments
        )
        return pool

    async def _keep(self) -> None:
        """Brings the database back whenever it is away, and looks whether it is when that is in doubt; for ever."""
        looks = 0
        while True:
            if self.state is State.READY:
                looks = 0
                await self._doubted.wait()
                self._doubted.clear()
            else:
                pause = _PAUSES[min(looks, len(_PAUSES) - 1)]
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # spreads instances, hides nothing
                looks += 1
            await self._look()

    async def _look(self) -> None:
        try:
            await self._bring_up()
        except Away as away:
            self._enter(State.DEGRADED if self._pool else State.STATELESS, str(away))
        except Exception as error:  # noqa: BLE001  # whatever it is, only a person can mend it, and it is looked at again
            self._enter(State.BROKEN, str(error))

    def _enter(self, state: State, reason: str) -> None:
        if (state, reason) != self.standing[:2]:
            level = {State.READY: logging.INFO, State.BROKEN: logging.ERROR}.get(state, logging.WARNING)
            _log.log(level, "the database: %s%s", state.value, f" ({reason})" if reason else "")
        if state is State.READY and self.state is not State.READY:
            self._turn += 1
        since = self.standing.since if state is self.state else time.time()
        self.standing = Standing(state, reason, since)
        if state is State.READY:
            self._ready.set()
        else:
            self._ready.clear()
            self._doubted.set()


def _is_lost(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it back, as it does with those that are closed
        return True


async def _leave(_connection: object) -> None:
    """Leaves a connection as it is when it comes back: nothing in the store changes a session."""


def _cancellations() -> int:
    """How often the present task was asked to end."""
    task = asyncio.current_task()
    return task.cancelling() if task else 0
