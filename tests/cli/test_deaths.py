"""Deaths of servers, clients and cables in the middle of the work: the next runner, or the same one, ends it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.ledger.lock import lock_key
from tests.cli.test_races import COUNTING, await_activity, finish, holding
from tests.conftest import Project, free_port
from tests.fire import await_row, own_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database
    from tests.fire import OwnServer

SHUTDOWNS = [pytest.param(signal.SIGINT, id="fast"), pytest.param(signal.SIGQUIT, id="immediate")]
INTERRUPTS = [pytest.param(signal.SIGTERM, 143, id="SIGTERM"), pytest.param(signal.SIGINT, 130, id="SIGINT")]


@pytest.fixture
def mortal(scratch: Path, tmp_path: Path) -> Iterator[OwnServer]:
    """A server that may be shut down."""
    with own_server(scratch / f"mortal_{tmp_path.name}") as server:
        yield server


def go_down_for_a_second(server: OwnServer, how: signal.Signals) -> None:
    server.stop(how)
    time.sleep(1)
    server.start()


def assert_both_applied_once(project: Project, database: Database) -> None:
    assert database.rows("SELECT version FROM runs") == [(2,)]
    assert database.ledger() == [(1, "applied"), (2, "applied")]
    assert database.rows("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []
    assert project.migrate("up").stdout == "nothing to do: the database is at 0002_run\n"


PACED = "INSERT INTO runs VALUES (2);\nSELECT pg_sleep(seconds) FROM pace;\n"


def write_paced(project: Project, database: Database, text: str = PACED, *, pace: float = 60) -> None:
    """A file that takes as long as the table `pace` says, which is only said for those who begin it."""
    database.execute(f"CREATE TABLE pace AS SELECT {pace} AS seconds")
    project.write("0001_create_runs", COUNTING)
    project.write("0002_run", text)


def make_haste(database: Database) -> None:
    """From now on the paced file takes no time; a statement that runs already keeps its pace."""
    database.execute("UPDATE pace SET seconds = 0")


@pytest.mark.parametrize("how", SHUTDOWNS)
def test_a_file_survives_a_restart_of_the_server(mortal: OwnServer, tmp_path: Path, how: signal.Signals) -> None:
    project = Project(tmp_path, mortal.database.url)
    write_paced(project, mortal.database)
    process = project.start("up", "--wait", "60s")
    await_activity(mortal.database, "SELECT pg_sleep(seconds)%")
    make_haste(mortal.database)

    go_down_for_a_second(mortal, how)
    [(status, err)] = finish([process])

    assert status == 0, err
    assert "warning: the connection to the server was lost" in err
    assert_both_applied_once(project, mortal.database)


@pytest.mark.parametrize("how", SHUTDOWNS)
def test_a_concurrent_index_survives_a_restart_of_the_server(
    mortal: OwnServer, tmp_path: Path, how: signal.Signals
) -> None:
    project = Project(tmp_path, mortal.database.url)
    project.write("0001_create_runs", COUNTING)
    project.migrate("up")
    mortal.database.execute("INSERT INTO runs VALUES (2)")
    project.write("0002_run", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY runs_idx ON runs (version);")
    with holding(mortal.database, table="runs", mode="ROW EXCLUSIVE"):
        process = project.start("up", "--wait", "60s")
        await_row(mortal.database, "SELECT FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for writers%'")
        assert mortal.database.value("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = 'runs_idx'::regclass")
        go_down_for_a_second(mortal, how)
    [(status, err)] = finish([process])

    assert status == 0, err
    assert "the index public.runs_idx is invalid, left by an interrupted build; it is built again" in err
    assert_both_applied_once(project, mortal.database)


@pytest.mark.parametrize("how", SHUTDOWNS)
def test_who_waits_for_the_lock_survives_a_restart_of_the_server(
    mortal: OwnServer, tmp_path: Path, how: signal.Signals
) -> None:
    project = Project(tmp_path, mortal.database.url)
    write_paced(project, mortal.database)
    worker = project.start("up", "--wait", "60s")
    await_activity(mortal.database, "SELECT pg_sleep(seconds)%")
    make_haste(mortal.database)
    waiter = project.start("up", "--wait", "60s")
    assert waiter.stderr
    assert "waiting for another runner" in waiter.stderr.readline()

    go_down_for_a_second(mortal, how)
    results = finish([worker, waiter])

    assert [status for status, _ in results] == [0, 0], results
    assert all("warning: the connection to the server was lost" in err for _, err in results), results
    assert_both_applied_once(project, mortal.database)


def seconds_until_applied(project: Project, database: Database) -> float:
    """How long another `up` takes whose own statements take no time."""
    make_haste(database)
    start = time.monotonic()
    run = project.migrate("up", timeout=40)
    assert run.returncode == 0, run.stderr
    assert database.rows("SELECT version FROM runs") == [(2,)]
    assert database.ledger() == [(1, "applied"), (2, "applied")]
    return time.monotonic() - start


@pytest.mark.parametrize("tcp", [False, True], ids=["socket", "tcp"])
def test_another_runner_soon_takes_over_from_a_killed_one(project: Project, database: Database, *, tcp: bool) -> None:
    if tcp and not database.server.tcp:
        pytest.skip("needs a server on the loopback address")
    project.url = database.tcp_url if tcp else database.url
    write_paced(project, database)
    process = project.start("up")
    await_activity(database, "SELECT pg_sleep(seconds)%")

    process.kill()
    process.communicate()

    assert seconds_until_applied(project, database) < 30


def test_another_runner_soon_takes_over_from_one_killed_while_its_index_waits(
    project: Project, database: Database
) -> None:
    project.write("0001_create_runs", COUNTING)
    project.migrate("up")
    project.write("0002_run", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY runs_idx ON runs (version);")
    with holding(database, table="runs", mode="ROW EXCLUSIVE"):
        process = project.start("up")
        await_row(database, "SELECT FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for writers%'")
        process.kill()
        process.communicate()
        next_one = project.start("up")
        assert next_one.stderr
        while "is invalid, left by an interrupted build" not in (line := next_one.stderr.readline()):
            assert line, "it ended"
    [(status, err)] = finish([next_one])

    assert status == 0, err
    assert database.ledger() == [(1, "applied"), (2, "applied")]
    assert database.rows("SELECT indisvalid FROM pg_index WHERE indrelid = 'runs'::regclass") == [(True,)]


@pytest.mark.parametrize("alone", [False, True], ids=["transactional", "no-transaction"])
def test_the_session_of_a_file_notices_a_dead_client_and_has_no_idle_limit(
    project: Project, database: Database, *, alone: bool
) -> None:
    if not database.server.tcp:
        pytest.skip("needs a server on the loopback address")
    database.execute(
        "CREATE TABLE seen (name text, setting text);"
        f"ALTER DATABASE {database.name} SET idle_in_transaction_session_timeout = '50s';"
        f"ALTER DATABASE {database.name} SET idle_session_timeout = '50s'"
    )
    project.url = database.tcp_url
    header = "-- migrate: no-transaction\n" if alone else ""
    project.write(
        "0001_look",
        f"{header}INSERT INTO seen SELECT name, current_setting(name) FROM pg_settings"
        " WHERE name ~ '^(tcp_|client_conn.*check|idle_.*timeout$)';",
    )

    assert project.migrate("up").returncode == 0

    seen = dict(database.rows("SELECT name, setting FROM seen"))
    assert seen["client_connection_check_interval"] == "1s"
    assert (seen["idle_in_transaction_session_timeout"], seen["idle_session_timeout"]) == ("0", "0")
    keepalives = [int(seen[f"tcp_keepalives_{name}"]) for name in ("idle", "interval", "count")]
    assert 0 < keepalives[0] + keepalives[1] * keepalives[2] <= 10
    if sys.platform == "linux":  # without it, what is not acknowledged is sent again for a quarter of an hour
        assert 0 < int(seen["tcp_user_timeout"]) <= 10_000


@dataclass(frozen=True, slots=True)
class Cable:
    """A network of two: this host at `address`, and a namespace into which a command can be put."""

    name: str
    address: IPv4Address
    holder: int

    @property
    def inside(self) -> list[str]:
        """What a command line begins with that runs at the far end."""
        return ["nsenter", f"--net=/proc/{self.holder}/ns/net"]

    def lay(self) -> None:
        """Raises CalledProcessError where that is not allowed."""
        near, far = f"{self.name}a", f"{self.name}b"
        for command in (
            ["ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", str(self.holder)],
            ["ip", "addr", "add", f"{self.address}/30", "dev", near],
            ["ip", "link", "set", near, "up"],
            [*self.inside, "ip", "addr", "add", f"{self.address + 1}/30", "dev", far],
            [*self.inside, "ip", "link", "set", far, "up"],
        ):
            subprocess.run(command, check=True, capture_output=True)

    def cut(self) -> None:
        """Nothing passes any more, and neither end is told."""
        subprocess.run([*self.inside, "ip", "link", "set", f"{self.name}b", "down"], check=True)

    def take_up(self) -> None:
        """The network would only go with the last packet that a cut connection still tries to send."""
        subprocess.run(["ip", "link", "del", f"{self.name}a"], check=True)

    def start(self, project: Project, *arguments: str) -> subprocess.Popen[str]:
        """The command as a process at the far end."""
        return subprocess.Popen(
            [*self.inside, sys.executable, "-m", "runner", *arguments],
            cwd=project.root,
            env=project.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )


@contextmanager
def cable() -> Iterator[Cable]:
    """A cable; it goes, and its network with it, when its holder's input ends. Skips where none can be laid."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "nsenter"))):
        pytest.skip("only root, with iproute2 and util-linux, can cut a cable")
    number = free_port()  # the block of 198.18.0.0 is there for tests of networks
    with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as holder:
        network, ours = Path(f"/proc/{holder.pid}/ns/net"), Path("/proc/self/ns/net").readlink()
        while holder.poll() is None and network.readlink() == ours:
            pass
        laid = Cable(f"cut{number}", IPv4Address("198.18.0.1") + 4 * (number % 2**15), holder.pid)
        try:
            laid.lay()
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no cable can be laid here: {error}")
        try:
            yield laid
        finally:
            laid.take_up()


