"""The gateway's own schema: it applies as it is shipped, and it keeps the rules that the project has for SQL."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from runner import Config, load_folder, up, verify
from runner.catalog.difference import as_lines
from runner.migrations.migration import Mode
from runner.migrations.script import read_script
from runner.results import Against
from runner.verifying import verify_declared

if TYPE_CHECKING:
    from tests.conftest import Database, Server

FOLDER = Path(__file__).parents[2] / "sql/migrations"
OURS = "relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_migrations%' AND NOT relispartition"


@pytest.fixture
def gateway(database: Database) -> Database:
    """A database with the gateway's schema."""
    if database.value("SHOW server_version_num") < "150000":
        pytest.skip("the gateway's schema needs PostgreSQL 15")
    asyncio.run(up(Config(folder=FOLDER, database_url=database.url)))
    return database


def test_every_file_is_applied_and_at_least_one_runs_outside_a_transaction(gateway: Database) -> None:
    migrations = load_folder(FOLDER)

    assert len(gateway.ledger()) == len(migrations) >= 20
    assert any(migration.header.mode is Mode.NO_TRANSACTION for migration in migrations)


def test_every_table_has_a_comment(gateway: Database) -> None:
    tables = f"SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND {OURS}"

    assert len(gateway.rows(tables)) > 25
    assert gateway.rows(f"{tables} AND obj_description(oid, 'pg_class') IS NULL") == []


def test_every_foreign_key_has_an_index_that_starts_with_its_columns(gateway: Database) -> None:
    without = gateway.rows("""
        SELECT conname FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = conrelid AND indpred IS NULL
            AND (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(conkey)] @> conkey
        )
    """)

    assert without == []


def test_no_column_has_a_type_that_loses_money_time_or_length(gateway: Database) -> None:
    columns = gateway.rows(f"""
        SELECT relname, attname, format_type(atttypid, atttypmod) FROM pg_attribute JOIN pg_class ON oid = attrelid
        WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p') AND {OURS}
    """)

    bad = re.compile(r"timestamp.* without|real|double|character|^time\b|money|^json$")
    assert [column for column in columns if bad.search(column[2])] == []


def test_constraints_are_named_with_the_suffixes_of_postgresql(gateway: Database) -> None:
    suffix = {"p": "_pkey", "u": "_key", "f": "_fkey", "c": "_check", "x": "_excl"}
    rows = gateway.rows("""
        SELECT contype::text, conname FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conparentid = 0
        AND contype IN ('p', 'u', 'f', 'c', 'x')
    """)

    assert [name for kind, name in rows if not name.endswith(suffix[kind])] == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.stem)
def test_a_shipped_file_is_written_as_the_house_says(path: Path) -> None:
    text = path.read_text()
    migration = next(each for each in load_folder(FOLDER) if each.path == str(path))
    script = read_script(migration)

    assert re.fullmatch(r"\d{4}_[a-z]+_[a-z_]+", path.stem)
    assert "_and_" not in path.stem
    assert text.startswith("-- ")
    assert text.endswith(";\n")
    assert not re.search(r"\t| $", text, re.MULTILINE)
    for statement in script.statements:
        assert script.sql(statement).split()[0].isupper()
        assert "IF NOT EXISTS" not in script.sql(statement) or "CONCURRENTLY" in script.sql(statement)


def test_no_index_is_the_beginning_of_another(gateway: Database) -> None:
    indexes = gateway.rows("""
        SELECT indexrelid::regclass::text, indrelid, string_to_array(indkey::text, ' ') FROM pg_index
        JOIN pg_class ON oid = indexrelid JOIN pg_am ON pg_am.oid = relam
        WHERE NOT indisunique AND indpred IS NULL AND indexprs IS NULL AND amname = 'btree' AND NOT relispartition
        AND relnamespace = 'public'::regnamespace
    """)

    prefixes = [
        (short, long)
        for short, table, columns in indexes
        for long, other_table, other_columns in indexes
        if short != long and table == other_table and other_columns[: len(columns)] == columns
    ]
    assert prefixes == []


def test_a_fresh_schema_takes_spend_today_and_in_a_week(gateway: Database) -> None:
    partitions = "SELECT count(*) FROM pg_class WHERE relispartition"
    before = gateway.value(partitions)

    assert before > 14
    assert gateway.value("SELECT ensure_partitions(14)") == 0
    assert gateway.value(partitions) == before
    assert gateway.value("SELECT ensure_partitions(20)") > 0


def test_a_key_is_found_by_its_hash_with_one_index_probe(gateway: Database) -> None:
    gateway.execute("""
        WITH made AS (INSERT INTO organizations (name) VALUES ('acme') RETURNING id),
        key AS (
            INSERT INTO api_keys (name, hint, organization_id, created_by) SELECT 'ci', 'sk-abc', id, 'user:1' FROM made
            RETURNING id
        )
        INSERT INTO api_key_hashes (hash, key_id) SELECT sha256('secret'), id FROM key
    """)

    name = gateway.value("SELECT name FROM api_key_hashes JOIN api_keys ON id = key_id WHERE hash = sha256('secret')")

    assert name == "ci"


def test_a_change_of_configuration_is_told_to_those_who_listen(gateway: Database) -> None:
    async def listen() -> str:
        connection = await asyncpg.connect(gateway.url)
        heard: asyncio.Queue[str] = asyncio.Queue()
        await connection.add_listener("config_changes", lambda *told: heard.put_nowait(str(told[3])))
        await connection.execute("INSERT INTO settings (key, value, updated_by) VALUES ('a', '1', 'user:1')")
        told = await asyncio.wait_for(heard.get(), timeout=10)
        await connection.close()
        return told

    assert re.fullmatch(r"public:\d+", asyncio.run(listen()))


def test_the_declared_schema_is_what_the_migrations_make(server: Server, gateway: Database) -> None:
    """And the live schema is what both make, but for the partitions that a schedule makes."""
    config = Config(
        folder=FOLDER,
        declared_file=FOLDER.parent / "schema.sql",
        database_url=gateway.url,
        scratch_url=server.url,
        ignore=tuple(tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text())["tool"]["migrate"]["ignore"]),
    )

    assert as_lines(asyncio.run(verify_declared(config)).schema.differences or ()) == []
    for against in (Against.SNAPSHOT, Against.REPLAY):
        found = asyncio.run(verify(config, against=against)).schema
        assert found
        assert as_lines(found.differences or ()) == []
        assert found.differences == ()
