"""The same work for migrate and for its peers, round robin in one run, as tables in Markdown.

python bench/peers.py [WORKLOAD…]     help, no-op, apply, data, contention; all, if none is named
python bench/peers.py --write         all, into docs/performance.md

`make bench-peers` installs the peers; one that is not there is left out. BENCH_ROUNDS sets the rounds, 3 if it is not.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import runner
from files import big, light, slow, small
from measure import ENVIRONMENT, in_memory, run, server
from tables import PATIENCE, Result, Results, table
from tools import Tool, migrate, peers, psqls, versions, with_a_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from measure import Cost
    from runner.server.cluster import Cluster
    from tools import Text

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PAGE = Path(__file__).parents[1] / "docs/performance.md"
MARKERS = ("<!-- written by bench/peers.py --write -->", "<!-- end of what bench/peers.py writes -->")
SLOW = 10.0  # seconds: what takes longer is not run a second time
FILES = 50  # that processes contend for


@dataclass(frozen=True, slots=True)
class Bench:
    """A server with a database for each tool, and a folder for each."""

    cluster: Cluster
    root: Path

    @property
    def psql(self) -> Path:
        return self.cluster.binaries.folder / "psql"

    def tools(self) -> list[Tool]:
        """The tools that are here and keep a ledger, ours first."""
        return [tool for tool in (migrate(), *peers()) if tool.place]

    def ask(self, sql: str, database: str = "postgres") -> str:
        command = [str(self.psql), "-X", "-Atqc", sql, self.cluster.url(database)]
        environment = {**ENVIRONMENT, "PGOPTIONS": "-c client_min_messages=warning"}
        answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return answer.stdout.strip()

    def prepare(self, tool: Tool, count: int, text: Text) -> None:
        """Writes the tool's folder; with more files than before, the first of them stay what they were."""
        folder = self.root / text.__name__ / slug(tool)
        folder.mkdir(parents=True, exist_ok=True)
        tool.lay(folder, count, text)

    def fresh(self, tool: Tool) -> None:
        """Makes the tool's database anew, for an ordinary role: a superuser has connections kept for it."""
        self.ask(f"DROP DATABASE IF EXISTS {slug(tool)} WITH (FORCE)")
        self.ask(f"CREATE DATABASE {slug(tool)} OWNER bench")

    def up(self, tool: Tool, count: int, text: Text, *, copies: int = 1) -> Cost:
        url = f"postgresql://bench@127.0.0.1:{self.cluster.port}/{slug(tool)}?sslmode=disable"
        kept = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(("PG", "MIGRATE_"))}
        return run(
            tool.up(count, url),
            self.root / text.__name__ / slug(tool),
            environment={**kept, "DATABASE_URL": url},
            copies=copies,
            patience=PATIENCE,
        )


def slug(tool: Tool) -> str:
    return re.sub(r"\W+", "_", tool.name)


def round_robin(tools: list[Tool], once: Callable[[Tool], Result]) -> Results:
    """The results of ROUNDS rounds."""
    results: Results = {tool.name: [] for tool in tools}
    for _ in range(ROUNDS):
        for tool in tools:
            before = results[tool.name]
            if not before or before[-1].cost.seconds < SLOW:
                before.append(once(tool))
                if before[-1].cost.failed:
                    print(f"  {tool.name}: {complaint(before[-1].cost.said)}", file=sys.stderr)
    return results


def complaint(said: str) -> str:
    """The first line that speaks of an error, or else the last."""
    lines = said.strip().splitlines() or ["failed without a word"]
    return next((line for line in lines if re.search(r"error|fatal|failed", line, re.IGNORECASE)), lines[-1])[:200]


def show_help(bench: Bench) -> str:
    def once(tool: Tool) -> Result:
        return Result(run(tool.help or [], bench.root))

    tools = [tool for tool in (*bench.tools(), *psqls(bench.psql)) if tool.help]
    for tool in tools:
        once(tool)  # so that Python's bytecode is there
    return table("Start-up: `--help`", {"`--help`": round_robin(tools, once)})


def find_nothing_to_do(bench: Bench) -> str:
    columns: dict[str, Results] = {}
    tools = bench.tools()
    for tool in tools:
        bench.fresh(tool)
    for count in (10, 100, 1000, 5000):
        for tool in tools:
            bench.prepare(tool, count, light)
            bench.up(tool, count, light)
        columns[f"{count} files"] = round_robin(tools, lambda tool: Result(bench.up(tool, count, light)))  # noqa: B023
    return table("Nothing to do: `up` with all files applied", columns)


