"""What a rule is, what it sees, and what it finds."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from runner.review.sizes import LARGE_BYTES, LARGE_ROWS, NOWHERE, SMALL_BYTES, SMALL_ROWS, in_bytes, in_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from runner.catalog.catalog import Catalog
    from runner.client.compare import QueryFinding
    from runner.review.locks import LockMode
    from runner.review.observed import Observed, Relation, Trace
    from runner.review.sizes import Sizes, TableSize

BUSY_USES, OLD_TRANSACTION_S = 10.0, 60.0
"""Reads and writes a second that make a table a busy one; and how old a transaction holds up a lock as they do."""

_A_MONTH_S = 30 * 24 * 3600.0
_NAMED = 3  # tables in a message


class Severity(IntEnum):
    """How bad it is: a note informs, a warning wants a look, an error should not reach production."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Effort(IntEnum):
    """What a statement does while it holds its lock."""

    BRIEF = 1
    SCAN = 2
    REWRITE = 3


class Finding(NamedTuple):
    """What a rule found, at a statement (counted from 1), or at the file as a whole (0).

    `allowed` is the reason that the file gives for it; then it does not count.
    """

    rule: str
    severity: Severity
    number: int
    message: str
    allowed: str | None = None


class Subject(NamedTuple):
    """All that is known of one pending migration. `sizes` None: nothing is known of the live database.

    `queries` is what the file does to the queries that run today; `estimates` the rows that the live database's
    planner expects an UPDATE or DELETE to change, by statement number; `throughput` what the live server rewrites or
    scans, in MB a second, at worst and at best; `outcome` the schema after all pending migrations, if that is not what
    this one leaves; `renamed` the names that tables have on the live database, where an earlier pending file gave them
    another, and `came` those of tables that one made; `late`: one of a higher version is applied already.
    """

    trace: Trace
    sizes: Sizes | None = None
    queries: tuple[QueryFinding, ...] = ()
    estimates: Mapping[int, int] = {}  # never changed
    throughput: tuple[int, int] = (50, 500)
    outcome: Catalog | None = None
    renamed: Mapping[str, str] = {}  # never changed
    came: frozenset[str] = frozenset()
    late: bool = False

    @property
    def statements(self) -> tuple[Observed, ...]:
        """The statements with what was seen of each."""
        return self.trace.statements

    def size(self, relation: Relation) -> TableSize | None:
        """How large a table is on the live database; None if that is not known.

        One that an earlier pending file made is empty. One that should be there and is not may be there under another
        name: nothing is known of it.
        """
        if self.sizes is None:
            return None
        name = relation.table or str(relation)
        return self.sizes.find(self.renamed.get(name, name)) or (NOWHERE if name in self.came else None)

    def small(self, relation: Relation, *, effort: Effort = Effort.SCAN) -> bool:
        """Whether the live table is known to be small: even a rewrite is over in a moment."""
        size = self.size(relation)
        return size is not None and size.rows < SMALL_ROWS and _whole(size, effort) < SMALL_BYTES

    def busy(self, relation: Relation) -> bool | None:
        """Whether users feel it when they wait for the table for a moment; None if nothing is known.

        The table is used often, or it is used and a transaction is open for long, which may hold the lock up. Where
        nobody knows since when the server counts, a month is assumed.
        """
        size = self.size(relation)
        if size is None or self.sizes is None:
            return None
        uses = size.reads + size.writes
        if (self.sizes.oldest_transaction_s or 0) >= OLD_TRANSACTION_S:
            return uses > 0
        return uses / _counted_s(self.sizes) >= BUSY_USES

    def severity(self, relation: Relation, mode: LockMode, effort: Effort) -> Severity:
        """How bad it is to do such work under a lock on a table: what waits, for how long.

        A lock that neither readers nor writers feel is a note. One that is held for a moment is a note, too, but on a
        busy table a warning; where nobody knows how busy it is, it is one if readers wait. Else it depends on the size:
        unknown counts as large.
        """
        if not mode.blocks_writes:
            return Severity.NOTE
        if effort is Effort.BRIEF:
            felt = mode.blocks_reads if (busy := self.busy(relation)) is None else busy
            return Severity.WARNING if felt else Severity.NOTE
        size = self.size(relation)
        if size is None:
            return Severity.ERROR
        if self.small(relation, effort=effort):
            return Severity.NOTE
        large = size.rows >= LARGE_ROWS or _whole(size, effort) >= LARGE_BYTES
        return Severity.ERROR if large or mode.blocks_reads else Severity.WARNING

    def blocked(self, statement: Observed, relations: Iterable[Relation], effort: Effort) -> Blocked | None:
        """Those of the relations whose users wait while the statement works on them, if there are any."""
        asked = tuple(relations)
        held = self.trace.held(statement) if asked else {}
        modes = {each: held[each] for each in asked if each in held and held[each].blocks_writes}
        if not modes:
            return None
        return Blocked(
            tuple(modes),
            max(modes.values()),
            max(self.severity(relation, mode, effort) for relation, mode in modes.items()),
        )

    def tables_of(self, indexes: Iterable[Relation]) -> tuple[Relation, ...]:
        """The tables of indexes, each once."""
        names = {index.table for index in indexes}
        return tuple(sorted((each for each in self.trace.existing if str(each) in names), key=str))

    def named(self, relations: Collection[Relation]) -> str:
        """`orders (1.2 GB, about 4 million rows) and users`: tables for a message, with what is known of their size."""
        names = [f"{each}{self._in_words(each)}" for each in list(relations)[:_NAMED]]
        if len(relations) > _NAMED:
            names.append(f"{len(relations) - _NAMED} more")
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

    def _in_words(self, relation: Relation) -> str:
        size = self.size(relation)
        if size is None:
            return ""
        if size.empty:
            return " (empty)"
        return (
            f" ({in_bytes(size.table_bytes)}, {in_rows(size.rows)})"
            if size.rows
            else f" ({in_bytes(size.table_bytes)})"
        )


