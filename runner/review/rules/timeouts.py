"""Which timeout each statement of a file has, as far as the file says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.migrations.statements import tokens

if TYPE_CHECKING:
    from runner.review.observed import Observed, Trace

_SET = r"""set\s+(?:local\s+|session\s+)?"?{0}"?\s*(?:=|\bto\b)\s*(?:'([^']*)'|(\S+))\s*$"""
_CONFIG = r"set_config\s*\(\s*'{0}'\s*,\s*(?:'([^']*)')()"
_VALUE = re.compile(r"(\d+\.?\d*|\.\d+)\s*(us|ms|s|min|h|d|)")
_MS = {"us": 0.001, "": 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


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
    if tuple(word.strip('"') for word in statement.words[:2]) in (("reset", name), ("reset", "all")):
        return 0
    pattern = _SET if statement.verb == "set" else _CONFIG
    match = re.search(pattern.format(name), _without_comments(statement.sql), re.IGNORECASE)
    return None if match is None else _milliseconds(match[1] or match[2])


def _without_comments(sql: str) -> str:
    return "".join(" " if kind == "comment" else sql[start:end] for kind, start, end in tokens(sql, 0, len(sql), ""))


def _milliseconds(value: str | None) -> int:
    """A value as the server reads it, with a unit or without; 0 for DEFAULT."""
    match = _VALUE.fullmatch((value or "").strip())
    return round(float(match[1]) * _MS[match[2]]) if match else 0
