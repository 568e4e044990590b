"""The generated client: its text is as expected (client/golden), and every function of it works on a real server."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import ipaddress
import math
import os
import subprocess
import sys
import uuid
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from runner import Config
from runner.generating import generate
from tests.postgres.client.golden import (
    Address,
    AuthorsRow,
    BooksRow,
    EverythingRow,
    Mood,
    NotesRow,
    OddRow,
    ProtocolType,
    Role,
    Street,
    authors,
    books,
    everything,
    init,
    odd,
)
from tests.postgres.client.golden.books import AddBooksParams, AddLogParams, PutBooksParams

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.conftest import Database

    Pool = asyncpg.Pool[asyncpg.Record]

HERE = Path(__file__).parent / "client"
GOLDEN = HERE / "golden"


@pytest.fixture
def made(database: Database) -> Database:
    """A database with the schema of these tests."""
    database.execute((HERE / "schema.sql").read_text())
    return database


def run(database: Database, work: Callable[[Pool], Awaitable[Any]]) -> Any:
    """What a coroutine gives that gets a pool as an application has one."""

    async def with_pool() -> Any:
        async with asyncpg.create_pool(database.url, init=init, min_size=1, max_size=3) as pool:
            return await work(pool)

    return asyncio.run(with_pool())


def test_the_client_is_the_same_on_every_server(
    made: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HERE)
    target = GOLDEN if os.environ.get("GOLDEN") else tmp_path / "client"

    asyncio.run(
        generate(
            Config(folder=Path("no-migrations"), queries=Path("queries"), client=target, database_url=made.url),
            live=True,
        )
    )

    texts = {path.name: path.read_text() for path in target.glob("*.py")}
    assert texts == {path.name: path.read_text() for path in GOLDEN.glob("*.py")}


@pytest.mark.parametrize(
    "tool",
    [("mypy", "--strict", "--no-incremental"), ("ruff", "check", "--isolated", "--select=ALL")],
    ids=["mypy", "ruff"],
)
def test_the_client_passes_strict_tools_untouched(tool: tuple[str, ...]) -> None:
    """Under settings that are not ours, too: none at all. Documentation and copyright are the user's matter."""
    ignored = ["--ignore=ANN401,CPY,D,INP001"] if tool[0] == "ruff" else []

    command = [sys.executable, "-m", *tool, *ignored, str(GOLDEN)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=GOLDEN.parents[3])

    assert done.returncode == 0, done.stdout


def of_every_type() -> dict[str, Any]:
    """A value for each column of the table of all types."""
    now = dt.datetime(2026, 1, 2, 3, 4, 5, 678, dt.UTC)
    return {
        "a_smallint": -5,
        "an_integer": 7,
        "a_bigint": 2**60,
        "an_oid": 2**31,
        "an_xid8": 2**40,
        "an_lsn": 42,
        "a_boolean": True,
        "a_real": 1.5,
        "a_double": math.pi,
        "a_numeric": decimal.Decimal("12345678901234567890.123"),
        "a_money": "$1.50",
        "a_text": "a 'text' with \u2028 and \U0001f600",
        "a_varchar": "varchar",
        "a_char": "abc",
        "a_name": "name",
        "a_byte": b"x",
        "a_bytea": b"\x00\xff",
        "a_uuid": uuid.UUID(int=5),
        "a_timestamptz": now,
        "a_timestamp": now.replace(tzinfo=None),
        "a_date": now.date(),
        "a_time": now.time(),
        "a_timetz": now.timetz(),
        "an_interval": dt.timedelta(days=3, seconds=5),
        "a_json": {"a": [1, None, 2.5, "x"]},
        "a_jsonb": "only a text",
        "an_inet": ipaddress.IPv4Address("10.0.0.1"),
        "a_cidr": ipaddress.IPv6Network("2001:db8::/32"),
        "a_macaddr": "08:00:2b:01:02:03",
        "a_tsvector": "'fat' 'rat'",
        "a_tsquery": "'fat' & 'rat'",
        "a_jsonpath": '$."a"[*]',
        "a_regclass": "authors",
        "a_bit": asyncpg.BitString.from_int(5, 3),
        "a_varbit": asyncpg.BitString.from_int(21, 5),
        "a_point": asyncpg.Point(1, 2),
        "a_box": asyncpg.Box(asyncpg.Point(3, 4), asyncpg.Point(1, 2)),
        "a_circle": asyncpg.Circle(asyncpg.Point(0, 0), 5),
        "a_mood": Mood.IN_A_HURRY,
        "an_email": "a@b",
        "some_emails": ["a@b", "c@d"],
        "some_texts": ["", "x"],
        "some_moods": [Mood.CALM, Mood("3rd")],
        "some_numerics": [decimal.Decimal("0.1")],
        "some_json": [{"a": 1}, "x", None],
        "an_int4range": asyncpg.Range(1, 5),
        "a_tstzrange": asyncpg.Range(now, None),
        "a_price_range": asyncpg.Range(decimal.Decimal(1), decimal.Decimal(2), upper_inc=True),
        "a_multirange": [asyncpg.Range(1, 3), asyncpg.Range(7, None)],
        "an_hstore": {"a": "1", "b": None},
        "a_citext": "Ab",
        "an_address": Address(Street("Main", 5), [Mood.CALM], now.date()),
        "some_streets": [Street("a", 1), Street(None, None)],
    }


