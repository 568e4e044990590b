"""What is called NOT NULL never comes out NULL: proven answers, every function of the server, queries by chance."""

from __future__ import annotations

import asyncio
import os
import re
import uuid
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runner.client.calls import ENDLESS
from runner.client.describe import describe
from runner.client.queries import parse_files
from runner.server.sql import load_sql
from tests.conftest import Database, Server, with_database
from tests.postgres.authors import Author
from tests.postgres.odd_values import Called, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.client.described import Described
    from runner.client.queries import Query

    Connection = asyncpg.Connection[Any]

CORPUS = Path(__file__).parent / "corpus"
CAREFUL = CORPUS / "careful.golden"
SINCE = {"queries.sql": 15, "queries_17.sql": 17, "queries_18.sql": 18}
"""The files of queries, and the first major that knows what is in them."""
SPARSE = 3  # databases with rows by chance
BY_CHANCE = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=150,
    phases=[Phase.generate],  # a failure tells enough; to shrink it takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# No value comes of these here: they are kept for their names alone, or need a server with libxml.
SILENT = frozenset({"aclinsert(aclitem[], aclitem)", "aclremove(aclitem[], aclitem)", "xml(text)"})


class Truth(NamedTuple):
    """What a query's head in the corpus says; columns and parameters with ? may be NULL."""

    columns: list[str]
    parameters: list[str]
    one_row: bool
    runs: list[list[str]]
    """The values of each run, in the order of the parameters."""


def truth(query: Query) -> Truth:
    """What the head of a query says."""
    said: dict[str, list[str]] = {}
    for line in query.docs:
        key, _, text = line.partition(":")
        said.setdefault(key, []).append(text.strip())
    columns, parameters = (re.findall(r"[^\s,]+", " ".join(said.get(key, []))) for key in ("columns", "parameters"))
    runs = [dict(re.findall(r"(\w+) => (.+?)(?=, \w+ =>|$)", run)) for run in said.get("run", [])]
    ordered = [[run[name.rstrip("?")] for name in parameters] for run in runs or [{}]]
    return Truth(columns, parameters, said.get("rows") == ["one"], ordered)


@cache
def queries(file: str) -> tuple[Query, ...]:
    """The queries of a file of the corpus."""
    return parse_files({file: (CORPUS / file).read_text()})[0].queries


