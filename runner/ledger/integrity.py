"""Files against ledger: what was edited, what is gone, what came in below, what the files do not know yet."""

from __future__ import annotations

from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

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
_OF_STATE = {State.APPLIED: Standing.APPLIED, State.BASELINE: Standing.BASELINE, State.STARTED: Standing.STARTED}
TO_APPLY = frozenset({Standing.PENDING, Standing.OUT_OF_ORDER, Standing.STARTED})


class Row(NamedTuple):
    """One version with its file, its entry, or both. A tuple for the same reason as LedgerEntry."""

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
    last_file = migrations[-1].version if migrations else 0
    last_entry = max(entries, default=0)
    rows = [
        Row(each.version, _of_file(each, entries, last_entry, reformatted), each, entries.get(each.version))
        for each in migrations
    ]
    rows += [
        Row(version, _without_file(entries[version], last_file), None, entries[version])
        for version in entries.keys() - {migration.version for migration in migrations}
    ]
    return tuple(sorted(rows, key=attrgetter("version")))


def _without_file(entry: LedgerEntry, last_file: int) -> Standing:
    if entry.state is State.STARTED:
        return Standing.STARTED
    return Standing.AHEAD if entry.version > last_file else Standing.GONE


def _of_file(
    migration: Migration, entries: Mapping[int, LedgerEntry], last_entry: int, reformatted: Container[int]
) -> Standing:
    entry = entries.get(migration.version)
    if entry is None:
        return Standing.OUT_OF_ORDER if migration.version < last_entry else Standing.PENDING
    if entry.checksum == migration.checksum or entry.state is State.STARTED:
        return _OF_STATE[entry.state]
    return Standing.REFORMATTED if migration.version in reformatted else Standing.EDITED
