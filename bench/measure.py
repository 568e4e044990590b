"""A server to measure on, and what a command costs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.server.binaries import find_binaries
from runner.server.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Python's cache of bytecode is part of how people run Python's tools.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
MEMORY = Path("/dev/shm")  # noqa: S108  # folders in it are made with a random name
_LAUNCH = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
_PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Contender:
    """A command, what to do before each of its runs, and how many are started at once."""

    name: str
    command: list[str]
    before: Callable[[], None]
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall time, mebibytes of the largest process's peak memory, processes that failed, what they said."""

    seconds: float
    mebibytes: float
    failed: int
    said: str


def measure(contender: Contender, folder: Path) -> Cost:
    """The cost of one run. Ends the bench if it fails."""
    contender.before()
    cost = run(contender.command, folder, copies=contender.copies)
    if cost.failed:
        sys.exit(f"{contender.name} failed: {cost.said}")
    return cost


def run(
    command: list[str],
    folder: Path,
    *,
    environment: Mapping[str, str] = ENVIRONMENT,
    copies: int = 1,
    patience: int = _PATIENCE,
) -> Cost:
    """The cost of a command, started COPIES times at once, and killed after PATIENCE seconds."""
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        launch = subprocess.run(
            [*_LAUNCH, str(copies), str(patience), *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            check=False,
        )
        said.seek(0)
        if launch.returncode:
            sys.exit(f"{command[0]} could not be started: {said.read()}")
        seconds, kibibytes, failed = launch.stdout.split()
        return Cost(float(seconds), int(kibibytes) / 1024, int(failed), said.read())


@contextmanager
def server(*, max_connections: int = 100) -> Iterator[tuple[Cluster, Path]]:
    """A running server, reached by its socket and on a port of this machine, and the folder that goes with it."""
    root = Path(tempfile.mkdtemp(prefix="migrate-bench-", dir=MEMORY if in_memory() else None))
    root.chmod(0o755)
    cluster = Cluster(root / "data", find_binaries(), port=_free_port())
    cluster.initialize(sync=False)
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"max_connections={max_connections}"]
    process = cluster.start(options, dies_with_parent=True)
    try:
        yield cluster, root
    finally:
        cluster.stop(process)
        shutil.rmtree(root)


def in_memory() -> bool:
    """Whether the server's data is kept in memory."""
    return MEMORY.is_dir() and not os.environ.get("BENCH_ON_DISK")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
