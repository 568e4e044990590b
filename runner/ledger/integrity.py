"""Files against ledger: what was edited, what is gone, what came in below, what the files do not know yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from runner.ledger.entry import State

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from runner.ledger.entry import LedgerEntry
    from runner.migrations.migration import Migration


class Standing(Enum):
    """Where one version stands between the files and the ledger."""

    APPLIED = "applied"
    BASELINE = "baseline"
    PENDING = "pending"
    STARTED = "started"
    OUT_OF_ORDER = "out of order"
    EDITED = "edited"
    REFORMATTED = "comments edited"
    GONE = "file gone"
    AHEAD = "ahead"


DIFFERENCES = frozenset({Standing.EDITED, Standing.GONE, Standing.OUT_OF_ORDER})
TO_APPLY = frozenset({Standing.PENDING, Standing.OUT_OF_ORDER, Standing.STARTED})


@dataclass(frozen=True, slots=True)
class Row:
    """One version with its file, its entry, or both."""

    version: int
    standing: Standing
    migration: Migration | None
    entry: LedgerEntry | None

    @property
    def title(self) -> str:
        """`0007_add_email`, from the file where there is one."""
        if self.migration:
            return self.migration.title
        return self.entry.title if self.entry else str(self.version)


def edited(migrations: Sequence[Migration], entries: Mapping[int, LedgerEntry]) -> list[Migration]:
    """The files whose checksum is not the one that ran; a file that only started may still be mended."""
    return [
        migration
        for migration in migrations
        if (entry := entries.get(migration.version))
        and entry.checksum != migration.checksum
        and entry.state is not State.STARTED
    ]


def compare(
    migrations: Sequence[Migration],
    entries: Mapping[int, LedgerEntry],
    *,
    reformatted: Container[int] = (),
) -> tuple[Row, ...]:
    """Every version that the files or the ledger know, in order; `reformatted` are edits of comments alone."""
    files = {migration.version: migration for migration in migrations}
    last_file = migrations[-1].version if migrations else 0
    last_entry = max(entries, default=0)
    changed = {migration.version for migration in edited(migrations, entries)}

    def standing(version: int) -> Standing:
        entry = entries.get(version)
        if entry is None:
            return Standing.OUT_OF_ORDER if version < last_entry else Standing.PENDING
        if version not in files:
            return Standing.AHEAD if version > last_file else Standing.GONE
        if version in changed:
            return Standing.REFORMATTED if version in reformatted else Standing.EDITED
        return Standing(entry.state.value)

    return tuple(
        Row(version, standing(version), files.get(version), entries.get(version))
        for version in sorted(files.keys() | entries.keys())
    )
