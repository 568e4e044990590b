"""The plan of an adoption: which file of ours each migration of theirs becomes. Pure: values in, values out."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from runner.adoption.texts import LIVE, body_of, head
from runner.errors import InTheWay, NoSql, Place

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from runner.adoption.values import Theirs, Tool

_OUR_NAME = re.compile(r"([0-9]{1,18})_[A-Za-z0-9_.-]+\.sql")
_LONGEST_NUMBER = 18
_WIDTH = 4


class Becomes(Enum):
    """What a file of ours is to the ledger after the adoption."""

    BASELINE = "baseline"
    PENDING = "pending"
    KNOWN = "in the ledger"


class Ours(NamedTuple):
    """A file that is in our folder already: its version, path, text, and the ids of what it was adopted from."""

    version: int
    path: str
    text: str
    origins: tuple[str, ...]


class Known(NamedTuple):
    """What is here already: the folder, its files, and the versions in the ledger."""

    folder: str
    ours: Sequence[Ours]
    recorded: Container[int]

    def homes(self, theirs: Iterable[Theirs]) -> Mapping[str, Ours]:
        """Our file of each id that was adopted before: its head says so, or it has the name that it would get."""
        named = {ours.path: ours for ours in self.ours if not ours.origins}
        by_name = {each.id: ours for each in theirs if each.label and (ours := named.get(self.path(each.label, each)))}
        return by_name | {origin: ours for ours in self.ours for origin in ours.origins}

    def path(self, label: str, theirs: Theirs) -> str:
        """The path of a file of ours."""
        return f"{self.folder}/{label.zfill(_WIDTH)}_{theirs.words}.sql"


class Step(NamedTuple):
    """A file of ours: what it stands for, its text if it is still to be written, and what it is to the ledger."""

    theirs: tuple[Theirs, ...]
    version: int
    path: str
    text: str | None
    becomes: Becomes


class Numbers:
    """Versions that are given out in a tool's order, so that ours is the same: names may sort in another way."""

    def __init__(self, taken: Iterable[int]) -> None:
        self._taken = set(taken)
        self._last = -1

    def take(self, label: str = "") -> str:
        """The version as the file's name writes it: the own number if it rises and is free, else the next that is."""
        version = int(label) if 0 < len(label) <= _LONGEST_NUMBER else -1
        if version <= self._last or version in self._taken:
            label = ""
            version = max(self._last, 0) + 1
            while version in self._taken:
                version += 1
        self.went_by(version)
        return (label or str(version)).zfill(_WIDTH)

    def went_by(self, version: int) -> None:
        """Notes a version that comes here in the order."""
        self._taken.add(version)
        self._last = max(self._last, version)


def fresh(theirs: Sequence[Theirs], known: Known) -> list[Theirs]:
    """Those that no file of ours stands for yet."""
    homes = known.homes(theirs)
    return [each for each in theirs if each.id not in homes]


def applied_since(theirs: Sequence[Theirs], known: Known) -> set[int]:
    """The versions of files of ours whose originals are applied."""
    homes = known.homes(theirs)
    return {homes[each.id].version for each in theirs if each.applied and each.id in homes}


def needs_schema(theirs: Sequence[Theirs], known: Known) -> bool:
    """Whether something newly applied has no SQL, so that only the live schema tells what it did. Raises a fault."""
    new = fresh(theirs, known)
    for each in new:
        if each.fault:
            raise each.fault
    return any(each.applied and each.sql is None for each in new)


def plan_copies(tool: Tool, theirs: Sequence[Theirs], known: Known) -> tuple[Step, ...]:
    """A file for each migration. Raises the fault of one, NoSql, InTheWay, or a FileError for text that cannot be."""
    numbers, homes = Numbers(each.version for each in known.ours), known.homes(theirs)
    applied = {each.id for each in theirs if each.applied}
    steps: dict[int, Step] = {}
    for each in theirs:
        home = homes.get(each.id)
        if home:
            numbers.went_by(home.version)
        step = _at_home(tool, each, home, known, applied) if home else _copy(tool, each, numbers, known)
        before = steps.get(step.version)
        steps[step.version] = before._replace(theirs=(*before.theirs, each)) if before else step
    return tuple(steps.values())


