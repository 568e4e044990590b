"""The SQL of a migration as it stands in the file, with line numbers and a line under each statement: what it locks."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from runner.migrations.migration import Mode
from runner.report.amounts import size_text
from runner.report.markup import anchor, code, fold, link, text
from runner.report.summary import deeds_of, felt
from runner.report.words import count
from runner.review.locks import WORK, waiting
from runner.review.sizes import in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runner.report.summary import Deed
    from runner.review.locks import LockMode
    from runner.review.observed import Lock, Observed, Refusal, Relation
    from runner.review.review import Reviewed
    from runner.review.rules.rule import Finding, Subject

_LONGEST_SQL = 6_000  # characters of one statement
_MOST_LINES = 120
_MOST_OF_A_RUN = 12
_MOST_STATEMENTS = 1_000
_MOST_RELATIONS = 8


class _Piece(NamedTuple):
    """A part of the file: a statement, or a run of them, with its number, or what stands between two, without one."""

    number: int | None
    first_line: int
    text: str
    is_run: bool = False


def statement_anchor(place: str, number: int) -> str:
    """Where a statement stands on the page."""
    return f"{place}-statement-{number}"


def sql_part(reviewed: Reviewed, place: str) -> str:
    """The whole of it; statements one after the other that lock nothing share one line that says so."""
    parts: list[str] = []
    quiet: list[int] = []
    held = _held(reviewed)
    for piece in _pieces(reviewed):
        told = ""
        if piece.number is not None and piece.number <= len(reviewed.subject.statements):
            told = _told(reviewed, piece.number, held[piece.number - 1])
            if told and quiet:
                parts.append(_nothing(quiet, held=bool(held[quiet[-1] - 1])))
                quiet = []
            quiet += [] if told else [piece.number]
        parts.append(_code(piece, place) + told)
    if quiet:
        parts.append(_nothing(quiet, held=bool(held[quiet[-1] - 1])))
    return f'<div class="source">{"".join(parts)}</div>'


def _pieces(reviewed: Reviewed) -> Iterator[_Piece]:
    """The file in pieces, each beginning and ending with whole lines where no two statements share one."""
    script = reviewed.subject.trace.script
    source, at, line = script.source, 0, 1
    statements = list(script.statements)[:_MOST_STATEMENTS]
    for index, statement in enumerate(statements):
        following = statements[index + 1].start if index + 1 < len(statements) else len(source)
        start = source.rfind("\n", at, statement.start) + 1 or at
        start = start if not source[start : statement.start].strip() else statement.start
        if source[at:start].strip():
            yield _Piece(None, line, source[at:start])
        line += source.count("\n", at, start)
        end = source.find("\n", statement.end)
        end = min(len(source) if end < 0 else end + 1, following)
        yield _Piece(index + 1, line, source[start:end], is_run=statement.run > 1)
        line += source.count("\n", start, end)
        at = end
    if source[at:].strip() and len(statements) == len(script.statements):
        yield _Piece(None, line, source[at:])
    elif left := len(script.statements) - len(statements):
        yield _Piece(None, line, f"-- … {left} more statements are in the file")


def _code(piece: _Piece, place: str) -> str:
    """The lines of a piece, numbered; of a long one the beginning, and how much is not shown."""
    blank = len(piece.text) - len(piece.text.lstrip("\n"))
    lines = piece.text[blank:].rstrip().split("\n")
    shown = _beginning(lines[: _MOST_OF_A_RUN if piece.is_run else _MOST_LINES])
    rows = "".join(
        f'<span data-n="{piece.first_line + blank + at}">{text(line)}\n</span>' for at, line in enumerate(shown)
    )
    left = _left(lines, shown)
    more = f'<p class="remark">{left} not shown: see the file</p>' if left else ""
    if piece.number is None:
        return f'<pre class="gap">{rows}</pre>{more}'
    return f'<pre class="sql" id="{statement_anchor(place, piece.number)}">{rows}</pre>{more}'


def _left(lines: Sequence[str], shown: Sequence[str]) -> str:
    """How much of the lines is not shown, in words."""
    size = sum(len(line.encode()) for line in lines) - sum(len(line.encode()) for line in shown)
    if len(lines) > len(shown):
        return f"{count(len(lines) - len(shown), 'more line')}, {in_bytes(size)},"
    return f"{in_bytes(size)} of this line" if size > 0 else ""


def _beginning(lines: Sequence[str]) -> Sequence[str]:
    """As many lines as a page can hold; one that is too long by itself is cut."""
    shown: list[str] = []
    room = _LONGEST_SQL
    for line in lines:
        if room <= 0:
            break
        shown.append(line if len(line) <= room else f"{line[:room]} …")
        room -= len(line) + 1
    return shown


def _nothing(numbers: Sequence[int], *, held: bool) -> str:
    which = f"statement {numbers[0]}" if len(numbers) == 1 else f"statements {numbers[0]} to {numbers[-1]}"
    what = "no new lock, and those above are still held" if held else "nothing that existed is locked"
    return f'<p class="locks none">{which}: {what}</p>'


def _held(reviewed: Reviewed) -> Sequence[Mapping[Relation, LockMode]]:
    """What each statement finds locked by those before it: only what makes writes wait."""
    found: list[Mapping[Relation, LockMode]] = []
    held: dict[Relation, LockMode] = {}
    alone = reviewed.subject.trace.migration.header.mode is Mode.NO_TRANSACTION
    for observed in reviewed.subject.statements:
        found.append(held)
        strong = [lock for lock in observed.locks if lock.mode.blocks_writes and lock.relation.holds_rows]
        if strong and not alone:
            held = held | {lock.relation: max(lock.mode, held.get(lock.relation, lock.mode)) for lock in strong}
    return found


def _told(reviewed: Reviewed, number: int, held: Mapping[Relation, LockMode]) -> str:
    """The line under a statement; nothing if it takes no lock on what existed, and nothing was found in it."""
    subject = reviewed.subject
    observed = subject.statements[number - 1]
    items = [*_found(reviewed, number), *_locks(subject, observed)]
    items += map(_deed, deeds_of(subject, observed))
    items += [_refused(observed.refusal)] if observed.refusal else []
    if not items:
        return ""
    before = {relation: mode for relation, mode in held.items() if observed.mode(relation) is None}
    works = observed.rewritten or observed.rebuilt or observed.scanned or observed.built
    items += [_still_held(before)] if before and (works or not observed.locks) else []
    body = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul class="locks" aria-label="What statement {number} locks and does">{body}</ul>'


def _found(reviewed: Reviewed, number: int) -> Sequence[str]:
    """What was found in a statement, as one line of links to it."""
    links: list[str] = []
    place = anchor("file", reviewed.subject.trace.migration.title)
    for at, finding in enumerate(in_order(reviewed.findings)):
        if finding.number == number:
            word = "allowed" if finding.allowed is not None else str(finding.severity)
            tag = f'<span class="tag {word}">{word}</span> {text(finding.rule)}'
            links.append(link(finding_anchor(place, at), tag))
    return [" ".join(links)] if links else []


def in_order(findings: Iterable[Finding]) -> Sequence[Finding]:
    """The findings, worst first, those that the file allows last."""
    return sorted(findings, key=lambda each: (each.allowed is not None, -each.severity, each.number))


def finding_anchor(place: str, at: int) -> str:
    """Where a finding stands on the page, by its place in the order."""
    return f"{place}-finding-{at + 1}"


def _locks(subject: Subject, observed: Observed) -> Iterator[str]:
    """The new locks, strongest first, those of one mode together."""
    for mode, locks in groupby(felt(observed.locks), key=lambda lock: lock.mode):
        kind = "reads" if mode.blocks_reads else "writes" if mode.blocks_writes else "ddl"
        names = _names(subject, list(locks))
        yield f'<span class="mode {kind}">{mode}</span> on {names}<span class="who {kind}">{_who_waits(mode)}</span>'


def _names(subject: Subject, locks: Sequence[Lock]) -> str:
    named = [_named(subject, lock.relation) for lock in locks]
    shown, more = named[:_MOST_RELATIONS], named[_MOST_RELATIONS:]
    return ", ".join(shown) + (fold(f"and {len(more)} more", ", ".join(more), kind="inline") if more else "")


def _named(subject: Subject, relation: Relation) -> str:
    """A relation with its size, if it is a table of the live database."""
    kind = "" if relation.kind == "table" else f"{relation.kind} "
    size = subject.size(relation) if relation.holds_rows else None
    return f"{kind}{code(relation)}{f' <small>{size_text(size)}</small>' if size else ''}"


def _who_waits(mode: LockMode) -> str:
    """Who waits while the lock is held, and who of those that matter most does not."""
    waits = waiting(mode)
    if len(waits) == len(WORK):
        return "everything waits, SELECT too"
    free = ("SELECT",) if mode.blocks_writes else ("SELECT", "INSERT", "UPDATE", "DELETE")
    told = f"{', '.join(free)} {'goes' if len(free) == 1 else 'go'} on"
    return f"{_joined(waits)} {'wait' if len(waits) > 1 else 'waits'}; {told}"


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _deed(deed: Deed) -> str:
    """What it does besides locking, with how much there is of it."""
    relation = f" {code(deed.relation)}" if deed.relation else ""
    return f'<b class="deed">{deed.verb}</b>{relation}{text(deed.rest)}'


def _refused(refusal: Refusal) -> str:
    hint = f" {text(refusal.hint)}" if refusal.hint else ""
    why = f"{text(refusal.message)} (SQLSTATE {text(refusal.sqlstate)}).{hint}"
    return f'<span class="tag error">refused</span> by the server: {why}'


def _still_held(held: Mapping[Relation, LockMode]) -> str:
    """The locks of earlier statements, those of one mode together."""
    names: defaultdict[LockMode, list[str]] = defaultdict(list)
    for relation, mode in held.items():
        names[mode].append(code(relation))
    told = (f"{mode} on {', '.join(names[mode])}" for mode in sorted(names, reverse=True))
    kind = "reads" if any(mode.blocks_reads for mode in held.values()) else "writes"
    return f'<span class="quiet {kind}">still held from before: {"; ".join(told)}</span>'
