"""What people see while a command works: lines on stderr, and on a terminal a last line with what runs right now."""

from __future__ import annotations

import os
import sys
import time
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from runner.ledger.session import Listener
from runner.report.output import say
from runner.report.style import bar, dim, yellow
from runner.report.text import applied_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.catalog.difference import Difference
    from runner.ledger.entry import LedgerEntry
    from runner.migrations.migration import Migration


_PROGRESS_EVERY = 10.0  # seconds between lines where there is no terminal
_DRAW_EVERY = 0.1  # seconds between two states of the last line, if only the bar moved


class LiveReport(Listener):
    """Prints results to stdout as they come, unless they will all come in one JSON document, and the rest to stderr."""

    def __init__(self, *, results: bool) -> None:
        self._results = results
        self._terminal = sys.stderr.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._running: Migration | None = None
        self._doing, self._share = "", 0.0
        self._done = self._total = 0
        self._began_at = 0.0
        self._drawn, self._drawn_at = False, 0.0
        self._said_of: Migration | None = None
        self._next_line_at = 0.0

    def waiting(self, why: str) -> None:
        self._tell(dim(why))

    def server(self, text: str) -> None:
        self._tell(dim(text))

    def warning(self, text: str) -> None:
        self._tell(f"{yellow('warning')}: {text}")

    def drifted(self, differences: Sequence[Difference] | None) -> None:
        self.warning("somebody changed the schema by hand since the last migration; the next snapshot takes that in")
        from runner.report.text import difference_lines

        for line in difference_lines(differences or ()):
            self._tell(f"  {line}")

    def notice(self, migration: Migration, text: str) -> None:
        self._tell(f"{migration.label}: {text}")

    def planned(self, count: int) -> None:
        self._total = self._done + count
        self.close()

    def began(self, migration: Migration) -> None:
        self._running, self._doing, self._share = migration, "", 0.0
        self._began_at = time.monotonic()
        if self._said_of is not migration:
            self._next_line_at = self._began_at + _PROGRESS_EVERY
        self._draw()

    def doing(self, migration: Migration, text: str, share: float | None = None) -> None:
        """In the last line of a terminal, else in a line of its own: the first at once, as something takes its time."""
        if self._running is None:  # it waits for the lock, and has its own words for that
            return
        if text and self._said_of is not migration:
            self._next_line_at = 0.0
        if text or share:
            self._doing, self._share = text, share or 0.0
        self._progress(migration)

    def ran(self, migration: Migration, share: float) -> None:
        self._doing, self._share = "", share
        if not self._terminal or time.monotonic() >= self._drawn_at + _DRAW_EVERY:
            self._progress(migration)

    def applied(self, migration: Migration, entry: LedgerEntry) -> None:
        self._running = None
        self._done += 1
        self._wipe()
        if self._results:
            say(applied_line(migration, entry, 40))

    def close(self) -> None:
        """Leaves a clean line behind, whatever ended the command."""
        self._running = None
        self._wipe()

    def _progress(self, migration: Migration) -> None:
        self._draw()
        if not self._terminal and time.monotonic() >= self._next_line_at:
            self._said_of, self._next_line_at = migration, time.monotonic() + _PROGRESS_EVERY
            how_far = _comma(self._doing, self._percent()) or "still runs"
            after = self._seconds() and f"after {self._seconds()} s"
            say(_words(migration.title, how_far, after), err=True)

    def _tell(self, line: str) -> None:
        """A line on stderr, above the last one."""
        self._wipe()
        say(line, err=True)
        self._draw()

    def _wipe(self) -> None:
        if self._drawn:
            say("\r\x1b[K", err=True, nl=False)
        self._drawn = False

    def _draw(self) -> None:
        """The last line of a terminal: the file that runs, how far it is, and how many there are."""
        if not self._terminal or self._running is None:
            return
        many = f"{self._done + 1} of {self._total}" if self._total > 1 else ""
        if self._share:
            how_far = _words(bar(self._share), self._percent(), self._doing, many and f"({many})")
        elif many and not self._doing:
            how_far = _words(bar(self._done / self._total), many)
        else:
            how_far = _words(self._doing, many and f"({many})") or "…"
        line = _words(self._running.title, how_far, self._seconds() and f"{self._seconds()} s")
        say(f"\r\x1b[K{dim(line[: get_terminal_size().columns - 1])}", err=True, nl=False)
        self._drawn, self._drawn_at = True, time.monotonic()

    def _percent(self) -> str:
        return f"{self._share:.0%}" if self._share else ""

    def _seconds(self) -> int:
        return int(time.monotonic() - self._began_at)


def _words(*parts: str | int) -> str:
    """The parts that are there, with blanks between them."""
    return " ".join(str(part) for part in parts if part)


def _comma(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
