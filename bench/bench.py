"""What the runner costs beside the plainest thing that does the same, as ratios of medians in one interleaved run.

make bench            on the newest PostgreSQL of this machine, data in memory where there is such a place
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from files import big, light, slow, small, table, wide, write
from measure import Contender, Cost, measure, server

if TYPE_CHECKING:
    from runner.server.cluster import Cluster

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
BARE = Path(__file__).with_name("bare.py")


def main() -> None:
    with server() as (cluster, root), server(max_connections=20) as (narrow, _):
        print(f"PostgreSQL {cluster.binaries.version}, {ROUNDS} rounds, medians")
        bench = Bench(cluster, root)
        show_help(root)
        find_nothing_to_do(bench)
        apply_small_files(bench)
        load_data(bench)
        see_the_schema(bench)
        contend(bench, Bench(narrow, root))


@dataclass(frozen=True, slots=True)
class Bench:
    """A server with a database, and a place for folders."""

    cluster: Cluster
    root: Path

    @property
    def psql(self) -> list[str]:
        return [str(self.cluster.binaries.folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]

    @property
    def url(self) -> str:
        return self.cluster.url("bench")

    def fresh(self) -> None:
        for sql in ("DROP DATABASE IF EXISTS bench WITH (FORCE)", "CREATE DATABASE bench"):
            subprocess.run([*self.psql, self.cluster.url(), "-c", sql], check=True, stderr=subprocess.DEVNULL)

    def up(self, folder: Path) -> list[str]:
        return [*self.migrate("up"), "--dir", str(folder)]

    def migrate(self, command: str) -> list[str]:
        return [sys.executable, "-m", "runner", command, "--database-url", self.url]

    def bare(self, folder: Path, *mode: str) -> list[str]:
        return [sys.executable, str(BARE), self.url, str(folder), *mode]


def nothing() -> None:
    """Before a run that leaves nothing behind."""


def compare(title: str, ours: Contender, yardstick: Contender, folder: Path) -> None:
    costs: dict[str, list[Cost]] = {ours.name: [], yardstick.name: []}
    for _ in range(ROUNDS):
        for contender in (yardstick, ours):
            costs[contender.name].append(measure(contender, folder))
    print(f"\n{title}")
    median = {name: statistics.median(cost.seconds for cost in each) for name, each in costs.items()}
    for name, each in costs.items():
        memory = statistics.median(cost.mebibytes for cost in each)
        print(f"  {name:<40} {median[name] * 1000:9.0f} ms {memory:7.0f} MiB")
    print(f"  {'ratio':<40} {median[ours.name] / median[yardstick.name]:9.2f}", flush=True)


def show_help(root: Path) -> None:
    compare(
        "--help, against importing click",
        Contender("migrate --help", [sys.executable, "-m", "runner", "--help"], nothing),
        Contender("python -c 'import click'", [sys.executable, "-c", "import click"], nothing),
        root,
    )


def find_nothing_to_do(bench: Bench) -> None:
    bench.fresh()
    for count in (10, 1000, 5000):
        folder = write(bench.root / "light", {f"{n:04d}_f{n}.sql": light(n) for n in range(1, count + 1)})
        subprocess.run([*bench.up(folder), "--atomic"], check=True, stdout=subprocess.DEVNULL)
        compare(
            f"nothing to do, {count} files, against a bare script that reads the ledger and hashes the files",
            Contender("migrate up", bench.up(folder), nothing),
            Contender("bare asyncpg script", bench.bare(folder), nothing),
            bench.root,
        )


def apply_small_files(bench: Bench) -> None:
    for kind, text in (("a table alone", table), ("a table, an index, a comment", small)):
        folder = write(bench.root / text.__name__, {f"{n:04d}_t{n}.sql": text(n) for n in range(1, 1001)})
        names = [part for path in sorted(folder.iterdir()) for part in ("-f", str(path))]
        compare(
            f"1000 small files ({kind}), a commit each, against psql -1 with all of them in one transaction",
            Contender("migrate up", bench.up(folder), bench.fresh),
            Contender("psql -1", [*bench.psql, "-1", bench.url, *names], bench.fresh),
            bench.root,
        )


def load_data(bench: Bench) -> None:
    folder = write(bench.root / "data_file", {"0001_fill.sql": big(1)})
    compare(
        "one file of 24 MB, 100,000 INSERTs, against the same in one message",
        Contender("migrate up", bench.up(folder), bench.fresh),
        Contender("asyncpg, one message", bench.bare(folder, "apply"), bench.fresh),
        bench.root,
    )


def see_the_schema(bench: Bench) -> None:
    bench.fresh()
    folder = write(bench.root / "wide", {"0001_tables.sql": wide(1000), "0002_nothing.sql": "SELECT 1;\n"})
    subprocess.run(bench.up(folder), cwd=bench.root, check=True, stdout=subprocess.DEVNULL)
    dump = Contender("pg_dump --schema-only", [str(bench.psql[0]).replace("psql", "pg_dump"), "-s", bench.url], nothing)
    wide_schema = "1000 tables with 10 columns, 3 indexes, 2 constraints"
    compare(
        f"the live schema, {wide_schema}, against pg_dump",
        Contender("migrate verify", [*bench.migrate("verify"), "--dir", str(folder)], nothing),
        dump,
        bench.root,
    )

    def undo() -> None:
        undone = "DELETE FROM _migrations WHERE version = 2; UPDATE _migrations_catalog SET entries = 1"
        subprocess.run([*bench.psql, bench.url, "-c", undone], check=True)

    for how, does in (("ignore", "takes a snapshot"), ("warn", "looks for drift and takes a snapshot")):
        ours = Contender(f"migrate up --on-drift {how}", [*bench.up(folder), "--on-drift", how], undo)
        compare(f"one file that does nothing, and up {does}, {wide_schema}, against pg_dump", ours, dump, bench.root)
    bench.fresh()
    gateway = Path(__file__).parents[1] / "sql" / "migrations"
    subprocess.run(bench.up(gateway), cwd=bench.root, check=True, stdout=subprocess.DEVNULL)
    compare(
        "the live schema of the gateway, against up with nothing to do",
        Contender("migrate verify", [*bench.migrate("verify"), "--dir", str(gateway)], nothing),
        Contender("migrate up", bench.up(gateway), nothing),
        bench.root,
    )


def contend(bench: Bench, narrow: Bench) -> None:
    files = {f"{n:04d}_f{n}.sql": slow(n) for n in range(2, 51)} | {
        "0001_runs.sql": "CREATE TABLE runs (file integer);"
    }
    folder = write(bench.root / "slow", files)
    bare = Contender("bare asyncpg scripts", bench.bare(folder, "race"), bench.fresh, copies=50)
    for each, connections in ((bench, 100), (narrow, 20)):
        compare(
            f"50 processes at once, 50 files of 20 ms, {connections} connections, against 50 bare scripts on 100",
            Contender("migrate up", each.up(folder), each.fresh, copies=50),
            bare,
            bench.root,
        )


if __name__ == "__main__":
    main()
