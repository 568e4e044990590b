"""How large the tables of the live database are, and how busy: from one query, or from a file that holds its answer."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.errors import BadStatistics, Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1
SMALL_ROWS, LARGE_ROWS = 10_000, 1_000_000
SMALL_BYTES, LARGE_BYTES = 10 * 2**20, 10 * 2**30
_PAGE = 8192
_UNITS = ((10**9, " billion"), (10**6, " million"), (1000, ",000"))


class TableSize(NamedTuple):
    """One table: rows as the planner estimates them, bytes, and how often it was read and written since `since`.

    `indexes` counts them. `published`: a publication sends its changes to subscribers.
    """

    rows: int
    table_bytes: int
    index_bytes: int
    indexes: int
    reads: int
    writes: int
    published: bool

    @property
    def empty(self) -> bool:
        """Whether it has no row. Nobody may have counted them yet, so its bytes are asked, too.

        A page is what the index of a TOAST table has from the beginning.
        """
        return not self.rows and self.table_bytes <= _PAGE


_KINDS = {
    "source": str,
    "taken_at": str,
    "since": str | None,
    "version": int,
    "timezone": str,
    "oldest_transaction_s": int | float | None,
    "tables": dict,
    "search_path": list,
}
NOWHERE = TableSize(0, 0, 0, 0, 0, 0, published=False)


def in_bytes(number: int) -> str:
    """`1.2 GB`, in powers of 1024."""
    size, units = float(number), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1024 and len(units) > 1:  # noqa: PLR2004
        size /= 1024
        units.pop(0)
    return f"{size:.0f} {units[0]}" if size >= 10 or units[0] == "bytes" else f"{size:.1f} {units[0]}"  # noqa: PLR2004


def in_rows(number: int) -> str:
    """`1 row`, `about 4 million rows`: the planner's estimate, so no digit that it does not know."""
    for unit, word in _UNITS:
        if number >= 0.9995 * unit:  # what is less is under a thousand of the smaller unit when it is rounded
            return f"about {number / unit:.0f}{word} rows"
    return "1 row" if number == 1 else f"{number} rows"


def in_time(number: int, throughput: tuple[int, int]) -> str:
    """How long so many bytes take, as a range: nobody knows it better without trying."""
    worst, best = (number / 2**20 / speed for speed in throughput)
    if worst < 1:
        return "under a second"
    return f"{_about(best)} to {_about(worst)} at {throughput[0]} to {throughput[1]} MB/s"


def _about(seconds: float) -> str:
    """Two digits are all that an estimate has."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"


class Sizes(NamedTuple):
    """The live database at one moment. `tables` by the name that `str(Relation)` gives; what is not there is empty.

    `oldest_transaction_s` is the age of the oldest transaction in seconds, None if there was none or if the role may
    not see it; `taken_at` and `since` (when counting began) as ISO 8601; `version` as server_version_num; `search_path`
    the schemas where a name without one is looked for.
    """

    source: str
    taken_at: str
    since: str | None
    version: int
    timezone: str
    oldest_transaction_s: float | None
    tables: Mapping[str, TableSize]
    search_path: tuple[str, ...] = ("public",)

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.version // 10_000

    def find(self, name: str) -> TableSize | None:
        """The size of a table by its name as migrations say it; None if it is not there."""
        paths = [] if "." in name else [f"{schema}.{name}" for schema in self.search_path if schema != "public"]
        return next((self.tables[each] for each in (*paths, name) if each in self.tables), None)


def as_document(sizes: Sizes) -> dict[str, Any]:
    """The sizes as JSON has them."""
    tables = {name: size._asdict() for name, size in sorted(sizes.tables.items())}
    return {"format": FORMAT, **sizes._asdict(), "tables": tables}


def as_text(sizes: Sizes) -> str:
    """The sizes as `migrate stats` writes them."""
    return json.dumps(as_document(sizes), indent=2) + "\n"


def read_sizes(path: Path) -> Sizes:
    """The sizes in a file that `migrate stats` wrote. Raises BadStatistics."""
    try:
        return _of_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
    raise BadStatistics(
        f"the file holds no statistics: {reason}",
        place=Place(str(path)),
        hint="Write it with: migrate stats -o FILE",
    )


def _of_json(document: Any) -> Sizes:
    """The sizes in a JSON document. Raises ValueError, TypeError or KeyError for what cannot be, whoever wrote it."""
    parts = dict(document.get("statistics", document))  # what `stats --json` prints will do, too
    if (form := parts.pop("format")) != FORMAT:
        raise ValueError(f"its format is {form}, and this runner reads {FORMAT}")
    for name, kind in _KINDS.items():
        if not isinstance(parts[name], kind):
            raise TypeError(f"{name} is {parts[name]!r}")
    for moment in filter(None, (parts["taken_at"], parts["since"])):
        if datetime.fromisoformat(moment).tzinfo is None:
            raise ValueError(f"{moment} has no time zone")
    parts["tables"] = {name: _table(size) for name, size in parts["tables"].items()}
    parts["search_path"] = tuple(parts["search_path"])
    return Sizes(**parts)


def _table(size: Mapping[str, Any]) -> TableSize:
    *numbers, published = table = TableSize(**size)
    if not all(isinstance(number, int) for number in (*numbers, published)):
        raise TypeError(f"{size} is not the size of a table")
    return table
