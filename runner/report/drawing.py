"""The SVG of a DOT text: drawn by Graphviz where it is installed, or by a script within the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

_SCRIPT = Path(__file__).parent / "assets" / "viz-global.js"
_PATIENCE = 20  # seconds
_TITLES = re.compile(r"<title>[^<]*</title>\n?|<!--.*?-->\n?", re.DOTALL)


def drawn(dot: str) -> str | None:
    """The SVG as a part of a page; None if `dot` is not on PATH, refuses, or takes too long."""
    program = shutil.which("dot")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # what runs is found on PATH, and the text is its input
            [program, "-Tsvg"],
            input=dot,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return cleaned(done.stdout)


def cleaned(svg: str) -> str | None:
    """The element alone, without comments and without titles, which are names that only DOT knows."""
    start = svg.find("<svg")
    return _TITLES.sub("", svg[start:]).strip() if start >= 0 else None


def drawer() -> str:
    """Graphviz as a script; it lies in the page as text until a diagram is looked at."""
    return f'<script type="text/plain" id="drawer">{_SCRIPT.read_text(encoding="utf-8")}</script>'
