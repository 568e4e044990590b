"""The size of a table as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.sizes import in_bytes, in_rows

if TYPE_CHECKING:
    from runner.review.sizes import TableSize


def size_text(size: TableSize, *, with_indexes: bool = True) -> str:
    """`1.2 GB with 3 indexes, about 4.1 million rows`."""
    if size.empty:
        return "empty"
    whole = size.table_bytes + (size.index_bytes if with_indexes else 0)
    indexes = "1 index" if size.indexes == 1 else f"{size.indexes} indexes"
    beside = f" with {indexes}" if with_indexes and size.indexes else ""
    return f"{in_bytes(whole)}{beside}" + (f", {in_rows(size.rows)}" if size.rows else "")


def age_text(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h`, `2 days`."""
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"
