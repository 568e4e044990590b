"""Fleets: hundreds of processes start at once, some die at their work, and each file is applied once."""

from __future__ import annotations

import asyncio
import random
import secrets
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg
import pytest

from runner.ledger.entry import NO_HISTORY, chain
from tests.cli.test_races import COUNTING, await_lock_free, finish, holding
from tests.conftest import ON_ONE_SERVER, Project
from tests.fire import await_row, in_the_background, own_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Database
    from tests.fire import OwnServer

FILES = range(2, 51)
DEATHS = 100


@pytest.fixture
def narrow(scratch: Path, tmp_path: Path) -> Iterator[OwnServer]:
    """A server with room for twenty connections."""
    with own_server(scratch / f"narrow_{tmp_path.name}", "max_connections=20") as server:
        yield server


def fleet(root: Path, database: Database, text: str) -> Project:
    """A folder of fifty files, the first of which makes the table that the others count in."""
    project = Project(root, database.url, {"MIGRATE_WAIT": "5min"})
    project.write("0001_create_runs", COUNTING)
    project.write_many({f"{version:04d}_run": text.format(version) for version in FILES})
    return project


def assert_each_file_once(project: Project, database: Database) -> None:
    """Effects, entries and histories are those of one runner that nobody disturbed."""
    assert database.rows("SELECT version FROM runs ORDER BY version") == [(version,) for version in FILES]
    assert database.ledger() == [(version, "applied") for version in (1, *FILES)]
    history = NO_HISTORY
    for version, checksum, written in database.rows("SELECT version, checksum, history FROM _migrations ORDER BY 1"):
        history = chain(history, version, checksum)
        assert written == history, version
    await_lock_free(database)
    assert project.migrate("up").stdout == "nothing to do: the database is at 0050_run\n"
    assert project.migrate("verify", "--files").returncode == 0


@pytest.mark.timeout(300)
def test_two_hundred_processes_share_twenty_connections(narrow: OwnServer, tmp_path: Path) -> None:
    project = fleet(tmp_path, narrow.database, "INSERT INTO runs VALUES ({0}); SELECT pg_sleep(0.02);")

    results = finish([in_the_background(project.start("up")) for _ in range(200)], timeout=240)

    assert [status for status, _ in results] == [0] * 200, results
    assert_each_file_once(project, narrow.database)


