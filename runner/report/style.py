"""Colour, as ANSI codes; click strips them where the output is not a terminal, and NO_COLOR turns them off."""

from __future__ import annotations

import os
import sys


def _styled(code: int, text: str) -> str:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def bold(text: str) -> str:
    """For what the eye should find."""
    return _styled(1, text)


def dim(text: str) -> str:
    """For what frames the rest."""
    return _styled(2, text)


def red(text: str) -> str:
    """For what went wrong."""
    return _styled(31, text)


def green(text: str) -> str:
    """For what is done."""
    return _styled(32, text)


def yellow(text: str) -> str:
    """For what deserves a look."""
    return _styled(33, text)


def bar(share: float, width: int = 24) -> str:
    """A share of 1 as a line, part of it heavy."""
    full = round(share * width)
    heavy, light = ("━", "─") if "utf" in (sys.stderr.encoding or "").lower() else ("#", "-")
    return heavy * full + light * (width - full)
