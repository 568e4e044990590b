"""The generated package on disk: its headers, which say what it was made from, and what is stale in it.

Every file begins with a line that holds two hashes: of what it was made from, and of its own text below that line. So
`generate --check` needs no server, and sees an edit by hand as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from runner import __version__
from runner.client.queries import module_name
from runner.errors import NotGenerated, Place, Unwritable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from runner.migrations.migration import Migration

SHARED = "__init__"
# The text depends on nobody's settings: formatters and linters leave it, a test holds it against strict ones.
_PRAGMAS = "# fmt: off\n# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003\n"
_HEADER = re.compile(r"# Made by migrate [^\n]*\(source ([0-9a-f]{16}), text ([0-9a-f]{16})\)\n")


class Written(NamedTuple):
    """The files that were written, those that were removed, and how many were right already."""

    files: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def sources(texts: Mapping[str, str], migrations: Sequence[Migration]) -> dict[str, tuple[str, str]]:
    """For each module what it is made from, in words and as a hash; the shared one is made from everything.

    `texts` are the query files by path.
    """
    made = {module_name(path): (path, _hash(text)) for path, text in texts.items()}
    schema = [(migration.version, migration.checksum) for migration in migrations]
    last = f", schema at {migrations[-1].title}" if migrations else ""
    folder = min(texts).rpartition("/")[0]
    return made | {SHARED: (f"{folder}{last}", _hash(json.dumps([__version__, schema, made])))}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def with_header(text: str, source: tuple[str, str]) -> str:
    """The text of a module under the line that says what it was made from."""
    words, digest = source
    text = f"{_PRAGMAS}{text}"
    return f"# Made by migrate from {words}; do not edit (source {digest}, text {_hash(text)})\n{text}"


def find_stale(folder: Path, made: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """What is wrong with the package on disk, a line each; nothing if it is as `generate` would write it."""
    stale = []
    for module, (words, digest) in sorted(made.items()):
        path = folder / f"{module}.py"
        if not path.is_file():
            stale.append(f"{path} is not there")
        elif (header := _header(path)) is None:
            stale.append(f"{path} was not made by migrate")
        elif header[1] != _hash(header[2]):
            stale.append(f"{path} was edited by hand")
        elif header[0] != digest:
            what = f"{words} has changed" if module != SHARED else "the schema or a query has changed"
            stale.append(f"{path}: {what} since it was made")
    return (*stale, *(f"{path}: its query file is gone" for path in _leftovers(folder, made)))


def _header(path: Path) -> tuple[str, str, str] | None:
    """The two hashes of a file's first line, and the text below it; None if it is no file of ours."""
    text = path.read_text(encoding="utf-8", errors="replace")
    match = _HEADER.match(text)
    return (match[1], match[2], text[match.end() :]) if match else None


def _leftovers(folder: Path, made: Mapping[str, object]) -> list[Path]:
    return [path for path in sorted(folder.glob("*.py")) if path.stem not in made and _header(path)]


def write_package(folder: Path, texts: Mapping[str, str]) -> Written:
    """Writes the modules that differ, and removes those of ours that have no query file any more.

    Raises NotGenerated before anything is written if a file of somebody else is in the way, Unwritable if a file cannot
    be written.
    """
    paths = {folder / f"{module}.py": text for module, text in texts.items()}
    for path in paths:
        if path.is_file() and path.stat().st_size and not _header(path):
            raise NotGenerated(
                "the file was not made by migrate, and would be overwritten",
                place=Place(str(path)),
                hint="Name another folder with --client or MIGRATE_CLIENT, or move the file away.",
            )
    changed = [path for path, text in paths.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in changed:
            path.write_text(paths[path], encoding="utf-8")
        removed = _leftovers(folder, texts)
        for path in removed:
            path.unlink()
    except OSError as error:
        raise Unwritable(
            f"the file cannot be written: {error.strerror}", place=Place(str(error.filename or folder))
        ) from error
    return Written(tuple(map(str, changed)), tuple(map(str, removed)), len(paths) - len(changed))
