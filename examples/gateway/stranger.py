"""A request whose key nobody could look up: it is forwarded, and counted for the gateway as a whole."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import fields
from typing import TYPE_CHECKING, Self

from gateway import Outcome, SpendRecord

if TYPE_CHECKING:
    from gateway import Asked, Store


class Stranger:
    """Looks like a gateway.Request, without a key, limits or budgets."""

    def __init__(self, store: Store, asked: Asked) -> None:
        self.id = uuid.uuid4()
        self._store, self._asked = store, asked
        self._started_at, self._began = dt.datetime.now(dt.UTC), time.monotonic()
        self._finished = False

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since it came."""
        return round((time.monotonic() - self._began) * 1000)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.finish(Outcome(status="cancelled", error_code="abandoned"))

    async def finish(self, outcome: Outcome) -> None:
        """Records what came of it; the second call does nothing."""
        if self._finished:
            return
        self._finished = True
        self._store.spend.record(
            SpendRecord(
                started_at=self._started_at,
                request_id=self.id,
                model_name=self._asked.model,
                endpoint=self._asked.endpoint,
                duration_ms=self.elapsed_ms,
                **{field.name: getattr(outcome, field.name) for field in fields(outcome)},
            )
        )
