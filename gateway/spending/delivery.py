"""One batch of spend on its way into the database, whatever comes in between."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
import time
from typing import TYPE_CHECKING, NamedTuple

from gateway.client import retention
from gateway.client.spend import PutDeadLetterParams
from gateway.spending.flush import Flush, read_flush
from gateway.spending.packing import to_letter
from gateway.spending.records import clean
from gateway.spending.rejections import Rejected, Verdict, rejecting
from gateway.spending.writing import find_logged, write

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

    from gateway.link import Link
    from gateway.options import Options
    from gateway.spending.rejections import Target
    from gateway.spending.spool import Batch, Spool

    _Letters = Mapping[Target, PutDeadLetterParams]

_log = logging.getLogger("gateway")
_WITHIN = 60.0  # seconds for one flush; a connection that is silent for longer is taken for dead
_AT_ONCE = (0.05, 0.1, 0.2)  # seconds before another try, while somebody is in the way
_LATER = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before another try after that
_LONGEST_ERROR = 2000


class _Postponed(NamedTuple):
    tries: int
    until: float


class Delivery:
    """Writes batches, each under its own id, until the database has them or a dead letter tells of them.

    What the database is not to blame for is found by halves: of a batch with one bad record all others are written,
    and of the bad one all that the database takes. What is left of it stands in dead_letters.
    """

    def __init__(self, link: Link, options: Options) -> None:
        self.written = 0
        self.dead_letters = 0
        self._link = link
        self._options = options
        self._postponed: dict[uuid.UUID, _Postponed] = {}

    @property
    def postponed(self) -> int:
        """How many batches wait for another try."""
        return len(self._postponed)

    @property
    def next_try(self) -> float:
        """In how many seconds the first of them is due; 0 where none waits."""
        return max(0.0, min((each.until for each in self._postponed.values()), default=0.0) - time.monotonic())

    def is_due(self, batch: Batch) -> bool:
        """Whether a batch can be delivered, and need not wait."""
        return batch.id not in self._postponed or self._postponed[batch.id].until <= time.monotonic()

    async def deliver(self, spool: Spool, batch: Batch) -> None:
        """Writes a batch and takes it out of the spool, or postpones it. Raises Away, and then nothing is decided."""
        bodies = spool.read(batch)
        flush = Flush(batch.id)
        try:
            with rejecting("spend_logs"):
                await read_flush(flush, bodies, self._contents_since())
            self.written += await self._write(flush)
        except Rejected as rejected:
            if not self._is_hopeless(batch, rejected):
                self._postpone(batch, rejected)
            elif batch.rows == 1:
                await self._bury(spool, batch, flush, rejected)
            else:
                self._postponed.pop(batch.id, None)
                for half in spool.split(batch):
                    await self.deliver(spool, half)
        else:
            self._take_out(spool, batch)

    async def _write(self, flush: Flush) -> int:
        for pause in _AT_ONCE:
            try:
                return await self._attempt(flush, {})
            except Rejected as rejected:
                match rejected.verdict:
                    case Verdict.LOGGED:
                        flush = flush.without(await self._logged(flush))
                    case Verdict.NO_PARTITION if await self._make_partitions():
                        pass
                    case Verdict.LATER:
                        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # spreads instances
                    case _:
                        raise
        return await self._attempt(flush, {})

    async def _attempt(self, flush: Flush, letters: _Letters) -> int:
        with rejecting("spend_logs"):
            async with self._link.transaction(within=_WITHIN) as connection:
                return await write(connection, flush, letters)

    async def _logged(self, flush: Flush) -> set[tuple[dt.datetime, uuid.UUID]]:
        with rejecting("spend_logs"):
            async with self._link.connection(within=_WITHIN) as connection:
                return await find_logged(connection, flush)

    async def _make_partitions(self) -> int:
        with rejecting("spend_logs"):
            async with self._link.connection(within=_WITHIN) as connection:
                return await retention.ensure_partitions(connection, days_ahead=self._options.days_ahead)

    def _is_hopeless(self, batch: Batch, rejected: Rejected) -> bool:
        """Whether another try of the batch as it is would be as vain as the last."""
        tried_enough = batch.id in self._postponed and self._postponed[batch.id].tries >= len(_LATER)
        match rejected.verdict:
            case Verdict.FAULT | Verdict.NO_PARTITION:
                return True
            case Verdict.UNCLEAR:
                return tried_enough
            case Verdict.SMALLER:
                return tried_enough and batch.rows > 1
            case Verdict.LATER | Verdict.LOGGED:
                return False

    async def _bury(
        self, spool: Spool, batch: Batch, flush: Flush, rejected: Rejected, letters: _Letters | None = None
    ) -> None:
        """Writes a single record as far as the database takes it, and a dead letter for each table that does not."""
        [body] = spool.read(batch)
        letters = {**(letters or {}), rejected.target: _letter(batch, body, rejected)}
        try:
            self.written += await self._attempt(flush, letters)
        except Rejected as again:
            if again.target in letters or not self._is_hopeless(batch, again):
                self._postpone(batch, again)
            else:
                await self._bury(spool, batch, flush, again, letters)
        else:
            self.dead_letters += len(letters)
            _log.error("a spend record was refused and is now a dead letter: %s", rejected)
            self._take_out(spool, batch)

    def _contents_since(self) -> dt.datetime:
        """From when on contents are kept: what comes late may find its partition gone, as it should be."""
        keep = self._options.keep.get("spend_log_payloads", dt.timedelta.max)
        try:
            return dt.datetime.now(dt.UTC) - keep
        except OverflowError:
            return dt.datetime.min.replace(tzinfo=dt.UTC)

    def _postpone(self, batch: Batch, rejected: Rejected) -> None:
        tries = self._postponed[batch.id].tries + 1 if batch.id in self._postponed else 1
        pause = _LATER[min(tries, len(_LATER)) - 1] * random.uniform(0.5, 1.5)  # noqa: S311  # as above
        self._postponed[batch.id] = _Postponed(tries, time.monotonic() + pause)
        _log.warning("%d spend records wait for another try: %s", batch.rows, rejected)

    def _take_out(self, spool: Spool, batch: Batch) -> None:
        spool.done(batch)
        self._postponed.pop(batch.id, None)


def _letter(batch: Batch, body: bytes, rejected: Rejected) -> PutDeadLetterParams:
    return PutDeadLetterParams(
        flush_id=batch.id,
        target=rejected.target,
        payload=to_letter(body),
        sqlstate=rejected.sqlstate,
        error=clean(str(rejected.error))[:_LONGEST_ERROR],
    )
