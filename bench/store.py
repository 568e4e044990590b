"""What the gateway's store does under load, each beside the shape that one would write first; exact counts, ratios.

make bench only=store
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from gateway import Accepted, Actor, Options, Refused, SpendRecord, setup_database
from gateway.client import budgets, keys
from gateway.client.keys import AUTHORIZE_KEY
from gateway.requests.access import hash_secret
from gateway.requests.budgets import Reserved
from gateway.requests.limits import Hit, Limit
from measure import server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gateway import Store

    Pool = asyncpg.Pool[asyncpg.Record]

SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
KEYS = int(os.environ.get("BENCH_KEYS", "1000000"))
WRITERS, HOT, TOUCHED = 16, 200, 60
CALLS, LOGS_A_DAY, KILLS = 2000, 10_000, 5
ME = Actor("system", "bench")
HOUR = dt.timedelta(hours=1)
CHILD = Path(__file__).with_name("spender.py")


def main() -> None:
    with server(max_connections=200) as (cluster, _):
        print(f"PostgreSQL {cluster.binaries.version}")
        asyncio.run(_all(cluster.url()))


async def _all(url: str) -> None:
    options = Options(within=60, pool_size=WRITERS, fresh_for=0.0, fresh_unheard=0.0)
    async with await setup_database(url, options) as store, asyncpg.create_pool(url, max_size=WRITERS) as pool:
        await _hot_rows(pool)
        await _budget(store, pool)
        await _rate_limit(store, pool)
        await _notices(store, url)
        await _kills(store, url)
        await _retention(store, pool)
        await _ingest(store, pool)
        await _validation(store, pool)


async def _hot_rows(pool: Pool) -> None:
    """16 writers, each flush adds to 60 of 200 counters: ours in one ordered statement, and row by row as they come."""
    scopes = [uuid.uuid4() for _ in range(HOT)]
    for scope in scopes:
        await budgets.upsert_budget(
            pool,
            entity_kind="team",
            entity_id=scope,
            period="total",
            anchor_at=None,
            max_amount=None,
            soft_amount=Decimal(1),
        )
    await pool.execute("CREATE TABLE naive (id uuid PRIMARY KEY, spent numeric(20,10) NOT NULL)")
    await pool.execute("INSERT INTO naive SELECT unnest($1::uuid[]), 0", scopes)

    async def ours(connection: Any, touched: list[uuid.UUID], now: dt.datetime) -> None:
        await budgets.add_budget_spend(
            connection,
            entity_kinds=["team"] * TOUCHED,
            entity_ids=touched,
            started_ats=[now] * TOUCHED,
            amounts=[Decimal("0.0000015")] * TOUCHED,
        )

    async def row_by_row(connection: Any, touched: list[uuid.UUID], _: dt.datetime) -> None:
        for each in touched:
            await connection.execute("UPDATE naive SET spent = spent + 0.0000015 WHERE id = $1", each)

    print(f"\n{WRITERS} writers for {SECONDS:g} s, {TOUCHED} of {HOT} hot rows a flush")
    for name, work, total in (
        ("one ordered upsert", ours, "SELECT sum(spent) FROM budget_counters"),
        ("an UPDATE a row", row_by_row, "SELECT sum(spent) FROM naive"),
    ):
        done, deadlocks = await _hammer(pool, scopes, work)
        right = await pool.fetchval(total) == done * TOUCHED * Decimal("0.0000015")
        print(
            f"  {name:<28} {done / SECONDS:9.0f} flushes/s {deadlocks:5} deadlocks, sum {'exact' if right else 'WRONG'}"
        )


async def _hammer(pool: Pool, scopes: list[uuid.UUID], work: Callable[..., Awaitable[None]]) -> tuple[int, int]:
    done = deadlocks = 0
    end = time.monotonic() + SECONDS

    async def writer() -> None:
        nonlocal done, deadlocks
        while time.monotonic() < end:
            touched = random.sample(scopes, TOUCHED)
            try:
                async with pool.acquire() as connection, connection.transaction():
                    await work(connection, touched, dt.datetime.now(dt.UTC))
                done += 1
            except asyncpg.DeadlockDetectedError:
                deadlocks += 1

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return done, deadlocks


async def _budget(store: Store, pool: Pool) -> None:
    """A budget of 100, a thousand requests of 1 at once; then over a team and its organization with 60."""
    team, roomy, organization = ("team", uuid.uuid4()), ("team", uuid.uuid4()), ("organization", uuid.uuid4())
    for scope, most in ((team, 100), (roomy, 1000), (organization, 60)):
        await store.budgets.set(scope, "total", by=ME, max_amount=Decimal(most))
    started = time.perf_counter()
    answers = await asyncio.gather(
        *(store.budgets.reserve(uuid.uuid4(), Decimal(1), [team], ttl=HOUR) for _ in range(1000))
    )
    seconds = time.perf_counter() - started
    await pool.execute("CREATE TABLE checked (spent numeric NOT NULL); INSERT INTO checked VALUES (0)")

    async def check_then_record() -> bool:
        if await pool.fetchval("SELECT spent FROM checked") + 1 > 100:
            return False
        await pool.execute("UPDATE checked SET spent = spent + 1")
        return True

    naive = sum(await asyncio.gather(*(check_then_record() for _ in range(1000))))
    print(f"\na budget of 100, 1000 requests of 1 at once ({1000 / seconds:.0f}/s on one hot row)")
    print(f"  {'reserve':<28} {_count(answers, Reserved):9} admitted\n  {'check, then record':<28} {naive:9} admitted")
    both = await asyncio.gather(
        *(store.budgets.reserve(uuid.uuid4(), Decimal(1), [organization, roomy], ttl=HOUR) for _ in range(200))
    )
    held = " and ".join(f"{row.reserved:.0f}" for row in await store.budgets.of([organization, roomy]))
    print(f"  {'of two budgets, one of 60':<28} {_count(both, Reserved):9} admitted, {held} held")


def _count(answers: list[Any], kind: type) -> int:
    return sum(isinstance(answer, kind) for answer in answers)


async def _rate_limit(store: Store, pool: Pool) -> None:
    """A limit of 500, 2000 requests at once."""
    limit = [Limit("key:bench", "requests", 500, window_seconds=86_400)]
    started = time.perf_counter()
    answers = await asyncio.gather(*(store.rates.hit(limit) for _ in range(2000)))
    seconds = time.perf_counter() - started
    await pool.execute("CREATE TABLE counted (used bigint NOT NULL); INSERT INTO counted VALUES (0)")

    async def read_then_write() -> bool:
        if await pool.fetchval("SELECT used FROM counted") >= 500:
            return False
        await pool.execute("UPDATE counted SET used = used + 1")
        return True

    naive = sum(await asyncio.gather(*(read_then_write() for _ in range(2000))))
    print(f"\na limit of 500, 2000 requests at once ({2000 / seconds:.0f}/s on one hot key)")
    print(f"  {'hit':<28} {_count(answers, Hit):9} admitted\n  {'read, then write':<28} {naive:9} admitted")


async def _notices(store: Store, url: str) -> None:
    """How soon a key that is blocked at one instance is refused at another, which had it in memory."""
    seconds = []
    async with await setup_database(url, Options(within=60)) as there:
        while not there.health.hears:
            await asyncio.sleep(0.01)
        for _ in range(50):
            issued = await store.keys.create(by=ME)
            assert issued.secret  # noqa: S101
            while not isinstance(await there.authorize(issued.secret), Accepted):
                await asyncio.sleep(0)
            began = time.perf_counter()
            await store.keys.block(issued.key_id, by=ME)
            while not isinstance(await there.authorize(issued.secret), Refused):
                await asyncio.sleep(0)
            seconds.append(time.perf_counter() - began)
    print("\na key blocked at one instance, until it is refused at another (50 times)")
    print(f"  {'median, worst':<28} {statistics.median(seconds) * 1000:9.1f} ms {max(seconds) * 1000:8.1f} ms")


async def _kills(store: Store, url: str) -> None:
    """A process that records spend, killed again and again; what it had been promised is counted in the database."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept"
        for _ in range(KILLS):
            child = subprocess.Popen([sys.executable, str(CHILD), url, folder, str(kept)])
            await asyncio.sleep(1.5 + random.random())
            child.kill()
            child.wait()
        options = Options(within=60, spool=Path(folder), flush_every=0.05)
        async with await setup_database(url, options) as last:
            while not last.spend.tally.written or last.spend.tally.waiting:
                await asyncio.sleep(0.05)
        promised = [uuid.UUID(line) for line in kept.read_text().split()]
    async with store.link.connection() as connection:
        rows = await connection.fetchval("SELECT count(*) FROM spend_logs")
        cost = await connection.fetchval("SELECT sum(cost) FROM spend_logs")
        there = await connection.fetchval("SELECT count(*) FROM spend_logs WHERE request_id = ANY($1)", promised)
        rolled = await connection.fetchval("SELECT sum(cost) FROM daily_rollups WHERE entity_kind = 'gateway'")
    print(f"\na gateway killed {KILLS} times in the middle of flushing (kill -9)")
    print(f"  {'records promised, there':<28} {len(promised):9} {there:9}")
    print(f"  {'rows, cost in rows, in sums':<28} {rows:9} {cost:f} {rolled:f}")


