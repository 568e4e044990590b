"""A review as text for the terminal: what was found, file by file, and the verdict as the last line."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from runner.migrations.migration import Mode
from runner.report.style import bold, dim, green, red, yellow
from runner.report.summary import basis, deeds, felt, lock_words, verdict
from runner.report.words import count
from runner.review.rules import RULES
from runner.review.rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.results import ReviewResult
    from runner.review.review import Reviewed
    from runner.review.rules.rule import Finding, Subject

_COLOURS = {Severity.ERROR: red, Severity.WARNING: yellow, Severity.NOTE: dim}
_WIDTH = 100
_LONGEST_SQL = 76
_SAFE = {rule.name: rule.safe for rule in RULES}


def review_text(result: ReviewResult) -> str:
    """The whole review."""
    lines = [line for each in result.files for line in _file(each)]
    return "\n".join([*lines, dim(basis(result)), review_verdict(result)])


def review_verdict(result: ReviewResult) -> str:
    """The last line: what was found, in the colour of the worst."""
    worst = max((each.worst for each in result.files if each.worst), default=None)
    return (_COLOURS[worst] if worst and worst > Severity.NOTE else green)(verdict(result))


def _file(reviewed: Reviewed) -> Iterator[str]:
    trace = reviewed.subject.trace
    mode = "one transaction" if trace.migration.header.mode is Mode.TRANSACTION else "each statement on its own"
    yield f"{bold(trace.migration.title)}  {count(len(trace.statements), 'statement')}, {mode}"
    yield from _statements(reviewed.subject)
    told: set[str] = set()
    for finding in sorted(reviewed.findings, key=lambda each: (each.allowed is not None, -each.severity, each.number)):
        yield from _finding(reviewed, finding, safe=finding.rule not in told)
        told.add(finding.rule)
    yield ""


def _statements(subject: Subject) -> Iterator[str]:
    """Each statement that touches what was there before, with what it locks and does."""
    quiet = 0
    for observed in subject.statements:
        lines = [*map(lock_words, felt(observed.locks)), *deeds(subject, observed)]
        quiet += not lines
        if lines:
            yield f"  {observed.place.line:>4} {dim('|')} {_one_line(observed.sql)}"
            yield from (f"       {dim('|')}   {line}" for line in lines)
    if quiet:
        others = "statement" if quiet == len(subject.statements) else "other statement"
        yield dim(f"       {count(quiet, others)} {'locks' if quiet == 1 else 'lock'} nothing that was there before")


def _one_line(sql: str) -> str:
    return textwrap.shorten(" ".join(sql.split()), _LONGEST_SQL, placeholder=" …")


def _finding(reviewed: Reviewed, finding: Finding, *, safe: bool) -> Iterator[str]:
    trace = reviewed.subject.trace
    place = trace.statements[finding.number - 1].place if finding.number else None
    where = f"{trace.migration.path}:{place.line}" if place else trace.migration.path
    if finding.allowed is not None:
        yield dim(f"  allowed[{finding.rule}]: {finding.allowed}")
        return
    yield f"  {_COLOURS[finding.severity](f'{finding.severity}[{finding.rule}]')}: {where}"
    yield from _wrapped(finding.message, "    ")
    if safe and finding.severity > Severity.NOTE and finding.rule in _SAFE:
        yield from _safe(_SAFE[finding.rule])


def _safe(text: str) -> Iterator[str]:
    """The safe shape: its SQL as it stands, its sentences wrapped."""
    yield f"    {bold('safe')}:"
    for number, part in enumerate(re.split(r"^```.*\n", f"{text.strip()}\n", flags=re.MULTILINE)):
        if number % 2:
            yield from textwrap.indent(part.rstrip(), " " * 8).splitlines()
        else:
            for paragraph in re.split(r"\n{2,}|\n(?=- )", part.strip()):
                yield from _wrapped(paragraph.replace("\n", " "), "      ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