class Bench:
    """Databases with the schema of the corpus, each with other rows, and a connection to each that stays open."""

    def __init__(self, server: Server) -> None:
        self.admin = Database(server.url, "postgres", server)
        self.name = f"inference_{uuid.uuid4().hex[:8]}"
        self.loop = asyncio.Runner()
        self.connections: list[Connection] = []
        self.major = 0

    def add(self, *rows: str) -> None:
        """One more database; the SQL in `rows` fills it."""
        name = f"{self.name}_{len(self.connections)}"
        self.admin.execute(f"CREATE DATABASE {name}")
        self.connections.append(self.loop.run(self._fill(with_database(self.admin.url, name), rows)))

    async def _fill(self, url: str, rows: tuple[str, ...]) -> Connection:
        connection = await asyncpg.connect(url, statement_cache_size=0)
        self.major = connection.get_server_version().major
        await connection.execute("SET statement_timeout = '2s'; SET client_min_messages = error; SET jit = off")
        await connection.execute((CORPUS / "schema.sql").read_text())
        for sql in rows:
            await connection.execute(sql)
        return connection

    def close(self) -> None:
        for number, connection in enumerate(self.connections):
            self.loop.run(connection.close())
            self.admin.execute(f"DROP DATABASE {self.name}_{number}")
        self.loop.close()

    def files(self) -> list[str]:
        """The files of queries that this server knows."""
        return [file for file, since in SINCE.items() if self.major >= since]

    def describe(self, asked: tuple[Query, ...]) -> list[Described]:
        """What the inference says of the queries that the server accepts."""
        return self.loop.run(describe(self.connections[0], asked)).accepted

    def fetch(self, connection: Connection, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a query whose traces are undone. Raises what the server raises."""

        async def work() -> list[asyncpg.Record]:
            undone = connection.transaction()
            await undone.start()
            try:
                return await connection.fetch(sql, *arguments)
            finally:
                await undone.rollback()

        return self.loop.run(work())


@pytest.fixture(scope="module")
def bench(server: Server) -> Iterator[Bench]:
    """One database with the corpus's own rows, an empty one, and some with rows by chance."""
    made = Bench(server)
    newer = (CORPUS / "schema_18.sql").read_text()
    try:
        made.add((CORPUS / "data.sql").read_text())
        if made.major < min(SINCE.values()):
            pytest.skip(f"the corpus needs PostgreSQL {min(SINCE.values())}")
        if made.major >= SINCE["queries_18.sql"]:
            made.loop.run(made.connections[0].execute(newer))
        made.add()
        for seed in range(1, SPARSE + 1):
            made.add(f"SELECT setseed(0.{seed})", (CORPUS / "sparse.sql").read_text())
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def answers(bench: Bench) -> Mapping[str, list[Described]]:
    """What the inference says of the corpus, file by file."""
    return {file: bench.describe(queries(file)) for file in bench.files()}


def test_the_server_accepts_every_query_of_the_corpus(answers: Mapping[str, list[Described]]) -> None:
    for file, described in answers.items():
        assert [each.query.name for each in described] == [query.name for query in queries(file)]


def test_no_answer_is_bolder_than_the_truth(answers: Mapping[str, list[Described]]) -> None:
    bold = [
        f"{each.query.name}: {column}"
        for described in answers.values()
        for each in described
        for column, field in zip(truth(each.query).columns, each.columns, strict=True)
        if column.rstrip("?") != field.name or (column.endswith("?") and not field.nullable)
    ]
    bold += [
        f"{each.query.name}: one row"
        for described in answers.values()
        for each in described
        if each.one_row and not truth(each.query).one_row
    ]

    assert bold == []


def test_where_answers_are_too_careful_is_known(answers: Mapping[str, list[Described]]) -> None:
    """Each of them is listed; what is new in the list, or gone from it, is a change to look at."""
    text = CAREFUL.read_text() if CAREFUL.exists() else ""
    known = dict(re.findall(r"^## (.+)\n((?:(?!## ).+\n)*)", text, re.MULTILINE))
    found = {file: "".join(f"{line}\n" for line in careful(described)) for file, described in answers.items()}
    if os.environ.get("GOLDEN"):
        sections = sorted({**known, **found}.items())
        CAREFUL.write_text("".join(f"## {file}\n{lines}" for file, lines in sections))
        return

    assert found == {file: known.get(file, "") for file in found}


def careful(described: list[Described]) -> list[str]:
    """The columns that are never NULL and not called so, and the queries whose one row is not seen."""
    lines = [
        f"{each.query.name}: {column}"
        for each in described
        for column, field in zip(truth(each.query).columns, each.columns, strict=True)
        if field.nullable and not column.endswith("?")
    ]
    return lines + [f"{each.query.name}: one row" for each in described if truth(each.query).one_row > each.one_row]


def test_parameters_are_as_the_truth_has_them(answers: Mapping[str, list[Described]]) -> None:
    for described in answers.values():
        for each in described:
            found = [parameter.name + "?" * parameter.nullable for parameter in each.parameters]
            assert found == truth(each.query).parameters, each.query.name


def test_nothing_certain_is_null_in_a_run_of_the_corpus(bench: Bench, answers: Mapping[str, list[Described]]) -> None:
    for described in answers.values():
        for each in described:
            for values in truth(each.query).runs:
                sql = each.sql
                if values:
                    bench.loop.run(bench.connections[0].execute(f"DEALLOCATE ALL; PREPARE asked AS {sql}"))
                    sql = f"EXECUTE asked ({', '.join(values)})"
                check(each, bench.fetch(bench.connections[0], sql))


def check(described: Described, rows: list[asyncpg.Record]) -> None:
    """Fails if rows break what was said of them."""
    certain = [number for number, field in enumerate(described.columns) if not field.nullable]
    assert not [number for row in rows for number in certain if row[number] is None], described.sql
    assert len(rows) == 1 or not described.one_row, described.sql


_AROUND_A_FULL_JOIN = """
SELECT s.v FROM (VALUES (1)) m (n) LEFT JOIN team o ON false CROSS JOIN LATERAL
    (SELECT coalesce(a.x, o.id) AS v FROM (VALUES (1)) a (x) FULL JOIN (VALUES (2)) b (y) ON x = y) s
"""
_VOLATILE = """
SELECT abs(nullif(floor(random() * 2), 0)) FROM generate_series(1, 50)
WHERE abs(nullif(floor(random() * 2), 0)) > 0
"""
_WITHIN_A_RECURSION = """
WITH RECURSIVE r (a, b, k) AS (
    SELECT 1, 2, 0
    UNION ALL
    SELECT i.a, 2, r.k + 1
    FROM r, (
        WITH RECURSIVE r (a, b, k) AS (
            SELECT 1, NULL::integer, 0 UNION ALL SELECT r.b, r.a, k + 1 FROM r WHERE k < 2
        )
        SELECT r.a FROM r
    ) i
    WHERE r.k < 1
)
SELECT a FROM r
"""


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT generate_series(1, 2) + generate_series(1, 3)",
        "SELECT 1 = ANY (ARRAY[ARRAY[2, NULL]])",
        "SELECT scale('NaN'::numeric), 'infinity'::timestamp::time, 'infinity'::timestamptz::timetz",
        "SELECT length(name) FROM person WHERE length(name) >= 0 GROUP BY ROLLUP (name)",
        "SELECT id::bigint + 1 FROM team GROUP BY ROLLUP (int8(id))",
        "SELECT (SELECT t.id) FROM team t GROUP BY ROLLUP (t.id)",
        _AROUND_A_FULL_JOIN,
        _VOLATILE,
        _WITHIN_A_RECURSION,
    ],
    ids=[
        "sets of different length in one column",
        "an array of arrays",
        "functions of endless values",
        "a condition that grouping sets come after",
        "a grouping in other words",
        "a grouping of the query around",
        "a column of the query around a full join",
        "a condition on another call of a volatile function",
        "a recursion within one of the same name",
    ],
)
def test_a_trap_is_seen(bench: Bench, sql: str) -> None:
    [described] = asked(bench, sql)
    found = [bench.fetch(connection, sql) for connection in bench.connections]

    assert any(None in row.values() for rows in found for row in rows), "this is no trap"
    for rows in found:
        check(described, rows)


