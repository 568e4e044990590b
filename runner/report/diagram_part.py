"""The part of a page that shows the diagram: drawn already, or with what the page needs to draw it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.report.diagram import dot_of
from runner.report.drawing import drawer, drawn
from runner.report.markup import embedded, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.report.entities import Model
    from runner.report.references import Name

MOST_TABLES = 250
_LEGEND = """<ul class="legend">
<li><i class="swatch added"></i>+ added</li><li><i class="swatch changed"></i>~ changed</li>
<li><i class="swatch removed"></i>- removed</li>"""
_MARKS = """<li><b>PK</b> primary key</li><li><b>FK</b> foreign key</li>
<li>a fork: many rows refer; a bar: one; a circle: perhaps none</li></ul>"""
_TOOLS = """<div class="tools" hidden>
<input id="find" type="search" list="known" placeholder="Find a table" aria-label="Find a table" autocomplete="off">
<datalist id="known">{names}</datalist>
<button type="button" data-zoom="out" aria-label="Smaller">-</button>
<button type="button" data-zoom="in" aria-label="Larger">+</button>
<button type="button" data-zoom="fit">Fit</button>
<button type="button" data-zoom="one">100 %</button>
<span class="quiet">Drag to move; Ctrl and the wheel to zoom; click a table for its neighbours.</span>
</div>"""

_NOT_YET = """<p class="quiet">The diagram is drawn when it is looked at.</p>
<noscript><p>This page draws it with JavaScript, which is switched off. Where Graphviz is installed when the page is
made, the diagram needs none.</p></noscript>"""


class Picture(NamedTuple):
    """The diagram's part of the page, and what has to stand at the page's end for it."""

    shown: str
    embedded: str


def picture(model: Model, *, changes: bool, link: Callable[[Name], str] | None = None) -> Picture:
    """The diagram of a model; a note instead where there are too many tables to draw or to read."""
    if not model.entities:
        return Picture('<p class="quiet">There is no table to draw.</p>', "")
    if len(model.entities) > MOST_TABLES:
        note = f"{len(model.entities)} tables are more than a diagram can show so that people can read it."
        return Picture(f'<p class="remark">{note}</p>', "")
    dot = dot_of(model, link=link)
    svg = drawn(dot)
    tools = _TOOLS.format(names="".join(f'<option value="{text(each.title)}">' for each in model.entities.values()))
    legend = (_LEGEND if changes else '<ul class="legend">') + _MARKS
    inside = svg or _NOT_YET
    box = f'<div id="diagram" class="canvas" tabindex="0" role="group" aria-label="The diagram">{inside}</div>'
    return Picture(f"{tools}{box}{legend}", "" if svg else f"{embedded('dot', dot)}\n{drawer()}")
