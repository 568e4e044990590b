"""What the tests under fire share: servers of their own, which may be taken down, and processes that stand back."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from runner.server.cluster import Cluster
from runner.server.demote import choose_identity, preparation
from tests.conftest import BINARIES, Database, Server, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEWEST = max(BINARIES.values(), key=lambda each: each.major, default=None)


@dataclass(slots=True)
class OwnServer:
    """A server of one test, with its default database; it can be stopped and started again."""

    cluster: Cluster
    options: tuple[str, ...]
    process: subprocess.Popen[bytes]

    @property
    def database(self) -> Database:
        server = Server(self.cluster.url(), self.cluster.port, self.cluster.binaries)
        return Database(self.cluster.url(), "postgres", server)

    def log(self) -> str:
        return (self.cluster.data / "server.log").read_text(errors="replace")

    def stop(self, how: signal.Signals) -> None:
        """SIGINT is a fast shutdown, SIGQUIT an immediate one: as if the machine had lost its power."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)

    def start(self) -> None:
        self.process = self.cluster.start(self.options, dies_with_parent=True)


@contextmanager
def own_server(folder: Path, *settings: str) -> Iterator[OwnServer]:
    """A server of the newest version, with `name=value` settings; a commit outlives it. Skips where there is none."""
    if NEWEST is None:
        pytest.skip("needs the programs of a server")
    cluster = Cluster(folder, NEWEST, free_port())
    cluster.initialize(sync=False)
    with (cluster.data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all trust\n")
    options = tuple(part for setting in ("fsync=off", *settings) for part in ("-c", setting))
    server = OwnServer(cluster, options, cluster.start(options, dies_with_parent=True))
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGINT)


@contextmanager
def hot_standby(primary: Server, folder: Path, *settings: str) -> Iterator[OwnServer]:
    """A server that follows another one, with all of its databases."""
    assert primary.binaries
    host = parse_qs(urlsplit(primary.url).query)["host"][0]
    program = str(primary.binaries.folder / "pg_basebackup")
    command = [program, "-D", str(folder), "-h", host, "-p", str(primary.tcp), "-U", "postgres", "-R", "-c", "fast"]
    identity = choose_identity(folder, primary.binaries.folder)
    folder.mkdir(mode=0o700)
    if identity.user:
        os.chown(folder, identity.user.pw_uid, identity.user.pw_gid)
    subprocess.run(command, check=True, preexec_fn=preparation(identity, dies_with_parent=True), cwd="/")
    cluster = Cluster(folder, primary.binaries, free_port())
    options = tuple(part for setting in ("hot_standby=on", "fsync=off", *settings) for part in ("-c", setting))
    copy = OwnServer(cluster, options, cluster.start(options, dies_with_parent=True))
    try:
        yield copy
    finally:
        copy.stop(signal.SIGINT)


def in_the_background(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """The process, which from now on gets what others leave of the processor: hundreds must not starve the rest."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
    return process


def await_row(database: Database, sql: str, seconds: float = 30) -> None:
    """Returns as soon as the query has a row."""
    deadline = time.monotonic() + seconds
    while not database.rows(sql):
        assert time.monotonic() < deadline, sql
