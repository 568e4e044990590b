"""Durations as people write them: `500ms`, `5s`, `2min`, `1h`."""

from __future__ import annotations

import re

_UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
_LONGEST = 2**31 - 1  # milliseconds: 24 days
_DURATION = re.compile(r"(\d{1,9})\s*(ms|s|min|h)")


def parse_duration(text: str) -> int | None:
    """Milliseconds, or None if the text is not a duration or is longer than the server's settings can be."""
    match = _DURATION.fullmatch(text.strip())
    milliseconds = int(match[1]) * _UNITS[match[2]] if match else None
    return milliseconds if milliseconds is not None and milliseconds <= _LONGEST else None


def format_duration(milliseconds: float) -> str:
    """`12 ms`, `3.4 s`, `2 min 5 s`: short enough for the end of a line."""
    if milliseconds < 1000:  # noqa: PLR2004
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s"