async def _retention(store: Store, pool: Pool) -> None:
    """A month of logs taken away: whole partitions, and DELETE a thousand at a time."""
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    print(f"\na month of logs, {LOGS_A_DAY} a day, taken away")
    for name in ("partitions dropped", "DELETE by thousands"):
        for back in range(40, 70):
            await _fill_a_day(pool, today - dt.timedelta(days=back))
        lsn, began = await pool.fetchval("SELECT pg_current_wal_lsn()"), time.perf_counter()
        if name.startswith("part"):
            month = Options(within=60, keep={"spend_logs": dt.timedelta(days=35)})
            await type(store.retention)(store.link, month).drop()
        else:
            while await pool.fetchval(_DELETE, today - dt.timedelta(days=35)):
                pass
        seconds = time.perf_counter() - began
        wal = await pool.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1)", lsn)
        print(f"  {name:<28} {seconds * 1000:9.0f} ms {wal / 1024:12.0f} KiB of WAL")


_DELETE = """
WITH gone AS (
    DELETE FROM spend_logs
    WHERE (started_at, request_id) IN (SELECT started_at, request_id FROM spend_logs WHERE started_at < $1 LIMIT 1000)
    RETURNING 1
)
SELECT count(*) FROM gone
"""


async def _fill_a_day(pool: Pool, day: dt.datetime) -> None:
    name = f"spend_logs_p{day:%Y%m%d}"
    if not await pool.fetchval("SELECT to_regclass($1)", name):
        until = day + dt.timedelta(days=1)
        bounds = f"FROM ('{day}') TO ('{until}')"
        await pool.execute(f"CREATE TABLE {name} PARTITION OF spend_logs FOR VALUES {bounds}")
    await pool.execute(
        f"INSERT INTO {name} (started_at, request_id, model_name, endpoint, status, duration_ms)"
        " SELECT $1::timestamptz + n * interval '1 second', gen_random_uuid(), 'small', '/v1/chat', 'success', 9"
        " FROM generate_series(1, $2) AS n",
        day,
        LOGS_A_DAY,
    )