def test_a_value_of_every_type_goes_in_and_comes_out(made: Database) -> None:
    values = of_every_type()

    async def work(pool: Pool) -> EverythingRow | None:
        number = await everything.add_everything(pool, **values)
        return await everything.get_everything(pool, id=number)

    row = run(made, work)

    assert {name: getattr(row, name) for name in values} == values
    assert [type(mood) for mood in (row.a_mood, *row.some_moods, row.an_address.moods[0])] == [Mood] * 4


def test_a_parameter_that_may_be_none_may_be_none(made: Database) -> None:
    names = ("a_mood", "an_address", "some_streets", "some_moods", "a_jsonb", "a_range")
    given = {
        "a_mood": Mood.CALM,
        "an_address": Address(None, None, None),
        "some_streets": [Street("x", None)],
        "some_moods": [Mood.CALM],
        "a_jsonb": {"a": None},
        "a_range": asyncpg.Range(1, 2),
    }

    async def work(pool: Pool) -> list[Any]:
        return [await everything.echo_nothing(pool, **values) for values in (dict.fromkeys(names), given)]

    nothing, something = run(made, work)

    assert [getattr(nothing, name) for name in names] == [None] * 6
    assert {name: getattr(something, name) for name in names} == given


async def fill(pool: Pool) -> authors.CreateAuthorRow:
    ada = await authors.create_author(
        pool, name="Ada", born=dt.date(1815, 12, 10), mood=Mood.CALM, home=None, settings={"theme": "dark"}
    )
    await authors.create_author(
        pool, name="Bob", born=None, mood=Mood.IN_A_HURRY, home=Address(None, [], None), settings={"theme": "light"}
    )
    await books.add_books(pool, [AddBooksParams(author_id=1, title=title, mood=mood) for title, mood in BOOKS])
    return ada


MAYBE = authors.MaybeMoodsRow([None, Mood.CALM], [None, "x"])
BOOKS = [("Notes", None), ("Engines", Mood.CALM)]


def test_one_gives_a_row_a_value_or_none(made: Database) -> None:
    async def work(pool: Pool) -> list[Any]:
        ada = await fill(pool)
        return [
            ada,
            await authors.find_author(pool, name="Ada"),
            await authors.find_author(pool, name="nobody"),
            await authors.count_authors(pool),
            await authors.author_birth(pool, id=2),
            await authors.author_birth(pool, id=77),
            await authors.author_mood(pool, id=2),
            await authors.author_mood(pool, id=77),
            await books.touch_book(pool, row="New", value=1),
            await books.set_mood(pool, database=None),
            await authors.maybe_moods(pool),
        ]

    ada, found, *rest = run(made, work)

    assert ada == authors.CreateAuthorRow(
        id=1, name="Ada", born=dt.date(1815, 12, 10), mood=Mood.CALM, home=None, settings={"theme": "dark"}
    )
    assert found.settings["theme"] == "dark"
    assert rest == [None, 2, None, None, Mood.IN_A_HURRY, None, books.TouchBookRow("New", 1, None), None, MAYBE]


def test_many_gives_rows_with_rows_within(made: Database) -> None:
    async def work(pool: Pool) -> list[Any]:
        await fill(pool)
        await pool.execute("INSERT INTO notes VALUES ('Notes', NULL)")
        return [
            await authors.list_names(pool, limit=1, offset=1),
            await authors.filter_authors(pool, mood=Mood.CALM, born_since=None, names=["Ada", "Bob"]),
            await authors.authors_with_books(pool),
            await books.left_shelf(pool),
            await books.shelf(pool),
            await books.books_of(pool, titles=["Notes"], first=0),
        ]

    names, calm, with_books, left, shelf, of = run(made, work)

    assert names == ["Bob"]
    assert [type(author) for author in calm] == [AuthorsRow]
    assert with_books == [
        authors.AuthorsWithBooksRow(
            "Ada",
            [
                authors.AuthorsWithBooksRowBooks(1, "Notes", None, decimal.Decimal(1)),
                authors.AuthorsWithBooksRowBooks(2, "Engines", Mood.CALM, decimal.Decimal(1)),
            ],
            authors.AuthorsWithBooksRowSummary(decimal.Decimal(1), 2),
        ),
        authors.AuthorsWithBooksRow("Bob", [], authors.AuthorsWithBooksRowSummary(None, 0)),
    ]
    assert [(row.a.name, row.b and row.b.title, row.n) for row in left] == [
        ("Ada", "Notes", NotesRow("Notes", None)),
        ("Ada", "Engines", None),
        ("Bob", None, None),
    ]
    assert left[0].b == BooksRow(1, 1, "Notes", None, decimal.Decimal(1), None)
    assert [(row.name, row.title) for row in shelf] == [("Ada", "Engines"), ("Ada", "Notes"), ("Bob", None)]
    assert of == [books.BooksOfRow(1, "Notes", "Ada", "1")]


