"""Servers that are not a plain primary: a transaction pooler in front, a hot standby."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.server.demote import choose_identity, preparation
from tests.conftest import Database, Project, free_port, with_database
from tests.fire import await_row, hot_standby, own_server
from tests.postgres.proxy import Proxy, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Server

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
    with hot_standby(server, scratch / f"standby_{database.name}", "max_connections=100") as copy:
        yield replace(database, url=with_database(copy.database.url, database.name))


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


@pytest.mark.timeout(120)
def test_a_failover_in_the_middle_of_up_leaves_each_file_applied_once(tmp_path: Path, scratch: Path) -> None:
    settings = ("listen_addresses=127.0.0.1", "max_connections=100")
    with (
        own_server(scratch / f"primary_{tmp_path.name}", *settings) as first,
        hot_standby(first.database.server, scratch / f"second_{tmp_path.name}", *settings) as second,
    ):
        hosts = f"127.0.0.1:{first.cluster.port},127.0.0.1:{second.cluster.port}"
        project = Project(tmp_path, f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write")
        project.write("0001_create_runs", "CREATE TABLE runs (version bigint);")
        project.write_many(
            {f"{n:04d}_run": f"INSERT INTO runs VALUES ({n}); SELECT pg_sleep(0.05);" for n in range(2, 41)}
        )
        up = project.start("up", "--wait", "30s")
        await_row(second.database, "SELECT 1 FROM pg_class WHERE relname = 'runs'")
        await_row(second.database, "SELECT 1 FROM _migrations WHERE version = 5")
        first.stop(signal.SIGQUIT)
        time.sleep(0.5)  # nobody takes writes meanwhile
        second.database.execute("SELECT pg_promote()")
        out, err = up.communicate(timeout=60)

        assert (up.returncode, "Traceback" in err) == (0, False), err
        assert out.endswith("the database is at 0040_run\n")
        assert second.database.rows("SELECT version FROM runs ORDER BY 1") == [(n,) for n in range(2, 41)]
        assert second.database.ledger() == [(n, "applied") for n in range(1, 41)]
        assert project.migrate("verify").returncode == 0


def test_hosts_of_which_none_takes_writes_are_waited_for(project: Project, standby: Database) -> None:
    project.write("0001_a")
    project.url = f"{standby.url}&target_session_attrs=read-write"
    run = project.migrate("up", "--wait", "1s")
    assert run.returncode == 5
    assert "error[connect.unreachable]" in run.stderr
    assert "no host is what target_session_attrs asks for" in run.stderr


class Foreign(Proxy):
    """A server whose greeting says one thing more."""

    def __init__(self, upstream: int, name: str, value: str) -> None:
        super().__init__(upstream, self._pass)
        content = f"{name}\0{value}\0".encode()
        self.word = b"S" + struct.pack("!i", len(content) + 4) + content

    async def _pass(self) -> Verdict:
        return Verdict.ON

    async def answers(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        greeting = await server.readuntil(b"Z\0\0\0\5I")
        client.write(greeting[:-6] + self.word + greeting[-6:])
        await super().answers(server, client)


@pytest.mark.parametrize(
    ("setting", "value", "engine"),
    [
        pytest.param("crdb_version", "CockroachDB CCL v25.4.0", "CockroachDB", id="CockroachDB"),
        pytest.param("server_version", "15.12-YB-2025.1.0.0-b0", "YugabyteDB", id="YugabyteDB"),
    ],
)
def test_another_engine_is_refused_by_its_greeting(
    setting: str, value: str, engine: str, project: Project, database: Database
) -> None:
    project.write("0001_a")

    async def through_it(command: str) -> subprocess.CompletedProcess[str]:
        proxy = Foreign(database.server.tcp, setting, value)
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            project.url = f"postgresql://postgres@127.0.0.1:{port}/{database.name}?sslmode=disable"
            return await asyncio.to_thread(project.migrate, command)

    for command in ("up", "status"):
        run = asyncio.run(through_it(command))
        assert run.returncode == 7
        assert f"error[server.other-engine]: the server is {engine}" in run.stderr
    assert database.value("SELECT to_regclass('_migrations')") is None
