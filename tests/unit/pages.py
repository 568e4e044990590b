"""Schemas and reviews made by hand, and a reader of pages, for the tests of what reports show."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from runner.catalog.catalog import Catalog, Column, Constraint, Key, Parts, Table, Text
from runner.catalog.difference import compare
from runner.migrations.header import parse_header
from runner.migrations.migration import Migration
from runner.migrations.script import parse_script
from runner.results import DocsResult, DocumentedFile, FailOn, ReviewResult
from runner.review.observed import Lock, Observed, Relation, Trace
from runner.review.review import Reviewed
from runner.review.rules.rule import Finding, Severity, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.review.locks import LockMode
    from runner.review.sizes import Sizes

HOSTILE = (
    '"</script><img src=x onerror=alert(1)>"',
    '"a|b{c}"',
    '"back\\slash"',
    '"new\nline"',
    '"quo""te"',
    '"it\'s -->"',
    '"<b>&amp;"',
    '"\u202egnp"',
    '"漢字"',
    '"%"',
)
_JOINED = "\0"
Objects = dict[Key, Parts]


def table(name: str, *columns: str, schema: str = "public", key: str | None = None, **parts: object) -> Objects:
    """A table with columns of type text, and a primary key of one of them."""
    made: dict[str, object] = {**dict.fromkeys(Table._fields), "row_security": False, "forced": False, **parts}
    objects: Objects = {Key("table", schema, name, ""): Table(**made)}  # type: ignore[arg-type]
    objects |= {Key("column", schema, name, column): _column(not_null=column == key) for column in columns}
    return objects | (constraint(name, "pkey", f"PRIMARY KEY ({key})", schema=schema) if key else {})


def _column(*, not_null: bool) -> Column:
    return Column("text", None, None, None, None, "NOT NULL" if not_null else None, None, None, None, None)


def constraint(table: str, name: str, definition: str, *, schema: str = "public") -> Objects:
    return {Key("constraint", schema, table, name): Constraint(definition, None, None, None, None, None)}


def comment(table: str, text: str) -> Objects:
    return {Key("comment", "public", table, f"TABLE {table}"): Text(text)}


def catalog(*parts: Objects) -> Catalog:
    objects = {key: made for each in parts for key, made in each.items()}
    return Catalog(objects, 18, {key: number for number, key in enumerate(objects)})


def migration(title: str, text: str = "") -> Migration:
    label, _, name = title.partition("_")
    return Migration(int(label), label, name, f"sql/{title}.sql", f"sha256:{title}", parse_header(text, title))


def relation(name: str, kind: str = "table", of: str = "") -> Relation:
    return Relation(kind, "public", name, of)


def lock(mode: LockMode, name: str) -> Lock:
    return Lock(relation(name), mode)


def reviewed(
    text: str,
    seen: Mapping[int, Mapping[str, Any]] | None = None,
    *,
    findings: Sequence[Finding] = (),
    schemas: tuple[Catalog, Catalog] | None = None,
    title: str = "0002_change",
    sizes: Sizes | None = None,
) -> Reviewed:
    """A file, traced as it is told: what was seen of each statement by its number."""
    made, script = migration(title, text), parse_script(text, f"sql/{title}.sql")
    statements = tuple(
        Observed(number, script.place(each.start), script.sql(each), each.verb, (), **(seen or {}).get(number, {}))
        for number, each in enumerate(script.statements, 1)
    )
    before, after = schemas or (catalog(), catalog())
    trace = Trace(made, script, statements, frozenset(), before, after, compare(before, after))
    return Reviewed(Subject(trace, sizes), tuple(findings))


def review(*files: Reviewed, before: Catalog | None = None, after: Catalog | None = None) -> ReviewResult:
    one, other = before or catalog(), after or catalog()
    sizes = files[0].subject.sizes if files else None
    return ReviewResult(files, one, other, compare(one, other), 18, sizes, None, None, FailOn.ERROR)


def docs(made: Catalog, title: str = "0001_make") -> DocsResult:
    """A schema that one file made."""
    file = migration(title)
    few = len(made.objects) < 500  # telling what a large one adds takes its time
    differences = compare(catalog(), made) if few else ()
    return DocsResult(
        made,
        (DocumentedFile(file, "What it is.\nWhy it is.", differences),),
        {key.parent: file for key in made.objects},
    )


def finding(number: int, severity: Severity = Severity.ERROR, rule: str = "table-rewrite", **parts: str) -> Finding:
    return Finding(rule, severity, number, parts.get("message", "it is written anew"), parts.get("allowed"))


class Read(HTMLParser):
    """A page as a browser reads it: its elements with their attributes, its ids and links, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        """What is to be read on it, with single spaces."""
        return re.sub(
            r" (?=[,.;:)?])|(?<=[(]) ", "", " ".join(" ".join(self.words).replace(f" {_JOINED} ", "").split())
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "wbr":
            self.words.append(_JOINED)
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in ("href", "xlink:href") and value]

    def handle_data(self, data: str) -> None:
        (self.scripts if self.lasttag in ("script", "style") else self.words).append(data)
