"""SIGINT and SIGTERM: the running statement is cancelled, the transaction rolled back, the status says so."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any, TypeVar

from runner.errors import Interrupted, Terminated

if TYPE_CHECKING:
    from collections.abc import Coroutine

_Result = TypeVar("_Result")
_ERRORS = {signal.SIGINT: Interrupted, signal.SIGTERM: Terminated}


def run_until_signal(work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of the work. A signal cancels it, and then Interrupted or Terminated is raised."""
    received: list[signal.Signals] = []

    async def watched() -> _Result:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()

        def receive(number: signal.Signals) -> None:
            received.append(number)
            task.cancel()

        for number in _ERRORS:
            loop.add_signal_handler(number, receive, number)
        return await task

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError as cancelled:
        if not received:
            raise
        kind = _ERRORS[received[0]]
        raise kind(
            f"stopped by {received[0].name}",
            hint="What is committed stays. Run the command again to go on.",
            state=str(cancelled) or None,
        ) from None
