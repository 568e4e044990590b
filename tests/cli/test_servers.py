"""Servers that are not a plain primary: a transaction pooler in front, a hot standby."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from runner.server.cluster import Cluster
from runner.server.demote import choose_identity, preparation
from tests.conftest import Database, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Project, Server

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_pgbouncer = pytest.mark.skipif(not PGBOUNCER, reason="pgbouncer is not installed")


@contextmanager
def pooled(database: Database, folder: Path) -> Iterator[str]:
    """A PgBouncer in transaction mode with two server connections in front of the database."""
    port = free_port()
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        "pool_mode": "transaction",
        "default_pool_size": 2,
        "max_client_conn": 100,
    }
    lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
    upstream = f"{database.name} = host=127.0.0.1 port={database.server.tcp} user=postgres"
    (folder / "pgbouncer.ini").write_text(f"[databases]\n{upstream}\n[pgbouncer]\n{lines}\n")
    folder.chmod(0o755)
    prepare = preparation(choose_identity(folder / "none", Path("/usr")), dies_with_parent=True)
    command = [str(PGBOUNCER), str(folder / "pgbouncer.ini")]
    with subprocess.Popen(command, preexec_fn=prepare, stderr=subprocess.DEVNULL) as process:  # noqa: PLW1509
        pooler = replace(database, url=f"postgresql://postgres@127.0.0.1:{port}/{database.name}")
        deadline = time.monotonic() + 20
        while True:
            with suppress(OSError):
                assert pooler.value("SELECT 1") == 1
                break
            assert time.monotonic() < deadline
        yield pooler.url
        process.terminate()


@pytest.fixture
def pooler(database: Database, scratch: Path) -> Iterator[str]:
    if not database.server.tcp:
        pytest.skip("needs a server on the loopback address")
    folder = scratch / f"pgbouncer_{database.name}"
    folder.mkdir()
    with pooled(database, folder) as url:
        yield url


@needs_pgbouncer
def test_transactional_files_are_applied_once_through_a_transaction_pooler(
    project: Project, database: Database, pooler: str
) -> None:
    project.url = pooler
    project.write("0001_create_runs", "CREATE TABLE runs (version int);")
    for version in range(2, 12):
        project.write(
            f"{version:04d}_run", f"INSERT INTO runs VALUES ({version}); SET search_path = ''; SELECT pg_sleep(0.02);"
        )

    processes = [project.start("up") for _ in range(6)]
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * 6, errors
    assert database.rows("SELECT version FROM runs ORDER BY version") == [(version,) for version in range(2, 12)]
    assert database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


@needs_pgbouncer
def test_nothing_leaks_to_the_other_clients_of_a_pooler(project: Project, database: Database, pooler: str) -> None:
    project.url = pooler
    project.write("0001_set", "SET search_path = ''; SET statement_timeout = '7s'; PREPARE q AS SELECT 1;")

    assert project.migrate("up").returncode == 0

    other = replace(database, url=pooler)
    for _ in range(4):
        assert other.value("SHOW search_path") == '"$user", public'
        assert other.value("SHOW statement_timeout") == "0"
        assert other.value("SELECT count(*) FROM pg_prepared_statements WHERE name = 'q'") == 0


@needs_pgbouncer
def test_a_no_transaction_file_is_refused_at_a_pooler(project: Project, database: Database, pooler: str) -> None:
    project.environment["DATABASE_URL"] = pooler
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_index", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY a_idx ON a (id);")

    run = project.migrate("up")

    assert run.returncode == 7
    assert "error[server.pooled]: 0002_index runs outside a transaction, and a pooler stands before" in run.stderr
    assert "MIGRATE_DATABASE_URL" in run.stderr
    assert database.value("SELECT to_regclass('a')") is None

    project.environment["MIGRATE_DATABASE_URL"] = database.url
    assert project.migrate("up").returncode == 0


@pytest.fixture
def standby(server: Server, database: Database, scratch: Path) -> Iterator[Database]:
    """A hot standby of the test's server, with the test's database in it."""
    if server.binaries is None:
        pytest.skip("needs a server of our own")
    data = scratch / f"standby_{database.name}"
    host = parse_qs(urlsplit(server.url).query)["host"][0]
    program = str(server.binaries.folder / "pg_basebackup")
    command = [program, "-D", str(data), "-h", host, "-p", str(server.tcp), "-U", "postgres"]
    identity = choose_identity(data, server.binaries.folder)
    prepare = preparation(identity, dies_with_parent=True)
    data.mkdir(mode=0o700)
    if identity.user:
        os.chown(data, identity.user.pw_uid, identity.user.pw_gid)
    subprocess.run([*command, "-R", "-c", "fast"], check=True, preexec_fn=prepare, cwd="/")
    cluster = Cluster(data, server.binaries, free_port())
    process = cluster.start(["-c", "hot_standby=on", "-c", "max_connections=100"], dies_with_parent=True)
    yield Database(cluster.url(database.name), database.name, server)
    cluster.stop(process)


def test_a_standby_is_content_with_nothing_to_do_and_refuses_the_rest(
    project: Project, database: Database, standby: Database
) -> None:
    project.write("0001_a")
    project.migrate("up")
    deadline = time.monotonic() + 20
    while standby.value("SELECT to_regclass('_migrations')") is None:
        assert time.monotonic() < deadline
    while standby.ledger() != database.ledger():
        assert time.monotonic() < deadline
    project.url = standby.url

    assert project.migrate("up").returncode == 0
    assert project.migrate("status").returncode == 0
    project.write("0002_b")
    run = project.migrate("up")

    assert run.returncode == 7
    assert "error[server.read-only]: the server is a standby, and 1 migration is pending" in run.stderr
    assert project.migrate("status", "--check").returncode == 4
    assert project.migrate("plan").returncode == 0
