"""A file that others are in the way of: it does not hold up everybody else while it waits, and it is tried again."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from tests.cli.test_races import COUNTING, finish, holding
from tests.fire import await_row

if TYPE_CHECKING:
    from subprocess import Popen

    import asyncpg

    from tests.conftest import Database, Project


async def query_for(seconds: float, connection: asyncpg.Connection[asyncpg.Record]) -> list[float]:
    """How long each of the application's queries took, in seconds, one after the other with short pauses."""
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        await connection.fetchval("SELECT count(*) FROM held")
        took.append(time.monotonic() - start)
        await asyncio.sleep(0.01)
    return took


def test_a_queue_behind_an_alter_table_lasts_no_longer_than_its_lock_timeout(
    project: Project, database: Database
) -> None:
    database.execute("CREATE TABLE held (id int)")
    project.write("0001_alter", "-- migrate: lock-timeout=300ms\nALTER TABLE held ADD COLUMN more int;")

    with holding(database):  # the reader stays for six seconds
        process = project.start("up")
        took: list[float] = database.run(lambda connection: query_for(6, connection))
    [(status, err)] = finish([process])

    assert status == 0, err
    assert re.search(r"0001_alter is locked out, trying again: it waits for pid \d+ \(postgres, psql\), idle", err), err
    assert max(took) < 0.3 + 2, max(took)
    assert max(took) > 0.05, "nobody ever queued behind the file"
    assert database.ledger() == [(1, "applied")]


def test_a_file_that_deadlocks_is_tried_again_as_a_whole(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE a (); CREATE TABLE b ()")
    database.execute(f"ALTER DATABASE {database.name} SET deadlock_timeout = '3s'")
    project.write("0001_create_runs", COUNTING)
    project.write(
        "0002_run",
        "-- migrate: lock-timeout=30s\nINSERT INTO runs VALUES (2);\nSELECT pg_sleep(0);\n"
        "ALTER TABLE a ADD COLUMN x int;\nALTER TABLE b ADD COLUMN x int;\n",
    )

    async def cross(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Locks b, lets the file queue for it, and then wants a; the file is the one that finds the deadlock."""
        await connection.execute("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE b")
        processes.append(project.start("up"))
        deadline = time.monotonic() + 20
        while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert time.monotonic() < deadline
        await connection.execute("LOCK TABLE a; COMMIT")

    processes: list[Popen[str]] = []
    database.run(cross)
    [(status, err)] = finish(processes)

    assert status == 0, err
    await_row(database, "SELECT FROM pg_stat_database WHERE datname = current_database() AND deadlocks = 1")
    assert database.rows("SELECT version FROM runs") == [(2,)]
    assert database.ledger() == [(1, "applied"), (2, "applied")]


def test_a_serialization_failure_is_tried_again_as_a_whole(project: Project, database: Database) -> None:
    database.execute("CREATE SEQUENCE tries")
    project.write("0001_create_runs", COUNTING)
    project.write(
        "0002_run",
        "INSERT INTO runs VALUES (2);\nDO $$\nBEGIN\n    IF nextval('tries') < 3 THEN\n"
        "        RAISE EXCEPTION 'not yet' USING ERRCODE = 'serialization_failure';\n    END IF;\nEND\n$$;\n",
    )

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert database.value("SELECT last_value FROM tries") == 3
    assert database.rows("SELECT version FROM runs") == [(2,)]
    assert database.ledger() == [(1, "applied"), (2, "applied")]
