"""Words that several reports share, and that cost nothing to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ledger.entry import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ledger.integrity import Row

_PLURALS = {"query": "queries", "index": "indexes", "entry": "entries"}


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun if number == 1 else _PLURALS.get(noun, f'{noun}s')}"


def reached(rows: Sequence[Row]) -> Row | None:
    """The highest version that the database has, and not half-way; None if it has none."""
    return next((row for row in reversed(rows) if row.entry and row.entry.state is not State.STARTED), None)