def plan_schema(tool: Tool, theirs: Sequence[Theirs], known: Known, body: str) -> tuple[Step, ...]:
    """A file of the live schema for all that is newly applied, and a copy of what is pending. Raises as plan_copies."""
    stands = tuple(each for each in fresh(theirs, known) if each.applied)
    version = max((each.version for each in known.ours), default=0) + 1
    path = f"{known.folder}/{version:0{_WIDTH}d}_schema_of_{tool.name.replace('-', '_')}.sql"
    text = f"{head(tool, stands)}{LIVE}\n{body}"
    ours = Ours(version, path, text, tuple(each.id for each in stands))
    rest = [each for each in theirs if each not in stands]
    step = Step(stands, version, path, text, Becomes.BASELINE)
    return (step, *plan_copies(tool, rest, known._replace(ours=(*known.ours, ours))))


def _at_home(tool: Tool, theirs: Theirs, home: Ours, known: Known, applied: Container[str]) -> Step:
    """The step of what was adopted before: nothing is to be written. Raises InTheWay if another text is to be recorded.

    What is pending may be edited, as any pending file of ours.
    """
    becomes = _becomes(theirs, home.version, known)
    if becomes is Becomes.BASELINE:
        _require_same(tool, theirs, home, applied)
    return Step((theirs,), home.version, home.path, None, becomes)


def _require_same(tool: Tool, theirs: Theirs, home: Ours, applied: Container[str]) -> None:
    """Raises what speaks against recording that a file of ours, adopted before or elsewhere, is what ran here."""
    if f"\n{LIVE}\n" in home.text:
        for origin in home.origins:
            if origin not in applied:
                raise NoSql(
                    f"{home.path} stands for {origin}, too, which is not known to be applied here",
                    hint="Apply it with its own tool first; if that knows it by its files, name them with --source.",
                )
        return
    if theirs.fault:
        raise theirs.fault
    body = body_of(theirs) if theirs.sql is not None else home.text
    if home.text.strip() not in (body.strip(), (head(tool, [theirs]) + body).strip()):
        raise in_the_way(home.path, f"it is another text than {theirs.path} gives")


def _copy(tool: Tool, theirs: Theirs, numbers: Numbers, known: Known) -> Step:
    if theirs.fault:
        raise theirs.fault
    if theirs.sql is None:
        raise NoSql(
            f"{theirs.id} is not applied, and there is no SQL to copy: {theirs.without}",
            place=Place(theirs.path) if theirs.file else None,
            hint="Apply it with its own tool first, and adopt then; or leave it out of the source folder.",
        )
    text = head(tool, [theirs]) + body_of(theirs)
    label = numbers.take(theirs.label)
    return Step((theirs,), int(label), known.path(label, theirs), text, _becomes(theirs, int(label), known))


def plan_in_place(theirs: Sequence[Theirs], known: Known) -> tuple[Step, ...]:
    """The plan where their folder is ours: nothing is written. Raises InTheWay for a file that does not fit."""
    found = []
    for each in theirs:
        if each.fault:
            raise each.fault
        name = each.file.name if each.file else ""
        match = _OUR_NAME.fullmatch(name)
        body = body_of(each) if each.sql is not None else ""
        if not (match and each.file and each.file.within == name and body.rstrip() == each.file.text.rstrip()):
            raise in_the_way(each.path, "it cannot be ours as it stands, and their folder is the folder of migrations")
        version = int(match[1])
        found.append(Step((each,), version, each.path, None, _becomes(each, version, known)))
    return tuple(found)


def _becomes(theirs: Theirs, version: int, known: Known) -> Becomes:
    if version in known.recorded:
        return Becomes.KNOWN
    return Becomes.BASELINE if theirs.applied else Becomes.PENDING


def in_the_way(path: str, why: str) -> InTheWay:
    """The error for a file of ours that is not what the plan would write."""
    return InTheWay(f"the file is in the way: {why}", place=Place(path), hint="Name another folder with --dir.")
