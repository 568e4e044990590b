"""What people see while a fleet is gone through: a bar on a terminal, elsewhere failures and a count."""

from __future__ import annotations

import time
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from runner.fleet.run import FleetListener
from runner.report.live import LiveReport
from runner.report.output import say
from runner.report.style import bar, dim, red

if TYPE_CHECKING:
    from runner.results import Outcome

_LINE_EVERY = 10.0  # seconds


class LiveFleet(LiveReport, FleetListener):
    """Tells on stderr how far the fleet is."""

    def __init__(self) -> None:
        super().__init__(results=False)
        self._failed = 0
        self._next_line_at = time.monotonic() + _LINE_EVERY

    def chosen(self, count: int) -> None:
        self._total = count
        self._draw()

    def ended(self, outcome: Outcome) -> None:
        self._done += 1
        if outcome.error:
            self._failed += 1
            self._tell(f"{outcome.name}: {red(f'error[{outcome.error.name}]')}: {outcome.error.message}")
        self._draw()
        if not self._terminal and time.monotonic() >= self._next_line_at:
            self._next_line_at = time.monotonic() + _LINE_EVERY
            say(self._count(), err=True)

    def _draw(self) -> None:
        if not self._terminal or self._done == self._total:
            return self._wipe()
        line = f"{bar(self._done / self._total)} {self._count()}"
        say(f"\r\x1b[K{dim(line[: get_terminal_size().columns - 1])}", err=True, nl=False)
        self._drawn = True
        return None

    def _count(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._done} of {self._total} targets{failed}"
