"""Rails: `schema_migrations`, and files of Ruby."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.checks import all_gone, fitting
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row

_NAME = re.compile(r"([0-9]+)_(.*)\.rb")
_RUBY = "it is Ruby, and its SQL is known when it runs"


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The versions in their order, from the rows alone if no file is there."""
    applied = {str(row["version"]) for row in rows}
    if not files:
        return [Theirs(each, "schema", None, None, applied=True, without=_RUBY) for each in sorted(applied, key=int)]
    named = {match[1]: (match, each) for each in files if (match := _NAME.fullmatch(each.name))}
    lost = all_gone("Rails", sorted(applied), named)
    return [*lost, *(_theirs(*named[version], applied=version in applied) for version in sorted(named, key=int))]


def _theirs(match: re.Match[str], file: File, *, applied: bool) -> Theirs:
    return Theirs(match[1], fitting(match[2]), file, None, applied=applied, without=_RUBY)


TOOL = Tool(
    name="rails",
    table="schema_migrations",
    columns=frozenset({"version"}),
    folders=("db/migrate",),
    wanted=re.compile(r"[0-9]+_[^/]*\.rb"),
    read=read,
    checks="nothing: Rails keeps no checksums",
    companions=("ar_internal_metadata",),
    code=True,
)
