"""dbmate: `schema_migrations`, and 20240131120000_words.sql with `-- migrate:up` and `-- migrate:down`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.checks import all_gone, fitting, kept_lines, only
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row

_NAME = re.compile(r"([0-9]+)[_-]?(.*)\.sql")
_UP = re.compile(r"^--\s*migrate:up(?P<options>[^\n]*)", re.MULTILINE)
_DOWN = re.compile(r"^--\s*migrate:down", re.MULTILINE)
_MARK = re.compile(r"--\s*migrate:(up|down)\b")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The up parts, by version."""
    applied = {str(row["version"]) for row in rows}
    named = {match[1]: (match, each) for each in files if (match := _NAME.fullmatch(each.name))}
    lost = all_gone("dbmate", sorted(applied), named)
    return [*lost, *(_theirs(*named[version], applied=version in applied) for version in sorted(named))]


def _theirs(match: re.Match[str], file: File, *, applied: bool) -> Theirs:
    text = file.text
    up, down = _UP.search(text), _DOWN.search(text)
    ends = down.start() if down and (up is None or down.start() > up.start()) else len(text)
    sql = kept_lines(only(text, up.start() if up else 0, ends), lambda line: not _MARK.match(line))
    options = up["options"] if up else ""
    found = Theirs(file.name, fitting(match[2]), file, sql, match[1], applied, "transaction:false" in options)
    if re.search(r"\benv:\w", options) and "{{" in sql:
        return found._replace(sql=None, without="dbmate fills in variables of the environment when it runs")
    return found


TOOL = Tool(
    name="dbmate",
    table="schema_migrations",
    columns=frozenset({"version"}),
    folders=("db/migrations", "migrations"),
    wanted=re.compile(r"[0-9]+[^/]*\.sql"),
    read=read,
    checks="nothing: dbmate keeps no checksums",
)
