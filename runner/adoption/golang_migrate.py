"""golang-migrate: one row with a version, and 000001_words.up.sql."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.checks import fitting, gone, half_applied
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row

_NAME = re.compile(r"([0-9]+)_(.*)\.up\.sql")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The up files; those up to the version are applied, as that is all that its history says."""
    at = max((int(row["version"]) for row in rows), default=-1)
    if any(row["dirty"] for row in rows):
        raise half_applied("golang-migrate", f"version {at}", repair="migrate force VERSION (golang-migrate's)")
    named = [(match, each) for each in files if (match := _NAME.fullmatch(each.name))]
    found = [
        Theirs(each.name, fitting(match[2]), each, each.text, label=match[1], applied=int(match[1]) <= at)
        for match, each in named
    ]
    lost = [] if at < 0 or at in {int(match[1]) for match, _ in named} else [gone("golang-migrate", f"version {at}")]
    return [*lost, *sorted(found, key=lambda each: int(each.label))]


TOOL = Tool(
    name="golang-migrate",
    table="schema_migrations",
    columns=frozenset({"version", "dirty"}),
    folders=("migrations", "db/migrations", "db/migration", "database/migrations"),
    wanted=re.compile(r"[0-9]+_[^/]*\.up\.sql"),
    read=read,
    checks="nothing: golang-migrate keeps no checksums, and only the highest version",
)
