"""What a query is: an annotated statement of a file, in sqlc's dialect, read without a server.

https://docs.sqlc.dev/en/stable/reference/query-annotations.html; what is added here stands in
docs/reference/queries.md.
"""

from __future__ import annotations

import keyword
import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from runner.client.placeholders import Declared, rewrite
from runner.errors import (
    BadAnnotation,
    BadCommand,
    BadQueryName,
    EmptyQueries,
    NotOneStatement,
    Place,
    SameQueryName,
)
from runner.migrations.folder import decode, sql_files
from runner.migrations.migration import read_bytes
from runner.migrations.statements import place_at, skip_blank, split, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ANNOTATION = re.compile(r"(?:--|/\*)\s*name\s*:\s*(?P<words>[^\n]*?)\s*(?:\*/)?\s*")
_JSON = re.compile(r"json\s*:\s*(?P<name>\w+)\s*=\s*(?P<type>[\w.]+:\w+)")
_TRANSACTION = frozenset({"abort", "begin", "commit", "end", "release", "rollback", "savepoint", "start"})
_GRAMMAR = "Write it as in: -- name: GetUser :one"
_INSTEAD = {
    ":execresult": "Use :execrows for the number of rows, or RETURNING with :one or :many.",
    ":execlastid": "Use RETURNING id with :one.",
    ":batchone": "Use :many, and arrays as parameters: … FROM unnest(@ids::bigint[]) …",
    ":batchmany": "Use :many, and arrays as parameters: … FROM unnest(@ids::bigint[]) …",
}


class Command(Enum):
    """What a query gives back, as its annotation says."""

    ONE = ":one"
    MANY = ":many"
    ITER = ":iter"
    EXEC = ":exec"
    EXECROWS = ":execrows"
    COPYFROM = ":copyfrom"
    BATCHEXEC = ":batchexec"