def asked(bench: Bench, sql: str) -> list[Described]:
    """What is said of one query; nothing if the server refuses it."""
    return bench.describe(parse_files({"asked.sql": f"-- name: Asked :many\n{sql};\n"})[0].queries)


_TOLD = """
CREATE FUNCTION pg_temp.told(calls text[]) RETURNS TABLE (call text, told text) LANGUAGE plpgsql AS $$
DECLARE nulls integer;
BEGIN
    FOREACH call IN ARRAY calls LOOP
        BEGIN
            EXECUTE 'SELECT num_nulls(' || call || ')' INTO nulls;
            told := CASE nulls WHEN 0 THEN 'value' ELSE 'null' END;
        EXCEPTION WHEN OTHERS THEN
            told := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END
$$
"""


def test_no_function_that_is_called_certain_gives_null(bench: Bench) -> None:
    """All of the server's, with the odd values of their types; and each of them gives a value at least once."""

    async def work(connection: Connection) -> tuple[list[Called], dict[str, str]]:
        everything = await connection.fetchval("SELECT array_agg(oid)::text FROM pg_proc WHERE oid < 16384")
        marked = await connection.fetch(load_sql("client", "functions", mentioned=everything))
        certain = {row[0]: row[4] for row in marked if row[4]}
        found = await connection.fetch(
            "SELECT oid, proname, proargtypes::oid[]::regtype[]::text[], provariadic <> 0 FROM pg_proc "
            "WHERE oid = ANY ($1)",
            list(certain),
        )
        called = [Called(name, tuple(types), variadic, certain[oid] == "never") for oid, name, types, variadic in found]
        await connection.execute(f"SET statement_timeout = 0; {_TOLD}")
        calls = [call for each in called for call in each.calls()]
        return called, dict(await connection.fetch("SELECT * FROM pg_temp.told($1)", calls, timeout=60))

    called, told = bench.loop.run(work(bench.connections[0]))

    assert len(called) > 900
    assert [call for call, answer in told.items() if answer == "null"] == []
    silent = {each.signature for each in called if "value" not in {told[call] for call in each.calls()}}
    assert silent <= SILENT


def test_no_endless_field_is_null(bench: Bench) -> None:
    """Those that extract() has even of infinity, for each type that it takes."""
    for kind in ("date", "timestamp without time zone", "timestamp with time zone", "interval"):
        for value in values_of(kind):
            for field in sorted(ENDLESS):
                try:
                    rows = bench.fetch(bench.connections[0], f"SELECT extract({field} FROM {value})")
                except asyncpg.DataError:
                    continue  # intervals have no Julian day
                except asyncpg.FeatureNotSupportedError:
                    continue
                assert rows[0][0] is not None, (field, value)


@BY_CHANCE
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_nothing_certain_is_null_in_any_query(bench: Bench, seed: int) -> None:
    chance = Random(seed)  # noqa: S311  # to be the same each time is what it is for
    for described in asked(bench, Author(chance, bench.major).statement()):
        for connection in bench.connections:
            known: dict[str, list[object]] = {"n": [None, 0, 1, 2], "word": [None, "", "a"]}
            arguments = [chance.choice(known[parameter.name]) for parameter in described.parameters]
            try:
                rows = bench.fetch(connection, described.sql, *arguments)
            except (asyncpg.PostgresError, OverflowError):
                continue  # a division by zero, a row that a constraint forbids
            check(described, rows)
