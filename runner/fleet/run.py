"""One command over many targets: some at a time, canaries first, and no further once too many have failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import MigrateError, Unexpected
from runner.ledger.session import Listener
from runner.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from runner.fleet.targets import Target
    from runner.results import TargetResult

    Work = Callable[[Target, Listener], Awaitable[TargetResult]]


class Limits(NamedTuple):
    """How a fleet is gone through: so many targets at a time; first so many as canaries; stop at so many failures.

    A canary that fails stops it, too. `max_failures` None: every target is tried.
    """

    parallel: int = 4
    canary: int = 0
    max_failures: int | None = None


class FleetListener(Listener):
    """Hears which targets there are and how they end, besides what each of them has to say."""

    def chosen(self, count: int) -> None:
        """There are so many targets."""

    def ended(self, outcome: Outcome) -> None:
        """A target is done, or has failed."""


class _Voice(Listener):
    """What one target has to say, with its name before it."""

    def __init__(self, name: str, fleet: FleetListener) -> None:
        self._name, self._fleet = name, fleet

    def waiting(self, why: str) -> None:
        self._fleet.waiting(f"{self._name}: {why}")

    def warning(self, text: str) -> None:
        self._fleet.warning(f"{self._name}: {text}")

    def drifted(self, differences: object) -> None:  # noqa: ARG002  # `verify` names them
        self.warning("somebody changed the schema by hand since the last migration")


async def run_fleet(
    targets: Sequence[Target], work: Work, limits: Limits, listener: FleetListener
) -> tuple[Outcome, ...]:
    """How each target ended, in their order. A failure of one is its outcome, and is never raised.

    If it is cancelled, so is what runs, and the CancelledError says how many targets were done.
    """
    import asyncio

    listener.chosen(len(targets))
    outcomes: dict[str, Outcome] = {}

    async def worker(queue: Iterator[Target], most: int | None) -> None:
        for target in queue:
            if most is not None and _failed(outcomes) >= most:
                return
            outcomes[target.name] = await _outcome(target, work, listener)
            listener.ended(outcomes[target.name])

    try:
        for group, most in ((targets[: limits.canary], 1), (targets[limits.canary :], limits.max_failures)):
            queue = iter(group)
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(limits.parallel, len(group))):
                    workers.create_task(worker(queue, most))
            if most == 1 and _failed(outcomes):
                break
    except asyncio.CancelledError:
        done = sum(outcome.done for outcome in outcomes.values())
        raise asyncio.CancelledError(
            f"{done} of {len(targets)} targets are done; the others are as they were"
        ) from None
    return tuple(outcomes.get(target.name) or Outcome(target.name) for target in targets)


def _failed(outcomes: dict[str, Outcome]) -> int:
    return sum(not outcome.done for outcome in outcomes.values())


async def _outcome(target: Target, work: Work, listener: FleetListener) -> Outcome:
    began = time.monotonic()
    result, error = None, None
    try:
        result = await work(target, _Voice(target.name, listener))
    except MigrateError as failure:
        error = failure
    except Exception as failure:  # noqa: BLE001  # a defect met at one target is no reason to leave the others
        error = Unexpected(f"{type(failure).__name__}: {failure}", hint="This is a defect of migrate.")
    return Outcome(target.name, result, error, round((time.monotonic() - began) * 1000))
