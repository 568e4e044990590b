"""Parameters and macros of sqlc's dialect, made into the SQL that PostgreSQL knows.

https://docs.sqlc.dev/en/stable/reference/macros.html and howto/named_parameters.html; `@x?` is our own.
"""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, NamedTuple

from runner.client.lexemes import Lexeme, lexemes
from runner.errors import BadParameter
from runner.migrations.statements import place_at

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPERATORS = frozenset({"<@", "^@", "@@", "@@@", "@-@"})  # those of PostgreSQL that end in @
_MACROS = ("arg", "narg", "embed")


class Declared(NamedTuple):
    """A parameter as the text has it: `name` None for a bare $1, `nullable` if the text itself says so."""

    name: str | None
    nullable: bool
    offset: int


class Rewritten(NamedTuple):
    """The SQL with $1 for every parameter and `t.*` for sqlc.embed(t), whose offsets `embeds` holds.

    `anchors` are pairs of offsets, in the SQL and in the file, at which they run side by side.
    """

    sql: str
    parameters: tuple[Declared, ...]
    embeds: tuple[int, ...]
    anchors: tuple[tuple[int, int], ...]


def rewrite(text: str, path: str, start: int, end: int) -> Rewritten:
    """The statement between two offsets of a file. Raises BadParameter."""
    return _Rewriter(text, path).rewrite(start, end)


class _Rewriter:
    """Turns named parameters into numbered ones and macros into SQL, and remembers where each piece came from."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.sql = ""
        self.parameters: dict[int, Declared] = {}
        self.numbers: dict[str, int] = {}
        self.bare: Lexeme | None = None  # the first $1
        self.embeds: list[int] = []
        self.anchors: list[tuple[int, int]] = []
        self.done = 0

    def rewrite(self, start: int, end: int) -> Rewritten:
        """What comes of the stretch between two offsets."""
        self.done = start
        found = list(lexemes(self.text, start, end, self.path))
        for index, lexeme in enumerate(found):
            if lexeme.start >= self.done:  # not a part of what was just replaced
                self._take(lexeme, found[index + 1 : index + 6])
        self._copy(end)
        return Rewritten(self.sql, self._ordered(), tuple(self.embeds), tuple(self.anchors))

    def _take(self, lexeme: Lexeme, following: Sequence[Lexeme]) -> None:
        if lexeme.kind == "parameter":
            self.bare = self.bare or lexeme
            self.parameters.setdefault(int(lexeme.text[1:]), Declared(None, nullable=False, offset=lexeme.start))
        elif lexeme.kind == "operator" and lexeme.text.endswith("@") and lexeme.text not in _OPERATORS:
            if following and following[0].kind == "word" and following[0].start == lexeme.end:
                self._at(lexeme, following)
        elif lexeme.word == "sqlc" and following and following[0].text == ".":
            self._macro(lexeme, following)

    def _at(self, at: Lexeme, following: Sequence[Lexeme]) -> None:
        """`@x` or `@x?`; what stands before the @ in the same run is an operator, as in `a=@x`."""
        name, end = following[0], following[0].end
        mark = len(following) > 1 and following[1].text == "?" and following[1].start == end
        self._parameter(name.text, at.end - 1, end + mark, nullable=mark)

    def _macro(self, sqlc: Lexeme, following: Sequence[Lexeme]) -> None:
        """`sqlc.arg(x)`, `sqlc.narg(x)`, `sqlc.embed(t)`."""
        place = place_at(self.text, sqlc.start, self.path)
        if len(following) < 5 or following[1].word not in _MACROS or following[2].text + following[4].text != "()":  # noqa: PLR2004
            macro = following[1].text if len(following) > 1 else ""
            hint = "An array does it: = ANY(@ids::uuid[])" if macro == "slice" else "Known: sqlc.arg, narg and embed."
            raise BadParameter(f"sqlc.{macro}(…) is not supported", place=place, hint=hint)
        macro, name, end = following[1].word, following[3], following[4].end
        if macro != "embed":
            self._parameter(name.text.strip("'\""), sqlc.start, end, nullable=macro == "narg")
            return
        self._copy(sqlc.start)
        self.embeds.append(len(self.sql) + len(name.text) + 1)
        self._put(f"{name.text}.*", sqlc.start, end)

    def _parameter(self, name: str, start: int, end: int, *, nullable: bool) -> None:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise BadParameter(
                f'"{name}" cannot be the name of a Python parameter',
                place=place_at(self.text, start, self.path),
                hint="Give it another name: letters, digits and _, and no keyword of Python.",
            )
        number = self.numbers.setdefault(name, len(self.numbers) + 1)
        known = self.parameters.get(number)
        self.parameters[number] = Declared(name, nullable or (known is not None and known.nullable), start)
        self._copy(start)
        self._put(f"${number}", start, end)

    def _copy(self, end: int) -> None:
        """Takes over the text up to `end` as it is."""
        self._put(self.text[self.done : end], self.done, end)

    def _put(self, sql: str, start: int, end: int) -> None:
        self.anchors.append((len(self.sql), start))
        self.sql += sql
        self.done = end

    def _ordered(self) -> tuple[Declared, ...]:
        """The parameters by their numbers. Raises BadParameter for gaps, and for $1 beside @x."""
        if self.bare and self.numbers:
            raise BadParameter(
                f"{self.bare.text} stands beside named parameters",
                place=place_at(self.text, self.bare.start, self.path),
                hint="Name them all, or number them all.",
            )
        for number in range(1, len(self.parameters) + 1):
            if number not in self.parameters:
                highest = self.parameters[max(self.parameters)]
                raise BadParameter(
                    f"${max(self.parameters)} is used, and ${number} is not",
                    place=place_at(self.text, highest.offset, self.path),
                    hint="Number the parameters from $1 without a gap.",
                )
        return tuple(self.parameters[number] for number in sorted(self.parameters))
