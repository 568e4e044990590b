"""Sphinx's settings for the site; `make site` builds it from what pages.py writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

from runner import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "migrate"
project_copyright = ""
release = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 4
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # an example may be cut, or of a dialect that Pygments does not know

html_theme = "furo"
html_title = f"migrate {__version__}"
html_static_path = [str(Path(__file__).parent / "static")]
html_favicon = str(Path(__file__).parent / "static/icon.svg")
html_css_files = ["site.css"]
html_extra_path = [str(Path(__file__).parents[2] / "build/pages/_files")]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False


def _inline(_: Sphinx, tree: nodes.document, __: str) -> None:
    """A drawing becomes a part of its page, so that it has the colours of the page, light or dark."""
    for image in list(tree.findall(nodes.image)):
        path = Path(tree["source"]).parent / Path(image["uri"]).name
        if path.suffix == ".svg":
            drawing = f'<div class="drawing">{path.read_text(encoding="utf-8")}</div>'
            image.replace_self(nodes.raw("", drawing, format="html"))


def setup(app: Sphinx) -> None:
    """Tells Sphinx of what is not its own."""
    app.connect("doctree-resolved", _inline)
