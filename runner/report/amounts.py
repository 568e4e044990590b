"""The size of a table as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.sizes import in_bytes

if TYPE_CHECKING:
    from runner.review.sizes import TableSize

_THOUSAND, _MILLION, _MILLIARD = 10**3, 10**6, 10**9


def rows_text(number: int) -> str:
    """`1 row`, `about 4 million rows`: the planner's estimate, so no digit that it does not know."""
    for unit, word in ((_MILLIARD, " billion"), (_MILLION, " million"), (_THOUSAND, ",000")):
        if number >= unit:
            return f"about {number / unit:.0f}{word} rows"
    return "1 row" if number == 1 else f"{number} rows"


def size_text(size: TableSize, *, with_indexes: bool = True) -> str:
    """`1.2 GB with 3 indexes, about 4.1 million rows`."""
    if not (size.rows or size.table_bytes or size.index_bytes):
        return "empty"
    whole = size.table_bytes + (size.index_bytes if with_indexes else 0)
    indexes = "1 index" if size.indexes == 1 else f"{size.indexes} indexes"
    beside = f" with {indexes}" if with_indexes and size.indexes else ""
    return f"{in_bytes(whole)}{beside}, {rows_text(size.rows)}"


def age_text(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h`, `2 days`."""
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"
