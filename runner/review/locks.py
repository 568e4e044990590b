"""Lock modes of tables, as the manual spells them, and who waits for whom (manual: "Explicit Locking")."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class LockMode(IntEnum):
    """The eight modes, from weak to strong."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        """`ACCESS EXCLUSIVE`."""
        return self.name.replace("_", " ")

    @property
    def blocks_reads(self) -> bool:
        """Whether SELECT waits."""
        return conflict(self, LockMode.ACCESS_SHARE)

    @property
    def blocks_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait."""
        return conflict(self, LockMode.ROW_EXCLUSIVE)


_CONFLICTS: dict[LockMode, frozenset[int]] = {
    LockMode.ACCESS_SHARE: frozenset({8}),
    LockMode.ROW_SHARE: frozenset({7, 8}),
    LockMode.ROW_EXCLUSIVE: frozenset({5, 6, 7, 8}),
    LockMode.SHARE_UPDATE_EXCLUSIVE: frozenset({4, 5, 6, 7, 8}),
    LockMode.SHARE: frozenset({3, 4, 6, 7, 8}),
    LockMode.SHARE_ROW_EXCLUSIVE: frozenset({3, 4, 5, 6, 7, 8}),
    LockMode.EXCLUSIVE: frozenset({2, 3, 4, 5, 6, 7, 8}),
    LockMode.ACCESS_EXCLUSIVE: frozenset(range(1, 9)),
}


class Work(NamedTuple):
    """A kind of work that other sessions do, with the mode that it takes."""

    name: str
    mode: LockMode


WORK = (
    Work("SELECT", LockMode.ACCESS_SHARE),
    Work("SELECT FOR UPDATE", LockMode.ROW_SHARE),
    Work("INSERT, UPDATE, DELETE", LockMode.ROW_EXCLUSIVE),
    Work("VACUUM, CREATE INDEX CONCURRENTLY", LockMode.SHARE_UPDATE_EXCLUSIVE),
    Work("ALTER TABLE and other DDL", LockMode.ACCESS_EXCLUSIVE),
)
"""What people ask about: does it wait while a migration holds a lock?"""


def conflict(one: LockMode, other: LockMode) -> bool:
    """Whether two sessions cannot hold these modes on one table at the same time."""
    return other in _CONFLICTS[one]


def waiting(mode: LockMode) -> tuple[str, ...]:
    """The kinds of work that wait while somebody holds the mode."""
    return tuple(work.name for work in WORK if conflict(mode, work.mode))
