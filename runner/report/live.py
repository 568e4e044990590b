"""What people see while a command works: lines on stderr, and on a terminal the file that runs right now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from runner.ledger.session import Listener
from runner.report.output import say
from runner.report.style import dim, yellow
from runner.report.text import applied_line

if TYPE_CHECKING:
    from runner.ledger.entry import LedgerEntry
    from runner.migrations.migration import Migration


class LiveReport(Listener):
    """Prints results to stdout as they come, unless they will all come in one JSON document, and the rest to stderr."""

    def __init__(self, *, results: bool) -> None:
        self._results = results
        self._terminal = sys.stderr.isatty() and sys.stdout.isatty()
        self._shown = False

    def waiting(self, why: str) -> None:
        self._say(dim(why))

    def server(self, text: str) -> None:
        self._say(dim(text))

    def warning(self, text: str) -> None:
        self._say(f"{yellow('warning')}: {text}")

    def notice(self, migration: Migration, text: str) -> None:
        self._say(f"{migration.label}: {text}")

    def began(self, migration: Migration) -> None:
        if self._terminal:
            self._clear()
            say(dim(f"{migration.title} …"), err=True, nl=False)
            self._shown = True

    def applied(self, migration: Migration, entry: LedgerEntry) -> None:
        self._clear()
        if self._results:
            say(applied_line(migration, entry, 40))

    def _say(self, line: str) -> None:
        self._clear()
        say(line, err=True)

    def _clear(self) -> None:
        """Takes the running file's line away, so that the next line has the whole width."""
        if self._shown:
            say("\r\x1b[K", err=True, nl=False)
            self._shown = False

    def close(self) -> None:
        """Leaves a clean line behind, whatever ended the command."""
        self._clear()
