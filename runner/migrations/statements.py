"""The lexer: where each statement of a script begins and ends, by PostgreSQL's lexical rules.

The rules are those of the manual's "Lexical Structure" chapter, with `standard_conforming_strings` on. Only what can
hide a semicolon matters: quotes, comments, dollar quotes, the `BEGIN ATOMIC … END` body of a function, and the
parentheses of `CREATE RULE`. Nothing is judged here: a wrong statement is found by the server, which says it better.
The tests hold this lexer against PostgreSQL's own parser on thousands of statements.
"""

from __future__ import annotations

import re
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Place, PsqlCommand, Unterminated

if TYPE_CHECKING:
    from collections.abc import Iterator


class Statement(NamedTuple):
    """A statement as offsets into its script, without the semicolon; `verb` is its first word in lower case.

    A data file has a hundred thousand of them, so a run of them can be one: see `split`.
    """

    start: int
    end: int
    verb: str
    run: int = 1


# By what they are not: a class up to \U0010ffff takes `re` long to compile. Every character beyond ASCII is a letter.
_LETTER = r"[^\x00-@\[-^`{-\x7f]"
_INNER = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
_TAG = rf"(?:{_LETTER}[^\x00-/:-@\[-^`{{-\x7f]*+)?"
_WORDS = rf"{_LETTER}{_INNER}*+"
_PLAIN = r"\x00-!#%&*+,0-:<-@\[\]^`{-\x7f"  # ASCII that can neither begin a token of another kind nor a word
_STRING = r"'(?:[^']++|'')*+'"
_ESCAPED = r"'(?:[^'\\]++|\\.|'')*+'"
_CONTINUED = r"(?:[ \t\f\v]*+\n(?:\s++|--[^\n]*+\n)*"
_IDENTIFIER = r'"(?:[^"]++|"")*+"'

# One token. What it does not match is an obstacle: a block comment, a dollar quote, a backslash, an open quote.
_TOKEN = rf"""
   (?P<plain>[{_PLAIN}]++)
  |(?P<escaped>[eE]{_ESCAPED}{_CONTINUED}{_ESCAPED})*)
  |(?P<word>(?![eE]'){_WORDS})
  |(?P<string>{_STRING})
  |(?P<identifier>{_IDENTIFIER})
  |(?P<parameter>\$(?!{_TAG}\$))
  |(?P<comment>--[^\n]*+)
  |(?P<punctuation>[().]|-(?!-)|/(?!\*))
"""
_NEXT = re.compile(_TOKEN, re.VERBOSE | re.DOTALL)
# Many tokens in one call; not all of them, as `re` keeps something of each until it is done, and not possessively, as
# Python before 3.11.5 loses its place where an alternative fails half-way.
_UNNAMED = re.sub(r"[?]P<[a-z]+>", "?:", _TOKEN).replace(_PLAIN, f"{_PLAIN}().")
_RUN = re.compile(f"(?:{_UNNAMED}){{1,1000}}", re.VERBOSE | re.DOTALL)
_DOLLAR_QUOTE = re.compile(rf"\${_TAG}\$")
_OPENING = re.compile(r"[eE]?'|\"")
_SPACE = re.compile(r"\s++|--[^\n]*+")
_WORD = re.compile(_WORDS)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_ROW_VERBS = {f"{form} ": verb for verb in ("insert", "update", "delete") for form in (verb, verb.upper())}
_ROW = re.compile(rf"(?:[^;'\"\\$/-]++|'[^'\\]*+'|{_IDENTIFIER}|-(?!-)|/(?!\*)){{1,1000}}")
# Only these can hold a semicolon outside quotes, so only these are read token by token.
_COMPOUND = re.compile(r"create\s+(?:or\s+replace\s+)?(?:function|procedure|rule)\b", re.IGNORECASE)


def split(text: str, path: str, *, longest_run: int = 0) -> Iterator[Statement]:
    """The statements of a script in order; joining them with what lies between gives the script again.

    Runs of INSERT, UPDATE and DELETE that are a line each come as one, of at most `longest_run` characters.
    Raises Unterminated for a quote or comment without an end, PsqlCommand for a backslash command.
    """
    position, length = skip_blank(text, 0, path), len(text)
    no_run_before = 0 if longest_run else length
    while position < length:
        if position >= no_run_before and text[position : position + 7] in _ROW_VERBS:
            end = text.rfind(";\n", position, position + longest_run)
            no_run_before = position + longest_run if end < 0 else end
            if run := _run_of_rows(text, position, end):
                yield run
                position = skip_blank(text, run.end + 1, path)
                continue
        word = _WORD.match(text, position)
        verb = intern(word[0].lower()) if word else ""
        compound = verb == "create" and _COMPOUND.match(_first_words(text, position, path))
        end = (_compound_end if compound else _simple_end)(text, position, path)
        if end > position:  # a lone semicolon is no statement
            yield Statement(position, end, verb)
        position = skip_blank(text, end + 1, path)


def skip_blank(text: str, position: int, path: str) -> int:
    """The offset of the first character at or after `position` that is neither white space nor comment."""
    while True:
        if space := _SPACE.match(text, position):
            position = space.end()
        elif text.startswith("/*", position):
            position = _comment_end(text, position, path)
        else:
            return position


