# Made by migrate from queries/authors.sql; do not edit (source ded31d960c673767, text 68507d31dd5f84b6)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of queries/authors.sql."""

import datetime
import decimal
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from tests.postgres.client.shapes import Settings

from . import Address, AuthorsRow, Connection, Database, Mood, Street

CREATE_AUTHOR = """\
-- name: CreateAuthor :one
INSERT INTO authors (name, born, mood, home, settings)
VALUES ($1, $2, $3, $4, $5)
RETURNING id, name, born, mood, home, settings"""

FIND_AUTHOR = """\
-- name: FindAuthor :one
SELECT id, name, settings FROM authors WHERE name = $1"""

COUNT_AUTHORS = """\
-- name: CountAuthors :one
SELECT count(*) FROM authors"""

AUTHOR_BIRTH = """\
-- name: AuthorBirth :one
SELECT born FROM authors WHERE id = $1"""

AUTHOR_MOOD = """\
-- name: AuthorMood :one
SELECT mood FROM authors WHERE id = $1"""

LIST_NAMES = """\
-- name: ListNames :many
SELECT name FROM authors ORDER BY name LIMIT $1 OFFSET $2"""

FILTER_AUTHORS = """\
-- name: FilterAuthors :many
SELECT a.id, a.name, a.born, a.mood, a.home, a.settings
FROM authors AS a
WHERE ($1::mood IS NULL OR a.mood = $1)
AND ($2::date IS NULL OR a.born >= $2)
AND a.name = ANY ($3::text[])
ORDER BY a.id"""

AUTHORS_WITH_BOOKS = """\
-- name: AuthorsWithBooks :many
SELECT
    a.name,
    ARRAY(
        SELECT x FROM (SELECT b.id, b.title, b.mood, b.price FROM books AS b WHERE b.author_id = a.id ORDER BY b.id) AS x
    ) AS books,
    (SELECT y FROM (SELECT max(b.price) AS dearest, count(*) AS number FROM books AS b WHERE b.author_id = a.id) AS y)
        AS "summary!"
FROM authors AS a
ORDER BY a.name"""

STREAM_NAMES = """\
-- name: StreamNames :iter
SELECT a.id, a.name FROM authors AS a WHERE a.id > $1 ORDER BY a.id"""

STREAM_MOODS = """\
-- name: StreamMoods :iter
SELECT mood FROM authors ORDER BY id"""

RENAME = """\
-- name: Rename :execrows
UPDATE authors SET name = $1 WHERE id = $2"""

FORGET = """\
-- name: Forget :exec
DELETE FROM authors WHERE id = ANY ($1::bigint[])"""

NOTIFY = """\
-- name: Notify :exec
SELECT pg_notify('authors', $1::text)"""

MAYBE_MOODS = """\
-- name: MaybeMoods :one
SELECT ARRAY[NULL, 'calm']::mood[] AS "moods[?]", ARRAY[NULL, 'x'] AS "words[?]!\""""


@dataclass(frozen=True, slots=True)
class CreateAuthorRow:
    """A row of CreateAuthor."""

    id: int
    name: str
    born: datetime.date | None
    mood: Mood
    home: Address | None
    settings: Settings


async def create_author(
    database: Database,
    /,
    *,
    name: str,
    born: datetime.date | None,
    mood: Mood,
    home: Address | None,
    settings: Settings,
) -> CreateAuthorRow:
    r"""Creates an author.

    A second sentence goes into a paragraph of its own.

    And a third paragraph, with "quotes" and a \ backslash.
    """
    row = await database.fetchrow(
        CREATE_AUTHOR,
        name,
        born,
        mood,
        None if home is None else (None if home.street is None else (home.street.name, home.street.number), home.moods, home.since),
        settings,
    )
    return CreateAuthorRow(
        row[0],
        row[1],
        row[2],
        Mood(row[3]),
        None if row[4] is None else Address(None if row[4][0] is None else Street(*row[4][0]), None if row[4][1] is None else [Mood(item) for item in row[4][1]], row[4][2]),
        row[5],
    )


