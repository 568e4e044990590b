"""The header: directives in the comment block on top of a file, one a line (`-- migrate: no-transaction`)."""

from __future__ import annotations

import re

from runner.durations import parse_duration
from runner.errors import BadDirective, MisplacedDirective, Place
from runner.migrations.migration import Header, Mode
from runner.migrations.statements import line_comments, place_at, skip_blank

_DIRECTIVE = re.compile(r"[ \t]*--[ \t]*migrate:(.*)")
_KNOWN = "no-transaction, lock-timeout=2s, statement-timeout=30min, allow RULE reason"
_HINT = f"The directives are: {_KNOWN}."


def parse_header(text: str, path: str) -> Header:
    """The directives of a file's text.

    Raises BadDirective for one that is not known or not readable, MisplacedDirective for one below the comment block.
    """
    header, body = Header(), skip_blank(text, 0, path)
    for offset, comment in line_comments(text, path):
        if match := _DIRECTIVE.match(comment):
            place = place_at(text, offset + comment.index("migrate:"), path)
            if offset > body:
                raise MisplacedDirective(
                    "a directive stands below the first statement",
                    place=place,
                    hint="Move it into the comment block at the top of the file.",
                )
            header = _with_directive(header, match[1].strip(), place)
    return header


def _with_directive(header: Header, directive: str, place: Place) -> Header:
    word, _, value = directive.partition("=")
    match word.strip():
        case "no-transaction" if "=" not in directive:
            return header._replace(mode=Mode.NO_TRANSACTION)
        case "lock-timeout":
            return header._replace(lock_timeout_ms=_milliseconds(directive, value, place))
        case "statement-timeout":
            return header._replace(statement_timeout_ms=_milliseconds(directive, value, place))
    if directive.split(maxsplit=1)[:1] == ["allow"]:
        return header._replace(allowed=(*header.allowed, _allowance(directive, place)))
    raise BadDirective(f'unknown directive "{directive}"', place=place, hint=_HINT)


def _milliseconds(directive: str, value: str, place: Place) -> int:
    duration = parse_duration(value)
    if duration is None:
        raise BadDirective(f'"{directive}" has no duration', place=place, hint="Durations are 500ms, 5s, 2min or 1h.")
    return duration


def _allowance(directive: str, place: Place) -> tuple[str, str]:
    try:
        _, rule, reason = directive.split(maxsplit=2)
    except ValueError:
        raise BadDirective(
            f'"{directive}" needs a rule and a reason',
            place=place,
            hint="For example: -- migrate: allow drop-column unread since release 2.1",
        ) from None
    return rule, reason
