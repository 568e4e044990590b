"""Which timeout each statement of a file has, as far as the file says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.durations import parse_duration

if TYPE_CHECKING:
    from runner.review.observed import Observed, Trace

_SET = r"set\s+(?:local\s+|session\s+)?{0}\s*(?:=|\bto\b)\s*'?([^';]+?)'?\s*$"
_CONFIG = r"set_config\s*\(\s*'{0}'\s*,\s*'([^']*)'"


def timeouts(trace: Trace, name: str, asked: int | None) -> list[int | None]:
    """The timeout of each statement in milliseconds, 0 for none; None where the file says nothing.

    `asked` is what the directive says.
    """
    found: list[int | None] = []
    for statement in trace.statements:
        found.append(asked)
        said = _said(statement, name)
        asked = asked if said is None else said
    return found


def _said(statement: Observed, name: str) -> int | None:
    """The timeout that a statement sets for those after it; a reset leaves that of the server, off by default."""
    if statement.words[:2] in (("reset", name), ("reset", "all")):
        return 0
    pattern = _SET if statement.verb == "set" else _CONFIG
    match = re.search(pattern.format(name), statement.sql, re.IGNORECASE)
    if match is None:
        return None
    value = match[1].strip()
    return int(value) if value.isdecimal() else parse_duration(value) or 0
