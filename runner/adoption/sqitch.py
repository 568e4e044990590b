"""Sqitch: `sqitch.changes`, a plan, and deploy/change.sql with a SHA-1."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.adoption.checks import edited, fitting, gone
from runner.adoption.line_ends import variants
from runner.adoption.values import Theirs, Tool
from runner.errors import FileError
from runner.migrations.statements import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.adoption.values import File, Row
    from runner.errors import AdoptedFileEdited

_COLON = re.compile(r"(?:^|[^:\w\[\])]):$")
_PROJECT = re.compile(r"^%project=(.+)$", re.MULTILINE)


class _Change(NamedTuple):
    """A change of the plan; `nth` tells a reworked one from the one before, `tags` came before it was reworked."""

    name: str
    nth: int
    tags: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.name if self.nth == 0 else f"{self.name} ({self.nth + 1})"


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The changes of the plan in its order, with their deploy scripts."""
    plan = next((each for each in files if each.within == "sqitch.plan"), None)
    scripts = {each.within.removeprefix("deploy/"): each for each in files if each is not plan}
    text = plan.text if plan else ""
    project = _PROJECT.search(text)
    mine = [row for row in rows if project is None or row["project"] == project[1].strip()]
    history = _numbered(mine)
    changes = planned(text)
    in_plan = {(each.name, each.nth) for each in changes}
    lost = [gone("Sqitch", name) for name, nth in history if (name, nth) not in in_plan]
    return [*lost, *(_theirs(each, history.get((each.name, each.nth)), scripts) for each in changes)]


def _numbered(rows: Sequence[Row]) -> Mapping[tuple[str, int], Row]:
    """The rows by the name of the change, and how many of that name were deployed before."""
    found: dict[tuple[str, int], Row] = {}
    for row in sorted(rows, key=lambda row: str(row["committed_at"])):
        nth = sum(name == row["change"] for name, _ in found)
        found[str(row["change"]), nth] = row
    return found


def planned(text: str) -> list[_Change]:
    """The changes of a plan's text; tags belong to all changes above them."""
    changes: list[_Change] = []
    for line in text.split("\n"):
        word = line.split("#")[0].split()[:1]
        if not word or word[0].startswith("%"):
            continue
        if word[0].startswith("@"):
            changes = [each._replace(tags=(*each.tags, word[0])) for each in changes]
        else:
            changes.append(_Change(word[0], sum(each.name == word[0] for each in changes), ()))
    return changes


def _theirs(change: _Change, row: Row | None, scripts: Mapping[str, File]) -> Theirs:
    file = _script(change, scripts)
    if file is None:
        return gone("Sqitch", change.id)._replace(applied=row is not None)
    variable = psql_variable(file)
    without = f"psql fills in {variable} when it runs" if variable else ""
    found = Theirs(change.id, fitting(change.name), file, None if variable else file.text, without=without)
    return found._replace(applied=True, fault=_compared(row, file)) if row else found


def _script(change: _Change, scripts: Mapping[str, File]) -> File | None:
    """The script of a change; that of a reworked one has a tag in its name."""
    for tag in change.tags:
        if file := scripts.get(f"{change.name}{tag}.sql"):
            return file
    return scripts.get(f"{change.name}.sql")


def psql_variable(file: File) -> str:
    """The first variable of psql's in a script, empty if there is none, or if the script is to be refused anyhow."""
    text = file.text
    with suppress(FileError):
        for kind, start, end in tokens(text, 0, len(text), file.path):
            if kind in ("word", "string", "identifier") and _COLON.search(text[max(0, start - 2) : start]):
                return text[start - 1 : end]
    return ""


def _compared(row: Row, file: File) -> AdoptedFileEdited | None:
    was = row["script_hash"]
    if not was or was in {hashlib.sha1(raw).hexdigest() for raw in variants(file.raw)}:  # noqa: S324  # Sqitch's own
        return None
    return edited("Sqitch", file, by="SHA-1", was=str(was), now=hashlib.sha1(file.raw).hexdigest())  # noqa: S324


TOOL = Tool(
    name="sqitch",
    table="sqitch.changes",
    columns=frozenset({"change_id", "script_hash", "change", "project"}),
    folders=(".", "sqitch", "db"),
    wanted=re.compile(r"sqitch\.plan|deploy/.*\.sql"),
    read=read,
    deep=True,
    checks="the SHA-1 of each deployed script",
    companions=("{schema}.*", ".SCHEMA {schema}"),
)
