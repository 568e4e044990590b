"""Prisma: `_prisma_migrations`, and a folder with a migration.sql for each, with a SHA-256."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from runner.adoption.checks import all_gone, edited, fitting, half_applied
from runner.adoption.line_ends import variants
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row
    from runner.errors import AdoptedFileEdited

_NAME = re.compile(r"([0-9]{0,18})_?(.*)")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The migrations in the order of their folders' names; a row that was rolled back does not count."""
    standing = [row for row in rows if row["rolled_back_at"] is None]
    for row in standing:
        if row["finished_at"] is None:
            repair = "prisma migrate resolve --applied or --rolled-back"
            raise half_applied("Prisma", row["migration_name"], repair=repair)
    history = {str(row["migration_name"]): row for row in standing}
    folders = {each.within.rpartition("/")[0]: each for each in files}
    lost = all_gone("Prisma", sorted(history), folders)
    return [*lost, *(_theirs(name, folders[name], history.get(name)) for name in sorted(folders))]


def _theirs(name: str, file: File, row: Row | None) -> Theirs:
    match = _NAME.fullmatch(name)
    label, words = (match[1], match[2]) if match else ("", name)
    found = Theirs(name, fitting(words), file, file.text, label)
    return found._replace(applied=True, fault=_compared(row, file)) if row else found


def _compared(row: Row, file: File) -> AdoptedFileEdited | None:
    if row["checksum"] in {hashlib.sha256(raw).hexdigest() for raw in variants(file.raw)}:
        return None
    return edited("Prisma", file, by="SHA-256", was=str(row["checksum"]), now=hashlib.sha256(file.raw).hexdigest())


TOOL = Tool(
    name="prisma",
    table="_prisma_migrations",
    columns=frozenset({"checksum", "finished_at", "migration_name", "rolled_back_at"}),
    folders=("prisma/migrations", "migrations"),
    wanted=re.compile(r"[^/]+/migration\.sql"),
    read=read,
    deep=True,
    checks="the SHA-256 of each applied migration.sql, with LF or CRLF line ends",
)
