"""graphile-migrate: `graphile_migrate.migrations`, and committed/000001-words.sql, hashed in a chain."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from runner.adoption.checks import all_gone, edited, fitting, kept_lines, only
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row
    from runner.errors import AdoptedFileEdited

_NAME = re.compile(r"([0-9]+)(?:-(.*))?\.sql")
_HEADER = re.compile(r"--! ([A-Z][A-Za-z0-9_]*)(?::(.*))?\n")
_ALONE = re.compile(r"--!\s*no-transaction\b")
_PLACEHOLDER = re.compile(r"(?<![:\w]):[A-Z][A-Z0-9_]+\b")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The committed migrations, in order, each compared with the hash that was recorded for it."""
    history = {str(row["filename"]): row for row in rows}
    named = {f"{match[1]}.sql": (match, each) for each in files if (match := _NAME.fullmatch(each.name))}
    lost = all_gone("graphile-migrate", sorted(history), named)
    return [*lost, *(_theirs(*named[name], history.get(name)) for name in sorted(named))]


def _parted(text: str) -> tuple[dict[str, str], int]:
    """The headers of a committed file, and where its body begins."""
    headers, position = {}, 0
    while match := _HEADER.match(text, position):
        headers[match[1]] = (match[2] or "").strip()
        position = match.end()
    return headers, position


def hash_of(body: str, previous: str | None) -> str:
    """The link of the chain: SHA-1 over the hash before and the text."""
    return "sha1:" + hashlib.sha1(f"{previous or ''}\n{body.strip()}".strip().encode() + b"\n").hexdigest()  # noqa: S324


def _compared(row: Row, file: File) -> AdoptedFileEdited | None:
    text = file.text
    headers, body = _parted(text)
    now = hash_of(text[body:], row["previous_hash"])
    if now == row["hash"] or "AllowInvalidHash" in headers:
        return None
    return edited("graphile-migrate", file, by="hash", was=str(row["hash"]), now=now)


def _theirs(match: re.Match[str], file: File, row: Row | None) -> Theirs:
    text = file.text
    headers, body = _parted(text)
    words = fitting(match[2] or headers.get("Message", "") or "migration")
    found = Theirs(f"{match[1]}.sql", words, file, None, match[1], applied=row is not None)
    found = found._replace(fault=_compared(row, file) if row else None)
    if placeholder := _PLACEHOLDER.search(text, body):
        return found._replace(without=f"graphile-migrate fills in {placeholder[0]} when it runs")
    first, _, _ = text[body:].lstrip().partition("\n")
    sql = kept_lines(only(text, body, len(text)), lambda line: not line.startswith("--!"))
    return found._replace(sql=sql, no_transaction=bool(_ALONE.match(first)))


TOOL = Tool(
    name="graphile-migrate",
    table="graphile_migrate.migrations",
    columns=frozenset({"hash", "previous_hash", "filename"}),
    folders=("migrations/committed", "committed"),
    wanted=re.compile(r"[0-9]+(-[^/]*)?\.sql"),
    read=read,
    checks="the SHA-1 of each applied file, chained with the one before",
    companions=("{schema}.*", ".SCHEMA {schema}"),
)