def test_odd_names_and_absent_records_are_read(made: Database) -> None:
    one = uuid.UUID(int=1)

    async def work(pool: Pool) -> list[Any]:
        await fill(pool)
        await odd.add_odd(
            pool, uuid=one, owner=one, bytes=5, payload=b"x", max=7, protocol=ProtocolType.TCP, role=Role.LABEL_1
        )
        return [
            await odd.all_odd(pool),
            await odd.odd_limits(pool),
            await odd.odd_roles(pool),
            await odd.record_arms(pool),
            await odd.records_within(pool),
            [(row.b is None, row.number) for row in await odd.embed_books(pool)],
        ]

    everything_odd, limits, roles, arms, within, totals = run(made, work)

    row = OddRow(one, one, 5, b"x", 7, ProtocolType.TCP, Role.LABEL_1)
    assert everything_odd == [row]
    assert limits == [odd.OddLimitsRow(7, one, [7, 1], row)]
    assert roles == [odd.OddRolesRowRoles(Role.LABEL_1, one)]
    assert [each.either.f1 for each in arms] == [1, None]
    assert [[book and book.id for book in each.books or ()] for each in within] == [[1, 2], [None]]
    assert sorted(totals) == [(False, 1), (False, 1), (True, 2)]


def test_iter_streams_inside_and_outside_of_a_transaction(made: Database) -> None:
    async def work(pool: Pool) -> tuple[list[str], list[Mood]]:
        await fill(pool)
        async with pool.acquire() as connection:
            names = [row.name async for row in authors.stream_names(connection, after=0)]
            async with connection.transaction(), aclosing(authors.stream_moods(connection)) as moods:
                first = [await anext(moods)]
        return names, first

    assert run(made, work) == (["Ada", "Bob"], [Mood.CALM])


def test_statements_tell_how_many_rows_they_touched(made: Database) -> None:
    async def work(pool: Pool) -> list[Any]:
        await fill(pool)
        now = dt.datetime.now(dt.UTC)
        await authors.notify(pool, row="x")
        await books.put_books(pool, [PutBooksParams(title="t", price=decimal.Decimal("1.5"), kind=None)] * 3)
        numbers = [
            await authors.rename(pool, name="Bea", id=2),
            await authors.rename(pool, name="Bea", id=77),
            await books.add_log(pool, [AddLogParams(at=now, word="x"), AddLogParams(at=now, word=None)]),
            await books.add_books(pool, []),
            len(await books.add_many(pool, titles=["a", "b"], moods=[None, Mood.CALM])),
        ]
        await pool.execute("UPDATE books SET author_id = NULL")
        await authors.forget(pool, ids=[1, 2])
        return [*numbers, await authors.count_authors(pool), await pool.fetchval("SELECT count(*) FROM books")]

    assert run(made, work) == [1, 0, 2, 0, 2, 0, 2 + 3 + 2]


def test_a_label_that_came_later_is_refused_and_not_passed_on(made: Database) -> None:
    async def work(pool: Pool) -> None:
        await fill(pool)
        await pool.execute("ALTER TYPE mood ADD VALUE 'new'; ")
        await pool.execute("UPDATE authors SET mood = 'new'")
        with pytest.raises(ValueError, match="'new' is not a valid Mood"):
            await authors.author_mood(pool, id=1)

    run(made, work)


def test_every_query_outlives_a_new_column_under_its_pool_inside_a_transaction(made: Database) -> None:
    """Its connections have prepared the statements before; inside a transaction asyncpg cannot do so anew."""

    async def everything_once(connection: Any) -> list[Any]:
        return [
            await authors.find_author(connection, name="Ada"),
            await authors.filter_authors(connection, mood=None, born_since=None, names=["Ada"]),
            await authors.authors_with_books(connection),
            await books.left_shelf(connection),
            await books.shelf(connection),
            await books.touch_book(connection, row="Notes", value=1),
            [row async for row in authors.stream_names(connection, after=0)],
        ]

    async def work(pool: Pool) -> None:
        await fill(pool)
        async with pool.acquire() as connection:
            before = await everything_once(connection)
            for table in ("authors", "books", "notes", "side.log"):
                await pool.execute(f"ALTER TABLE {table} ADD COLUMN later text NOT NULL DEFAULT 'x'")
            async with connection.transaction():
                assert await everything_once(connection) == before

    run(made, work)
