"""What the generated client costs beside the same call written by hand, and what generating costs; medians of one run.

make bench only=client
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from measure import server
from runner import Config, up
from runner.generating import check_generated, generate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
CALLS, ROWS, QUERIES = 3000, 10_000, 100
ROOT = Path(__file__).parents[1]
BY_ID = "SELECT id, name, price, made_at, tags FROM items WHERE id = $1"
ALL = "SELECT id, name, price, made_at, tags FROM items"
ITEMS = f"""
CREATE TABLE items (id uuid PRIMARY KEY, name text NOT NULL, price numeric, made_at timestamptz NOT NULL, tags text[]);
INSERT INTO items
SELECT gen_random_uuid(), 'item ' || n, n / 7.0, now(), ARRAY['a', 'b'] FROM generate_series(1, {ROWS}) AS n;
"""


def main() -> None:
    with server() as (cluster, root):
        print(f"PostgreSQL {cluster.binaries.version}, {ROUNDS} rounds, medians")
        asyncio.run(_calls(cluster.url(), root))
        asyncio.run(_generation(cluster.url(), root))


async def _calls(url: str, root: Path) -> None:
    """One row a call, and many rows a call, against fetchrow and fetch with the same dataclass."""
    queries = root / "queries"
    queries.mkdir()
    (queries / "items.sql").write_text(f"-- name: GetItem :one\n{BY_ID};\n-- name: ListItems :many\n{ALL};\n")
    connection = await asyncpg.connect(url)
    await connection.execute(ITEMS)
    await generate(Config(folder=root / "none", queries=queries, client=root / "made", database_url=url), live=True)
    sys.path.insert(0, str(root))
    items: Any = importlib.import_module("made.items")
    row_class: Any = importlib.import_module("made").ItemsRow
    some = await connection.fetchval("SELECT id FROM items LIMIT 1")

    async def by_hand() -> None:
        for _ in range(CALLS):
            row = await connection.fetchrow(BY_ID, some)
            assert row is not None  # noqa: S101  # what the code by hand would have, too
            row_class(*row)

    async def generated() -> None:
        for _ in range(CALLS):
            await items.get_item(connection, id=some)

    async def many_by_hand() -> None:
        [row_class(*row) for row in await connection.fetch(ALL)]

    async def many_generated() -> None:
        await items.list_items(connection)

    await _compare(f":one, {CALLS} calls, against fetchrow by hand", generated, by_hand)
    await _compare(f":many, {ROWS} rows, against fetch by hand", many_generated, many_by_hand)
    await connection.execute("DROP TABLE items")
    await connection.close()


async def _compare(title: str, ours: Callable[[], Awaitable[None]], hand: Callable[[], Awaitable[None]]) -> None:
    seconds: dict[str, list[float]] = {"generated": [], "by hand": []}
    for _ in range(ROUNDS * 3):
        for name, work in (("by hand", hand), ("generated", ours)):
            begin = time.perf_counter()
            await work()
            seconds[name].append(time.perf_counter() - begin)
    _show(title, {name: statistics.median(each) for name, each in seconds.items()}, "generated", "by hand")


async def _generation(url: str, root: Path) -> None:
    """A hundred of the gateway's queries on a database that has the schema; then with nothing changed, by --check."""
    await up(Config(folder=ROOT / "sql/migrations", database_url=url))
    queries = root / "hundred"
    queries.mkdir()
    for path, text in _first(QUERIES).items():
        (queries / path).write_text(text)
    config = Config(folder=ROOT / "sql/migrations", queries=queries, client=root / "client", database_url=url)
    seconds: dict[str, list[float]] = {"generate": [], "generate --check": []}
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        await generate(config, live=True)
        middle = time.perf_counter()
        check_generated(config)
        seconds["generate"].append(middle - begin)
        seconds["generate --check"].append(time.perf_counter() - middle)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    _show(f"{QUERIES} queries of the gateway, the schema is there", medians, "generate --check", "generate")


def _first(count: int) -> dict[str, str]:
    """The first queries of the gateway, by the names of their files."""
    texts: dict[str, str] = {}
    for path in sorted((ROOT / "sql/queries").glob("*.sql")):
        parts = re.split(r"(?m)^(?=-- name:)", path.read_text())[1:]
        texts[path.name] = "".join(parts[:count])
        count -= len(parts)
        if count <= 0:
            break
    return texts


def _show(title: str, medians: dict[str, float], ours: str, yardstick: str) -> None:
    print(f"\n{title}")
    for name, each in medians.items():
        print(f"  {name:<40} {each * 1000:9.1f} ms")
    print(f"  {'ratio':<40} {medians[ours] / medians[yardstick]:9.2f}", flush=True)


if __name__ == "__main__":
    main()
