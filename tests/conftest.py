"""Real servers for the tests: one cluster a session for every major on this machine, one database a test."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from runner.server.binaries import Binaries, all_binaries
from runner.server.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

BINARIES = {f"pg{binaries.major}": binaries for binaries in all_binaries()}
GIVEN = os.environ.get("MIGRATE_TEST_URL")
_NEWEST = sorted(BINARIES, key=lambda name: BINARIES[name].major)[-1:]
ON_ONE_SERVER = pytest.mark.parametrize("server", ["given"] if GIVEN else _NEWEST, indirect=True)
"""For what takes long or does not depend on the server's version."""
NEWEST_ALONE = frozenset(
    {
        "test_verify.py",
        "test_unfinished.py",
        "test_commands.py",
        "test_bad_input.py",
        "test_races.py",
        "test_example.py",
        "test_interleavings.py",
        "test_gateway_access.py",
        "test_gateway_administration.py",
        "test_gateway_credentials.py",
        "test_gateway_faults.py",
        "test_gateway_jobs.py",
        "test_gateway_members.py",
        "test_gateway_models.py",
        "test_gateway_pages.py",
        "test_gateway_retention.py",
        "test_gateway_routing.py",
    }
)
"""The same for whole files: what else there is on older servers shows if they do something in another way."""
_QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=100", "log_statement=none")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests of NEWEST_ALONE on the other servers."""
    older = BINARIES.keys() - _NEWEST
    left = [item for item in items if item.path.name in NEWEST_ALONE and _server_of(item) in older]
    config.hook.pytest_deselected(items=left)
    gone = set(left)
    items[:] = [item for item in items if item not in gone]


def _server_of(item: pytest.Item) -> object:
    """The parameter of the fixture `server`; None if the test has none."""
    cases = getattr(item, "callspec", None)
    return cases.params.get("server") if cases else None


def pytest_report_header() -> str:
    if GIVEN:
        return "PostgreSQL: the server of MIGRATE_TEST_URL"
    return "PostgreSQL: " + ", ".join(f"{each.version} ({each.folder})" for each in BINARIES.values())


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: `url` by its socket or as given, `tcp` its port on the loopback address, 0 if unknown."""

    url: str
    tcp: int
    binaries: Binaries | None

    def psql(self) -> str:
        """The psql of the server's own version."""
        return str(self.binaries.folder / "psql") if self.binaries else "psql"


def with_database(url: str, name: str) -> str:
    """The URL with another database in it."""
    return re.sub(r"//([^/]*)/[^?]*", rf"//\1/{name}", url)


def free_port() -> int:
    """A TCP port that nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for data that need not last: in memory, where there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108  # made with a random name
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    folder = Path(tempfile.mkdtemp(prefix="migrate-test-", dir=memory if roomy else None))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["given"] if GIVEN else list(BINARIES))
def server(request: pytest.FixtureRequest, scratch: Path) -> Iterator[Server]:
    if GIVEN:
        yield Server(GIVEN, 0, None)
        return
    # A folder of its own each time: a worker that is handed tests out of order comes back to a version.
    folder = scratch / f"{request.param}_{uuid.uuid4().hex[:6]}"
    cluster = Cluster(folder, BINARIES[request.param], free_port())
    cluster.initialize(sync=False)
    rules = [
        "local all,replication all trust",
        "host all locked 127.0.0.1/32 scram-sha-256",
        "host all all 127.0.0.1/32 trust",
    ]
    (cluster.data / "pg_hba.conf").write_text("\n".join([*rules, ""]))
    options = [part for option in (*_QUICK, "listen_addresses=127.0.0.1") for part in ("-c", option)]
    process = cluster.start(options, dies_with_parent=True)
    yield Server(cluster.url(), cluster.port, cluster.binaries)
    cluster.stop(process)


@dataclass(frozen=True, slots=True)
class Database:
    """An empty database of one test, with blocking shortcuts over real connections."""

    url: str
    name: str
    server: Server

    def run(self, work: Callable[[asyncpg.Connection[Any]], Awaitable[Any]]) -> Any:
        """What a coroutine gives that gets a connection."""

        async def connect() -> Any:
            connection = await asyncpg.connect(self.url)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(connect())

    def execute(self, sql: str) -> None:
        self.run(lambda connection: connection.execute(sql))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.run(lambda connection: connection.fetch(sql))]

    def value(self, sql: str) -> Any:
        return self.run(lambda connection: connection.fetchval(sql))

    def ledger(self) -> list[tuple[int, str]]:
        """Version and state of each entry."""
        return self.rows("SELECT version, state FROM public._migrations ORDER BY version")

    @property
    def tcp_url(self) -> str:
        """The same database over TCP."""
        return f"postgresql://postgres@127.0.0.1:{self.server.tcp}/{self.name}"


@contextmanager
def new_database(server: Server, *, template: str = "template1") -> Iterator[Database]:
    """A database that is there as long as it is needed, empty or as the template is."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = Database(server.url, "postgres", server)
    admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield Database(with_database(server.url, name), name, server)
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def require_gateway_server(server: Server) -> None:
    """Skips the test where the server is older than the gateway's schema needs."""
    if Database(server.url, "postgres", server).value("SELECT current_setting('server_version_num')::integer") < 150000:
        pytest.skip("the gateway's schema needs PostgreSQL 15")


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with new_database(server) as made:
        yield made


@dataclass(slots=True)
class Project:
    """A folder with migrations in which the real command is run."""

    root: Path
    url: str | None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.root / "sql" / "migrations"

    def write(self, name: str, text: str | bytes = "SELECT 1;\n") -> Path:
        """Writes a migration; the extension is added."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / (name if "." in name else f"{name}.sql")
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def write_many(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            self.write(name, text)

    def variables(self) -> dict[str, str]:
        """The environment of the command: nothing of the machine's own PostgreSQL settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "MIGRATE", "DATABASE"))}
        return {**kept, "NO_COLOR": "1", **({"DATABASE_URL": self.url} if self.url else {}), **self.environment}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command as a process that runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "runner", *arguments],
            cwd=self.root,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def migrate(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """The command, run to its end; no traceback may ever show."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(list(arguments), process.returncode, out, err)


@pytest.fixture
def project(tmp_path: Path, database: Database) -> Project:
    """A folder with no migrations yet, and a database."""
    return Project(tmp_path, database.url)


@pytest.fixture
def offline(tmp_path: Path) -> Project:
    """A folder with no migrations yet, and no database named."""
    return Project(tmp_path, None)
