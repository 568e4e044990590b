"""What makes a history unfit to be adopted, as errors; and the parts that several tools read alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.values import Theirs
from runner.errors import AdoptedFileEdited, AdoptedFileGone, HalfApplied, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from runner.adoption.values import File

ONE_FILE = "adopt what is applied as one file of the live schema, with --one-file."
PYTHON = "it is Python, and its SQL is known when it runs"


def gone(tool: str, what: str) -> Theirs:
    """A migration that is applied and whose file is not in the source folder."""
    fault = AdoptedFileGone(
        f"{tool} has applied {what}, and its file is not there",
        hint=f"Bring the file back, name the folder where it is with --source, or {ONE_FILE}",
    )
    return Theirs(what, fitting(what), None, None, applied=True, without="its file is not there", fault=fault)


def edited(tool: str, file: File, *, by: str, was: str, now: str) -> AdoptedFileEdited:
    """The error for a file that is not the one that was applied."""
    return AdoptedFileEdited(
        f"the file was edited after {tool} applied it",
        place=Place(file.path),
        detail=f"{by} in its history: {was}\nof the file: {now}",
        hint=f"Bring back the text that ran, or {ONE_FILE}",
    )


def half_applied(tool: str, what: str, *, repair: str) -> HalfApplied:
    """The error for a history that says that a migration stopped half-way."""
    return HalfApplied(
        f"{what} stopped half-way, says the history of {tool}",
        hint=f"See what of it is in the database, end it with {repair}, and adopt then.",
    )


def all_gone(tool: str, applied: Iterable[str], there: Container[str]) -> list[Theirs]:
    """Those that are applied and not there."""
    return [gone(tool, each) for each in applied if each not in there]


def kept_lines(text: str, keep: Callable[[str], bool]) -> str:
    """The text with the lines blank that are not to be kept: so every line stays where it is."""
    return "\n".join(line if keep(line) else "" for line in text.split("\n"))


def only(text: str, start: int, end: int) -> str:
    """The text between two offsets, with as many blank lines before it as there were lines."""
    return "\n" * text.count("\n", 0, start) + text[start:end]


def fitting(words: str) -> str:
    """The words as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", words).strip("_.-") or "migration"