class Blocked(NamedTuple):
    """Tables that a statement works on while their users wait, the strongest mode, and how bad it is."""

    tables: tuple[Relation, ...]
    mode: LockMode
    severity: Severity

    @property
    def under(self) -> str:
        """`under SHARE: writes wait until it commits`."""
        return f"under {self.mode}: {waits(self.mode)} until it commits"


def waits(mode: LockMode) -> str:
    """Who waits while the mode is held."""
    if mode.blocks_reads:
        return "reads and writes wait"
    return "writes wait" if mode.blocks_writes else "neither reads nor writes wait"


def _whole(size: TableSize, effort: Effort) -> int:
    """The bytes that the work is about."""
    return size.table_bytes + (size.index_bytes if effort is Effort.REWRITE else 0)


def _counted_s(sizes: Sizes) -> float:
    """For how long the server had counted reads and writes."""
    if sizes.since is None:
        return _A_MONTH_S
    counted = datetime.fromisoformat(sizes.taken_at) - datetime.fromisoformat(sizes.since)
    return max(counted.total_seconds(), 1.0)


class Rule(NamedTuple):
    """One rule, with the texts of its page and two examples that the tests run.

    `condition` says when it speaks, `effect` what happens then, `safe` what to do instead: Markdown, a few sentences,
    without a heading. `setup` is SQL of earlier migrations for both examples; `bad` is one file that the rule finds,
    `good` the files of the safe shape, in order, in none of which it finds more than a note. `queries` is a file of
    queries that run today, where the rule asks for them.
    """

    name: str
    summary: str
    condition: str
    effect: str
    safe: str
    setup: str
    bad: str
    good: tuple[str, ...]
    check: Callable[[Subject], Iterator[Finding]]
    queries: str = ""

    def found(self, statement: Observed | None, severity: Severity, message: str) -> Finding:
        """A finding of this rule at a statement, or at the file as a whole."""
        return Finding(self.name, severity, statement.number if statement else 0, message)
