"""Folders in which each statement shows how often it ran, and how each of them ends, whatever happened on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

from runner import Config, resolve, up
from runner.errors import Unfinished
from runner.ledger.resolve import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database

RUNS = "CREATE TABLE runs (version int)"
ALONE = "-- migrate: no-transaction\n"
# None of the statements of the file `alone` can run twice, or ends as it should if it did not run at all.
SCENARIOS = {
    "transactional": {
        "0001_create_runs": f"{RUNS}; SELECT 1;",
        "0002_run": "INSERT INTO runs VALUES (2);\nSELECT 1;\nINSERT INTO runs VALUES (2);",
        "0003_run": "INSERT INTO runs VALUES (3);\nSELECT 1;",
    },
    "light": {"0001_create_runs": RUNS, "0002_a": "CREATE TABLE a ();", "0003_b": "CREATE TABLE b ();"},
    "index": {
        "0001_create_runs": RUNS,
        "0002_index": f"{ALONE}CREATE INDEX CONCURRENTLY runs_idx ON runs (version);",
        "0003_reindex": f"{ALONE}REINDEX INDEX CONCURRENTLY runs_idx;",
    },
    "no-transaction": {
        "0001_create_runs": RUNS,
        "0002_run": f"{ALONE}INSERT INTO runs VALUES (2);\nINSERT INTO runs VALUES (2);",
        "0003_run": "INSERT INTO runs VALUES (3);",
    },
    "alone": {
        "0001_create_runs": f"""
            {RUNS};
            CREATE INDEX runs_idx ON runs (version);
            CREATE TYPE mood AS ENUM ('sad');
            CREATE TABLE parts (version int) PARTITION BY RANGE (version);
            CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
            CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM runs;
            CREATE UNIQUE INDEX sums_key ON sums (count);
        """,
        "0002_alone": f"""{ALONE}
            DROP INDEX CONCURRENTLY runs_idx;
            ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY;
            ALTER TYPE mood ADD VALUE 'calm';
            INSERT INTO runs VALUES (2);
            REFRESH MATERIALIZED VIEW CONCURRENTLY sums;
            VACUUM runs;
            ALTER SYSTEM RESET application_name;
        """,
        "0003_run": "INSERT INTO runs SELECT 3 FROM sums WHERE count = 1 AND 'calm'::mood > 'sad';",
    },
    "procedure": {
        "0001_create_runs": f"""
            {RUNS};
            CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO runs VALUES (2); COMMIT; INSERT INTO runs VALUES (2); END $$;
        """,
        "0002_call": f"{ALONE}CALL fill();",
        "0003_run": "INSERT INTO runs VALUES (3);",
    },
}
EXPECTED = {
    "transactional": [2, 2, 3],
    "light": [],
    "index": [],
    "no-transaction": [2, 2, 3],
    "alone": [2, 3],
    "procedure": [2, 2, 3],
}
ASKS_A_PERSON = {"procedure"}


async def empty(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    await connection.close()


async def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(database.url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def finish(database: Database, folder: Path) -> bool:
    """One more `up`, a person helping where one must; whether one had to."""
    config = Config(folder=folder, database_url=database.url)
    try:
        await up(config)
    except Unfinished:
        [(ran,)] = await rows(database, "SELECT count(*)::int FROM runs WHERE version = 2")
        await resolve(config, 2, Decision.APPLIED if ran else Decision.RETRY, reason="looked")
        await up(config)
        return True
    return False


def check(database: Database, scenario: str) -> None:
    """Each file is there once, wholly, and nothing else."""
    assert [version for (version,) in database.rows("SELECT version FROM runs ORDER BY 1")] == EXPECTED[scenario]
    assert database.ledger() == [(1, "applied"), (2, "applied"), (3, "applied")]
    assert database.rows("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []
    assert database.rows("SELECT relname FROM pg_class WHERE relname ~ '_cc(new|old)'") == []
