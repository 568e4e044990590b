"""Reading the files of another tool."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.adoption.values import File
from runner.errors import NoSource, Place, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.adoption.values import Tool

_PRUNED = frozenset({"node_modules", "venv", "site-packages", "__pycache__", "target", "vendor"})


class Source(NamedTuple):
    """The folder where a tool keeps its files, and those that matter, sorted; no folder if none was found."""

    folder: Path | None
    files: tuple[File, ...]


def read_source(tool: Tool, folder: Path | None, *, ours: Path) -> Source:
    """The files of the folder that is named, or of the first of the tool's own folders that has any.

    Raises NoSource if the folder that was named has none.
    """
    for each in [folder] if folder else map(Path, tool.folders):
        found = tuple(File(_shown(each, within), within, _read(each / within)) for within in _find(tool, each, ours))
        if found:
            return Source(each, found)
    if folder:
        raise no_source(tool, str(folder))
    return Source(None, ())


def no_source(tool: Tool, looked: str) -> NoSource:
    """The error for files that are not where they were looked for."""
    return NoSource(
        f"no file of {tool.name} is in {looked}",
        hint=f"Name the folder that {tool.name} takes them from: --source DIR",
    )


def _shown(folder: Path, within: str) -> str:
    return str(folder / within)


def _find(tool: Tool, folder: Path, ours: Path) -> list[str]:
    """The paths within the folder that the tool wants; our own folder is not looked into, unless it is the same."""
    inside = ours.resolve() if ours.resolve() != folder.resolve() else None
    return sorted(within for within in _walk(folder, tool, inside) if tool.wanted.fullmatch(within))


def _walk(folder: Path, tool: Tool, ours: Path | None) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = [
            each
            for each in folders
            if tool.deep and not each.startswith(".") and each not in _PRUNED and (here / each).resolve() != ours
        ]
        yield from ((here / name).relative_to(folder).as_posix() for name in names)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}", place=Place(str(path))) from error