@dataclass(frozen=True, slots=True)
class Remote:
    """A project whose runner works at the far end of a cable, and the database as the server's own host sees it."""

    cable: Cable
    project: Project
    database: Database

    def start(self) -> subprocess.Popen[str]:
        url = f"postgresql://postgres@{self.cable.address}:{self.database.server.tcp}/postgres?sslmode=disable"
        return self.cable.start(self.project, "up", "--database-url", url)


@pytest.fixture
def remote(scratch: Path, tmp_path: Path) -> Iterator[Remote]:
    folder = scratch / f"remote_{tmp_path.name}"
    with cable() as laid, own_server(folder, f"listen_addresses={laid.address}") as server:
        yield Remote(laid, Project(tmp_path, server.database.url), server.database)


BUSY = "INSERT INTO runs VALUES (2);\n" + "SELECT pg_sleep(seconds) FROM pace;\n" * 100


@pytest.mark.parametrize(("text", "pace"), [(PACED, 60.0), (BUSY, 0.6)], ids=["long statement", "short statements"])
def test_another_runner_soon_takes_over_from_one_whose_cable_was_cut(remote: Remote, text: str, pace: float) -> None:
    write_paced(remote.project, remote.database, text, pace=pace)
    process = remote.start()
    await_activity(remote.database, "SELECT pg_sleep(seconds)%")

    remote.cable.cut()
    try:
        assert seconds_until_applied(remote.project, remote.database) < 30
    finally:
        process.kill()
        process.communicate()


