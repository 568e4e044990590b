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
_LEFT_OUT = "\n*Left out, as a comment has an end: {}. All of it: `migrate review -o review.html`*\n"
_LEFT_OUT_AT_MOST = 600  # characters of that
_NAMED = 5
_MOST_ROWS = 100
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
    room = LONGEST - 1 - _LEFT_OUT_AT_MOST
    kept: set[_Section] = set()
    for section in sorted(sections, key=lambda each: each.rank):
        if len(section.text) + 1 <= room:
            kept.add(section)
            room -= len(section.text) + 1
    text = "\n".join(each.text for each in sections if each in kept)
    left = list(dict.fromkeys(each.name for each in sections if each not in kept))
    more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    return text + (_LEFT_OUT.format(", ".join(left[:_NAMED]) + more) if left else "")


def _sections(result: ReviewResult) -> Iterator[_Section]:
    yield _Section("the verdict", 0, f"{MARKER}\n### migrate review: {verdict(result)}\n\n{_plain(basis(result))}.\n")
    yield _Section("the table of files", 1, _table(result.files))
    for each in result.files:
        yield from _findings(each)
    yield _Section("the queries that change", 5, _queries(result.files))
    for each in result.files:
        yield _Section(f"the SQL of {each.subject.trace.migration.title}", 9, _folded_sql(each))
    yield _Section("the schema's difference", 7, _difference(result))
    yield _Section("the diagram", 8, _diagram(result))


def _table(files: Iterable[Reviewed]) -> str:
    lines = [f"| {' | '.join(_row(each))} |\n" for each in files]
    more = f"\nand {len(lines) - _MOST_ROWS} more\n" if len(lines) > _MOST_ROWS else ""
    return f"{_HEAD}{''.join(lines[:_MOST_ROWS])}{more}" if lines else ""


def _row(reviewed: Reviewed) -> tuple[str, ...]:
    subject = reviewed.subject
    statements, lock = subject.statements, heaviest(subject.trace)
    rewritten = {str(each) for observed in statements for each in observed.rewritten}
    scanned = {str(each) for observed in statements for each in observed.scanned} - rewritten
    broken = {finding.query.name for finding in subject.queries if finding.breaks}
    return (
        _code(subject.trace.migration.title),
        str(subject.trace.script.count),
        f"{lock.mode} on {_code(str(lock.relation))}" if lock else "none",
        ", ".join(map(_code, sorted(rewritten))),
        ", ".join(map(_code, sorted(scanned))),
        str(len(broken)) if broken else "",
        found([reviewed]),
    )


def _findings(reviewed: Reviewed) -> Iterator[_Section]:
    """The findings in a file, worst first; the safe shape of each rule once, where there is room for it."""
    trace, told = reviewed.subject.trace, set[str]()
    name = f"the findings in {trace.migration.title}"
    yield _Section(name, 2, f"\n**{_plain(trace.migration.title)}**\n" if reviewed.findings else "")
    for finding in sorted(reviewed.counted, key=lambda each: (-each.severity, each.number)):
        at = f":{trace.statements[finding.number - 1].place.line}" if finding.number else ""
        where = _code(f"{trace.migration.path}{at}")
        line = f"- **{finding.severity}** `{finding.rule}` at {where}: {_plain(finding.message)}"
        yield _Section(name, 5 - finding.severity, line)
        if finding.rule not in told and finding.rule in _RULES:
            told.add(finding.rule)
            safe = _indented(_folded("The safe shape", _RULES[finding.rule].safe))
            yield _Section(f"the safe shape for {finding.rule}", 6, safe.rstrip())
    for each in _accepted(reviewed):
        yield _Section(name, 5, f"- allowed `{each.rule}`: {_plain(each.allowed or '')}")


def _accepted(reviewed: Reviewed) -> Iterable[Finding]:
    """One of each rule that the file allows."""
    return {each.rule: each for each in reviewed.findings if each.allowed is not None}.values()


def _queries(files: Iterable[Reviewed]) -> str:
    """The queries that go on, but not quite as before; those that break are among the findings."""
    lines = [_query(each, finding) for each in files for finding in each.subject.queries if not finding.breaks]
    return f"\n**Queries that change**\n\n{''.join(lines)}" if lines else ""


def _query(reviewed: Reviewed, finding: QueryFinding) -> str:
    title = reviewed.subject.trace.migration.title
    return f"- {_code(finding.query.name)} ({_code(str(finding.place))}) with {_code(title)}: {_plain(finding.text)}\n"


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


def _code(text: str) -> str:
    """Text as code, in a fence that it cannot end; a bar would end a cell of a table all the same."""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    inner = re.sub(r"\s+", " ", text).replace("|", "\\|")
    return f"{fence} {inner} {fence}" if "`" in inner else f"{fence}{inner}{fence}"


def _plain(text: str) -> str:
    """Text in which names and messages of the schema neither are markup nor call anybody."""
    escaped = re.sub(r"([\\`*\[\]~|]|\b_|_\b)", r"\\\1", re.sub(r"\s+", " ", text))
    return escaped.replace("<", "&lt;").replace("@", "@\u200b")
