"""What the runner costs beside the plainest thing that does the same, as ratios of medians in one interleaved run.

make bench            on the newest PostgreSQL of this machine, data in memory where there is such a place
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.server.binaries import find_binaries
from runner.server.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
FILES = 1000
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
BARE = Path(__file__).with_name("bare.py")


@dataclass(frozen=True, slots=True)
class Contender:
    """A command and what to do before each of its runs."""

    name: str
    command: list[str]
    before: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall time and mebibytes of peak memory of one process."""

    seconds: float
    mebibytes: float


def measure(contender: Contender, folder: Path) -> Cost:
    contender.before()
    before = time.perf_counter()
    process = subprocess.Popen(
        contender.command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{contender.name} failed: {process.stderr.read().decode() if process.stderr else ''}")
    return Cost(time.perf_counter() - before, usage.ru_maxrss / 1024)


def compare(title: str, ours: Contender, yardstick: Contender, folder: Path) -> None:
    costs: dict[str, list[Cost]] = {ours.name: [], yardstick.name: []}
    for _ in range(ROUNDS):
        for contender in (yardstick, ours):
            costs[contender.name].append(measure(contender, folder))
    print(f"\n{title}")
    median = {name: statistics.median(cost.seconds for cost in each) for name, each in costs.items()}
    for name, each in costs.items():
        memory = statistics.median(cost.mebibytes for cost in each)
        print(f"  {name:<32} {median[name] * 1000:9.0f} ms {memory:7.0f} MiB")
    print(f"  {'ratio':<32} {median[ours.name] / median[yardstick.name]:9.2f}")


@contextmanager
def server() -> Iterator[tuple[Cluster, Path]]:
    memory = Path("/dev/shm")  # noqa: S108  # made with a random name
    place = memory if memory.is_dir() and not os.environ.get("BENCH_ON_DISK") else None
    root = Path(tempfile.mkdtemp(prefix="migrate-bench-", dir=place))
    root.chmod(0o755)
    cluster = Cluster(root / "data", find_binaries())
    cluster.initialize(sync=False)
    process = cluster.start(dies_with_parent=True)
    try:
        yield cluster, root
    finally:
        cluster.stop(process)
        shutil.rmtree(root)


def main() -> None:
    with server() as (cluster, root):
        print(f"PostgreSQL {cluster.binaries.version}, {ROUNDS} rounds, medians")
        psql = [str(cluster.binaries.folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        admin = [*psql, cluster.url()]

        def fresh() -> None:
            for sql in ("DROP DATABASE IF EXISTS bench WITH (FORCE)", "CREATE DATABASE bench"):
                subprocess.run([*admin, "-c", sql], check=True, stderr=subprocess.DEVNULL)

        def nothing() -> None:
            pass

        url = cluster.url("bench")
        up = [sys.executable, "-m", "runner", "up", "--database-url", url, "--dir"]
        bare = [sys.executable, str(BARE), url]
        for kind, text in (("a table alone", table), ("a table, an index, a comment", small)):
            folder = write(root / text.__name__, {f"{n:04d}_t{n}.sql": text(n) for n in range(1, FILES + 1)})
            names = [part for path in sorted(folder.iterdir()) for part in ("-f", str(path))]
            compare(
                f"{FILES} small files ({kind}), a commit each, against psql -1 with all of them in one transaction",
                Contender("migrate up", [*up, str(folder)], fresh),
                Contender("psql -1", [*psql, "-1", url, *names], fresh),
                root,
            )
        compare(
            f"nothing to do, {FILES} files, against a bare script that reads the ledger and hashes the files",
            Contender("migrate up", [*up, str(root / "small")], nothing),
            Contender("bare asyncpg script", [*bare, str(root / "small")], nothing),
            root,
        )
        data = write(root / "data_file", {"0001_fill.sql": big()})
        compare(
            f"one file of {sum(map(len, big())) / 1e6:.0f} MB, 100,000 INSERTs, against the same in one message",
            Contender("migrate up", [*up, str(data)], fresh),
            Contender("asyncpg, one message", [*bare, str(data), "apply"], fresh),
            root,
        )
        compare(
            "--help, against importing click",
            Contender("migrate --help", [sys.executable, "-m", "runner", "--help"], nothing),
            Contender("python -c 'import click'", [sys.executable, "-c", "import click"], nothing),
            root,
        )


def table(number: int) -> Iterator[str]:
    """The smallest migration that makes something."""
    yield f"CREATE TABLE t{number} (\n    id bigint PRIMARY KEY,\n    name text NOT NULL\n);\n"


def small(number: int) -> Iterator[str]:
    """What a small migration mostly is."""
    yield from table(number)
    yield f"\nCREATE INDEX t{number}_name_idx ON t{number} (name);\n"
    yield f"\nCOMMENT ON TABLE t{number} IS 'The table number {number}.';\n"


def big() -> Iterator[str]:
    """A data file; in pieces, so that this process stays small and its size is not mistaken for a child's."""
    note = "a note that is long enough to make the file as large as the data files that people really have " * 2
    yield "CREATE TABLE t (id bigint PRIMARY KEY, name text, note text);\n"
    for number in range(100_000):
        yield f"INSERT INTO t VALUES ({number}, 'ünïcode {number}', '{note}');\n"


def write(folder: Path, files: dict[str, Iterator[str]]) -> Path:
    folder.mkdir()
    for name, pieces in files.items():
        with (folder / name).open("w") as file:
            file.writelines(pieces)
    return folder


if __name__ == "__main__":
    main()
