"""What waits to be written to the database, on disk: what was appended outlives the process that appended it."""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import SpoolFull
from gateway.spending.spool_file import Damaged, Held, alone_in, connect, meaning, paths, remove, set_aside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BATCH_BYTES = 4 << 20  # with contents, fewer records make a batch: all of it is in memory at once
_ROOMY = 64 << 20  # bytes of an emptied file that are worth giving back
_SPARE = 16 << 20  # bytes of the disk that are left for emptying the spool: SQLite needs room to make room


class Batch(NamedTuple):
    """Records that are written in one transaction, under one id however often it takes; `last` is one of them."""

    id: uuid.UUID
    first: int
    last: int

    @property
    def rows(self) -> int:
        """How many records it has."""
        return self.last - self.first + 1


class Spool:
    """Records in the order in which they came, in a file of SQLite; `path` None: in memory, gone with the process.

    A process owns its file for as long as it lives: the lock is one of the system's, so any death frees it. What was
    appended outlives the process from then on. The system brings it to the disk within seconds; until then a power
    cut takes the last records, and damages none before them.

    All of it runs in the thread of the event loop. Appending waits for no disk, save once in some hundred records,
    when SQLite brings its log into order.
    """

    def __init__(self, path: Path | None, limit: int) -> None:
        self.path = path
        self.set_aside: list[Path] = []
        self._limit = limit
        self._open()

    def _open(self) -> None:
        self._database = connect(self.path)
        try:
            self._take_stock()
        except (sqlite3.Error, Damaged) as error:
            self.close()
            raise meaning(error, self.path) from error

    def _take_stock(self) -> None:
        self.waiting = self._number("SELECT count(*) FROM records")
        self._newest = self._number("SELECT coalesce(max(id), 0) FROM records")
        self._batched = self._number("SELECT coalesce(sum(last - first + 1), 0) FROM batches")
        found = self._number("SELECT count(*) FROM batches JOIN records ON records.id BETWEEN first AND last")
        if found != self._batched:
            raise Damaged(f"{self.path} is damaged: of {self._batched} records in its batches there are {found}")

    def close(self) -> None:
        """Gives the file back, for the next process that asks for one."""
        with suppress(sqlite3.Error):
            self._database.close()

    def remove(self) -> None:
        """Gives the file back and removes it; for one that was adopted and is empty."""
        if self.path:
            with alone_in(self.path.parent):
                self.close()
                remove(self.path)

    @property
    def loose(self) -> int:
        """How many records are in no batch yet."""
        return self.waiting - self._batched

    @property
    def newest(self) -> int:
        """The number of the record appended last; numbers only grow while the spool is open."""
        return self._newest

    @property
    def oldest(self) -> float | None:
        """Since when the oldest record waits, by time.time(); None: nothing does."""
        with self._told() as database:
            row = database.execute("SELECT kept_at FROM records ORDER BY id LIMIT 1").fetchone()
        return row[0] if row else None

    def append(self, body: bytes) -> None:
        """Keeps a record: when this returns, it outlives the process. Raises SpoolFull or SpoolUnusable."""
        if self.waiting >= self._limit:
            raise SpoolFull(f"{self.waiting} records wait for the database, as many as may: send no more requests")
        if self.path and _room(self.path) < _SPARE:
            raise SpoolFull(f"the disk of the spool {self.path} is nearly full: make room, or send no more requests")
        try:
            self._insert(body)
        except Damaged:
            self._insert(body)  # into the new file that took its place

    def _insert(self, body: bytes) -> None:
        with self._told() as database:
            record = (self._newest + 1, time.time(), body)
            database.execute("INSERT INTO records (id, kept_at, body) VALUES (?, ?, ?)", record)
        self._newest += 1
        self.waiting += 1

    def next_batch(self, rows: int, *, after: int = 0) -> Batch | None:
        """The oldest batch of those that begin after a record; if there is none, a new one of records in no batch yet.

        A new one has `rows` records at most. None: no record is left.
        """
        with self._told() as database:
            found = database.execute(
                "SELECT id, first, last FROM batches WHERE first > ? ORDER BY first LIMIT 1", (after,)
            ).fetchone()
            return Batch(uuid.UUID(bytes=found[0]), *found[1:]) if found else self._close_batch(rows)

    def _close_batch(self, rows: int) -> Batch | None:
        sizes = self._database.execute(
            "SELECT id, length(body) FROM records WHERE id > (SELECT coalesce(max(last), 0) FROM batches)"
            " ORDER BY id LIMIT ?",
            (rows,),
        ).fetchall()
        if not sizes:
            return None
        batch = Batch(uuid.uuid4(), sizes[0][0], _last_of(sizes))
        self._enter(batch)
        self._batched += batch.rows
        return batch

    def read(self, batch: Batch) -> list[bytes]:
        """The records of a batch."""
        with self._told() as database:
            rows = database.execute("SELECT body FROM records WHERE id BETWEEN ? AND ? ORDER BY id", batch[1:])
            return [row[0] for row in rows]

    def split(self, batch: Batch) -> tuple[Batch, Batch]:
        """Two halves with ids of their own in place of a batch of several records, of which nothing was written."""
        middle = (batch.first + batch.last) // 2
        halves = Batch(uuid.uuid4(), batch.first, middle), Batch(uuid.uuid4(), middle + 1, batch.last)
        with self._told() as database, database:
            database.execute("BEGIN")
            database.execute("DELETE FROM batches WHERE first = ?", (batch.first,))
            for half in halves:
                self._enter(half)
        return halves

    def done(self, batch: Batch) -> None:
        """Forgets a batch that was written."""
        with self._told() as database, database:
            database.execute("BEGIN")
            database.execute("DELETE FROM records WHERE id BETWEEN ? AND ?", batch[1:])
            database.execute("DELETE FROM batches WHERE first = ?", (batch.first,))
        self.waiting -= batch.rows
        self._batched -= batch.rows
        if not self.waiting and self._number("PRAGMA page_count") * self._number("PRAGMA page_size") > _ROOMY:
            with self._told() as database:
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _enter(self, batch: Batch) -> None:
        self._database.execute(
            "INSERT INTO batches (id, first, last) VALUES (?, ?, ?)", (batch.id.bytes, batch.first, batch.last)
        )

    def _number(self, sql: str) -> int:
        return int(self._database.execute(sql).fetchone()[0])

    @contextmanager
    def _told(self) -> Iterator[sqlite3.Connection]:
        """The open file. An error of SQLite becomes one of the store; a damaged file is set aside for a new one."""
        try:
            yield self._database
        except sqlite3.Error as error:
            meant = meaning(error, self.path)
            if isinstance(meant, Damaged) and self.path:
                self._replace(self.path, meant)
            raise meant from error

    def _replace(self, path: Path, why: Damaged) -> None:
        with alone_in(path.parent):
            self.close()
            self.set_aside.append(set_aside(path, why))
            self._open()


