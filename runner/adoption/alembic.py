"""Alembic: one row for each head, and Python files that name the revision before them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.checks import PYTHON, all_gone, fitting
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.adoption.values import File, Row

_REVISION = re.compile(r"^revision(?:\s*:[^=\n]+)?\s*=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)
_BEFORE = re.compile(r"^(?:down_revision|depends_on)(?:\s*:[^=\n]+)?\s*=\s*(\([^)]*\)|\[[^\]]*\]|[^\n]*)", re.MULTILINE)
_WORDS = re.compile(r"[0-9a-z]+_(.+)")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The revisions, of which the heads and all before them are applied; the heads alone if no file is there."""
    heads = sorted(str(row["version_num"]) for row in rows)
    if not files:
        return [Theirs(head, "schema", None, None, applied=True, without=PYTHON) for head in heads]
    named = {match[1]: each for each in files if (match := _REVISION.search(each.text))}
    applied = _ancestors(heads, {revision: _before(file) for revision, file in named.items()})
    ordered = sorted(named, key=lambda revision: (revision not in applied, named[revision].name))
    lost = all_gone("Alembic", heads, named)
    return [*lost, *(_theirs(revision, named[revision], applied=revision in applied) for revision in ordered)]


def _before(file: File) -> list[str]:
    return [name for value in _BEFORE.findall(file.text) for name in re.findall(r"['\"]([^'\"]+)['\"]", value)]


def _ancestors(heads: Sequence[str], before: Mapping[str, Sequence[str]]) -> set[str]:
    found, waiting = set(), list(heads)
    while waiting:
        revision = waiting.pop()
        if revision not in found:
            found.add(revision)
            waiting += before.get(revision, ())
    return found


def _theirs(revision: str, file: File, *, applied: bool) -> Theirs:
    words = _WORDS.fullmatch(file.name.removesuffix(".py"))
    return Theirs(revision, fitting(words[1] if words else revision), file, None, applied=applied, without=PYTHON)


TOOL = Tool(
    name="alembic",
    table="alembic_version",
    columns=frozenset({"version_num"}),
    folders=("alembic/versions", "migrations/versions", "alembic"),
    wanted=re.compile(r"(.*/)?[^/]+\.py"),
    read=read,
    deep=True,
    checks="nothing: Alembic keeps no checksums, and only the last revision",
    code=True,
)
