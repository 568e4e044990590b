"""Values to text for people: plain lines, aligned, with colour where the terminal has it.

What only one command shows is loaded when that command shows it: `up` starts in every container.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, assert_never
from unicodedata import east_asian_width

from runner.catalog.difference import as_lines
from runner.durations import format_duration
from runner.ledger.integrity import Row, Standing
from runner.migrations.migration import Mode
from runner.report.style import bold, dim, green, red, yellow
from runner.report.words import count, reached
from runner.results import (
    AdoptResult,
    Against,
    BaselineResult,
    CheckResult,
    DeclaredResult,
    DocsResult,
    DoctorResult,
    DraftResult,
    DumpResult,
    FleetResult,
    GenerateCheck,
    GenerateResult,
    PlanResult,
    ResolveResult,
    ReviewResult,
    StatsResult,
    StatusResult,
    UpResult,
    VerifyResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.catalog.difference import Difference
    from runner.client.compare import QueryFinding
    from runner.errors import MigrateError, Place
    from runner.ledger.edits import Edit
    from runner.ledger.entry import LedgerEntry
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script
    from runner.results import Result, SchemaCheck

SHORT_HISTORY = 12
_WIDEST_SOURCE = 110
_RESOLVED = {
    "applied": "is recorded as applied",
    "retry": "will go on from where it stopped, with the next migrate up",
    "accept-edit": "is accepted as it stands; the old text is kept in the log",
}
_COLOURS: dict[Standing, Callable[[str], str]] = {
    Standing.APPLIED: green,
    Standing.BASELINE: green,
    Standing.PENDING: bold,
    Standing.AHEAD: yellow,
    Standing.REFORMATTED: yellow,
}


def applied_line(migration: Migration, entry: LedgerEntry, width: int) -> str:
    """One file that is done, with its time."""
    return f"{migration.title:<{width}}  {format_duration(entry.duration_ms or 0):>9}"


def render(result: Result) -> str:
    """The result of a command, as lines for people; empty if there is nothing to say."""
    match result:
        case UpResult():
            return _up(result)
        case StatusResult():
            return _status(result)
        case VerifyResult():
            return _verify(result)
        case DeclaredResult():
            return _declared(result)
        case DraftResult():
            return _draft(result)
        case DumpResult():
            return f"wrote {result.output}" if result.output else result.sql.removesuffix("\n")
        case GenerateResult():
            return _generated(result)
        case GenerateCheck():
            return _generate_check(result)
        case CheckResult():
            return _query_check(result)
        case ReviewResult():
            from runner.report.review import review_text

            return review_text(result)
        case StatsResult():
            from runner.review.sizes import as_text

            return as_text(result.sizes).removesuffix("\n")
        case DocsResult():
            return _documented(result)
        case DoctorResult():
            return _seen(result)
        case FleetResult():
            from runner.report.fleet import fleet_text

            return fleet_text(result, error_text)
        case PlanResult():
            return _plan(result) if result.sql is None else result.sql.removesuffix("\n")
        case BaselineResult():
            return _baseline(result)
        case AdoptResult():
            from runner.report.adoption import adoption_text

            return adoption_text(result)
        case ResolveResult():
            return f"{result.migration.title} {_RESOLVED[result.decision.value]}"
        case _ as never:
            assert_never(never)


def written(result: Result, paths: Sequence[str]) -> str:
    """What is printed where the result itself went into files."""
    lines = [f"wrote {path}" for path in paths]
    match result:
        case ReviewResult():
            from runner.report.review import review_verdict

            lines.append(review_verdict(result))
        case DocsResult():
            lines[-1] += f": {_documented(result)}"
    return "\n".join(lines)


def _documented(result: DocsResult) -> str:
    tables = sum(key.kind == "table" for key in result.catalog.objects)
    return f"{count(tables, 'table')}, made by {count(len(result.files), 'migration')}"


def _seen(result: DoctorResult) -> str:
    """Each section under its name, and the error that ended the looking."""
    width = max(len(seen.name) for section in result.sections for seen in section.seen)
    lines = []
    for section in result.sections:
        lines.append(bold(section.name))
        for name, value, source in section.seen:
            indented = value.replace("\n", f"\n{' ' * (width + 4)}")
            lines.append(f"  {name:<{width}}  {indented}{dim(f'  ({source})') if source else ''}")
    return "\n".join([*lines, *([error_text(result.error)] if result.error else [])])


def _up(result: UpResult) -> str:
    """The last line of `up`."""
    ahead = _ahead(result.rows)
    if not result.applied:
        return f"{ahead}nothing to do: {_where(result.rows)}"
    files = count(len(result.applied), "migration")
    return f"{ahead}applied {files} in {format_duration(result.duration_ms)}; {_where(result.rows)}"


def _status(result: StatusResult) -> str:
    """The table of versions, and a line that sums it up."""
    width = max((len(row.title) for row in result.rows), default=0)
    lines = [_row_line(row, width) for row in result.rows]
    history = f"; history {result.history[:SHORT_HISTORY]}" if result.history else ""
    pending = f"{len(result.pending)} pending" if result.pending else "nothing pending"
    return "\n".join([*lines, f"{_ahead(result.rows)}{_where(result.rows)}; {pending}{history}"])


def _verify(result: VerifyResult) -> str:
    """What differs, each version and each object on lines of its own, and a line that sums it up."""
    if result.schema and result.schema.repair is not None:
        return result.schema.repair.removesuffix("\n")
    width = max((len(row.title) for row in result.rows), default=0)
    told = [row for row in result.rows if row.standing not in (Standing.APPLIED, Standing.BASELINE, Standing.PENDING)]
    lines = [line for row in told for line in (_row_line(row, width), *_edit_lines(result.edits.get(row.version)))]
    if result.schema:
        lines += difference_lines(result.schema.differences or ())
    return "\n".join([*lines, *_verdict(result)])


def _edit_lines(edit: Edit | None) -> list[str]:
    if edit is None:
        return []
    if edit.old is None:
        return ["  the text that ran was too long to be kept"]
    return [f"  {_diff_line(line)}" for line in edit.diff]


def _verdict(result: VerifyResult) -> list[str]:
    lines = []
    if result.differences:
        lines.append(red(f"{count(len(result.differences), 'difference')} between files and ledger"))
    elif unfinished := [row for row in result.rows if row.standing is Standing.STARTED]:
        lines.append(red(f"{count(len(unfinished), 'migration')} stopped half-way"))
    else:
        lines.append(f"files and ledger agree on {count(len([row for row in result.rows if row.entry]), 'migration')}")
    if not result.same_history:
        lines.append(red(f"the history is {result.history or 'empty'}, expected was {result.expected_history}"))
    return [*lines, *_schema_verdict(result.schema)]


def _schema_verdict(check: SchemaCheck | None) -> list[str]:
    if check is None:
        return []
    if check.reason:
        return [red(f"the live schema was not compared: {check.reason}")]
    what = "what the files make" if check.against is Against.REPLAY else "what the last migration left"
    if check.differences is None:
        return [
            red(f"the live schema is not {what}; the snapshot was too long to be kept: see migrate verify --replay")
        ]
    if check.differences:
        return [red(f"{count(len(check.differences), 'difference')} between the live schema (+) and {what} (-)")]
    return [f"the live schema is {what}"]


def _declared(result: DeclaredResult) -> str:
    """The differences between the declared schema and what the migrations make."""
    differences = result.schema.differences or ()
    if not differences:
        return f"{result.path} is what the migrations make"
    number = count(len(differences), "difference")
    verdict = red(f"{number} between {result.path} (-) and what the migrations make (+)")
    return "\n".join([*difference_lines(differences), verdict, "draft the next migration with: migrate draft NAME"])


def _draft(result: DraftResult) -> str:
    """The files, a line each, and what a person has to do now."""
    if not result.files:
        return f"nothing to draft: {result.declared} is what the migrations make"
    lines = [str(file.path) for file in result.files]
    if left := sum(file.left for file in result.files):
        lines.append(
            yellow(f"{count(left, 'change')} left to you as a comment, with the reason: what it drops is lost")
        )
    return "\n".join([*lines, "read them, mend what you know better, then: migrate up"])


def _generated(result: GenerateResult) -> str:
    """What changed on disk, a line a file, and how much there is."""
    written = result.written
    lines = [f"wrote {path}" for path in written.files] + [f"removed {path}" for path in written.removed]
    modules = count(len(written.files) + written.unchanged - 1, "module")
    fresh = "" if written.files or written.removed else "nothing to do: "
    return "\n".join([*lines, f"{fresh}{_queries(len(result.described))} in {modules} of {result.folder}"])


def _generate_check(result: GenerateCheck) -> str:
    if not result.stale:
        return f"{result.folder} is fresh: {count(result.files, 'query file')}"
    return "\n".join([*result.stale, red(f"{result.folder} is stale: migrate generate")])


def _query_check(result: CheckResult) -> str:
    """What was found, under the migration that does it, and a line that sums it up."""
    lines: list[str] = []
    for migration, group in groupby(result.findings, key=lambda finding: finding.migration):
        lines += [bold(migration.title)] if migration else []
        lines += [line for finding in group for line in _finding_lines(finding)]
    queries = _queries(result.queries)
    if result.revision is None:
        verdict = f"{result.broken} of {queries} cannot run" if result.broken else f"all {queries} can run"
        verdict += " on what the migrations make"
    else:
        verdict = f"{result.broken} of {queries}" if result.broken else f"none of {queries}"
        verdict += f" of {result.revision} would break after {count(result.pending, 'pending migration')}"
    return "\n".join([*lines, red(verdict) if result.broken else verdict])


def _finding_lines(finding: QueryFinding) -> list[str]:
    place = f"{finding.place.path}:{finding.place.line}"
    verb = red("breaks") if finding.breaks else yellow("changes")
    line = f"  {place} {finding.query.name} {verb}: {finding.text}"
    return [line, f"    hint: {finding.hint}"] if finding.hint else [line]


def _queries(number: int) -> str:
    return "1 query" if number == 1 else f"{number} queries"


def difference_lines(differences: Sequence[Difference]) -> list[str]:
    """The differences between two schemas, in the colours of a diff."""
    return [_diff_line(line) if line.startswith("  ") else bold(line) for line in as_lines(differences)]


def _diff_line(line: str) -> str:
    match line.strip()[:1]:
        case "-":
            return red(line)
        case "+":
            return green(line)
        case "@":
            return dim(line)
        case _:
            return line


def _plan(result: PlanResult) -> str:
    """What `up` would do, a line a file."""
    steps = result.plan.steps
    if not steps:
        return f"{_ahead(result.plan.rows)}nothing to do: {_where(result.plan.rows)}"
    width = max(len(step.migration.title) for step in steps)
    lines = [_plan_line(step.migration, result.scripts[step.migration.version], width) for step in steps]
    return "\n".join([*lines, f"{count(len(steps), 'migration')} to apply; as a script for psql: migrate plan --sql"])


def _baseline(result: BaselineResult) -> str:
    if not result.recorded:
        return "nothing to do: all of them are in the ledger"
    titles = [migration.title for migration in result.recorded]
    return "\n".join([*titles, f"recorded {count(len(titles), 'migration')} as baseline"])


def error_text(error: MigrateError) -> str:
    """The picture of an error: what, where, why, what to do, and what is in the database now."""
    sqlstate = f" (SQLSTATE {error.sqlstate})" if error.sqlstate else ""
    lines = [f"{red(f'error[{error.name}]')}: {error.message}{sqlstate}"]
    if error.place:
        lines += _place_lines(error.place)
    parts = (("detail", error.detail), ("context", error.context), ("hint", error.hint), ("state", error.state))
    lines += [f"  {bold(name)}: {_indented(text)}" for name, text in parts if text]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _place_lines(place: Place) -> list[str]:
    lines = [f"  {dim('-->')} {place}"]
    if place.line is None or place.source is None or place.column is None:
        return lines
    number, source, column = str(place.line), place.source, place.column - 1
    cut = max(0, column - _WIDEST_SOURCE // 2) if len(source) > _WIDEST_SOURCE else 0
    shown = source[cut : cut + _WIDEST_SOURCE]
    lines.append(f"   {number} {dim('|')} {shown}")
    lines.append(f"   {' ' * len(number)} {dim('|')} {_blank(shown[: column - cut])}{red('^')}")
    return lines


def _blank(text: str) -> str:
    """White space as wide as the text: tabs stay, and a wide character counts for two."""
    return "".join("\t" if char == "\t" else "  " if east_asian_width(char) in "WF" else " " for char in text)


def _row_line(row: Row, width: int) -> str:
    colour = _COLOURS.get(row.standing, red)
    line = f"{row.title:<{width}}  {colour(f'{row.standing.value:<15}')}"
    entry = row.entry
    if entry and entry.applied_at:
        duration = "" if entry.duration_ms is None else format_duration(entry.duration_ms)
        line += f"  {entry.applied_at[:19]}  {duration:>9}"
    elif entry:
        line += f"  {count(entry.statements_done, 'statement')} done"
    return line.rstrip()


def _plan_line(migration: Migration, script: Script, width: int) -> str:
    header = migration.header
    parts = [count(script.count, "statement")]
    parts.append("one transaction" if header.mode is Mode.TRANSACTION else "each statement on its own")
    if header.lock_timeout_ms is not None:
        parts.append(f"lock_timeout {format_duration(header.lock_timeout_ms)}")
    if header.statement_timeout_ms is not None:
        parts.append(f"statement_timeout {format_duration(header.statement_timeout_ms)}")
    return f"{migration.title:<{width}}  {', '.join(parts)}"


def _where(rows: Sequence[Row]) -> str:
    last = reached(rows)
    return f"the database is at {last.title}" if last else "the database has no migration yet"


def _ahead(rows: Sequence[Row]) -> str:
    ahead = [row for row in rows if row.standing is Standing.AHEAD]
    if not ahead:
        return ""
    return yellow(f"the database is ahead of the files by {count(len(ahead), 'migration')}") + "\n"
