"""A review as a comment on a pull request: GitHub's Markdown, folded, and never longer than a comment may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.difference import as_lines
from runner.report.diagram import mermaid_of
from runner.report.summary import basis, deeds, felt, found, heaviest, lock_words, verdict
from runner.review.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.client.compare import QueryFinding
    from runner.results import ReviewResult
    from runner.review.observed import Observed
    from runner.review.review import Reviewed
    from runner.review.rules.rule import Finding, Subject

MARKER = "<!-- migrate review -->"  # by which the comment is found again, to be replaced
LONGEST = 65_536  # characters of a comment on GitHub
_LEFT_OUT = "\n*Left out, as a comment has an end: {}. All of it: `migrate review --format html -o review.html`*\n"
_LONGEST_SQL = 2_000
_HEAD = """
| migration | statements | heaviest lock | rewrites | scans | queries it breaks | found |
|---|--:|---|---|---|--:|---|
"""
_RULES = {rule.name: rule for rule in RULES}


class _Section(NamedTuple):
    """A part of the comment; those with the lowest `rank` get their place first."""

    name: str
    rank: int
    text: str


def markdown(result: ReviewResult) -> str:
    """The comment, at most 65,535 characters: what does not fit is named at its end."""
    sections = [each for each in _sections(result) if each.text]
    room = LONGEST - 1 - len(_LEFT_OUT) - sum(len(each.name) + 2 for each in sections)
    kept: set[_Section] = set()
    for section in sorted(sections, key=lambda each: each.rank):
        if len(section.text) + 1 <= room:
            kept.add(section)
            room -= len(section.text) + 1
    text = "\n".join(each.text for each in sections if each in kept)
    left = ", ".join(each.name for each in sections if each not in kept)
    return text + (_LEFT_OUT.format(left) if left else "")


def _sections(result: ReviewResult) -> Iterator[_Section]:
    yield _Section("the verdict", 0, f"{MARKER}\n### migrate review: {verdict(result)}\n\n{_plain(basis(result))}.\n")
    yield _Section("the table of files", 1, _table(result.files))
    yield _Section("the findings", 2, "".join(_findings(each) for each in result.files))
    yield _Section("the queries that change", 3, _queries(result.files))
    for each in result.files:
        yield _Section(f"the SQL of {each.subject.trace.migration.title}", 6, _folded_sql(each))
    yield _Section("the schema's difference", 4, _difference(result))
    yield _Section("the diagram", 5, _diagram(result))


def _table(files: Iterable[Reviewed]) -> str:
    lines = "".join(f"| {' | '.join(map(_cell, _row(each)))} |\n" for each in files)
    return _HEAD + lines if lines else ""


def _row(reviewed: Reviewed) -> tuple[str, ...]:
    subject = reviewed.subject
    statements, lock = subject.statements, heaviest(subject.trace)
    rewritten = {str(each) for observed in statements for each in observed.rewritten}
    scanned = {str(each) for observed in statements for each in observed.scanned} - rewritten
    broken = {finding.query.name for finding in subject.queries if finding.breaks}
    return (
        f"`{subject.trace.migration.title}`",
        str(len(statements)),
        f"{lock.mode} on `{lock.relation}`" if lock else "none",
        ", ".join(sorted(rewritten)),
        ", ".join(sorted(scanned)),
        str(len(broken)) if broken else "",
        found([reviewed]),
    )


def _findings(reviewed: Reviewed) -> str:
    trace, parts, told = reviewed.subject.trace, [], set[str]()
    for finding in sorted(reviewed.counted, key=lambda each: (-each.severity, each.number)):
        at = f":{trace.statements[finding.number - 1].place.line}" if finding.number else ""
        parts.append(
            f"- **{finding.severity}** `{finding.rule}` at `{trace.migration.path}{at}`: {_plain(finding.message)}\n"
        )
        if finding.rule not in told and finding.rule in _RULES:
            told.add(finding.rule)
            parts.append(_indented(_folded("The safe shape", _RULES[finding.rule].safe)))
    parts += [f"- allowed `{each.rule}`: {_plain(each.allowed)}\n" for each in _accepted(reviewed) if each.allowed]
    return f"\n**{trace.migration.title}**\n\n{''.join(parts)}" if parts else ""


def _accepted(reviewed: Reviewed) -> Iterable[Finding]:
    """One of each rule that the file allows."""
    return {each.rule: each for each in reviewed.findings if each.allowed is not None}.values()


def _queries(files: Iterable[Reviewed]) -> str:
    """The queries that go on, but not quite as before; those that break are among the findings."""
    lines = [_query(each, finding) for each in files for finding in each.subject.queries if not finding.breaks]
    return f"\n**Queries that change**\n\n{''.join(lines)}" if lines else ""


def _query(reviewed: Reviewed, finding: QueryFinding) -> str:
    title = reviewed.subject.trace.migration.title
    return f"- `{finding.query.name}` ({finding.place}) with `{title}`: {_plain(finding.text)}\n"


def _folded_sql(reviewed: Reviewed) -> str:
    trace = reviewed.subject.trace
    text = "\n".join(_with_lock_lines(reviewed.subject, each) for each in trace.statements)
    title = f"<code>{trace.migration.title}</code>: the SQL, with what each statement locks"
    return _folded(title, _fenced("sql", text))


def _with_lock_lines(subject: Subject, observed: Observed) -> str:
    sql = observed.sql
    if len(sql) > _LONGEST_SQL:
        sql = f"{sql[:_LONGEST_SQL]}\n-- … {len(sql) - _LONGEST_SQL:,} more characters"
    notes = [*map(lock_words, felt(observed.locks)), *deeds(subject, observed)]
    if observed.refusal:
        notes.append(f"the server refuses it: {observed.refusal.message} ({observed.refusal.sqlstate})")
    lines = "".join(f"--   ^ {note}\n" for note in notes)
    return f"{sql};\n{lines}"


def _difference(result: ReviewResult) -> str:
    lines = "\n".join(line.removeprefix("  ") for line in as_lines(result.differences))
    return _folded("What changes in the schema", _fenced("diff", lines)) if lines else ""


def _diagram(result: ReviewResult) -> str:
    diagram = mermaid_of(result.before, result.after, result.differences)
    return _folded("The changed tables and their neighbours", _fenced("mermaid", diagram)) if diagram else ""


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text.strip()}\n\n</details>\n"


def _indented(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _fenced(language: str, text: str) -> str:
    """A code block, whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Text in which names of the schema neither are markup nor call anybody."""
    return text.replace("<", "&lt;").replace("@", "@\u200b")
