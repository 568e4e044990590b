"""Indexes that are built CONCURRENTLY: one that was interrupted stays behind, invalid, and must never count as done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import IndexInvalid
from runner.ledger.ledger import fetch
from runner.migrations.statements import essence

if TYPE_CHECKING:
    from runner.errors import Place
    from runner.ledger.session import Session

NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
QUALIFIED = rf"{NAME}(?:\s*\.\s*{NAME})?"
_CREATE = re.compile(
    rf"create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?(?P<name>{NAME})\s+"
    rf"on\s+(?:only\s+)?(?P<table>{QUALIFIED})",
    re.IGNORECASE,
)
_REINDEX = re.compile(
    rf"reindex\s+(?:\((?P<options>[^)]*)\)\s*)?(?P<kind>index|table|schema|database)(?P<concurrently>\s+concurrently)?"
    rf"(?:\s+(?P<name>{QUALIFIED}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ConcurrentIndex:
    """The index that a CREATE INDEX CONCURRENTLY makes: its name and table as the statement writes them."""

    name: str
    table: str


def concurrent_index(sql: str) -> ConcurrentIndex | None:
    """The index that the statement builds concurrently, if it does and names it."""
    match = _CREATE.match(plain(sql))
    return ConcurrentIndex(match["name"], match["table"]) if match else None


def plain(sql: str) -> str:
    """The statement without comments, and one blank between any two tokens."""
    return " ".join(essence(sql))


async def is_valid(session: Session, index: ConcurrentIndex) -> bool | None:
    """Whether the index is valid; None if it is not there."""
    found = await _find(session, index)
    return found[0] == "t" if found else None


async def _find(session: Session, index: ConcurrentIndex) -> tuple[str | None, ...] | None:
    """`t` or `f` for valid, and the index's name with its schema; None if it is not there."""
    rows = await fetch(session, "index_state", name=index.name, table=index.table)
    return rows[0] if rows else None


async def drop_invalid(session: Session, index: ConcurrentIndex) -> None:
    """Drops the index if it is there and invalid: IF NOT EXISTS would take it for the real one."""
    valid, name = await _find(session, index) or (None, None)
    if valid == "f":
        session.listener.warning(f"the index {name} is invalid, left by an interrupted build; it is built again")
        await session.connection.execute(f"DROP INDEX CONCURRENTLY {name}")


async def drop_reindex_leftovers(session: Session, sql: str) -> None:
    """Drops the invalid copies (`…_ccnew`, `…_ccold`) that an interrupted REINDEX CONCURRENTLY left behind."""
    match = _REINDEX.match(plain(sql))
    if match is None or not (match["concurrently"] or "concurrently" in (match["options"] or "").lower()):
        return
    for (name,) in await fetch(session, "reindex_leftovers", kind=match["kind"].lower(), name=match["name"]):
        session.listener.warning(f"the index {name} is invalid, left by an interrupted REINDEX; it is dropped")
        await session.connection.execute(f"DROP INDEX CONCURRENTLY {name}")


async def require_valid(session: Session, index: ConcurrentIndex, place: Place) -> None:
    """Raises IndexInvalid unless the index is there and valid."""
    if not await is_valid(session, index):
        raise IndexInvalid(
            f"the index {index.name} is not valid after the statement that builds it",
            place=place,
            hint="Run migrate up again: it drops the index and builds it anew.",
        )