@contextmanager
def lock_held(database: Database) -> Iterator[None]:
    """Somebody holds the runner's lock."""
    session = f"SELECT pg_advisory_lock({lock_key('public')}); SELECT 1 AS held \\gset\n"
    with subprocess.Popen(
        [database.server.psql(), "-X", "-q", "-o", os.devnull, database.url], stdin=subprocess.PIPE
    ) as process:
        assert process.stdin
        process.stdin.write(session.encode())
        process.stdin.flush()
        await_row(database, "SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted")
        yield


def interrupt(process: subprocess.Popen[str], number: signal.Signals, *, when: str) -> tuple[int, str]:
    """Status and errors of a process that got the signal as soon as it said that it waits."""
    assert process.stderr
    while when not in (line := process.stderr.readline()):
        assert line, "it ended"
    start = time.monotonic()
    process.send_signal(number)
    [result] = finish([process], timeout=30)
    assert time.monotonic() - start < 5
    return result


@pytest.mark.parametrize("header", ["", "-- migrate: no-transaction\n"], ids=["transactional", "no-transaction"])
@pytest.mark.parametrize(("number", "status"), INTERRUPTS)
def test_a_signal_ends_the_wait_for_the_lock(
    project: Project, database: Database, header: str, number: signal.Signals, status: int
) -> None:
    project.write("0001_create_runs", COUNTING)
    project.migrate("up")
    project.write("0002_run", f"{header}INSERT INTO runs VALUES (2);")

    with lock_held(database):
        returned, err = interrupt(project.start("up"), number, when="waiting for another runner")

    assert returned == status
    assert f"stopped by {number.name}" in err
    assert re.search(r"state: 0001 is applied; 0002 was not (applied|tried)\.", err), err
    assert database.ledger() == [(1, "applied")]
    assert project.migrate("up").returncode == 0


