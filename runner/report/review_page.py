"""The page of a review: the verdict, the files, each file with what was found, who waits for whom, the diagram."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from runner.report.amounts import size_text
from runner.report.diagram_part import MOST_TABLES, picture
from runner.report.entities import model_of
from runner.report.file_part import file_part, is_quiet
from runner.report.html import Body
from runner.report.markup import anchor, breakable, code, link, listed, text
from runner.report.references import Change
from runner.report.summary import heaviest
from runner.report.waits_part import waits_part
from runner.report.words import count
from runner.results import FailOn
from runner.review.review import counts
from runner.review.rules.rule import Severity
from runner.review.sizes import in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.report.diagram_part import Picture
    from runner.results import ReviewResult
    from runner.review.observed import Relation
    from runner.review.review import Reviewed

_FEW_FILES = 8
_BARS = {
    FailOn.ERROR: "3 if there is an error, else 0",
    FailOn.WARNING: "3 if there is an error or a warning, else 0",
    FailOn.NEVER: "always 0",
}
_SECTIONS = (
    ("files", "Files"),
    ("waits", "Who waits for a lock"),
    ("diagram-part", "Diagram of the schema"),
    ("words", "What the words mean"),
)
_WORDS = {
    "lock mode": """What a statement takes on a table before it touches it. It is kept until the transaction ends: in a
        file that runs in one transaction, the lock of its first statement is held until its last is done.""",
    "waits": """Who asks for a conflicting mode stands in line, and everybody who comes later stands behind. So a lock
        that is needed for a moment stops a table for as long as the migration has to wait for it.""",
    "rewrite": """The table is copied row by row into new storage, and its indexes are built again. It needs as much
        space again, and the lock is held all the time.""",
    "scan": "The table is read from end to end, to check its rows, under the lock that the statement took.",
    "existed before": "Only locks on what existed before the file are told: nobody else can wait for what is new.",
    "error, warning, note": """An error should not reach production, a warning wants a look, a note informs. It
        depends on the lock, on what is done under it, and on the size of the table.""",
    "allowed": "The file says why it accepts the finding, in a line of its header. It does not count.",
}


def review_body(result: ReviewResult) -> Body:
    """The review as a page."""
    shown = _picture(result)
    main = (
        _verdict(result),
        _files_table(result),
        *(file_part(each, unfolded=len(result.files) <= _FEW_FILES or not is_quiet(each)) for each in result.files),
        waits_part(result.files),
        f'<section id="diagram-part" data-stop="section"><h2>Diagram of the schema</h2>{shown.shown}</section>',
        _words(),
    )
    return Body("migrate review", _contents(result), "\n".join(main), shown, "finding or file", "file or section")


def _verdict(result: ReviewResult) -> str:
    worst = max((each.worst for each in result.files if each.worst), default=None)
    kind = str(worst) if worst else "fine"
    return f"""<section id="verdict" class="verdict {kind}" data-stop="section" aria-label="Verdict">
