"""Every kind of change by hand is found, named and shown, and nothing else is (drift.sql, drift.golden)."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import pytest

from runner.catalog.catalog import Catalog, read_catalog
from runner.catalog.difference import as_lines, compare
from runner.catalog.introspect import Scope, pattern, read_lines, read_whole, settings_sql
from runner.catalog.snapshot import fingerprint_of
from runner.server.cluster import Cluster
from tests.conftest import BINARIES, GIVEN, Database, Server, with_database

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SCHEMA = (HERE / "drift.sql").read_text()
GOLDEN = HERE / "drift.golden"
_SECTION = re.compile(r"^## (.+)\n((?:.*\n)+?)---\n((?:(?!## ).+\n)*)", re.MULTILINE)
_ROLE = "CREATE ROLE drift_reader"


class Case(NamedTuple):
    """A change by hand, and what is told of it."""

    name: str
    sql: str
    told: str


CASES = [Case(*match.groups()) for match in _SECTION.finditer(GOLDEN.read_text())]


def scope(connection: asyncpg.Connection[Any], *ignored: str) -> Scope:
    return Scope("public", pattern(ignored), connection.get_server_version().major * 10_000)


async def catalog(connection: asyncpg.Connection[Any], *ignored: str) -> Catalog:
    """The catalog as it is within the connection's transaction."""
    await connection.execute(settings_sql())
    found = scope(connection, *ignored)
    return read_catalog(await read_lines(connection, found), found.major)


async def make(connection: asyncpg.Connection[Any], schema: str = SCHEMA) -> None:
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'drift_reader')"):
        await connection.execute(_ROLE)
    await connection.execute(f"SET client_min_messages = error; {schema}; RESET ALL")


@pytest.fixture(scope="module")
def made(server: Server) -> Iterator[Database]:
    """One database with the schema, for all changes: each is rolled back."""
    name = f"drift_{uuid.uuid4().hex[:8]}"
    admin = Database(server.url, "postgres", server)
    admin.execute(f"CREATE DATABASE {name}")
    database = Database(with_database(server.url, name), name, server)
    database.run(make)
    yield database
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def told(database: Database, sql: str) -> str:
    """What is told of a change."""

    async def work(connection: asyncpg.Connection[Any]) -> list[str]:
        before = connection.transaction()
        await before.start()
        expected = await catalog(connection)
        await connection.execute("RESET ALL")
        await connection.execute(sql)
        return as_lines(compare(expected, await catalog(connection)))

    return "".join(re.sub(r"\b(customers|invoices)\.(?=\w)", "", line) + "\n" for line in database.run(work))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_change_by_hand_is_found_and_nothing_else(made: Database, case: Case) -> None:
    seen = told(made, case.sql)
    if os.environ.get("GOLDEN"):
        rewrite(case, seen)
        return

    assert seen == case.told
    assert seen


def rewrite(case: Case, seen: str) -> None:
    text = GOLDEN.read_text()
    GOLDEN.write_text(text.replace(f"{case.sql}---\n{case.told}", f"{case.sql}---\n{seen}"))


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO customers (email) VALUES ('a@b'); UPDATE customers SET credit = 5",
        "SELECT nextval('ticket_seq')",
        "ANALYZE customers",
        "REINDEX TABLE customers",
        "REFRESH MATERIALIZED VIEW totals",
        "SET LOCAL search_path = billing; SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL datestyle = 'German'",
        "CREATE TEMP TABLE passing (id integer)",
        "ALTER TABLE customers ADD COLUMN passing text; ALTER TABLE customers DROP COLUMN passing",
        "ALTER TABLE billing.invoices OWNER TO drift_reader",
    ],
    ids=[
        "rows",
        "the position of a sequence",
        "statistics",
        "an index rebuilt",
        "a view refreshed",
        "settings of the session",
        "a temporary table",
        "a column that came and went",
        "an owner",
    ],
)
def test_what_is_not_schema_is_no_difference(made: Database, sql: str) -> None:
    assert told(made, sql) == ""


