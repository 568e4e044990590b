"""Text to HTML: what comes from files and schemas is escaped, and what would hide in it is shown."""

from __future__ import annotations

import json
import re
import zlib
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Characters that turn the direction of a text, or have no picture: what is reviewed must look like what runs.
_HIDDEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_PLAIN = re.compile(r"[A-Za-z0-9_.]+")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.]+")


def text(value: object) -> str:
    """A text inside an element or an attribute."""
    return _HIDDEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", escape(str(value)))


def code(value: object) -> str:
    """A name or a piece of SQL within a sentence."""
    return f"<code>{text(value)}</code>"


def breakable(name: str) -> str:
    """A name that may be broken behind its underscores and points, and nowhere else."""
    return re.sub(r"(?<=[_.])(?=[^_.])", "<wbr>", text(name))


def anchor(kind: str, name: str) -> str:
    """What a link can point at: the same for the same name, whatever characters that has."""
    if _PLAIN.fullmatch(name):
        return f"{kind}-{name}"
    return f"{kind}-{_NOT_PLAIN.sub('-', name).strip('-')}-{zlib.crc32(name.encode()):08x}"


def link(target: str, content: str) -> str:
    """A link within the page."""
    return f'<a href="#{target}">{content}</a>'


def fold(summary: str, body: str, *, unfolded: bool = False, kind: str = "") -> str:
    """A part that can be folded."""
    return f'<details class="{kind}"{" open" if unfolded else ""}><summary>{summary}</summary>{body}</details>'


def listed(items: Iterable[str], kind: str = "") -> str:
    """A list; nothing for no items."""
    made = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul class="{kind}">{made}</ul>' if made else ""


def diff(lines: Iterable[str]) -> str:
    """Lines of a difference, in the colours of a diff, with the signs that say the same."""
    return f'<pre class="diff" tabindex="0">{"".join(map(_diff_line, lines))}</pre>'


def _diff_line(line: str) -> str:
    kind = {"-": "del", "+": "ins"}.get(line.strip()[:1]) if line.startswith("  ") else "b"
    return f"<{kind}>{text(line)}</{kind}>\n" if kind else f"{text(line)}\n"


def embedded(name: str, value: object) -> str:
    """A value that the page's script reads; nothing in it can end the element."""
    body = json.dumps(value, ensure_ascii=False, sort_keys=True)
    for char in "<>&\u2028\u2029":
        body = body.replace(char, f"\\u{ord(char):04x}")
    return f'<script type="application/json" id="{name}">{body}</script>'
