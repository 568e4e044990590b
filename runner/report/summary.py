"""A review in words that every report shares: the verdict, the heaviest lock, what a statement does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.report.amounts import age_text, size_text
from runner.report.words import count
from runner.review.locks import LockMode, conflict
from runner.review.review import counts
from runner.review.sizes import in_bytes, in_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.results import ReviewResult
    from runner.review.observed import Lock, Observed, Relation, Trace
    from runner.review.review import Reviewed
    from runner.review.rules.rule import Subject


def verdict(result: ReviewResult) -> str:
    """The first line of a report: how many files, and what was found."""
    if not result.files:
        return "nothing is pending"
    accepted = sum(finding.allowed is not None for each in result.files for finding in each.findings)
    parts = [f"{count(len(result.files), 'pending migration')}: {found(result.files) or 'nothing found'}"]
    return "; ".join([*parts, f"{accepted} allowed"] if accepted else parts)


def found(files: Iterable[Reviewed]) -> str:
    """`1 error, 2 notes`: the findings that count, worst first."""
    return ", ".join(count(number, str(severity)) for severity, number in counts(files).items() if number)


def basis(result: ReviewResult) -> str:
    """What the verdict rests on: the server that ran the files, and where the sizes are from."""
    parts = [f"traced on PostgreSQL {result.major}"]
    if result.sizes is None:
        parts.append("sizes are unknown, so every table counts as large")
    else:
        parts.append(f"sizes of {result.sizes.source} at {result.sizes.taken_at}")
        if result.sizes.major != result.major:
            parts.append(f"which runs PostgreSQL {result.sizes.major}")
    if result.queries is not None:
        parts.append(
            f"{count(result.queries, 'query')} followed" + (f" of {result.revision}" if result.revision else "")
        )
    return ", ".join(parts)


def felt(locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """The locks that tell something: one on an index only where its table has none."""
    tables = {str(lock.relation) for lock in locks if lock.relation.kind != "index"}
    return tuple(lock for lock in locks if lock.relation.kind != "index" or lock.relation.table not in tables)


def heaviest(trace: Trace) -> Lock | None:
    """The strongest lock that the file takes on what existed before."""
    locks = [lock for observed in trace.statements for lock in felt(observed.locks)]
    return max(locks, key=lambda lock: lock.mode, default=None)


def lock_words(lock: Lock) -> str:
    """A lock, and who waits for it."""
    return f"{lock.mode} on {lock.relation}: {who_waits(lock.mode)}"


def who_waits(mode: LockMode) -> str:
    """Whom a lock holds up, in a few words."""
    if mode.blocks_reads:
        return "reads and writes wait"
    if mode.blocks_writes:
        return "writes wait, reads go on"
    if conflict(mode, LockMode.SHARE_UPDATE_EXCLUSIVE):
        return "only VACUUM and other DDL wait"
    return "only other DDL waits"


class Deed(NamedTuple):
    """What a statement does to a relation of before, or to none in particular, and how much that is."""

    verb: str
    relation: Relation | None
    rest: str = ""

    def __str__(self) -> str:
        return f"{self.verb}{f' {self.relation}' if self.relation else ''}{self.rest}"


def deeds(subject: Subject, observed: Observed) -> tuple[str, ...]:
    """What a statement does to what existed before it, besides locking, and how much that is on the live database."""
    return tuple(map(str, deeds_of(subject, observed)))


def deeds_of(subject: Subject, observed: Observed) -> Iterator[Deed]:
    """The same in parts."""
    copied = [each for each in observed.rewritten if each not in observed.emptied]
    read = [each for each in observed.scanned if each not in observed.rewritten]
    yield from (Deed("empties", each, _contents(subject, each)) for each in observed.emptied)
    yield from (Deed("writes", each, f" anew{_effort(subject, each, whole=True)}") for each in copied)
    yield from (Deed("writes index", each, " anew") for each in observed.rebuilt)
    yield from (Deed("reads", each, f" from end to end{_effort(subject, each, whole=False)}") for each in read)
    if observed.built:
        yield Deed("builds", None, f" {', '.join(map(str, observed.built))}")
    if observed.waits:
        yield Deed("waits", None, f" for every older transaction of the database to end{_age(subject)}")
    if rows := subject.estimates.get(observed.number):
        yield Deed("changes", None, f" about {rows:,} rows, as the live planner expects")


def _contents(subject: Subject, relation: Relation) -> str:
    """How much goes; no time, as nothing is copied."""
    size = subject.size(relation)
    return f": {size_text(size)}" if size else ""


def _age(subject: Subject) -> str:
    """How old the oldest transaction was, if that is known."""
    oldest = subject.sizes.oldest_transaction_s if subject.sizes else None
    return f"; the oldest was {age_text(oldest)} old when the sizes were taken" if oldest is not None else ""


def _effort(subject: Subject, relation: Relation, *, whole: bool) -> str:
    """The bytes of a table, with its indexes if those are made anew with it, and the time that they take."""
    size = subject.size(relation)
    if size is None:
        return ""
    indexes = f" and {count(size.indexes, 'index')} of {in_bytes(size.index_bytes)}" if whole and size.indexes else ""
    total = size.table_bytes + (size.index_bytes if whole else 0)
    return f": {in_bytes(size.table_bytes)}{indexes}, {in_time(total, subject.throughput)}"
