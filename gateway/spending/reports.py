"""What an operator asks of the spend that is written: whether the sums are right, and what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.client import spend

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from gateway.client import DeadLettersRow
    from gateway.link import Link


class Reports:
    """Questions about spend. The figures themselves are queries of gateway.client.spend, all named Report…."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def reconcile(self, day: dt.date) -> int:
        """Computes the rollups of a day in UTC anew from its logs, and returns how many were wrong.

        Only for a day whose logs are all there: what has no log is taken out. Flushes wait meanwhile. Raises Away.
        """
        async with self._link.transaction() as connection:
            await spend.lock_daily_rollups(connection)
            return await spend.reconcile_daily_rollups(connection, day=day)

    async def dead_letters(self, after: int | None = None, size: int = 100) -> list[DeadLettersRow]:
        """A page of what was refused, oldest first, after the id of the last one seen.

        What a letter holds is a record by packing.from_letter; recorded anew, it is written where it is not yet.
        """
        async with self._link.connection() as connection:
            return await spend.list_dead_letters(connection, after_id=after, page_size=size)

    async def forget(self, ids: Sequence[int]) -> int:
        """Drops dead letters that were mended or given up, and returns how many there were."""
        async with self._link.connection() as connection:
            return await spend.delete_dead_letters(connection, ids=ids)
