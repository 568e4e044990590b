"""tern: one row with a version, and 001_words.sql whose down part stands below a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.checks import all_gone, fitting, kept_lines, only
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row

_NAME = re.compile(r"([0-9]+)_(.+)\.sql")
_DROP_BELOW = "---- create above / drop below ----"
_ALONE = "---- tern: disable-tx ----"


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The parts above the line; those up to the version are applied."""
    at = max((int(row["version"]) for row in rows), default=0)
    named = {int(match[1]): (match, each) for each in files if (match := _NAME.fullmatch(each.name))}
    lost = all_gone("tern", map(str, range(1, at + 1)), set(map(str, named)))
    return [*lost, *(_theirs(*named[version], applied=version <= at) for version in sorted(named))]


def _theirs(match: re.Match[str], file: File, *, applied: bool) -> Theirs:
    text = file.text
    below = text.find(_DROP_BELOW)
    up = only(text, 0, below if below >= 0 else len(text))
    found = Theirs(file.name, fitting(match[2]), file, None, match[1], applied=applied)
    if "{{" in up:
        return found._replace(without="it is a template, which tern fills in when it runs")
    sql = kept_lines(up, lambda line: line.strip() != _ALONE)
    return found._replace(sql=sql, no_transaction=_ALONE in up)


TOOL = Tool(
    name="tern",
    table="schema_version",
    columns=frozenset({"version"}),
    folders=("migrations", "."),
    wanted=re.compile(r"[0-9]+_[^/]+\.sql"),
    read=read,
    checks="nothing: tern keeps no checksums, and only the highest version",
)
