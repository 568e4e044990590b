"""The part of a schema's page about one table: its columns, its keys, what belongs to it, who refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Column, Constraint, Index, Policy, Table
from runner.catalog.ddl import index_definition, qualified, shown
from runner.catalog.references import unique_columns
from runner.report.entities import short_type
from runner.report.markup import anchor, breakable, code, fold, listed, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.catalog.catalog import Key, Parts
    from runner.report.references import Reference
    from runner.report.schema_index import SchemaIndex

_MOST_IN_SIGHT = 12
_KEYS = ("PRIMARY KEY", "UNIQUE", "EXCLUDE")


def table_part(index: SchemaIndex, key: Key) -> str:
    """The table."""
    place, inside = anchor("table", qualified(key)), index.inside[key.parent]
    comment = index.comment(key) or index.comments.get(f"FOREIGN TABLE {qualified(key)}", "")
    parts = dict(inside["table"])[key]
    rows = "".join(f"<dt>{name}</dt><dd>{body}</dd>" for name, body in _parts(index, key, parts) if body)
    return f"""<section class="table-part" id="{place}" data-stop="table" data-part aria-labelledby="{place}-name">
<h3 id="{place}-name">{breakable(qualified(key))}{_tags(parts)}</h3>
{f"<p>{text(comment)}</p>" if comment else ""}<p class="quiet">{_files(index, key)}</p>
{_columns(index, key)}<dl class="parts">{rows}</dl></section>"""


def _tags(parts: Parts) -> str:
    if not isinstance(parts, Table):
        return ""
    told = [
        parts.persistence.lower() if parts.persistence else "",
        f"partitioned by {parts.partitioned_by}" if parts.partitioned_by else "",
        "partition" if parts.partition_of else "",
        "row security" if parts.row_security else "",
    ]
    return "".join(f' <span class="tag">{text(each)}</span>' for each in told if each)


def _files(index: SchemaIndex, key: Key) -> str:
    """The file that made it, and those that changed it."""
    maker = index.makers.get(key.parent)
    changes = [index.file(each) for each in index.changes.get(key.parent, ())]
    made = f"Made by {index.file(maker)}" if maker else ""
    changed = f"changed by {', '.join(changes)}" if changes else ""
    return "; ".join(filter(None, (made, changed)))


def _columns(index: SchemaIndex, key: Key) -> str:
    """The columns: name, type, whether NULL is allowed, what it is without a value, what it means."""
    columns = index.inside[key.parent]["column"]
    if not columns:
        return '<p class="quiet">It has no column.</p>'
    marks = _marks(index, key)
    rows = "".join(_column(index, each, parts, marks.get(each.name, ())) for each, parts in columns)
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("column", "type", "null", "default", "comment"))
    return f'<table class="columns cards"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _column(index: SchemaIndex, key: Key, parts: Parts, marks: Sequence[str]) -> str:
    if not isinstance(parts, Column):
        return ""
    tags = "".join(f' <span class="tag">{mark}</span>' for mark in marks)
    cells = (
        ("type", code(short_type(parts.type)) + (f" COLLATE {code(parts.collation)}" if parts.collation else "")),
        ("null", "" if parts.not_null == "NOT NULL" else text(parts.not_null or "null").lower()),
        ("default", _default(parts)),
        ("comment", text(index.comment(key))),
    )
    rest = "".join(
        f'<td data-head="{head}"{"" if cell else " class=empty"}>{_spanned(cell)}</td>' for head, cell in cells
    )
    return f"<tr><td>{code(key.name)}{tags}</td>{rest}</tr>"


def _spanned(cell: str) -> str:
    return f"<span>{cell}</span>" if cell else ""


def _default(parts: Column) -> str:
    if parts.generated:
        return f"generated: {code(parts.default)}" + (
            "" if parts.generated == "STORED" else f" {text(parts.generated)}"
        )
    if parts.identity:
        return f"identity, {text(parts.identity.lower())}"
    return code(parts.default) if parts.default is not None else ""


def _marks(index: SchemaIndex, key: Key) -> dict[str, list[str]]:
    """PK and FK by column."""
    found: dict[str, list[str]] = {}
    for _, parts in index.inside[key.parent]["constraint"]:
        if isinstance(parts, Constraint) and parts.definition.startswith("PRIMARY KEY"):
            for name in unique_columns(parts.definition):
                found.setdefault(name, []).append("PK")
    for reference in index.references.get(key.parent, ()):
        for name in reference.columns:
            if "FK" not in found.setdefault(name, []):
                found[name].append("FK")
    return found


def _parts(index: SchemaIndex, key: Key, parts: Parts) -> Iterator[tuple[str, str]]:
    """What belongs to the table, each under its word; nothing where there is nothing."""
    inside = index.inside[key.parent]
    constraints = [(each.name, made.definition) for each, made in inside["constraint"] if isinstance(made, Constraint)]
    yield "keys", _definitions(each for each in constraints if each[1].startswith(_KEYS))
    yield "foreign keys", listed(_outgoing(index, each) for each in index.references.get(key.parent, ()))
    yield "referred to by", _cut([_incoming(index, each) for each in index.referred.get(key.parent, ())])
    yield "checks", _definitions(each for each in constraints if not each[1].startswith((*_KEYS, "FOREIGN KEY")))
    yield "indexes", listed(_index(each, made) for each, made in inside["index"] if isinstance(made, Index))
    yield "triggers", listed(code(shown(each, made)) for each, made in (*inside["trigger"], *inside["rule"]))
    yield "policies", listed(code(shown(each, made)) for each, made in inside["policy"] if isinstance(made, Policy))
    if isinstance(parts, Table):
        yield "partition", f"of {code(parts.partition_of)} {code(parts.bound or '')}" if parts.partition_of else ""
        yield "inherits", code(parts.inherits) if parts.inherits else ""
        yield "storage", code(parts.options) if parts.options else ""
    yield "partitions", _cut([index.link(name) for name in index.partitions.get(key.parent, ())])
    yield "statistics", listed(code(shown(each, made)) for each, made in inside["statistics"])


def _definitions(constraints: Iterable[tuple[str, str]]) -> str:
    return listed(f"{code(definition)} <small>{text(name)}</small>" for name, definition in constraints)


def _outgoing(index: SchemaIndex, reference: Reference) -> str:
    """`(team_id) to teams (id), ON DELETE CASCADE`."""
    columns, referenced = ", ".join(reference.columns), ", ".join(reference.referenced)
    rest = reference.definition.partition(" REFERENCES ")[2].rpartition(")")[2].strip()
    return (
        f"{code(f'({columns})')} to {index.link(reference.parent)} {code(f'({referenced})')}"
        f"{f' {text(rest)}' if rest else ''} <small>{text(reference.name)}</small>"
    )


def _incoming(index: SchemaIndex, reference: Reference) -> str:
    columns = ", ".join(reference.columns)
    return f"{index.link(reference.child)} {code(f'({columns})')}"


def _index(key: Key, parts: Index) -> str:
    """What is indexed, without the words that every index has."""
    unique = "unique " if parts.definition.startswith("CREATE UNIQUE") else ""
    rest = index_definition(parts).partition(" ON ")[2]
    what = rest[rest.find(" ") + 1 :] if not rest.startswith('"') else rest
    invalid = "" if parts.valid else ' <span class="tag error">not valid</span>'
    return f"{unique}{code(what)} <small>{text(key.name)}</small>{invalid}"


def _cut(items: Sequence[str]) -> str:
    """The first of them in sight, the rest folded."""
    rest = items[_MOST_IN_SIGHT:]
    return listed(items[:_MOST_IN_SIGHT]) + (fold(f"{len(rest)} more", listed(rest)) if rest else "")