<h1>{_headline(result)}</h1>
<dl class="facts">{"".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _facts(result))}</dl>
</section>"""


def _headline(result: ReviewResult) -> str:
    if not result.files:
        return "Nothing is pending"
    found = [count(number, str(severity)) for severity, number in result.counts.items() if number]
    return f"{_listed_words(found) or 'Nothing found'} in {count(len(result.files), 'pending migration')}"


def _listed_words(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _facts(result: ReviewResult) -> Iterable[tuple[str, str]]:
    """What the verdict rests on, and what it means."""
    yield "Traced on", f"PostgreSQL {result.major}, on a scratch database with empty tables"
    sizes = result.sizes
    if sizes is None:
        yield "Sizes", "unknown: every table counts as large"
    else:
        other = "" if sizes.major == result.major else f", which runs PostgreSQL {sizes.major}"
        yield "Sizes", f"from {text(sizes.source)} at {text(sizes.taken_at)}{other}"
    if result.revision:
        yield "Pending is", f"what {code(result.revision)} does not have"
    if result.queries is not None:
        yield "Queries", f"{count(result.queries, 'query')} followed over the files: {_broken(result)}"
    if allowed := sum(finding.allowed is not None for each in result.files for finding in each.findings):
        yield "Allowed", f"{count(allowed, 'finding')}, each with a reason"
    changed = len({difference.key.parent for difference in result.differences})
    yield "Schema", f"{count(changed, 'object')} changed, {count(len(result.differences), 'difference')}"
    bar = f"{code(f'--fail-on {result.fail_on.value}')} gives {_BARS[result.fail_on]}"
    yield "Exit status", f"<b>{int(result.status)}</b> ({bar})"


def _broken(result: ReviewResult) -> str:
    names = {finding.query.name for each in result.files for finding in each.subject.queries if finding.breaks}
    if not names:
        return "none breaks"
    return f'<b class="bad">{len(names)} {"breaks" if len(names) == 1 else "break"}</b>'


def _files_table(result: ReviewResult) -> str:
    heads = ("migration", "statements", "heaviest lock", "rewrites", "scans", "queries broken", "findings")
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    rows = "".join(
        f"<tr>{''.join(_cell(head, cell) for head, cell in zip(heads, _row(each), strict=True))}</tr>"
        for each in result.files
    )
    table = f'<table class="cards"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>'
    return (
        f'<section id="files" data-stop="section"><h2>Files</h2>{table if rows else "<p>There is none.</p>"}</section>'
    )


def _cell(head: str, cell: str) -> str:
    tag = 'th scope="row"' if head == "migration" else "td"
    return f'<{tag} data-head="{head}"{"" if cell else " class=empty"}><div>{cell or "-"}</div></{tag[:2]}>'


def _row(reviewed: Reviewed) -> tuple[str, ...]:
    trace, subject = reviewed.subject.trace, reviewed.subject
    title = trace.migration.title
    broken = {finding.query.name for finding in subject.queries if finding.breaks}
    statements = trace.script.count
    return (
        link(anchor("file", title), breakable(title)),
        str(statements),
        _heaviest(reviewed),
        _relations(reviewed, chain.from_iterable(each.rewritten for each in subject.statements)),
        _relations(reviewed, chain.from_iterable(each.scanned for each in subject.statements)),
        str(len(broken)) if broken else "",
        _found(reviewed),
    )


def _heaviest(reviewed: Reviewed) -> str:
    """The strongest lock, on the largest table if there are several."""
    strongest = heaviest(reviewed.subject.trace)
    if strongest is None:
        return ""
    locked = {
        lock.relation
        for observed in reviewed.subject.statements
        for lock in observed.locks
        if lock.mode is strongest.mode and (lock.relation.holds_rows or lock == strongest)
    }
    ordered = sorted(locked, key=lambda relation: (-_weight(reviewed, relation), str(relation)))
    first, others = ordered[0], len(ordered) - 1
    size = reviewed.subject.size(first) if first.holds_rows else None
    told = f"<small>{size_text(size)}</small>" if size else ""
    more = f" and {others} more" if others else ""
    kind = "reads" if strongest.mode.blocks_reads else "writes" if strongest.mode.blocks_writes else "ddl"
    return f'<span class="mode {kind}">{strongest.mode}</span> on {code(first)}{more}{told}'


def _weight(reviewed: Reviewed, relation: Relation) -> int:
    size = reviewed.subject.size(relation)
    return size.table_bytes + size.index_bytes if size else 0


def _relations(reviewed: Reviewed, relations: Iterable[Relation]) -> str:
    items = []
    for relation in sorted(set(relations), key=str):
        size = reviewed.subject.size(relation)
        whole = size.table_bytes + size.index_bytes if size else 0
        amount = f" <small>{in_bytes(whole) if whole else 'empty'}</small>" if size else ""
        items.append(code(relation) + amount)
    return listed(items, "plain")


def _found(reviewed: Reviewed) -> str:
    parts = [
        f'<span class="tag {severity}">{count(number, str(severity))}</span>'
        for severity, number in counts([reviewed]).items()
        if number
    ]
    allowed = len(reviewed.findings) - len(reviewed.counted)
    parts += [f'<span class="tag allowed">{allowed} allowed</span>'] if allowed else []
    return " ".join(parts)


def _contents(result: ReviewResult) -> str:
    files = listed((_file_link(each) for each in result.files), "files")
    parts = [(link(name, title) + (files if name == "files" else "")) for name, title in _SECTIONS]
    return f"<details open><summary>Contents</summary>{listed([link('verdict', 'Verdict'), *parts])}</details>"


def _file_link(reviewed: Reviewed) -> str:
    title = reviewed.subject.trace.migration.title
    told = reviewed.worst and reviewed.worst > Severity.NOTE
    mark = f' <span class="tag {reviewed.worst}">{reviewed.worst}</span>' if told else ""
    return f"{link(anchor('file', title), breakable(title))}{mark}"


def _picture(result: ReviewResult) -> Picture:
    model = model_of(result.before, result.after)
    changed = [name for name, entity in model.entities.items() if entity.change is not Change.NONE]
    whole = len(model.entities)
    if whole > MOST_TABLES:
        model = model.only(sorted(model.near(changed)))
    made = picture(model, changes=bool(changed))
    note = _left_out(whole, len(model.entities)) if len(model.entities) < whole else ""
    if not changed and result.differences:
        note += '<p class="quiet">No table existed before, so none is coloured: all of it is new.</p>'
    return made._replace(shown=note + made.shown)


def _left_out(whole: int, shown: int) -> str:
    return (
        f'<p class="remark">The schema has {whole} tables. Shown are the {shown} that change or that a foreign key '
        "leads to or from one that does.</p>"
    )


def _words() -> str:
    rows = "".join(f"<dt>{text(word)}</dt><dd>{text(meaning)}</dd>" for word, meaning in _WORDS.items())
    return (
        f'<section id="words" data-stop="section"><h2>What the words mean</h2><dl class="words">{rows}</dl></section>'
    )