async def _ingest(store: Store, pool: Pool) -> None:
    """Requests recorded and written: through the spool in batches, and each in a transaction of its own."""
    count, issued = 20_000, await store.keys.create(by=ME)
    began = time.perf_counter()
    for _ in range(count):
        store.spend.record(_record(issued.key_id))
    recorded = time.perf_counter() - began
    await store.spend.drain(600)
    ours = time.perf_counter() - began
    await pool.execute("CREATE TABLE sums (id uuid PRIMARY KEY, spent numeric NOT NULL)")
    await pool.execute("INSERT INTO sums VALUES ($1, 0)", issued.key_id)

    async def naive() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(_INSERT, dt.datetime.now(dt.UTC), uuid.uuid4(), issued.key_id)
            await connection.execute("UPDATE sums SET spent = spent + 0.0000015 WHERE id = $1", issued.key_id)

    began = time.perf_counter()
    for _ in range(count // 20 // WRITERS):
        await asyncio.gather(*(naive() for _ in range(WRITERS)))
    each = (time.perf_counter() - began) / (count // 20 // WRITERS * WRITERS)
    print(f"\n{count} requests recorded ({recorded / count * 1e6:.0f} us each on the path of the request) and written")
    print(f"  {'in batches, all counters':<28} {count / ours:9.0f} a second")
    print(f"  {'a transaction a request':<28} {1 / each:9.0f} a second, log and one counter alone")


_INSERT = """
INSERT INTO spend_logs (started_at, request_id, key_id, model_name, endpoint, status, duration_ms, cost)
VALUES ($1, $2, $3, 'small', '/v1/chat', 'success', 9, 0.0000015)
"""


def _record(key_id: uuid.UUID) -> SpendRecord:
    return SpendRecord(
        started_at=dt.datetime.now(dt.UTC),
        request_id=uuid.uuid4(),
        model_name="small",
        endpoint="/v1/chat",
        status="success",
        duration_ms=9,
        cost=Decimal("0.0000015"),
        key_id=key_id,
    )


async def _validation(store: Store, pool: Pool) -> None:
    """One key of a million: the statement of the store, a bare SELECT by primary key, and from memory."""
    await pool.execute(
        """
        WITH made AS (
            INSERT INTO api_keys (hint, created_by) SELECT 'sk-', 'system:bench' FROM generate_series(1, $1)
            RETURNING id
        )
        INSERT INTO api_key_hashes (hash, key_id) SELECT sha256(id::text::bytea), id FROM made
        """,
        KEYS,
        timeout=600,
    )
    await pool.execute("VACUUM ANALYZE api_keys, api_key_hashes", timeout=600)
    some = [row["id"] for row in await pool.fetch("SELECT id FROM api_keys WHERE hint = 'sk-' LIMIT $1", CALLS)]
    team = await store.teams.create("bench", by=ME)
    issued = await store.keys.create(by=ME, team_id=team.id)
    await store.budgets.set(("team", team.id), "month", by=ME, max_amount=Decimal(5))

    async def bare(connection: Any) -> None:
        for each in some:
            await connection.fetchrow("SELECT id, hint FROM api_keys WHERE id = $1", each)

    async def validate(connection: Any) -> None:
        for each in some:
            await keys.authorize_key(connection, hash=hash_secret(str(each)))

    async def with_team_and_budget(connection: Any) -> None:
        for _ in some:
            await keys.authorize_key(connection, hash=hash_secret(issued.secret or ""))

    print(f"\nvalidation of one of {KEYS} keys, {CALLS} calls on one connection")
    async with pool.acquire() as connection:
        yardstick = await _time(bare, connection)
        for name, work in (
            ("SELECT by primary key", bare),
            ("validation", validate),
            ("with a team and a budget", with_team_and_budget),
        ):
            seconds = await _time(work, connection)
            print(f"  {name:<28} {seconds / CALLS * 1e6:9.0f} us {seconds / yardstick:8.2f}")
        plan = await connection.fetch(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {AUTHORIZE_KEY}".replace("$1", f"sha256('{some[0]}')")
        )
    probes = [row[0].strip(" ->") for row in plan if "api_key_hashes" in row[0]]
    print(f"  {'probes of hashes':<28} {'; '.join(probes)}")


async def _time(work: Callable[[Any], Awaitable[None]], connection: Any) -> float:
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        await work(connection)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
