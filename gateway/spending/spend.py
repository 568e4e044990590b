"""Spend: recorded on disk when a request ends, and written from there into the database, once."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import Away, GatewayError
from gateway.spending.delivery import Delivery
from gateway.spending.packing import pack
from gateway.spending.spool import adopt_spool

if TYPE_CHECKING:
    from gateway.link import Link
    from gateway.options import Options
    from gateway.spending.records import SpendRecord
    from gateway.spending.spool import Spool

_log = logging.getLogger("gateway")
_POSTPONED_MOST = 64  # batches; with more, it is no batch that is at fault
_ADOPT_EVERY = 60.0  # seconds
_ADOPTED_AT_ONCE = 10  # batches, so that what is left by others holds up nobody
_AFTER_FAILURE = 1.0  # seconds


class Tally(NamedTuple):
    """How it stands with the spend of this process, since its start."""

    waiting: int
    """Records that are on disk and not yet in the database, those included that a dead process left."""
    oldest: float
    """For how many seconds the oldest of them has waited."""
    written: int
    """Records written."""
    dead_letters: int
    """Letters put, one for each table that refused a record."""
    refused: int
    """Records that were not kept: whoever recorded them got an error."""
    postponed: int
    """Batches that the database did not take for now."""
    set_aside: int
    """Files of the spool that were found damaged."""


class Spend:
    """Takes records at any time, and writes them while the database is there.

    All of it belongs to one event loop. `run` is its work in the background.
    """

    def __init__(self, link: Link, spool: Spool, options: Options) -> None:
        self._link = link
        self._options = options
        self._own = spool
        self._adopted: list[Spool] = []
        self._adopt_at = 0.0
        self._delivery = Delivery(link, options)
        self._enough = asyncio.Event()
        self._turn = asyncio.Lock()
        self._refused = 0

    @property
    def _spools(self) -> tuple[Spool, ...]:
        return (self._own, *self._adopted)

    @property
    def _waiting(self) -> int:
        return sum(spool.waiting for spool in self._spools)

    @property
    def full(self) -> bool:
        """Whether there is no room for another record."""
        return self._own.waiting >= self._options.spool_rows

    def record(self, record: SpendRecord) -> None:
        """Keeps a record: when this returns, it will be written once, whatever happens to process or database.

        It waits for nothing, so it can stand in a `finally` of a request that was cancelled. Raises BadRecord, or
        SpoolFull or SpoolUnusable; then the record was not kept.
        """
        try:
            self._own.append(pack(record))
        except GatewayError:
            self._refused += 1
            raise
        if self._own.loose >= self._options.flush_rows:
            self._enough.set()

    @property
    def tally(self) -> Tally:
        """How it stands."""
        oldest = min((since for spool in self._spools if (since := spool.oldest)), default=None)
        return Tally(
            waiting=self._waiting,
            oldest=max(0.0, time.time() - oldest) if oldest else 0.0,
            written=self._delivery.written,
            dead_letters=self._delivery.dead_letters,
            refused=self._refused,
            postponed=self._delivery.postponed,
            set_aside=sum(len(spool.set_aside) for spool in self._spools),
        )

    async def run(self) -> None:
        """Writes for ever what waits: when it is enough for a transaction, or has waited long enough."""
        while True:
            await self._link.until_ready()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.flush_every):
                    await self._enough.wait()
            self._enough.clear()
            try:
                self._adopt()
                await self.flush()
            except Away:
                pass  # the link says so, and waits for its return
            except Exception:  # noqa: BLE001  # nothing may end the writing
                _log.exception("writing spend failed; it is tried again")
                await asyncio.sleep(_AFTER_FAILURE)

    async def flush(self) -> None:
        """Writes what waits now, and some of what other processes left. Raises Away.

        Batches that the database does not take at the moment are left for later.
        """
        async with self._turn:
            await self._empty(self._own)
            for spool in self._adopted:
                await self._empty(spool, batches=_ADOPTED_AT_ONCE)
            for spool in [each for each in self._adopted if not each.waiting]:
                self._adopted.remove(spool)
                spool.remove()

    async def _empty(self, spool: Spool, batches: int = sys.maxsize) -> None:
        newest, reached = spool.newest, 0
        while reached < newest and batches and self._delivery.postponed < _POSTPONED_MOST:
            batch = spool.next_batch(self._options.flush_rows, after=reached)
            if batch is None:
                return
            reached = batch.last
            if self._delivery.is_due(batch):
                await self._delivery.deliver(spool, batch)
                batches -= 1

    async def drain(self, within: float) -> int:
        """Writes what waits, for some seconds at most, and returns how many records are left."""
        with suppress(TimeoutError, GatewayError):
            async with asyncio.timeout(within):
                while self._waiting:
                    await self.flush()
                    await asyncio.sleep(self._delivery.next_try)
        return self._waiting

    async def close(self, within: float) -> None:
        """Writes what can be written in some seconds, and gives the files back, with the rest for the next process.

        `run` must have ended.
        """
        left = await self.drain(within)
        if left:
            fate = f"wait in {self._own.path}" if self._own.path else "are lost, as there is no folder for a spool"
            _log.error("%d spend records are not in the database and %s", left, fate)
        for spool in self._spools:
            spool.close()

    def _adopt(self) -> None:
        """Takes over what processes left that are gone, now and then."""
        if self._options.spool is None or time.monotonic() < self._adopt_at:
            return
        self._adopt_at = time.monotonic() + _ADOPT_EVERY
        while spool := adopt_spool(self._options.spool, self._options.spool_rows):
            _log.info("%d spend records that another process left are written now", spool.waiting)
            self._adopted.append(spool)
