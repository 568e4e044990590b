"""The plan of an adoption: which file of ours each migration of theirs becomes. Pure: values in, values out."""

from __future__ import annotations

import re
from enum import Enum
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from runner.adoption.checks import ONE_FILE
from runner.errors import FileError, InTheWay, NoSql, NoStatement, Place
from runner.migrations.header import parse_header
from runner.migrations.migration import Mode
from runner.migrations.script import parse_script

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from runner.adoption.values import Theirs, Tool

_ORIGIN = re.compile(r"-- Adopted from ([a-z-]+): (.+)")
_OUR_NAME = re.compile(r"([0-9]{1,18})_[A-Za-z0-9_.-]+\.sql")
_LONGEST_NUMBER = 18
_WIDTH = 4
LIVE = "-- The live schema, as it was then. Rows that had been put in are not here."
_NOTHING = "SELECT 1; -- the migration has no statement"


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


def origins(tool: str, text: str) -> tuple[str, ...]:
    """The ids that the head of a file of ours says it was adopted from."""
    head = takewhile(lambda line: not line.strip() or line.startswith("--"), text.split("\n"))
    return tuple(match[2] for line in head if (match := _ORIGIN.fullmatch(line)) and match[1] == tool)


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
    steps: dict[int, Step] = {}
    for each in theirs:
        home = homes.get(each.id)
        if home:
            numbers.went_by(home.version)
        step = _at_home(tool, each, home, known) if home else _copy(tool, each, numbers, known)
        before = steps.get(step.version)
        steps[step.version] = before._replace(theirs=(*before.theirs, each)) if before else step
    return tuple(steps.values())


def plan_schema(tool: Tool, theirs: Sequence[Theirs], known: Known, bodies: Sequence[str]) -> tuple[Step, ...]:
    """Files of the live schema for all that is newly applied, and a copy of what is pending. Raises as plan_copies."""
    stands = tuple(each for each in fresh(theirs, known) if each.applied)
    numbers = Numbers(())
    numbers.went_by(max((each.version for each in known.ours), default=0))
    steps, ours = [], list(known.ours)
    for number, body in enumerate(bodies):
        label = numbers.take()
        text = f"{head(tool, () if number else stands)}{LIVE}\n{body}"
        path = f"{known.folder}/{label}_schema_of_{tool.name.replace('-', '_')}.sql"
        steps.append(Step(stands, int(label), path, text, Becomes.BASELINE))
        ours.append(Ours(int(label), path, text, tuple(each.id for each in stands)))
    rest = [each for each in theirs if each not in stands]
    return (*steps, *plan_copies(tool, rest, known._replace(ours=ours)))


def _at_home(tool: Tool, theirs: Theirs, home: Ours, known: Known) -> Step:
    """The step of what was adopted before: nothing is to be written. Raises InTheWay if another text is to be recorded.

    What is pending may be edited, as any pending file of ours.
    """
    unsure = theirs.applied and home.version not in known.recorded and theirs.sql is not None
    if unsure and f"\n{LIVE}\n" not in home.text:
        body = _checked(theirs)
        if home.text.strip() not in (body.strip(), (head(tool, [theirs]) + body).strip()):
            raise in_the_way(home.path, f"it is another text than {theirs.path} gives")
    return Step((theirs,), home.version, home.path, None, _becomes(theirs, home.version, known))


def _copy(tool: Tool, theirs: Theirs, numbers: Numbers, known: Known) -> Step:
    if theirs.fault:
        raise theirs.fault
    if theirs.sql is None:
        raise NoSql(
            f"{theirs.id} is not applied, and there is no SQL to copy: {theirs.without}",
            place=Place(theirs.path) if theirs.file else None,
            hint="Apply it with its own tool first, and adopt then; or leave it out of the source folder.",
        )
    text = head(tool, [theirs]) + _checked(theirs)
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
        body = _checked(each) if each.sql is not None else ""
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


def head(tool: Tool, theirs: Iterable[Theirs]) -> str:
    """The lines on top that say what a file of ours was adopted from, by which a later run knows it."""
    return "".join(f"-- Adopted from {tool.name}: {each.id}\n" for each in theirs)


def _checked(theirs: Theirs) -> str:
    """The text of ours without its head; a FileError names the place in their file."""
    sql = theirs.sql or ""
    try:
        header = parse_header(sql, theirs.path)
        try:
            alone = _needs_alone(sql, theirs)
        except NoStatement:
            return f"{sql.strip()}\n{_NOTHING}\n".lstrip()
    except FileError as error:
        if theirs.applied:
            error.hint = (
                f"{error.hint or 'Only SQL can be adopted.'} For what is applied there is another way: {ONE_FILE}"
            )
        raise
    directive = "-- migrate: no-transaction\n" if alone and header.mode is Mode.TRANSACTION else ""
    return f"{directive}{sql.strip()}\n"


def _needs_alone(sql: str, theirs: Theirs) -> bool:
    """Whether each statement has to run on its own: the tool says so, or PostgreSQL."""
    mode = Mode.NO_TRANSACTION if theirs.no_transaction else Mode.TRANSACTION
    script = parse_script(sql, theirs.path, mode)
    if mode is Mode.TRANSACTION and any(_refused_in_transaction(script.words(each)) for each in script.statements):
        parse_script(sql, theirs.path, Mode.NO_TRANSACTION)
        return True
    return mode is Mode.NO_TRANSACTION


def _refused_in_transaction(words: Sequence[str]) -> bool:
    match words:
        case ["vacuum", *_] | ["alter", "system", *_] | ["reindex", "database" | "system" | "schema", *_]:
            return True
        case ["create" | "drop", "database" | "tablespace" | "subscription", *_]:
            return True
        case ["create" | "drop" | "reindex" | "alter", *rest]:
            return "concurrently" in rest
    return False