class Query(NamedTuple):
    """A named statement; `sql` has $1 for every parameter and `t.*` for sqlc.embed(t), whose offsets `embeds` holds.

    `json` gives columns and parameters a Python type, as module:Type. `text` and `anchors` lead from an offset in `sql`
    back to the file.
    """

    name: str
    command: Command
    place: Place
    sql: str
    parameters: tuple[Declared, ...]
    docs: tuple[str, ...]
    json: Mapping[str, str]
    embeds: tuple[int, ...]
    text: str
    anchors: tuple[tuple[int, int], ...]

    @property
    def function(self) -> str:
        """The name of the Python function."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.name).lower()

    def place_of(self, offset: int) -> Place:
        """Where an offset into `sql` stands in the file."""
        sql_offset, file_offset = max(anchor for anchor in self.anchors if anchor[0] <= offset)
        return place_at(self.text, file_offset + offset - sql_offset, self.place.path)


class QueryFile(NamedTuple):
    """A file of queries; `module` is the name of the Python module that is made of it."""

    path: str
    module: str
    queries: tuple[Query, ...]


def read_folder(folder: Path) -> dict[str, str]:
    """The texts of the query files of a folder, by path in the order of their names. Raises a FileError."""
    hint = "Name the folder with --queries or MIGRATE_QUERIES."
    paths = [f"{folder}/{name}" for name in sql_files(str(folder), hint)]
    if not paths:
        raise EmptyQueries("the folder holds no query", place=Place(str(folder)), hint=_GRAMMAR)
    return {path: decode(read_bytes(path), path) for path in paths}


def parse_files(texts: Mapping[str, str]) -> tuple[QueryFile, ...]:
    """The query files of these texts, by path; names are unique over all of them. Raises a QueryError."""
    files = tuple(QueryFile(path, module_name(path), tuple(_queries(text, path))) for path, text in texts.items())
    seen: dict[str, Query] = {}
    for query in (query for file in files for query in file.queries):
        if (other := seen.setdefault(query.function, query)) is not query:
            raise SameQueryName(
                f"the name {query.name} is taken", place=query.place, detail=f"{other.name} is at {other.place}"
            )
    return files


def module_name(path: str) -> str:
    """The name of the Python module for a query file. Raises BadQueryName."""
    stem = path.rpartition("/")[2].removesuffix(".sql")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", stem) or keyword.iskeyword(stem) or stem == "init":
        raise BadQueryName(
            f'"{stem}" cannot be the name of a Python module',
            place=Place(path),
            hint="Rename the file: lower-case letters, digits and _, no keyword of Python, and not init.",
        )
    return stem


def _queries(text: str, path: str) -> Iterator[Query]:
    """The queries of a text; each goes from its annotation to the next one."""
    comments = [(start, end) for kind, start, end in tokens(text, 0, len(text), path) if kind == "comment"]
    starts = [(start, end) for start, end in comments if _ANNOTATION.match(text, start, end)]
    if (first := skip_blank(text, 0, path)) < (starts[0][0] if starts else len(text)):
        raise BadAnnotation("a statement has no name", place=place_at(text, first, path), hint=_GRAMMAR)
    if not starts:
        raise EmptyQueries("the file holds no query", place=Place(path), hint=_GRAMMAR)
    ends = [start for start, _ in starts[1:]] + [len(text)]
    for (start, body), end in zip(starts, ends, strict=True):
        yield _query(text, path, start, body, end)


def _query(text: str, path: str, start: int, body: int, end: int) -> Query:
    """The query whose annotation is at `start`, whose rest goes from `body` to `end`."""
    place = place_at(text, start, path)
    name, command = _annotation(text, start, body, path)
    docs, json, begin = _head(text, path, body, end)
    statements = list(split(text[begin:end], path))
    if len(statements) != 1:
        problem = "has no statement" if not statements else f"has {len(statements)} statements"
        second = place_at(text, begin + statements[1].start, path) if statements else place
        raise NotOneStatement(
            f"{name} {problem}", place=second, hint="A query is one statement; give each one a name of its own."
        )
    if statements[0].verb in _TRANSACTION:
        raise BadCommand(
            f"{name} would begin or end a transaction",
            place=place_at(text, begin + statements[0].start, path),
            hint="Use connection.transaction() around the calls.",
        )
    first, last = (begin + offset for offset in (statements[0].start, statements[0].end))
    sql, parameters, embeds, anchors = rewrite(text, path, first, len(text[:last].rstrip()))
    return Query(name, command, place, sql, parameters, docs, json, embeds, text, anchors)


def _annotation(text: str, start: int, end: int, path: str) -> tuple[str, Command]:
    """The name and the command in the comment between two offsets."""
    match = _ANNOTATION.fullmatch(text, start, end)
    words = match["words"].split() if match else []
    if len(words) != 2 or not words[1].startswith(":"):  # noqa: PLR2004  # a name and a command
        place = place_at(text, start, path)
        raise BadAnnotation("the annotation is not a name and a command", place=place, hint=_GRAMMAR)
    name, command = words
    offset = text.index(name, match.start("words") if match else start)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name.lower()):
        raise BadQueryName(
            f'"{name}" cannot be the name of a Python function',
            place=place_at(text, offset, path),
            hint="Letters, digits and _, and no keyword of Python, as in GetUser.",
        )
    try:
        return name, Command(command)
    except ValueError:
        known = " ".join(each.value for each in Command)
        hint = _INSTEAD.get(command) or f"Known: {known}."
        place = place_at(text, text.index(command, offset), path)
        raise BadAnnotation(f'there is no command "{command}"', place=place, hint=hint) from None


def _head(text: str, path: str, position: int, end: int) -> tuple[tuple[str, ...], Mapping[str, str], int]:
    """The comment lines under a name as documentation, the JSON types among them, and where the rest begins."""
    docs: list[str] = []
    json: dict[str, str] = {}
    for kind, start, stop in tokens(text, position, end, path):
        if kind != "comment" or not text.startswith("--", start):
            if kind == "comment" or text[start:stop].strip():
                break
            continue
        position, line = stop, text[start + 2 : stop].strip()
        if match := _JSON.fullmatch(line):
            json[match["name"]] = match["type"]
        elif re.match(r"json\s*:", line):
            place = place_at(text, start, path)
            hint = "Write a column or parameter and its type, as in: -- json: settings = app.shapes:Settings"
            raise BadAnnotation("the type of a JSON value cannot be read", place=place, hint=hint)
        elif not line.startswith("@sqlc"):  # options of sqlc
            docs.append(line)
    return tuple(docs), json, position
