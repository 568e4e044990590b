"""What the runner costs beside the plainest thing that does the same, as ratios of medians in one interleaved run.

make bench            on the newest PostgreSQL of this machine, data in memory where there is such a place
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from files import big, small, table, write
from measure import Contender, Cost, measure, server

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
FILES = 1000
BARE = Path(__file__).with_name("bare.py")


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
        data = write(root / "data_file", {"0001_fill.sql": big(1)})
        compare(
            "one file of 24 MB, 100,000 INSERTs, against the same in one message",
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


if __name__ == "__main__":
    main()
