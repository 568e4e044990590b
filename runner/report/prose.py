"""The Markdown of a rule's texts as HTML: paragraphs, lists, code blocks, code and emphasis within a line."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from runner.report.markup import listed, text

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"```[^\n]*\n(.*?)\n?```", re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|\[([^\]\n]+)\]\((https?://[^)\s]+)\)")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.)\s+")


def html_of(markdown: str) -> str:
    """The text as elements."""
    parts = _FENCE.split(markdown.strip())  # outside and inside of fences by turns
    return "".join(
        f'<pre class="sql" tabindex="0">{text(part)}</pre>' if number % 2 else "".join(_blocks(part))
        for number, part in enumerate(parts)
    )


def inline(line: str) -> str:
    """Code, emphasis and links within a line; all else as it stands."""
    made, at = [], 0
    for match in _SPAN.finditer(line):
        made += [text(line[at : match.start()]), _span(match)]
        at = match.end()
    return "".join([*made, text(line[at:])])


def _span(match: re.Match[str]) -> str:
    code, strong, label, address = match.groups()
    if code is not None:
        return f"<code>{text(code)}</code>"
    return f"<strong>{text(strong)}</strong>" if strong is not None else f'<a href="{text(address)}">{text(label)}</a>'


def _blocks(markdown: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", markdown):
        for is_list, lines in groupby(_joined(paragraph), key=lambda line: _ITEM.match(line) is not None):
            if is_list:
                yield listed(inline(_ITEM.sub("", line, count=1)) for line in lines)
            else:
                yield f"<p>{inline(' '.join(lines))}</p>"


def _joined(paragraph: str) -> list[str]:
    """The lines, an item of a list with those that go on with it."""
    found: list[str] = []
    for line in paragraph.splitlines():
        goes_on = found and _ITEM.match(found[-1]) and line.startswith(" ") and not _ITEM.match(line)
        if goes_on:
            found[-1] += f" {line.strip()}"
        elif line.strip():
            found.append(line.strip())
    return found
