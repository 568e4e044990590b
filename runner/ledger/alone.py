"""Statements that PostgreSQL runs only outside a transaction, and what became of one whose end nobody saw.

Every other statement of a no-transaction file commits together with its count, so the count tells. What is left are
these few kinds, and for most of them the catalog tells (docs/adr/0008).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from runner.ledger.indexes import (
    NAME,
    QUALIFIED,
    concurrent_index,
    drop_invalid,
    drop_reindex_leftovers,
    is_valid,
    plain,
)
from runner.ledger.ledger import fetch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ledger.session import Session

_DROP_INDEX = re.compile(rf"drop\s+index\s+concurrently\s+(?:if\s+exists\s+)?(?P<name>{QUALIFIED})", re.IGNORECASE)
_DETACH = re.compile(
    rf"(?P<head>alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<parent>{QUALIFIED})(?:\s*\*)?"
    rf"\s+detach\s+partition\s+(?P<partition>{QUALIFIED}))\s+concurrently",
    re.IGNORECASE,
)
_DATABASE = re.compile(rf"(?P<verb>create|drop)\s+database\s+(?:if\s+exists\s+)?(?P<name>{NAME})", re.IGNORECASE)

_REPEATABLE = {("vacuum",), ("cluster",), ("reindex",), ("alter", "system")}


class Fate(Enum):
    """What became of a statement whose end nobody saw."""

    DONE = "done"
    NOT_DONE = "not done, or it does no harm twice"
    UNKNOWN = "unknown"


def runs_alone(words: Sequence[str]) -> bool:
    """Whether PostgreSQL refuses the statement in a transaction, or the statement may commit by itself."""
    match words:
        case ["vacuum" | "cluster" | "reindex" | "call" | "do", *_]:
            return True
        case ["create" | "drop", "database" | "tablespace" | "subscription", *_]:
            return True
        case ["alter", "system" | "subscription", *_]:
            return True
        case ["alter", "database", *rest]:
            return "tablespace" in rest
        case ["refresh", *_]:
            return False
        case _:
            return "concurrently" in words


def commits_in_parts(words: Sequence[str], sql: str) -> bool:
    """Whether an error of the server leaves open what the statement has done, and nothing can tell."""
    unnamed_index = words[:1] == ("create",) and "concurrently" in words and concurrent_index(sql) is None
    return words[:1] in (("call",), ("do",)) or unnamed_index or not runs_alone(words)


async def fate(session: Session, words: Sequence[str], sql: str) -> Fate:
    """What became of the statement, which may have been begun and is not counted. The session holds the lock."""
    again = words[:1] in _REPEATABLE or words[:2] in _REPEATABLE
    if again or not runs_alone(words):
        return Fate.NOT_DONE
    there = await _is_there(session, sql)
    if there is None or (there and words[:2] == ("create", "database")):  # it may have been there before
        return Fate.UNKNOWN
    return Fate.DONE if there is (words[:1] == ("create",)) else Fate.NOT_DONE


async def _is_there(session: Session, sql: str) -> bool | None:
    """Whether what the statement makes, drops or detaches is there, an index also valid; None if nothing can tell."""
    text = plain(sql)
    if index := concurrent_index(sql):
        return await is_valid(session, index) is True
    if match := _DROP_INDEX.match(text):
        return bool(await fetch(session, "relation", name=match["name"]))
    if match := _DETACH.match(text):
        parent = await fetch(session, "relation", name=match["parent"])
        return await _half_detached(session, match) is not None if parent else None
    if match := _DATABASE.match(text):
        return bool(await fetch(session, "database", name=match["name"]))
    return None


async def clear(session: Session, sql: str) -> None:
    """Drops what the statement left behind when it stopped half-way: invalid indexes."""
    if index := concurrent_index(sql):
        await drop_invalid(session, index)
    else:
        await drop_reindex_leftovers(session, sql)


async def going_on(session: Session, sql: str) -> str:
    """The statement that does what is left to do of one that stopped half-way: mostly itself."""
    match = _DETACH.match(plain(sql))
    if match and await _half_detached(session, match):
        return f"{match['head']} FINALIZE"
    return sql


async def _half_detached(session: Session, match: re.Match[str]) -> bool | None:
    """Whether the partition is detached by half; None if it is no partition of the table."""
    rows = await fetch(session, "partition", parent=match["parent"], partition=match["partition"])
    return rows[0] == ("t",) if rows else None
