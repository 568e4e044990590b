"""What people see while a command works: lines on stderr, and on a terminal the file that runs right now."""

from __future__ import annotations

import sys
import time
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from runner.ledger.session import Listener
from runner.report.output import say
from runner.report.style import dim, yellow
from runner.report.text import applied_line

if TYPE_CHECKING:
    from runner.ledger.entry import LedgerEntry
    from runner.migrations.migration import Migration


_PROGRESS_EVERY = 10.0  # seconds between lines where there is no terminal


class LiveReport(Listener):
    """Prints results to stdout as they come, unless they will all come in one JSON document, and the rest to stderr."""

    def __init__(self, *, results: bool) -> None:
        self._results = results
        self._terminal = sys.stderr.isatty() and sys.stdout.isatty()
        self._running = ""
        self._next_progress = 0.0

    def waiting(self, why: str) -> None:
        self._tell(dim(why))

    def server(self, text: str) -> None:
        self._tell(dim(text))

    def warning(self, text: str) -> None:
        self._tell(f"{yellow('warning')}: {text}")

    def notice(self, migration: Migration, text: str) -> None:
        self._tell(f"{migration.label}: {text}")

    def progress(self, migration: Migration, text: str) -> None:
        """On a terminal in the line of the running file, else as a line of its own now and then."""
        if self._terminal:
            self._show_running(f"{migration.title} {text}"[: get_terminal_size().columns - 3])
        elif time.monotonic() >= self._next_progress:
            self._next_progress = time.monotonic() + _PROGRESS_EVERY
            say(f"{migration.title} {text}", err=True)

    def began(self, migration: Migration) -> None:
        self._show_running(migration.title)

    def applied(self, migration: Migration, entry: LedgerEntry) -> None:
        self._show_running("")
        if self._results:
            say(applied_line(migration, entry, 40))

    def close(self) -> None:
        """Leaves a clean line behind, whatever ended the command."""
        self._show_running("")

    def _tell(self, line: str) -> None:
        """A line on stderr, above that of the running file."""
        running = self._running
        self._show_running("")
        say(line, err=True)
        self._show_running(running)

    def _show_running(self, title: str) -> None:
        """On a terminal, the last line names the file that runs; each new one takes the place of the one before."""
        if self._terminal and (title or self._running):
            say(f"\r\x1b[K{dim(f'{title} …') if title else ''}", err=True, nl=False)
        self._running = title
