"""sqlx: `_sqlx_migrations`, and 20240131120000_words.sql, or .up.sql beside .down.sql, with a SHA-384."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from runner.adoption.checks import edited, fitting, gone, half_applied
from runner.adoption.line_ends import variants
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row
    from runner.errors import AdoptedFileEdited

_NAME = re.compile(r"([0-9]+)_(.*?)(\.up)?\.sql")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The files on the way up, by version."""
    history = {int(row["version"]): row for row in rows}
    for version, row in history.items():
        if not row["success"]:
            repair = "a look at the database, and by deleting its row or setting success to true"
            raise half_applied("sqlx", f"{version} ({row['description']})", repair=repair)
    named = {
        int(match[1]): (match, each)
        for each in files
        if not each.name.endswith(".down.sql") and (match := _NAME.fullmatch(each.name))
    }
    lost = [
        gone("sqlx", f"{version} ({row['description']})") for version, row in history.items() if version not in named
    ]
    return [*lost, *(_theirs(*named[version], history.get(version)) for version in sorted(named))]


def _theirs(match: re.Match[str], file: File, row: Row | None) -> Theirs:
    text = file.text
    found = Theirs(
        file.name, fitting(match[2]), file, text, match[1], no_transaction=text.startswith("-- no-transaction")
    )
    return found._replace(applied=True, fault=_compared(row, file)) if row else found


def _compared(row: Row, file: File) -> AdoptedFileEdited | None:
    was = str(row["checksum"]).removeprefix("\\x")
    if was in {hashlib.sha384(raw).hexdigest() for raw in variants(file.raw)}:
        return None
    return edited("sqlx", file, by="SHA-384", was=was, now=hashlib.sha384(file.raw).hexdigest())


TOOL = Tool(
    name="sqlx",
    table="_sqlx_migrations",
    columns=frozenset({"version", "description", "success", "checksum"}),
    folders=("migrations",),
    wanted=re.compile(r"[0-9]+_[^/]*\.sql"),
    read=read,
    checks="the SHA-384 of each applied file, with LF or CRLF line ends",
)
