"""The lexemes of a query: what the migrations' lexer leaves in runs, cut into words, operators and parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.migrations.statements import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUIET = {"comment": "comment", "string": "string", "escaped": "string", "identifier": "identifier"}
_LEXEME = re.compile(
    r"""(?P<space>\s+)
      |(?P<word>[A-Za-z_\x80-\U0010ffff][\w$]*)
      |(?P<parameter>\$\d+)
      |(?P<number>\.?\d[\w.]*)
      |(?P<operator>[-+*/<>=~!@\#%^&|`?]+)
      |(?P<punctuation>::|.)""",
    re.VERBOSE | re.DOTALL,
)


class Lexeme(NamedTuple):
    """A word, identifier, string, parameter ($1), number, operator or punctuation, as offsets into its text."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The word in lower case; empty for everything else."""
        return self.text.lower() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """What a word or a quoted identifier names, by PostgreSQL's folding."""
        return self.text[1:-1].replace('""', '"') if self.kind == "identifier" else self.text.lower()


def lexemes(text: str, start: int, end: int, path: str) -> Iterator[Lexeme]:
    """The lexemes between two offsets of a text, without white space and comments."""
    begin = start
    for kind, position, stop in tokens(text, start, end, path):
        if kind in _QUIET:
            yield from _loud(text, begin, position)
            if kind != "comment":
                yield Lexeme(_QUIET[kind], text[position:stop], position, stop)
            begin = stop
    yield from _loud(text, begin, end)


def _loud(text: str, start: int, end: int) -> Iterator[Lexeme]:
    """The lexemes of a stretch that holds no quote and no comment."""
    for match in _LEXEME.finditer(text, start, end):
        if match.lastgroup != "space":
            yield Lexeme(match.lastgroup or "", match[0], match.start(), match.end())
