"""The page of a schema: every table, what else there is, the diagram, and the history of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Domain, Enumeration, View
from runner.catalog.ddl import qualified, shown
from runner.catalog.difference import as_lines
from runner.report.diagram_part import picture
from runner.report.entities import model_of
from runner.report.html import Body
from runner.report.markup import anchor, breakable, code, diff, fold, link, listed, text
from runner.report.references import spoken
from runner.report.schema_index import SchemaIndex, index_of
from runner.report.table_part import table_part
from runner.report.words import count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.catalog.catalog import Key, Parts
    from runner.results import DocsResult, DocumentedFile

_KINDS = (
    ("Views", ("view", "materialized view")),
    ("Enums", ("enum",)),
    ("Domains", ("domain",)),
    ("Other types", ("composite type", "range")),
    ("Functions", ("function", "procedure", "aggregate")),
    ("Sequences", ("sequence",)),
    ("Extensions", ("extension",)),
    ("What else there is", ("schema", "collation", "publication", "event trigger", "server", "statistics")),
)
_LONGEST_DIFFERENCE = 400  # lines


def docs_body(result: DocsResult) -> Body:
    """The schema as a page."""
    index = index_of(result)
    shown_picture = picture(
        model_of(None, result.catalog), changes=False, link=lambda name: f"#{anchor('table', spoken(name))}"
    )
    tables = "".join(table_part(index, key) for key in index.tables)
    main = (
        _head(result, index),
        f'<section id="diagram-part" data-stop="section"><h2>Diagram</h2>{shown_picture.shown}</section>',
        f'<section id="tables" data-stop="section"><h2>Tables</h2>{tables or "<p>There is none.</p>"}</section>',
        *(_kind(index, title, kinds) for title, kinds in _KINDS),
        _history(result, index),
    )
    return Body("Database schema", _contents(result, index), "\n".join(main), shown_picture, "table or file", "part")


def _head(result: DocsResult, index: SchemaIndex) -> str:
    catalog = result.catalog
    columns = sum(key.kind == "column" for key in catalog.objects)
    links = sum(len(each) for each in index.references.values())
    parts = [count(len(index.tables), "table"), count(columns, "column"), count(links, "foreign key")]
    for kind in ("view", "function", "enum", "domain"):
        number = sum(key.kind == kind for key in catalog.objects)
        parts += [count(number, kind)] if number else []
    last = f", the last of them {index.file(result.files[-1].migration)}" if result.files else ""
    return f"""<section id="top" data-stop="section"><h1>Database schema</h1>
<p>{", ".join(parts)}.</p>
<p class="quiet">What {count(len(result.files), "migration")} make on PostgreSQL {catalog.major}{last}.</p></section>"""


def _contents(result: DocsResult, index: SchemaIndex) -> str:
    tables = listed(
        (link(anchor("table", qualified(key)), breakable(qualified(key))) for key in index.tables), "tables"
    )
    there = [title for title, kinds in _KINDS if _of_kinds(index, kinds)]
    parts = [
        link("top", "The schema"),
        link("diagram-part", "Diagram"),
        link("tables", f"Tables ({len(index.tables)})") + tables,
        *(link(anchor("kind", title), title) for title in there),
        link("history", f"History ({len(result.files)})"),
    ]
    return f"<details open><summary>Contents</summary>{listed(parts)}</details>"


def _of_kinds(index: SchemaIndex, kinds: Iterable[str]) -> list[tuple[Key, Parts]]:
    """The objects of some kinds by name, without the sequences that identities bring."""
    found = [(key, parts) for kind in kinds for key, parts in index.kinds[kind]]
    own = [(key, parts) for key, parts in found if not getattr(parts, "identity", None)]
    return sorted(own, key=lambda each: (qualified(each[0]), each[0].name))


def _kind(index: SchemaIndex, title: str, kinds: Iterable[str]) -> str:
    objects = _of_kinds(index, kinds)
    if not objects:
        return ""
    items = "".join(_object(index, key, parts) for key, parts in objects)
    return f'<section id="{anchor("kind", title)}" data-stop="section"><h2>{title}</h2>{items}</section>'


def _object(index: SchemaIndex, key: Key, parts: Parts) -> str:
    """What stands beside tables: its name, its comment, and briefly what it is."""
    name = (
        qualified(key) if not key.relation or key.kind != "sequence" else spoken((key.schema, key.name or key.relation))
    )
    comment = index.comment(key)
    match parts:
        case Enumeration():
            brief = ", ".join(map(code, parts.labels))
        case Domain():
            brief = code(parts.type)
        case _:
            brief = ""
    body = fold("Definition", f'<pre class="body" tabindex="0">{text(shown(key, parts))}</pre>')
    columns = _view_columns(index, key) if isinstance(parts, View) else ""
    return f"""<section class="table-part" id="{anchor("object", f"{key.kind} {name}")}" data-part>
<h3>{breakable(name)} <span class="tag">{key.kind}</span></h3>
{f"<p>{text(comment)}</p>" if comment else ""}{f"<p>{brief}</p>" if brief else ""}{columns}{body}</section>"""


def _view_columns(index: SchemaIndex, key: Key) -> str:
    told = [f"{code(column.name)} {text(comment)}" for column, comment in index.column_comments(key)]
    return listed(told)


def _history(result: DocsResult, index: SchemaIndex) -> str:
    items = "".join(_file(each, index) for each in reversed(result.files))
    intro = '<p class="quiet">The newest first.</p>' if len(result.files) > 1 else ""
    body = f'<h2>History</h2>{intro}<ol class="history" reversed>{items}</ol>'
    return f'<section id="history" data-stop="section">{body}</section>'


def _file(each: DocumentedFile, index: SchemaIndex) -> str:
    title = each.migration.title
    lines = as_lines(each.differences)
    more = (
        f'<p class="remark">{len(lines) - _LONGEST_DIFFERENCE} more lines</p>'
        if len(lines) > _LONGEST_DIFFERENCE
        else ""
    )
    summary = f"What it changes: {count(len(each.differences), 'difference')}"
    change = (
        fold(summary, diff(lines[:_LONGEST_DIFFERENCE]) + more)
        if lines
        else '<p class="quiet">The schema stays as it is.</p>'
    )
    touched = dict.fromkeys(difference.key.parent for difference in each.differences if difference.key.relation)
    links = ", ".join(index.link(name) for name in touched)
    comment = "\n".join(each.comment.splitlines()[:6])
    return f"""<li id="{anchor("file", title)}" data-stop="file" data-part tabindex="-1"><h3>{breakable(title)}</h3>
{f"<p>{text(comment)}</p>" if comment else ""}{f'<p class="quiet">{links}</p>' if links else ""}{change}</li>"""