@dataclass(slots=True)
class Hunted:
    """Processes that are killed at random and started again; each tells the server its number."""

    project: Project
    chance: random.Random
    living: dict[int, subprocess.Popen[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    deaths: int = 0

    def start(self, number: int) -> None:
        url = f"{self.project.url}&fleet.number={number}"
        self.living[number] = in_the_background(self.project.start("up", "--database-url", url))

    def kill(self, number: int) -> None:
        """Kills the process unless it is done, and starts it again."""
        process = self.living[number]
        if process.poll() is not None:
            return
        process.kill()
        self.errors.append(process.communicate()[1])
        self.deaths += 1
        self.start(number)

    async def hunt(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Kills until enough have died: mostly the one at work, at any moment of its file, now and then any."""
        while self.deaths < DEATHS and any(process.poll() is None for process in self.living.values()):
            at_work = await connection.fetchval(
                "SELECT substr(application_name, 9) FROM pg_stat_activity WHERE application_name LIKE 'at work %'"
            )
            if self.chance.random() < 0.02:
                self.kill(self.chance.choice(list(self.living)))
            elif at_work and self.chance.random() < 0.5:
                await asyncio.sleep(self.chance.uniform(0, 0.04))
                self.kill(int(at_work))
            else:
                await asyncio.sleep(self.chance.uniform(0, 0.04))


HUNTED = (
    "SELECT set_config('application_name', 'at work ' || current_setting('fleet.number'), true);\n"
    "INSERT INTO runs VALUES ({0});\nSELECT pg_sleep(0.03);\nSELECT pg_sleep(0.05);\n"
)  # long enough for a hunter on a busy machine


@pytest.mark.timeout(300)
def test_a_hundred_deaths_among_two_hundred_processes_leave_each_file_applied_once(
    narrow: OwnServer, tmp_path: Path
) -> None:
    seed = secrets.randbelow(2**32)
    database = narrow.database
    hunted = Hunted(fleet(tmp_path, database, HUNTED), random.Random(seed))  # noqa: S311  # not a secret

    async def run() -> None:
        connection = await asyncpg.connect(database.url)
        for number in range(200):
            hunted.start(number)
        await hunted.hunt(connection)
        await connection.close()

    asyncio.run(run())
    results = finish(list(hunted.living.values()), timeout=240)

    assert [status for status, _ in results] == [0] * 200, (seed, results)
    assert not any("Traceback" in error for error in hunted.errors), (seed, hunted.errors)
    assert_each_file_once(hunted.project, database)
    in_the_middle = narrow.log().count("with an open transaction") + narrow.log().count("connection to client lost")
    assert hunted.deaths == DEATHS, seed
    assert in_the_middle >= 50, seed


@contextmanager
def reading(database: Database) -> Iterator[None]:
    """Somebody sits in a transaction with an old snapshot and reads nothing any more."""
    with subprocess.Popen([database.server.psql(), "-X", "-q", database.url], stdin=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(b"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) AS seen FROM held \\gset\n")
        process.stdin.flush()
        await_row(database, "SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND backend_xmin <> '0'")
        yield


def progress(phase: str) -> str:
    return f"SELECT FROM pg_stat_progress_create_index WHERE phase = '{phase}'"


@pytest.fixture
def roomy(scratch: Path, tmp_path: Path) -> Iterator[OwnServer]:
    """A server of its own, so that its counters are about this test alone."""
    with own_server(scratch / f"roomy_{tmp_path.name}") as server:
        yield server


@pytest.mark.timeout(300)
def test_fifty_waiters_never_deadlock_with_a_concurrent_index(roomy: OwnServer, tmp_path: Path) -> None:
    database = roomy.database
    project = Project(tmp_path, database.url)
    database.execute("CREATE TABLE held (id int); INSERT INTO held SELECT generate_series(1, 1000)")
    project.write("0001_index", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY held_idx ON held (id);")

    with reading(database):
        with holding(database, mode="ROW EXCLUSIVE"):
            builder = project.start("up")
            await_row(database, progress("waiting for writers before build"))
            waiters = [in_the_background(project.start("up")) for _ in range(50)]
            for waiter in waiters:
                assert waiter.stderr
                assert "waiting for another runner" in waiter.stderr.readline()
            time.sleep(2)  # all of them ask for the lock now and then, while the index waits for the writer
        await_row(database, progress("waiting for old snapshots"))
        time.sleep(5)  # and for the reader
        assert database.rows(progress("waiting for old snapshots"))
    results = finish([builder, *waiters])

    assert [status for status, _ in results] == [0] * 51, results
    assert not any("deadlock" in err or "40P01" in err for _, err in results), results
    assert database.value("SELECT sum(deadlocks) FROM pg_stat_database") == 0
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'held_idx'::regclass")


def mixed(version: int) -> str:
    """A file that counts itself: in its transaction or outside any, or that builds the index anew."""
    alone = "-- migrate: no-transaction\n"
    match version % 3:
        case 0:
            return f"INSERT INTO runs VALUES ({version});\nSELECT pg_sleep(0.02);\n"
        case 1:
            return f"{alone}INSERT INTO runs VALUES ({version});\nSELECT pg_sleep(0.02);\n"
        case _:
            return f"{alone}INSERT INTO runs VALUES ({version});\nREINDEX INDEX CONCURRENTLY runs_idx;\n"


@ON_ONE_SERVER
@pytest.mark.timeout(300)
def test_thirty_replicas_at_once_apply_files_of_both_kinds_once(project: Project, database: Database) -> None:
    project.write("0001_create_runs", "CREATE TABLE runs (version int); CREATE INDEX runs_idx ON runs (version);")
    project.write_many({f"{version:04d}_run": mixed(version) for version in range(2, 20)})

    results = finish([in_the_background(project.start("up")) for _ in range(30)])

    assert [status for status, _ in results] == [0] * 30, results
    assert database.rows("SELECT version FROM runs ORDER BY 1") == [(version,) for version in range(2, 20)]
    assert database.ledger() == [(version, "applied") for version in range(1, 20)]
    assert database.rows("SELECT relname FROM pg_class WHERE relname ~ '_cc(new|old)'") == []
