"""The part of a review's page about one file: what was found, its SQL with a line of locks, what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.difference import as_lines
from runner.durations import format_duration
from runner.migrations.migration import Mode
from runner.report.markup import anchor, breakable, code, diff, fold, link, listed, text
from runner.report.prose import html_of, inline
from runner.report.sql_part import finding_anchor, in_order, sql_part, statement_anchor
from runner.report.words import count
from runner.review.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.client.compare import QueryFinding
    from runner.migrations.migration import Header
    from runner.review.review import Reviewed
    from runner.review.rules.rule import Finding

_SHORT_DIFFERENCE = 60  # lines that need no folding
_LONGEST_DIFFERENCE = 1_500
_RULES = {rule.name: rule for rule in RULES}


def file_part(reviewed: Reviewed, *, unfolded: bool) -> str:
    """The file; its SQL is folded if that is asked for."""
    migration, subject = reviewed.subject.trace.migration, reviewed.subject
    place = anchor("file", migration.title)
    summary = f"SQL: {count(subject.trace.script.count, 'statement')}"
    sql = fold(summary, sql_part(reviewed, place), unfolded=unfolded, kind="sql-fold")
    beside = _difference(reviewed) + _queries(subject.queries)
    return f"""<section id="{place}" class="file" data-stop="section" data-part aria-labelledby="{place}-title">
<h2 id="{place}-title">{breakable(migration.title)}</h2>
<p class="quiet">{code(migration.path)}, {_mode(migration.header)}</p>
{_findings(reviewed, place)}
<div class="beside"><div>{sql}</div><aside aria-label="What it changes">{beside}</aside></div>
</section>"""


def is_quiet(reviewed: Reviewed) -> bool:
    """Whether nothing was found in it, and no lock of it is felt by who reads or writes."""
    locks = (lock for observed in reviewed.subject.statements for lock in observed.locks)
    return not reviewed.findings and not any(lock.mode.blocks_writes for lock in locks)


def _mode(header: Header) -> str:
    words = ["all in one transaction" if header.mode is Mode.TRANSACTION else "each statement on its own"]
    if header.lock_timeout_ms is not None:
        words.append(f"lock_timeout {format_duration(header.lock_timeout_ms)}")
    if header.statement_timeout_ms is not None:
        words.append(f"statement_timeout {format_duration(header.statement_timeout_ms)}")
    return ", ".join(words)


def _findings(reviewed: Reviewed, place: str) -> str:
    ordered = in_order(reviewed.findings)
    if not ordered:
        return '<p class="quiet">Nothing was found in it.</p>'
    return f'<ol class="findings">{"".join(_all(reviewed, ordered, place))}</ol>'


def _all(reviewed: Reviewed, ordered: Iterable[Finding], place: str) -> Iterator[str]:
    """Each finding; the safe shape of a rule stands with the first that it made."""
    told: set[str] = set()
    for number, finding in enumerate(ordered):
        yield _finding(reviewed, finding, finding_anchor(place, number), safe=finding.rule not in told)
        told.add(finding.rule)


def _finding(reviewed: Reviewed, finding: Finding, place: str, *, safe: bool) -> str:
    statements, title = reviewed.subject.statements, reviewed.subject.trace.migration.title
    where = "the whole file"
    if finding.number:
        line = statements[finding.number - 1].place.line
        where = link(
            statement_anchor(anchor("file", title), finding.number), f"statement {finding.number}, line {line}"
        )
    word = "allowed" if finding.allowed is not None else str(finding.severity)
    reason = f'<p class="reason">Allowed: {text(finding.allowed)}</p>' if finding.allowed is not None else ""
    name = f'<b class="rule">{text(finding.rule)}</b>'
    return f"""<li id="{place}" class="finding {word}" tabindex="-1" data-stop="finding">
<p><span class="tag {word}">{word}</span> {name} <span class="quiet">{where}</span></p>
<p>{inline(finding.message)}</p>{reason}{_safe(finding) if safe else ""}</li>"""


def _safe(finding: Finding) -> str:
    rule = _RULES.get(finding.rule)
    return fold("What to do instead", html_of(rule.safe), kind="safe") if rule else ""


def _difference(reviewed: Reviewed) -> str:
    """What it changes in the schema, red and green."""
    lines = as_lines(reviewed.subject.trace.differences)
    if not lines:
        return '<p class="quiet">The schema stays as it is.</p>'
    added = sum(line.startswith("  +") for line in lines)
    removed = sum(line.startswith("  -") for line in lines)
    numbers = [f"<ins>+{added}</ins>" if added else "", f"<del>-{removed}</del>" if removed else ""]
    summary = f"Schema: {' '.join(filter(None, numbers))} {'line' if added + removed == 1 else 'lines'}"
    left = len(lines) - _LONGEST_DIFFERENCE
    more = f'<p class="remark">{left} more lines are not shown.</p>' if left > 0 else ""
    return fold(
        summary, diff(lines[:_LONGEST_DIFFERENCE]) + more, unfolded=len(lines) <= _SHORT_DIFFERENCE, kind="schema"
    )


def _queries(findings: Iterable[QueryFinding]) -> str:
    """The queries that run today and that it breaks or changes, the broken ones first."""
    ordered = sorted(findings, key=lambda each: (not each.breaks, each.query.name))
    if not ordered:
        return ""
    broken = len({each.query.name for each in ordered if each.breaks})
    title = f"It breaks {count(broken, 'query')}" if broken else "Queries that it changes"
    return f"<h3>{title}</h3>{listed(map(_query, ordered), 'queries')}"


def _query(finding: QueryFinding) -> str:
    word, kind = ("breaks", "error") if finding.breaks else ("changes", "warning")
    hint = f"<p>{text(finding.hint)}</p>" if finding.hint else ""
    where = f"{finding.place.path}:{finding.place.line}"
    return (
        f'<span class="tag {kind}">{word}</span> <b>{text(finding.query.name)}</b> '
        f'<span class="quiet">{text(where)}</span><p>{text(finding.text)}</p>{hint}'
    )