def _room(path: Path) -> int:
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize


def _last_of(sizes: list[tuple[int, int]]) -> int:
    """The last record of a batch that is as large as may be: by bytes too, but it has one record at least."""
    total = 0
    last = sizes[0][0]
    for number, size in sizes:
        total += size
        if total > _BATCH_BYTES and number != sizes[0][0]:
            break
        last = number
    return last


def open_spool(folder: Path | None, limit: int) -> Spool:
    """The first spool of a folder that no living process owns, with what waits in it; None: one in memory.

    `limit` is how many records it may hold. Raises SpoolUnusable for a folder that cannot be written to.
    """
    if folder is None:
        return Spool(None, limit)
    with alone_in(folder):
        return next(spool for number in count() if (spool := _claim(folder / f"spend-{number}.sqlite", limit)))


def adopt_spool(folder: Path, limit: int) -> Spool | None:
    """A spool whose process is gone and in which records wait; None: there is none, or others are at the files."""
    with suppress(Held), alone_in(folder, within=0):
        for path in paths(folder):
            spool = _claim(path, limit)
            if spool and spool.waiting:
                return spool
            if spool:
                spool.close()
    return None


def _claim(path: Path, limit: int) -> Spool | None:
    """The spool of a file, new where it is damaged; None: another process owns it. Within alone_in."""
    try:
        return Spool(path, limit)
    except Held:
        return None
    except Damaged as damaged:
        aside = set_aside(path, damaged)
    spool = Spool(path, limit)
    spool.set_aside.append(aside)
    return spool
