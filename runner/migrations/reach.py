"""How far SQL reaches: roles, settings of the server and other databases are not part of one database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEYOND = re.compile(
    r"\b(create|alter|drop)\s+(role|user|group|database|tablespace|subscription|system)\b"
    r"|\b(grant|revoke)\b(?![^;]*\bon\b)|\bdblink|\breassign\s+owned\b|\bdrop\s+owned\b",
    re.IGNORECASE,
)
_CHANGES = frozenset({"create", "alter", "drop"})
_ROLES = frozenset({"role", "user", "group"})
_OUTSIDE = _ROLES | {"database", "tablespace", "subscription", "system"}
_CODE = frozenset({"do", "call"})


def reaches_beyond(text: str) -> bool:
    """Whether a script may change more than its database: roles, memberships, the server's settings, other databases.

    In doubt the answer is yes.
    """
    return bool(_BEYOND.search(text))


def goes_beyond(words: Sequence[str], sql: str) -> bool:
    """Whether one statement does, by its words in lower case; of a DO block, in doubt yes."""
    first, second, third = (*words, "", "", "")[:3]
    if first in _CHANGES:
        return second in _OUTSIDE and third != "mapping"
    if first in ("grant", "revoke"):
        return "on" not in words
    return (first, second) == ("reassign", "owned") or (first in _CODE and reaches_beyond(sql))


def concerns_roles(words: Sequence[str]) -> bool:
    """Whether a statement that goes beyond makes or drops roles or memberships, and changes no setting for good."""
    first, second = (*words, "", "")[:2]
    return first in ("grant", "revoke", "reassign", "do") or (second in _ROLES and "set" not in words)
