"""The file of a spool: how a process comes to own one, what SQLite's errors mean, what becomes of a damaged one."""

from __future__ import annotations

import fcntl
import logging
import re
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.errors import GatewayError, SpoolFull, SpoolUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger("gateway")
_LAYOUT = 1
_SETTINGS = (
    "locking_mode = EXCLUSIVE",
    "journal_mode = WAL",
    "synchronous = NORMAL",  # a commit waits for no disk, and a power cut damages nothing
    "journal_size_limit = 67108864",
)
_TABLES = (
    "CREATE TABLE records (id INTEGER PRIMARY KEY, kept_at REAL NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE batches (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, id BLOB NOT NULL)",
    f"PRAGMA user_version = {_LAYOUT}",
)
_STEP = 0.005  # seconds
_NAME = re.compile(r"spend-\d+\.sqlite")


class Damaged(SpoolUnusable):
    """A file that is no spool, or no more."""


class Held(SpoolUnusable):
    """A file that another owns, or that a later build has written."""


def paths(folder: Path) -> list[Path]:
    """The spools of a folder, those of living processes too."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


@contextmanager
def alone_in(folder: Path, within: float = 5.0) -> Iterator[None]:
    """Keeps all others from taking, setting aside or removing files of the folder.

    Raises Held where somebody else does so for longer than `within` seconds, and SpoolUnusable for no folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "spend.lock").open("a")
    except OSError as error:
        raise SpoolUnusable(f"the folder of the spool, {folder}, cannot be written to: {error.strerror}") from error
    with lock:
        _lock(lock.fileno(), folder, time.monotonic() + within)
        yield


def _lock(file: int, folder: Path, deadline: float) -> None:
    """Takes the lock in steps, as a process that was stopped in the middle would hold up the event loop for good."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise Held(f"another process is at the files of {folder}, and does not come to an end") from error
            time.sleep(_STEP)
        else:
            return


def connect(path: Path | None) -> sqlite3.Connection:
    """A file as its only owner, for as long as the connection is open. Raises Held, Damaged or SpoolUnusable."""
    if path and _size(_wal(path)) and not _size(path):
        raise Damaged(f"{path} is empty and its log is not")  # which SQLite would delete
    database = None
    try:
        database = sqlite3.connect(path or ":memory:", timeout=0, isolation_level=None)
        _begin(database, path)
    except (sqlite3.Error, GatewayError) as error:
        if database:
            database.close()
        raise meaning(error, path) from error
    return database


def _begin(database: sqlite3.Connection, path: Path | None) -> None:
    for setting in _SETTINGS:
        database.execute(f"PRAGMA {setting}")
    [layout] = database.execute("PRAGMA user_version").fetchone()
    if layout not in {0, _LAYOUT}:
        raise Held(f"{path} was written by another version of the gateway")
    with database:
        database.execute("BEGIN EXCLUSIVE")
        for statement in () if layout else _TABLES:
            database.execute(statement)


def meaning(error: Exception, path: Path | None) -> GatewayError:
    """What an error of SQLite means for the store."""
    if isinstance(error, GatewayError):
        return error
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF:  # the bits above say it in more detail
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Held(f"{path} belongs to another process")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
            return Damaged(f"{path} is damaged: {error}")
        case sqlite3.SQLITE_FULL:
            return SpoolFull(f"the disk of the spool {path} is full: make room, or send no more requests")
        case _:
            return SpoolUnusable(f"the spool {path} cannot be used: {error}")


def set_aside(path: Path, why: Exception) -> Path:
    """The new name of a damaged file, which is kept for a person to look at; the log says so. Within alone_in."""
    aside = path.with_name(f"{path.stem}.damaged-{time.time_ns()}.sqlite")
    for old, new in ((path, aside), (_wal(path), _wal(aside))):
        if old.exists():
            old.rename(new)
    _log.error("%s; it was set aside as %s, with the spend that waited in it", why, aside)
    return aside


def remove(path: Path) -> None:
    """Removes a file that nobody has open. Within alone_in."""
    for each in (path, _wal(path)):
        each.unlink(missing_ok=True)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