@dataclass(frozen=True, slots=True)
class FindAuthorRow:
    """A row of FindAuthor."""

    id: int
    name: str
    settings: Settings


async def find_author(database: Database, /, *, name: str) -> FindAuthorRow | None:
    row = await database.fetchrow(FIND_AUTHOR, name)
    if row is None:
        return None
    return FindAuthorRow(*row)


async def count_authors(database: Database, /) -> int:
    value: int = await database.fetchval(COUNT_AUTHORS)
    return value


async def author_birth(database: Database, /, *, id: int) -> datetime.date | None:
    value: datetime.date | None = await database.fetchval(AUTHOR_BIRTH, id)
    return value


async def author_mood(database: Database, /, *, id: int) -> Mood | None:
    value = await database.fetchval(AUTHOR_MOOD, id)
    return None if value is None else Mood(value)


async def list_names(database: Database, /, *, limit: int, offset: int) -> list[str]:
    rows = await database.fetch(LIST_NAMES, limit, offset)
    return [row[0] for row in rows]


async def filter_authors(
    database: Database,
    /,
    *,
    mood: Mood | None,
    born_since: datetime.date | None,
    names: Sequence[str],
) -> list[AuthorsRow]:
    """Every filter that is None is no filter."""
    rows = await database.fetch(FILTER_AUTHORS, mood, born_since, names)
    return [
        AuthorsRow(
            row[0],
            row[1],
            row[2],
            Mood(row[3]),
            None if row[4] is None else Address(None if row[4][0] is None else Street(*row[4][0]), None if row[4][1] is None else [Mood(item) for item in row[4][1]], row[4][2]),
            row[5],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class AuthorsWithBooksRowBooks:
    """A record of AuthorsWithBooks.books."""

    id: int
    title: str
    mood: Mood | None
    price: decimal.Decimal


@dataclass(frozen=True, slots=True)
class AuthorsWithBooksRowSummary:
    """A record of AuthorsWithBooks.summary."""

    dearest: decimal.Decimal | None
    number: int


@dataclass(frozen=True, slots=True)
class AuthorsWithBooksRow:
    """A row of AuthorsWithBooks."""

    name: str
    books: list[AuthorsWithBooksRowBooks]
    summary: AuthorsWithBooksRowSummary


async def authors_with_books(database: Database, /) -> list[AuthorsWithBooksRow]:
    """One row an author, with the books in it."""
    rows = await database.fetch(AUTHORS_WITH_BOOKS)
    return [
        AuthorsWithBooksRow(
            row[0],
            [AuthorsWithBooksRowBooks(item[0], item[1], None if item[2] is None else Mood(item[2]), item[3]) for item in row[1]],
            AuthorsWithBooksRowSummary(*row[2]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class StreamNamesRow:
    """A row of StreamNames."""

    id: int
    name: str


async def stream_names(
    connection: Connection,
    /,
    *,
    after: int,
) -> AsyncGenerator[StreamNamesRow, None]:
    async with connection.transaction():
        async for row in connection.cursor(STREAM_NAMES, after, prefetch=500):
            yield StreamNamesRow(*row)


async def stream_moods(connection: Connection, /) -> AsyncGenerator[Mood, None]:
    async with connection.transaction():
        async for row in connection.cursor(STREAM_MOODS, prefetch=500):
            yield Mood(row[0])


async def rename(database: Database, /, *, name: str, id: int) -> int:
    status = await database.execute(RENAME, name, id)
    return int(status.rpartition(" ")[2])


async def forget(database: Database, /, *, ids: Sequence[int]) -> None:
    await database.execute(FORGET, ids)


async def notify(database: Database, /, *, row: str | None) -> None:
    await database.execute(NOTIFY, row)


@dataclass(frozen=True, slots=True)
class MaybeMoodsRow:
    """A row of MaybeMoods."""

    moods: list[Mood | None]
    words: list[str | None]


async def maybe_moods(database: Database, /) -> MaybeMoodsRow:
    row = await database.fetchrow(MAYBE_MOODS)
    return MaybeMoodsRow([None if item is None else Mood(item) for item in row[0]], row[1])
