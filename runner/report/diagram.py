"""The picture of a schema: DOT for a page, Mermaid for a comment on a pull request."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from runner.report.entities import model_of
from runner.report.markup import text
from runner.report.references import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from runner.catalog.catalog import Catalog
    from runner.catalog.difference import Difference
    from runner.report.entities import Entity, Field, Model
    from runner.report.references import Name, Reference

# The colours of the light scheme; page.css maps each to that of the dark one.
_HEADS = {Change.NONE: "#e4e8ee", Change.ADDED: "#b7e4c3", Change.CHANGED: "#f6dc9b", Change.REMOVED: "#f3bfbc"}
_ROWS = {Change.NONE: "#fffffe", Change.ADDED: "#e3f5e8", Change.CHANGED: "#fdf3d7", Change.REMOVED: "#fbe4e2"}
_LINES = {Change.NONE: "#6b7685", Change.ADDED: "#1a7f37", Change.CHANGED: "#9a6700", Change.REMOVED: "#c0342b"}
_TEXT, _QUIET, _BORDER = "#1f2530", "#59636f", "#98a2b0"
SIGNS = {Change.NONE: "", Change.ADDED: "+", Change.CHANGED: "~", Change.REMOVED: "-"}
_MOST_FIELDS = 40
_MOST_PARTITIONS = 6
_NARROWEST = 5  # tables in a row
_LONGEST_TYPE = 28
_NOT_IN_XML = re.compile("[\t\n\ufffe\uffff]")
_GRAPH = f"""digraph schema {{
  graph [rankdir=LR, bgcolor=transparent, nodesep=0.28, ranksep=0.9, pad=0.15, fontname="Courier"];
  node [shape=plain, fontname="Courier", fontsize=10, fontcolor="{_TEXT}"];
  edge [dir=both, fontname="Courier", fontsize=9, arrowsize=0.75, penwidth=1.1];"""

_MOST_IN_MERMAID = 15
_STYLES = "".join(
    f"\n    classDef {name} fill:{fill},stroke:{line},color:{_TEXT}"
    for name, fill, line in (
        ("added", _HEADS[Change.ADDED], _LINES[Change.ADDED]),
        ("changed", _HEADS[Change.CHANGED], _LINES[Change.CHANGED]),
        ("removed", _HEADS[Change.REMOVED], _LINES[Change.REMOVED]),
    )
)


def dot_of(model: Model, *, link: Callable[[Name], str] | None = None) -> str:
    """The DOT text of a model; `link` gives a table what a click on it leads to.

    A table is `t0`, `t1` … in the order of the model: no name of the schema has to be one of DOT's.
    """
    numbers = {name: number for number, name in enumerate(model.entities)}
    lines = [_GRAPH]
    lines += [_node(numbers[name], model.entities[name], link) for name in _linked_last(model)]
    lines += [_edge(number, each, numbers, model) for number, each in enumerate(model.references)]
    lines += _rows_of_lonely(model, numbers)
    return "\n".join([*lines, "}"])


def _linked_last(model: Model) -> Iterable[Name]:
    """The tables, those that hang together with most others last: dot begins at the foot of its picture."""
    whole: dict[Name, set[Name]] = {name: {name} for name in model.entities}
    for each in model.references:
        one, other = whole[each.child], whole[each.parent]
        if one is not other:
            one |= other
            whole.update(dict.fromkeys(other, one))
    return sorted(model.entities, key=lambda name: (len(whole[name]), min(whole[name]), name))


def _rows_of_lonely(model: Model, numbers: dict[Name, int]) -> Iterable[str]:
    """Tables without a reference, in rows of equal height: invisible edges keep them from making one long column."""
    linked = {name for each in model.references for name in (each.child, each.parent)}
    lonely = sorted(model.entities.keys() - linked, key=lambda name: (-len(model.entities[name].fields), name))
    width = max(_NARROWEST, math.isqrt(2 * len(lonely)))
    for first in range(0, len(lonely), width):
        row = " -> ".join(f"t{numbers[name]}" for name in lonely[first : first + width])
        yield f"  {row} [style=invis];" if "->" in row else ""


def _node(number: int, entity: Entity, link: Callable[[Name], str] | None) -> str:
    target = f', href="{_quoted(link(entity.name))}"' if link else ""
    attributes = f'id="er{number}", class="table {entity.change.value}", tooltip="{_quoted(entity.title)}"{target}'
    rows = "".join(_rows(entity))
    table = f'<table border="0" cellborder="1" cellspacing="0" cellpadding="3" color="{_BORDER}">{rows}</table>'
    return f"  t{number} [{attributes}, label=<{table}>];"


def _rows(entity: Entity) -> Iterable[str]:
    """The head of a table, its columns, what of them is left out, its partitions."""
    sign = f"{SIGNS[entity.change]} " if entity.change is not Change.NONE else ""
    name = _cell_text(sign + entity.title)
    yield f'<tr><td colspan="3" port="head" align="left" bgcolor="{_HEADS[entity.change]}"><b>{name}</b></td></tr>'
    shown = _shown(entity.fields)
    yield from (_field(number, entity.fields[number]) for number in shown)
    if left := len(entity.fields) - len(shown):
        yield _wide(f"… {left} more columns", Change.NONE)
    if entity.partitions:
        yield from _partitions(entity)


def _shown(fields: Sequence[Field]) -> list[int]:
    """Which columns fit: those of keys and those that change before all others, in the order of the table."""
    told = sorted(
        range(len(fields)), key=lambda number: (not (fields[number].keys or _is_changed(fields[number])), number)
    )
    return sorted(told[:_MOST_FIELDS])


def _is_changed(field: Field) -> bool:
    return field.change is not Change.NONE


def _field(number: int, field: Field) -> str:
    cell = f'sides="{{sides}}" bgcolor="{_ROWS[field.change]}"'
    marks = _cell_text(" ".join(filter(None, (SIGNS[field.change], *field.keys))) or " ")
    kind = _cell_text(_cut(field.type, _LONGEST_TYPE))
    name = f"<b>{_cell_text(field.name)}</b>" if "PK" in field.keys else _cell_text(field.name)
    return (
        f'<tr><td port="w{number}" align="left" {cell.format(sides="LB")}><font color="{_QUIET}">{marks}</font></td>'
        f'<td align="left" {cell.format(sides="B")}>{name}</td>'
        f'<td port="e{number}" align="left" {cell.format(sides="RB")}><font color="{_QUIET}">{kind}</font></td></tr>'
    )


def _partitions(entity: Entity) -> Iterable[str]:
    changed = [each for each in entity.partitions if each[1] is not Change.NONE]
    yield _wide("1 partition" if len(entity.partitions) == 1 else f"{len(entity.partitions)} partitions", Change.NONE)
    for name, change in changed[:_MOST_PARTITIONS]:
        yield _wide(f"{SIGNS[change]} {name}", change)
    if left := len(changed[_MOST_PARTITIONS:]):
        yield _wide(f"… {left} more of them changed", Change.NONE)


def _wide(words: str, change: Change) -> str:
    label = f'<font color="{_QUIET}">{_cell_text(words)}</font>'
    return f'<tr><td colspan="3" align="left" sides="LRB" bgcolor="{_ROWS[change]}">{label}</td></tr>'


def _edge(number: int, reference: Reference, numbers: dict[Name, int], model: Model) -> str:
    child, parent = numbers[reference.child], numbers[reference.parent]
    tail = _port(model.entities[reference.child], reference.columns, "e" if child == parent else "w")
    head = _port(model.entities[reference.parent], reference.referenced, "e")
    # Parents stand on the left: the edge runs from them, and its ends are told the other way round.
    ends = ("teeodot" if reference.optional else "teetee", "teeodot" if reference.single else "crowodot")
    style = ", style=dashed" if reference.change is Change.REMOVED else ""
    columns = ", ".join(reference.columns)
    told = f"{model.entities[reference.child].title} ({columns}) {reference.definition.partition(') ')[2]}"
    return (
        f'  t{parent}:{head} -> t{child}:{tail} [id="er{parent}_{child}_{number}", '
        f'class="reference {reference.change.value}", tooltip="{_quoted(told)}", arrowtail={ends[0]}, '
        f'arrowhead={ends[1]}, color="{_LINES[reference.change]}"{style}];'
    )


def _port(entity: Entity, columns: Sequence[str], side: str) -> str:
    """Where an edge ends: at the row of the first column, if that is shown."""
    shown = {entity.fields[number].name: number for number in _shown(entity.fields)}
    number = shown.get(columns[0]) if columns else None
    return f"head:{side}" if number is None else f"{side}{number}:{side}"


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _cell_text(name: str) -> str:
    return text(_NOT_IN_XML.sub(" ", name)) or " "


def _quoted(name: str) -> str:
    """A text between double quotes of DOT, which takes entities, too."""
    return text(_NOT_IN_XML.sub(" ", name)).replace("\\", "\\\\")


def mermaid_of(before: Catalog, after: Catalog, differences: Sequence[Difference]) -> str | None:
    """A Mermaid diagram of the tables that change and of those next to them; None if no table changes.

    Of each table only the columns of keys and those that change. After 15 tables comes one box that counts the rest.
    """
    told = {difference.key.parent for difference in differences}
    model = model_of(before, after)
    all_new = not any(key.kind == "table" for key in before.objects)
    changed = [
        name
        for name, entity in model.entities.items()
        if name in told and (entity.change is not Change.NONE or all_new)
    ]
    if not changed:
        return None
    near = sorted(model.near(changed) - set(changed))
    names = (*changed, *near)[:_MOST_IN_MERMAID]
    left = len(changed) + len(near) - len(names)
    part = model.only(names)
    numbers = {name: number for number, name in enumerate(names)}
    lines = ["erDiagram"]
    lines += [_mermaid_entity(numbers[name], part.entities[name]) for name in names]
    lines += [_mermaid_reference(each, numbers) for each in part.references]
    note = [f'    rest["{left} more, not shown"]'] if left else []
    return "\n".join([*lines, *note]) + _STYLES


def _mermaid_entity(number: int, entity: Entity) -> str:
    sign = f"{SIGNS[entity.change]} " if entity.change is not Change.NONE else ""
    style = f":::{entity.change.value}" if entity.change is not Change.NONE else ""
    title = re.sub(r"[^\w .$+~-]", "_", sign + entity.title.replace('"', ""))
    shown = [field for field in entity.fields if field.keys or _is_changed(field)]
    if entity.change in (Change.ADDED, Change.REMOVED):
        shown = [field for field in entity.fields if field.keys]
    fields = "".join(f"\n        {_mermaid_field(field, entity.change)}" for field in shown[:_MOST_FIELDS])
    return f'    t{number}["{title}"]{style} {{{fields}\n    }}'


def _mermaid_field(field: Field, whole: Change) -> str:
    kind = re.sub(r"\W", "_", re.sub(r"\(.*?\)", "", field.type)) or "_"
    name = re.sub(r"\W", "_", field.name.strip('"'))
    comment = f' "{field.change.value}"' if field.change not in (Change.NONE, whole) else ""
    return f"{_worded(kind)} {_worded(name)} {', '.join(field.keys)}".rstrip() + comment


def _worded(name: str) -> str:
    """A word that Mermaid takes for the name of a column: it has to begin with a letter."""
    ascii_only = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return ascii_only if ascii_only[:1].isalpha() else f"_{ascii_only}"


def _mermaid_reference(reference: Reference, numbers: dict[Name, int]) -> str:
    parent, child = numbers[reference.parent], numbers[reference.child]
    ends = f"{'|o' if reference.optional else '||'}--{'o|' if reference.single else 'o{'}"
    label = re.sub(r"[^\w .,$-]", "_", ", ".join(reference.columns))
    return f'    t{parent} {ends} t{child} : "{label}"'