@pytest.mark.parametrize(("number", "status"), INTERRUPTS)
def test_a_signal_ends_the_wait_for_a_database(offline: Project, number: signal.Signals, status: int) -> None:
    offline.url = f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"
    offline.write("0001_create_runs", COUNTING)

    returned, err = interrupt(offline.start("up"), number, when="waiting for the database: connection refused")

    assert returned == status
    assert f"stopped by {number.name}" in err
    assert "state:" not in err


@pytest.mark.parametrize(("number", "status"), INTERRUPTS)
def test_a_signal_ends_the_pause_of_a_file_that_is_locked_out(
    project: Project, database: Database, number: signal.Signals, status: int
) -> None:
    database.execute("CREATE TABLE held (id int)")
    project.write("0001_create_runs", COUNTING)
    project.write("0002_alter", "-- migrate: lock-timeout=50ms\nALTER TABLE held ADD COLUMN more int;")

    with holding(database):
        returned, err = interrupt(project.start("up"), number, when="0002_alter is locked out, trying again")

    assert returned == status
    assert "state: 0001 is applied; 0002 was not applied." in err
    assert database.ledger() == [(1, "applied")]


@contextmanager
def frozen(server: OwnServer, session: int) -> Iterator[None]:
    """The server and one of its sessions do nothing, and the kernel still answers for them: a machine that hangs."""
    everyone = (session, server.process.pid)
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in everyone:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("header", ["", "-- migrate: no-transaction\n"], ids=["transactional", "no-transaction"])
def test_a_signal_ends_a_runner_whose_server_hangs(mortal: OwnServer, tmp_path: Path, header: str) -> None:
    project = Project(tmp_path, mortal.database.url)
    project.write("0001_sleep", f"{header}SELECT pg_sleep(60);")
    process = project.start("up")

    with frozen(mortal, await_activity(mortal.database, "SELECT pg_sleep(60)%")):
        process.send_signal(signal.SIGTERM)
        try:
            [(status, err)] = finish([process], timeout=15)
        finally:
            process.kill()

    assert status == 143
    assert "stopped by SIGTERM" in err


def test_a_signal_during_commit_claims_nothing_that_nobody_saw(mortal: OwnServer, tmp_path: Path) -> None:
    database = mortal.database
    project = Project(tmp_path, database.url)
    project.write("0001_create_runs", COUNTING)
    project.migrate("up")
    project.write("0002_run", "INSERT INTO runs VALUES (2);")
    database.execute("ALTER SYSTEM SET synchronous_standby_names = 'gone'")
    database.execute("SELECT pg_reload_conf()")
    process = project.start("up")
    await_row(database, "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'")

    process.send_signal(signal.SIGTERM)
    [(status, err)] = finish([process], timeout=30)

    assert status == 143
    assert database.ledger() == [(1, "applied"), (2, "applied")]  # a cancelled wait for a standby undoes nothing
    assert "0002 was not applied" not in err


def test_sigterm_at_any_moment_of_a_start_shows_no_traceback(project: Project, database: Database) -> None:
    project.write("0001_create_runs", COUNTING)
    versions = range(2, 12)
    project.write_many(
        {f"{version:04d}_run": f"INSERT INTO runs VALUES ({version}); SELECT pg_sleep(0.02);" for version in versions}
    )

    statuses = []
    for number in range(15):
        process = project.start("up")
        time.sleep(number * 0.02)  # how far it comes by then is up to chance
        process.send_signal(signal.SIGTERM)
        [(status, err)] = finish([process])
        statuses.append(status)
        claimed = re.findall(r"(\d{4}) was not (?:applied|tried)", err)
        assert not {int(version) for version in claimed} & applied(database), err

    assert set(statuses) <= {0, 143, -signal.SIGTERM}, statuses
    assert project.migrate("up").returncode == 0
    assert database.rows("SELECT version FROM runs ORDER BY 1") == [(version,) for version in versions]
    assert database.ledger() == [(version, "applied") for version in (1, *versions)]


def applied(database: Database) -> set[int]:
    """The versions in the ledger, of which there may be none yet."""
    if database.value("SELECT to_regclass('_migrations')") is None:
        return set()
    return {version for version, _ in database.ledger()}
