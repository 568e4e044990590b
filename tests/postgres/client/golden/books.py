# Made by migrate from queries/books.sql; do not edit (source 35ce836f0f973377, text 9793bc6138b6847b)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of queries/books.sql."""

import datetime
import decimal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import Address, AuthorsRow, BooksRow, Database, Mood, NotesRow, ShelfRow, Street

LEFT_SHELF = """\
-- name: LeftShelf :many
SELECT a.id, a.name, a.born, a.mood, a.home, a.settings, b.id, b.author_id, b.title, b.mood, b.price, b.class, n.body, n.when
FROM authors AS a LEFT JOIN books AS b ON b.author_id = a.id LEFT JOIN notes AS n ON n.body = b.title
ORDER BY a.id, b.id"""

SHELF = """\
-- name: Shelf :many
SELECT name, title, price FROM shelf ORDER BY name, title"""

BOOKS_OF = """\
-- name: BooksOf :many
SELECT b.id, b.title, a.name AS "author!", b.price::text AS "price?"
FROM books AS b LEFT JOIN authors AS a ON a.id = b.author_id
WHERE ARRAY[b.title] <@ $1::text[] AND b.id >$2 ORDER BY b.id"""

ADD_BOOKS = """\
-- name: AddBooks :copyfrom
INSERT INTO books (author_id, title, mood) VALUES ($1, $2, $3)"""

ADD_LOG = """\
-- name: AddLog :copyfrom
INSERT INTO side.log (word, at) VALUES ($2, $1)"""

PUT_BOOKS = """\
-- name: PutBooks :batchexec
INSERT INTO books (title, price, "class") VALUES ($1, $2, $3)"""

ADD_MANY = """\
-- name: AddMany :many
INSERT INTO books (title, mood)
SELECT * FROM unnest($1::text[], $2::mood[])
RETURNING id"""

TOUCH_BOOK = """\
-- name: TouchBook :one
UPDATE books SET title = $1 WHERE id = $2 RETURNING title AS rows, id AS row, "class" AS kind"""

SET_MOOD = """\
-- name: SetMood :one
INSERT INTO books (title, mood) VALUES ('x', $1) RETURNING mood"""

PUT_ROWS = """\
-- name: PutRows :batchexec
INSERT INTO notes (body, "when") VALUES ($1, $2)"""


@dataclass(frozen=True, slots=True)
class LeftShelfRow:
    """A row of LeftShelf."""

    a: AuthorsRow
    b: BooksRow | None
    n: NotesRow | None


async def left_shelf(database: Database, /) -> list[LeftShelfRow]:
    rows = await database.fetch(LEFT_SHELF)
    return [
        LeftShelfRow(
            AuthorsRow(row[0], row[1], row[2], Mood(row[3]), None if row[4] is None else Address(None if row[4][0] is None else Street(*row[4][0]), None if row[4][1] is None else [Mood(item) for item in row[4][1]], row[4][2]), row[5]),
            None if row[6] is None else BooksRow(row[6], row[7], row[8], None if row[9] is None else Mood(row[9]), *row[10:12]),
            None if all(each is None for each in row[12:14]) else NotesRow(*row[12:14]),
        )
        for row in rows
    ]


async def shelf(database: Database, /) -> list[ShelfRow]:
    rows = await database.fetch(SHELF)
    return [ShelfRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class BooksOfRow:
    """A row of BooksOf."""

    id: int
    title: str
    author: str
    price: str | None


async def books_of(database: Database, /, *, titles: Sequence[str], first: int) -> list[BooksOfRow]:
    rows = await database.fetch(BOOKS_OF, titles, first)
    return [BooksOfRow(*row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddBooksParams:
    """The parameters of AddBooks."""

    author_id: int | None
    title: str
    mood: Mood | None


async def add_books(database: Database, /, rows: Iterable[AddBooksParams]) -> int:
    status = await database.copy_records_to_table(
        "books",
        records=[(row.author_id, row.title, row.mood) for row in rows],
        columns=["author_id", "title", "mood"],
        schema_name=None,
    )
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLogParams:
    """The parameters of AddLog."""

    at: datetime.datetime
    word: str | None


async def add_log(database: Database, /, rows: Iterable[AddLogParams]) -> int:
    status = await database.copy_records_to_table(
        "log",
        records=[(row.at, row.word) for row in rows],
        columns=["at", "word"],
        schema_name="side",
    )
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBooksParams:
    """The parameters of PutBooks."""

    title: str
    price: decimal.Decimal
    kind: str | None


async def put_books(database: Database, /, rows: Iterable[PutBooksParams]) -> None:
    await database.executemany(PUT_BOOKS, [(row.title, row.price, row.kind) for row in rows])


async def add_many(
    database: Database,
    /,
    *,
    titles: Sequence[str],
    moods: Sequence[Mood | None],
) -> list[int]:
    rows = await database.fetch(ADD_MANY, titles, moods)
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class TouchBookRow:
    """A row of TouchBook."""

    rows: str
    row: int
    kind: str | None


async def touch_book(database: Database, /, *, row: str, value: int) -> TouchBookRow | None:
    row_ = await database.fetchrow(TOUCH_BOOK, row, value)
    if row_ is None:
        return None
    return TouchBookRow(*row_)


async def set_mood(database_: Database, /, *, database: Mood | None) -> Mood | None:
    value = await database_.fetchval(SET_MOOD, database)
    return None if value is None else Mood(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRowsParams:
    """The parameters of PutRows."""

    rows: str | None
    database: datetime.datetime | None


async def put_rows(database: Database, /, rows: Iterable[PutRowsParams]) -> None:
    await database.executemany(PUT_ROWS, [(row.rows, row.database) for row in rows])