async def fingerprint(connection: asyncpg.Connection[Any]) -> str:
    async with connection.transaction():
        await connection.execute(settings_sql())
        return fingerprint_of(await read_lines(connection, scope(connection)))


def test_the_order_of_creation_and_the_role_do_not_count(made: Database, database: Database) -> None:
    """Two schemas, made forwards and with the independent tables the other way round, have the same lines."""
    first, second, rest = SCHEMA.partition("CREATE TABLE events")
    tables = re.findall(
        r"CREATE TABLE events \(.*?;|CREATE INDEX events_kind.*?;|CREATE TABLE events_p.*?;", second + rest, re.DOTALL
    )
    without = second + rest
    for each in tables:
        without = without.replace(each, "", 1)
    shuffled = "CREATE ROLE x; DROP ROLE x;" + "\n".join(tables) + first + without

    database.run(lambda connection: make(connection, shuffled))

    assert database.run(fingerprint) == made.run(fingerprint)


def test_a_restored_dump_is_the_same_schema(made: Database, database: Database, server: Server) -> None:
    programs = server.binaries.folder if server.binaries else Path()
    if not (programs / "pg_dump").exists():
        pytest.skip("these binaries have no pg_dump")
    dumped = subprocess.run([programs / "pg_dump", "-s", "-d", made.url], capture_output=True, text=True, check=True)
    subprocess.run(
        [server.psql(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url],
        input=dumped.stdout,
        text=True,
        check=True,
        capture_output=True,
    )

    assert database.run(fingerprint) == made.run(fingerprint)


def test_patterns_leave_out_a_table_with_all_that_belongs_to_it(made: Database) -> None:
    async def kept(connection: asyncpg.Connection[Any]) -> set[str]:
        async with connection.transaction():
            objects = (await catalog(connection, "events*", "billing.*")).objects
        return {key.path for key in objects}

    paths = made.run(kept)

    assert not [path for path in paths if path.startswith(("billing.", "public.events"))]
    assert "public.customers" in paths


def test_needs_follow_views_defaults_keys_and_types(made: Database) -> None:
    async def whole(connection: asyncpg.Connection[Any]) -> Catalog:
        async with connection.transaction():
            await connection.execute(settings_sql())
            return await read_whole(connection, scope(connection))

    needs = {
        (key.kind, key.relation, key.name): {f"{each.kind} {each.relation}.{each.name}" for each in needed}
        for key, needed in made.run(whole).needs.items()
    }

    assert "column customers.credit" in needs["view", "rich", ""]
    assert "domain cents." in needs["column", "invoices", "amount"]
    assert "constraint customers.customers_pkey" in needs["constraint", "invoices", "invoices_customer_id_fkey"]
    assert "sequence invoices.invoices_id_seq" in needs["column", "invoices", "id"]
    assert "function .touch()" in needs["trigger", "customers", "customers_touch"]
    assert "column customers.email" in needs["comment", "customers", "COLUMN customers.email"]


def test_majors_make_no_difference_but_in_how_views_are_spelled(tmp_path: Path) -> None:
    """The same schema on every major of this machine: compared, there is nothing to tell."""
    if GIVEN or len(BINARIES) < 2:
        pytest.skip("there is one major here")
    catalogs = [asyncio.run(_made_alone(Cluster(tmp_path / name, each))) for name, each in BINARIES.items()]

    assert len({each.major for each in catalogs}) > 1
    for other in catalogs[1:]:
        assert as_lines(compare(catalogs[0], other)) == []


async def _made_alone(cluster: Any) -> Catalog:
    cluster.initialize(sync=False)
    process = cluster.start(["-c", "fsync=off"], dies_with_parent=True)
    try:
        connection = await asyncpg.connect(cluster.url())
        try:
            await make(connection)
            async with connection.transaction():
                return await catalog(connection)
        finally:
            await connection.close()
    finally:
        cluster.stop(process)
