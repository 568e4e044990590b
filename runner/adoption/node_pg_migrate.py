"""node-pg-migrate: `pgmigrations`, and 1706702400000_words.sql, .up.sql or .js."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.checks import all_gone, fitting, only
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row

_NAME = re.compile(r"(([0-9]*)_?(.*?))(?:\.up)?\.(sql|[cm]?[jt]s)")
_UP, _DOWN = (re.compile(rf"^\s*--[\s-]*{word}\s+migration", re.IGNORECASE | re.MULTILINE) for word in ("up", "down"))
_LONGEST_NUMBER = 18


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The up parts of SQL files, and what is code, in the order of their numbers."""
    applied = {re.sub(r"\.up$", "", str(row["name"])) for row in rows}
    named = {
        match[1]: (match, each)
        for each in files
        if not re.search(r"\.down\.sql$|\.d\.ts$", each.name) and (match := _NAME.fullmatch(each.name))
    }
    ordered = sorted(named, key=lambda name: (int(named[name][0][2] or 0), name))
    found = [_theirs(*named[name], applied=name in applied) for name in ordered]
    fits = all(0 < len(each.label) <= _LONGEST_NUMBER for each in found)
    lost = all_gone("node-pg-migrate", sorted(applied), named)
    return [*lost, *(found if fits else (each._replace(label="") for each in found))]


def _theirs(match: re.Match[str], file: File, *, applied: bool) -> Theirs:
    found = Theirs(match[1], fitting(match[3]), file, None, match[2], applied=applied)
    if match[4] != "sql":
        return found._replace(without="it is JavaScript, and its SQL is known when it runs")
    return found._replace(sql=up_part(file.text))


def up_part(text: str) -> str:
    """What stands below `-- Up Migration` and above `-- Down Migration`; all of it, if there is no mark."""
    up, down = _UP.search(text), _DOWN.search(text)
    if up is None:
        return text
    ends = down.start() if down and down.start() > up.start() else len(text)
    return only(text, up.end(), ends)


TOOL = Tool(
    name="node-pg-migrate",
    table="pgmigrations",
    columns=frozenset({"id", "name", "run_on"}),
    folders=("migrations",),
    wanted=re.compile(r"[^/.][^/]*\.(sql|[cm]?[jt]s)"),
    read=read,
    companions=("{schema}.{table}_id_seq",),
    checks="nothing: node-pg-migrate keeps no checksums",
)
