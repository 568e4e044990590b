"""What the ledger holds: one entry a migration, and a history that two databases can compare."""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.migrations.migration import Migration

NO_HISTORY = ""


class State(Enum):
    """Where a migration stands in the ledger; a version without an entry is pending."""

    APPLIED = "applied"
    BASELINE = "baseline"
    STARTED = "started"


class LedgerEntry(NamedTuple):
    """A row of `_migrations`, as far as decisions and reports need it.

    `applied_at` is the server's text of a timestamptz, `duration_ms` the server's wall time. A tuple, not a
    dataclass: `up` with nothing to do reads thousands of them, and that is most of what it does.
    """

    version: int
    name: str
    checksum: str
    state: State
    statements_done: int
    history: str
    applied_at: str | None = None
    duration_ms: int | None = None
    applied_by: str | None = None

    @property
    def title(self) -> str:
        """How the entry is named when its file is not there to ask."""
        return f"{self.version:04d}_{self.name}"


def chain(previous: str, version: int, checksum: str) -> str:
    """The history after one more migration: a hash over the history below it, its version and its checksum."""
    return hashlib.sha256(f"{previous}\n{version}\n{checksum}".encode()).hexdigest()


class Ledger(dict[int, LedgerEntry]):
    """The entries by version, always in the order of versions."""

    @property
    def tip(self) -> LedgerEntry | None:
        """The entry with the highest version."""
        return self[next(reversed(self))] if self else None

    @property
    def history(self) -> str:
        """The last history: equal ones mean that the same files ran."""
        return self.tip.history if self.tip else NO_HISTORY

    def history_with(self, version: int, checksum: str) -> str:
        """The history that an entry has at its place."""
        if self.tip is None or self.tip.version < version:
            return chain(self.history, version, checksum)
        below = max((each for each in self if each < version), default=None)
        return chain(NO_HISTORY if below is None else self[below].history, version, checksum)

    def entry_for(
        self,
        migration: Migration,
        state: State,
        *,
        statements_done: int,
        applied_by: str,
    ) -> LedgerEntry:
        """The entry that a migration would have here; nothing is added."""
        return LedgerEntry(
            version=migration.version,
            name=migration.name,
            checksum=migration.checksum,
            state=state,
            statements_done=statements_done,
            history=self.history_with(migration.version, migration.checksum),
            applied_by=applied_by,
        )

    def put(self, entry: LedgerEntry) -> list[tuple[int, str]]:
        """Adds or replaces an entry; the (version, history) of those above it, which are chained anew.

        So the last history is a function of the files alone, not of the order in which they came in.
        """
        late = self.tip is not None and self.tip.version > entry.version
        self[entry.version] = entry
        return self._chain_anew(above=entry.version) if late else []

    def take(self, read: Mapping[int, LedgerEntry]) -> None:
        """Takes over entries as the database has them; their histories are right as they are."""
        late = self.tip is not None and bool(read) and min(read) <= self.tip.version
        merged = {**self, **read}
        self.clear()
        self.update(sorted(merged.items()) if late else merged)

    def _chain_anew(self, *, above: int) -> list[tuple[int, str]]:
        ordered, history, changed = sorted(self.values()), NO_HISTORY, []
        self.clear()
        for entry in ordered:
            history = entry.history if entry.version <= above else chain(history, entry.version, entry.checksum)
            self[entry.version] = entry._replace(history=history)
            if entry.version > above:
                changed.append((entry.version, history))
        return changed