def apply(bench: Bench) -> str:
    columns: dict[str, Results] = {}
    tools = [*bench.tools(), *psqls(bench.psql)]
    for count in (10, 100, 1000):
        for tool in tools:
            bench.prepare(tool, count, small)
        columns[f"{count} files"] = round_robin(tools, lambda tool: apply_anew(bench, tool, count, small))  # noqa: B023
    return table("Small files, to an empty database", columns)


def load_data(bench: Bench) -> str:
    tools = [*bench.tools(), *psqls(bench.psql)[:1]]
    for tool in tools:
        bench.prepare(tool, 1, big)
    results = round_robin(tools, lambda tool: apply_anew(bench, tool, 1, big))
    return table("One file of 24 MB with 100,000 INSERTs", {"time": results})


def apply_anew(bench: Bench, tool: Tool, count: int, text: Text) -> Result:
    bench.fresh(tool)
    return Result(bench.up(tool, count, text))


def contend(bench: Bench) -> str:
    columns = {f"{copies} processes": contention(bench, copies) for copies in (2, 10, 50)}
    with server(max_connections=20) as (cluster, root):
        columns["50 processes, 20 connections"] = contention(started(cluster, root), 50)
    return table(f"Processes that start together, {FILES} files of 20 ms", columns)


def contention(bench: Bench, copies: int) -> Results:
    tools = [each for tool in bench.tools() for each in (tool, *with_a_lock(tool))]
    for tool in tools:
        bench.prepare(tool, FILES, slow)

    def once(tool: Tool) -> Result:
        bench.fresh(tool)
        bench.ask("CREATE TABLE runs (file integer); ALTER TABLE runs OWNER TO bench", slug(tool))
        cost = bench.up(tool, FILES, slow, copies=copies)
        runs = [int(times) for times in bench.ask("SELECT count(*) FROM runs GROUP BY file", slug(tool)).split()]
        return Result(cost, copies, sum(times > 1 for times in runs), FILES - len(runs))

    return round_robin(tools, once)


WORKLOADS = {
    "help": show_help,
    "no-op": find_nothing_to_do,
    "apply": apply,
    "data": load_data,
    "contention": contend,
}


def started(cluster: Cluster, root: Path) -> Bench:
    bench = Bench(cluster, root)
    bench.ask("CREATE ROLE bench LOGIN")
    return bench


def conditions(bench: Bench) -> str:
    """What was measured on, when, and what is left out."""
    place = "in memory" if in_memory() else "on disk"
    pinned = versions()
    here = ", ".join(f"{tool.name} {pinned.get(tool.name, '')}".strip() for tool in bench.tools()[1:])
    absent = [tool.name for tool in peers() if not tool.place]
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {os.cpu_count()} CPUs, Python {platform.python_version()} and",
        f"PostgreSQL {bench.cluster.binaries.version}, its data {place}. migrate {runner.__version__}; medians of",
        f"{ROUNDS} round{'s'[: ROUNDS - 1]}. Peers: {here or 'none'}.",
        *([f"Not installed, so left out: {', '.join(absent)}."] if absent else []),
    ]
    return " ".join(lines)


def write(report: str) -> None:
    """The page, with the report between the markers."""
    before, _, rest = PAGE.read_text().partition(MARKERS[0])
    _, _, after = rest.partition(MARKERS[1])
    PAGE.write_text(f"{before}{MARKERS[0]}\n\n{report}\n\n{MARKERS[1]}{after}")


def main(*arguments: str) -> None:
    names = [name for name in arguments if name != "--write"]
    if not set(names) <= set(WORKLOADS) or (names and "--write" in arguments):
        sys.exit(f"the workloads are {', '.join(WORKLOADS)}; --write needs all of them")
    with server() as (cluster, root):
        bench = started(cluster, root)
        report = [conditions(bench)]
        for name in names or WORKLOADS:
            print(f"measuring {name} …", file=sys.stderr)
            report.append(WORKLOADS[name](bench))
    if "--write" in arguments:
        write("\n\n".join(report))
    else:
        print("\n\n".join(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
