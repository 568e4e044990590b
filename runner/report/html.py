"""A review, or the schema, as one page that opens from disk: it asks no network for anything."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.report.markup import text
from runner.results import DocsResult, ReviewResult

if TYPE_CHECKING:
    from runner.report.diagram_part import Picture

_ASSETS = Path(__file__).parent / "assets"
_EARLY = "try{document.documentElement.dataset.theme=localStorage.getItem('migrate-theme')||''}catch{}"
_KEYS = (
    ("j, k", "next, previous {stop}"),
    ("n, p", "next, previous {section}"),
    ("/", "search"),
    ("d", "the diagram"),
    ("e", "unfold or fold everything"),
    ("t", "light, dark, or as the system says"),
    ("?", "these keys"),
    ("Esc", "leave the search, close this"),
)


class Body(NamedTuple):
    """What a page shows: title, contents, text; `stop` and `section` name what the keys step through."""

    title: str
    contents: str
    main: str
    picture: Picture
    stop: str
    section: str


def page(result: ReviewResult | DocsResult) -> str:
    """The page."""
    match result:
        case ReviewResult():
            from runner.report.review_page import review_body

            return _document(review_body(result))
        case DocsResult():
            from runner.report.docs_page import docs_body

            return _document(docs_body(result))


def _document(body: Body) -> str:
    script, drawer = _asset("page.js"), body.picture.embedded
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, draws=bool(drawer))}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{text(body.title)}</title>\n<style>\n{_asset('page.css')}</style>\n<script>{_EARLY}</script>",
            '</head>\n<body>\n<a class="skip" href="#main">Skip to the text</a>',
            _bar(body),
            f'<div class="page">\n<nav aria-label="Contents">{body.contents}</nav>',
            f'<main id="main" tabindex="-1">\n{body.main}\n</main>\n</div>',
            _keys(body),
            drawer,
            f"<script>{script}</script>\n</body>\n</html>\n",
        )
    )


def _policy(script: str, *, draws: bool) -> str:
    """What the page may do: run its own two scripts, and the drawer from within; no network, nothing else."""
    hashes = " ".join(f"'sha256-{_hash(each)}'" for each in (_EARLY, script))
    drawing = " blob: 'wasm-unsafe-eval'; worker-src blob:" if draws else ""
    nothing = "default-src 'none'; base-uri 'none'; form-action 'none'"
    return f"{nothing}; style-src 'unsafe-inline'; script-src {hashes}{drawing}"


def _hash(script: str) -> str:
    return b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _bar(body: Body) -> str:
    return f"""<header class="bar">
<p class="brand"><a href="#main">{text(body.title)}</a></p>
<div class="tools" hidden>
<input id="search" type="search" placeholder="Search ( / )" aria-label="Search the page" autocomplete="off">
<output id="hits" for="search"></output>
<button type="button" id="unfold">Unfold all</button>
<button type="button" id="theme">Theme: system</button>
<button type="button" id="help" aria-haspopup="dialog">Keys</button>
</div>
</header>"""


def _keys(body: Body) -> str:
    rows = "".join(
        f"<dt>{''.join(f'<kbd>{text(key)}</kbd> ' for key in keys.split(', '))}</dt>"
        f"<dd>{text(means.format(stop=body.stop, section=body.section))}</dd>"
        for keys, means in _KEYS
    )
    close = '<form method="dialog"><button>Close</button></form>'
    return (
        f'<dialog id="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keys</h2><dl>{rows}</dl>{close}</dialog>'
    )


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
