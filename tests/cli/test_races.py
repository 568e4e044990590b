"""Many at once, and deaths in the middle: each file is applied once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database, Project

COUNTING = "CREATE TABLE runs (version int);\n"


def finish(processes: list[subprocess.Popen[str]], timeout: float = 120) -> list[tuple[int, str]]:
    """Status and errors of each."""
    results = []
    for process in processes:
        _, err = process.communicate(timeout=timeout)
        assert "Traceback" not in err
        results.append((process.returncode, err))
    return results


def await_activity(database: Database, query: str) -> int:
    """The pid of the session that runs a query like this one, as soon as there is one."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        pid = database.value(
            f"SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            f" AND query LIKE '{query}' AND pid <> pg_backend_pid()"
        )
        if pid:
            return int(pid)
    raise AssertionError(query)


def await_lock_free(database: Database) -> float:
    """Seconds until nobody holds an advisory lock in the database."""
    start = time.monotonic()
    while database.value(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ):
        assert time.monotonic() - start < 20
    return time.monotonic() - start


@contextmanager
def holding(database: Database, *, table: str = "held", mode: str = "ACCESS SHARE") -> Iterator[None]:
    """Somebody sits in a transaction with a lock on the table."""
    with subprocess.Popen([database.server.psql(), "-X", "-q", database.url], stdin=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(f"BEGIN; LOCK TABLE {table} IN {mode} MODE;\n".encode())
        process.stdin.flush()
        deadline = time.monotonic() + 20
        while not database.value(f"SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass"):
            assert time.monotonic() < deadline
        yield


def test_ten_processes_at_once_apply_each_file_once(project: Project, database: Database) -> None:
    project.write("0001_create_runs", COUNTING)
    for version in range(2, 21):
        project.write(f"{version:04d}_run", f"INSERT INTO runs VALUES ({version}); SELECT pg_sleep(0.01);")

    results = finish([project.start("up") for _ in range(10)])

    assert [status for status, _ in results] == [0] * 10, results
    assert database.rows("SELECT version FROM runs ORDER BY version") == [(version,) for version in range(2, 21)]
    assert len(database.ledger()) == 20


def test_ten_processes_at_once_run_a_no_transaction_file_once(project: Project, database: Database) -> None:
    project.write("0001_create_runs", COUNTING)
    project.write("0002_run", "-- migrate: no-transaction\nINSERT INTO runs VALUES (2);\nSELECT pg_sleep(0.3);")
    project.write("0003_index", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY runs_idx ON runs (version);")

    results = finish([project.start("up") for _ in range(10)])

    assert [status for status, _ in results] == [0] * 10, results
    assert database.rows("SELECT version FROM runs") == [(2,)]
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'runs_idx'::regclass")


def test_kill_nine_between_the_statements_of_a_file_leaves_no_trace(project: Project, database: Database) -> None:
    project.write("0001_create_runs", COUNTING)
    project.migrate("up")
    project.write("0002_run", "INSERT INTO runs VALUES (2);\nSELECT pg_sleep(60);\nINSERT INTO runs VALUES (2);")
    process = project.start("up")
    await_activity(database, "SELECT pg_sleep(60)%")

    process.send_signal(signal.SIGKILL)
    process.communicate()
    await_lock_free(database)

    assert database.rows("SELECT * FROM runs") == []
    assert database.ledger() == [(1, "applied")]
    project.write("0002_run", "INSERT INTO runs VALUES (2);")
    assert project.migrate("up").returncode == 0
    assert database.rows("SELECT * FROM runs") == [(2,)]


def test_files_applied_before_the_connection_was_cut_are_reported(project: Project, database: Database) -> None:
    project.write_many({"0001_create_runs": COUNTING, "0002_run": "INSERT INTO runs VALUES (2);"})
    project.write("0003_sleep", "SELECT pg_sleep(1.5);")
    process = project.start("up")
    pid = await_activity(database, "SELECT pg_sleep(1.5)%")

    database.execute(f"SELECT pg_terminate_backend({pid})")
    out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert "applied 3 migrations" in out


def test_an_error_of_class_08_from_a_statement_is_no_lost_connection(project: Project) -> None:
    project.write("0001_raise", "DO $$ BEGIN RAISE EXCEPTION 'no way' USING ERRCODE = '08006'; END $$;")

    run = project.migrate("up")

    assert run.returncode == 1
    assert "error[apply.statement-failed]: no way (SQLSTATE 08006)" in run.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_cancels_rolls_back_and_says_so(
    project: Project, database: Database, number: signal.Signals, status: int
) -> None:
    project.write("0001_sleep", "CREATE TABLE a ();\nSELECT pg_sleep(60);")
    process = project.start("up")
    await_activity(database, "SELECT pg_sleep(60)%")

    process.send_signal(number)
    [(returned, err)] = finish([process], timeout=10)

    assert returned == status
    assert f"stopped by {number.name}" in err
    assert "state: 0001 was not applied." in err
    assert await_lock_free(database) < 1
    assert database.value("SELECT to_regclass('a')") is None


def test_a_killed_client_does_not_hold_the_lock_for_long(project: Project, database: Database) -> None:
    project.write("0001_sleep", "SELECT pg_sleep(60);")
    process = project.start("up")
    await_activity(database, "SELECT pg_sleep(60)%")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    project.write("0001_sleep", "SELECT 1;")

    run = project.migrate("up", timeout=15)

    assert run.returncode == 0, run.stderr


def test_a_waiter_says_who_holds_the_lock_and_gives_up_in_time(project: Project, database: Database) -> None:
    project.write("0001_sleep", "SELECT pg_sleep(60);")
    holder = project.start("up")
    pid = await_activity(database, "SELECT pg_sleep(60)%")

    run = project.migrate("up", "--lock-wait", "2500ms")

    assert run.returncode == 5
    assert f"waiting for another runner: pid {pid} on this host, migrate 0001_sleep, since" in run.stderr
    assert "error[lock.timeout]: another runner holds the lock after 2.5 s" in run.stderr
    holder.send_signal(signal.SIGTERM)
    finish([holder])


def test_a_runner_with_nothing_to_do_does_not_wait_for_the_lock(project: Project, database: Database) -> None:
    project.write("0001_a", "SELECT 1;")
    project.migrate("up")
    project.write("0002_sleep", "SELECT pg_sleep(60);")
    holder = project.start("up")
    await_activity(database, "SELECT pg_sleep(60)%")

    run = project.migrate("up", "--to", "1")

    assert (run.returncode, run.stderr) == (0, "")
    holder.send_signal(signal.SIGTERM)
    finish([holder])


def test_a_connection_that_is_cut_is_made_again(project: Project, database: Database) -> None:
    project.write("0001_create_runs", COUNTING)
    project.write("0002_run", "INSERT INTO runs VALUES (2);\nSELECT pg_sleep(1.5);")
    process = project.start("up")
    pid = await_activity(database, "SELECT pg_sleep(1.5)%")

    database.execute(f"SELECT pg_terminate_backend({pid})")
    [(status, err)] = finish([process])

    assert status == 0, err
    assert "warning: the connection to the server was lost" in err
    assert database.rows("SELECT * FROM runs") == [(2,)]


def test_a_table_that_somebody_holds_is_tried_again(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE held (id int)")
    project.write("0001_alter", "-- migrate: lock-timeout=100ms\nALTER TABLE held ADD COLUMN more int;")

    with holding(database):
        process = project.start("up")
        assert process.stderr
        assert any("0001_alter is locked out, trying again" in line for line in process.stderr)
    [(status, err)] = finish([process])

    assert status == 0, err


def test_who_is_in_the_way_is_named(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE held (id int)")
    project.write("0001_alter", "ALTER TABLE held ADD COLUMN more int;")

    with holding(database):
        run = project.migrate("up", "--retry-for", "3s")

    assert run.returncode == 5
    named = r"it waits for pid \d+ \(postgres, psql\), idle in transaction for 00:00:0\d: LOCK TABLE held"
    assert re.search(f"0001_alter is locked out, trying again: {named}", run.stderr), run.stderr
    assert re.search(f"detail: {named}", run.stderr), run.stderr


def test_a_concurrent_index_has_no_lock_timeout_and_says_whom_it_waits_for(
    project: Project, database: Database
) -> None:
    database.execute("CREATE TABLE held (id int)")
    project.write("0001_index", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY held_idx ON held (id);")

    with holding(database, mode="ROW EXCLUSIVE"):
        process = project.start("up", "--lock-timeout", "100ms")
        assert process.stderr
        assert re.match(r"0001_index waits for pid \d+ \(postgres, psql\), idle in", process.stderr.readline())
    [(status, err)] = finish([process])

    assert status == 0, err
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'held_idx'::regclass")


def test_a_table_that_somebody_holds_for_too_long_is_told(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE held (id int)")
    project.write("0001_alter", "-- migrate: lock-timeout=50ms\nALTER TABLE held ADD COLUMN more int;")

    with holding(database):
        run = project.migrate("up", "--retry-for", "500ms")

    assert run.returncode == 5
    assert "error[lock.locked-out]: canceling statement due to lock timeout, again and again for 0.5 s" in run.stderr
    assert "state: 0001 was rolled back." in run.stderr