def place_at(text: str, offset: int, path: str) -> Place:
    """The line and column of an offset, with the text of its line."""
    begin = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return Place(path, text.count("\n", 0, offset) + 1, offset - begin + 1, text[begin : end if end >= 0 else None])


def line_comments(text: str, path: str) -> Iterator[tuple[int, str]]:
    """The `--` comments with their offsets; those that only look like one, inside a quote or a block, are none."""
    for kind, start, end in tokens(text, 0, len(text), path):
        if kind == "comment" and text.startswith("--", start):
            yield start, text[start:end]


def words(text: str, start: int, end: int) -> Iterator[str]:
    """The words of a statement in lower case, and its quoted names as they are; no strings, no comments."""
    for kind, begin, stop in tokens(text, start, end, ""):
        if kind == "word":
            yield text[begin:stop].lower()
        elif kind == "identifier":
            yield text[begin:stop]


def essence(text: str) -> list[str]:
    """The text without comments and white space: two texts with one essence do the same."""
    found: list[str] = []
    for kind, start, end in tokens(text, 0, len(text), ""):
        if kind != "comment":
            found += text[start:end].split() if kind == "plain" else [text[start:end]]
    return found


def tokens(text: str, start: int, end: int, path: str) -> Iterator[tuple[str, int, int]]:
    """Kind, begin and end of each token; block comments and dollar quotes are comments and strings like the others."""
    position = start
    while position < end:
        if token := _NEXT.match(text, position):
            kind, stop = token.lastgroup or "", token.end()
        elif text[position] == ";":
            kind, stop = "semicolon", position + 1
        else:
            kind = "comment" if text.startswith("/*", position) else "string"
            stop = _past_obstacle(text, position, path)
        yield kind, position, stop
        position = stop


def _simple_end(text: str, start: int, path: str) -> int:
    """The offset of the semicolon that ends the statement at `start`, or of the end of the text."""
    position = start
    while position < len(text) and text[position] != ";":
        run = _RUN.match(text, position)
        position = run.end() if run else _past_obstacle(text, position, path)
    return position


def _run_of_rows(text: str, start: int, end: int) -> Statement | None:
    """The text as one run, if it certainly is nothing but INSERT, UPDATE and DELETE statements that are a line each."""
    rows = text[start:end].split(";\n") if end > start else []
    if rows and all(row[:7] in _ROW_VERBS and _is_one(row) for row in rows):
        return Statement(start, end, _ROW_VERBS[rows[0][:7]], len(rows))
    return None


def _is_one(row: str) -> bool:
    """Whether no semicolon of the row, and not its end, is anything but text in a string."""
    comment = ("-" in row and "--" in row) or ("/" in row and "/*" in row)  # twice, as one character is found quicker
    if comment or ";" in row or '"' in row or "\\" in row or "$" in row:
        return _ROW.fullmatch(row) is not None
    return row.count("'") % 2 == 0


def _first_words(text: str, start: int, path: str) -> str:
    """Up to four leading words, with the comments between them left out."""
    found: list[str] = []
    while len(found) < 4 and (word := _WORD.match(text, start)):  # noqa: PLR2004
        found.append(word[0])
        start = skip_blank(text, word.end(), path)
    return " ".join(found)


def _compound_end(text: str, start: int, path: str) -> int:
    """The same for a statement whose body may hold semicolons: `BEGIN ATOMIC … END`, or a rule's `( …; … )`."""
    parentheses, blocks, previous = 0, 0, ""
    for kind, position, end in tokens(text, start, len(text), path):
        if kind == "semicolon" and parentheses <= 0 and blocks <= 0:
            return position
        word = text[position:end].lower()
        if kind == "comment" or not word.strip():
            continue
        parentheses += (word == "(") - (word == ")")
        blocks += _block_step(word, previous, blocks)
        previous = word
    return len(text)


def _block_step(word: str, previous: str, blocks: int) -> int:
    """How the word changes the nesting of blocks; after a dot or AS it is only a name."""
    if blocks == 0:
        return int(word == "atomic" and previous == "begin")
    if previous in (".", "as"):
        return 0
    return (word == "case") - (word == "end")


def _past_obstacle(text: str, position: int, path: str) -> int:
    """Past a block comment or a dollar quote; anything else that stops the lexer is an error of the script."""
    if text.startswith("/*", position):
        return _comment_end(text, position, path)
    if quote := _DOLLAR_QUOTE.match(text, position):
        closing = text.find(quote[0], quote.end())
        if closing >= 0:
            return closing + len(quote[0])
    place = place_at(text, position, path)
    if text[position] == "\\":
        line = (place.source or "")[(place.column or 1) - 1 :].strip()
        raise PsqlCommand(
            f'"{line}" is a command of psql, not SQL',
            place=place,
            hint="Only the server's SQL runs here. Write the SQL itself, or load data with INSERT.",
        )
    opening = quote or _OPENING.match(text, position)
    raise Unterminated(f"the quote {opening[0] if opening else text[position]} is never closed", place=place)


def _comment_end(text: str, start: int, path: str) -> int:
    """The offset after the block comment at `start`; block comments nest, as the SQL standard says."""
    depth, position = 0, start
    while edge := _COMMENT_EDGE.search(text, position):
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
        if depth == 0:
            return position
    raise Unterminated("the comment /* is never closed", place=place_at(text, start, path))
