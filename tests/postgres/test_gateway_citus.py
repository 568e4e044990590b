"""The optional set for Citus: it keeps to Citus' rules, has a history of its own, and on a cluster every sum is right.

The last runs where MIGRATE_TEST_CITUS_URL names a database on a coordinator: with the extension and its nodes, a role
that may create schemas, and nothing else that matters. Each run makes two schemas there and drops them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import uuid
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from gateway import Accepted, Asked, Options, Outcome, Refused, Request, SpendRecord, Store, setup_database
from gateway.client import init, spend
from runner import Config, load_folder, up, verify
from tests.postgres.stores import ME, until, until_heard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.client import Database as Asking
    from tests.conftest import Database

ROOT = Path(__file__).parents[2]
SET = ROOT / "sql/citus"
CITUS = os.environ.get("MIGRATE_TEST_CITUS_URL")
NOBODY = uuid.UUID(int=0)
CALL = re.compile(r"^SELECT create_distributed_table\('(\w+)', '(\w+)', colocate_with => '(\w+)'\);$", re.MULTILINE)
DISTRIBUTED = {
    table: (column, beside)
    for path in sorted(SET.glob("*.sql"))
    for table, column, beside in CALL.findall(path.read_text())
}
STAND_IN = """
    CREATE TABLE citus_calls (table_name text, distribution_column text, colocate_with text);
    CREATE FUNCTION create_distributed_table(table_name regclass, distribution_column text, colocate_with text)
    RETURNS void LANGUAGE sql AS 'INSERT INTO citus_calls VALUES ($1::text, $2, $3)';
"""
"""What the files call where there is no Citus: it notes the call, so it tells of the runner and nothing of Citus."""
IGNORED = ("*_p2*", "citus*", "gateway_citus.*", "create_distributed_table(*")
COST = Decimal("0.0000123456")


def test_every_file_of_the_set_distributes_one_table() -> None:
    assert len(load_folder(SET)) == len(DISTRIBUTED) == 3


@pytest.mark.parametrize("table", DISTRIBUTED)
def test_a_table_of_the_set_keeps_to_the_rules_of_citus(gateway_database: Database, table: str) -> None:
    column, beside = DISTRIBUTED[table]
    [(kind, persistence, required, type_)] = gateway_database.rows(f"""
        SELECT relkind::text, relpersistence::text, attnotnull, atttypid::regtype::text
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE pg_class.oid = '{table}'::regclass AND attname = '{column}'
    """)
    assert (kind, persistence, required) == ("p", "p", True)
    if beside != "none":
        assert (DISTRIBUTED[beside][0], type_) == (column, "uuid")
    keys = gateway_database.rows(f"""
        SELECT ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY(indkey))
        FROM pg_index WHERE indrelid = '{table}'::regclass AND (indisunique OR indisexclusion)
    """)
    assert keys
    assert [key for (key,) in keys if column not in key] == []
    for refused in (
        f"FROM pg_constraint WHERE contype = 'f' AND '{table}'::regclass IN (conrelid, confrelid)",
        f"FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal",
        f"FROM pg_rewrite WHERE ev_class = '{table}'::regclass",
        f"FROM pg_partitioned_table JOIN pg_inherits ON inhrelid = partrelid WHERE inhparent = '{table}'::regclass",
    ):
        assert gateway_database.value(f"SELECT count(*) {refused}") == 0, refused


def test_what_citus_would_take_and_the_set_leaves_alone_is_said(gateway_database: Database) -> None:
    names = ", ".join(f"'{table}'" for table in DISTRIBUTED)
    free = gateway_database.rows(f"""
        SELECT c.relname::text FROM pg_class AS c
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
        AND c.relname NOT IN ({names}) AND c.relname NOT LIKE '\\_migrations%' AND c.relpersistence = 'p'
        AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND c.oid IN (conrelid, confrelid))
    """)
    page = (ROOT / "docs/scaling.md").read_text()
    said = re.findall(r"^\| `(\w+)` \|[^|]*\| none \| local: ", page, re.MULTILINE)

    assert sorted(table for (table,) in free) == sorted(said)


def test_the_set_has_a_history_of_its_own_that_the_gateways_does_not_take_for_drift(gateway_database: Database) -> None:
    gateway_database.execute(STAND_IN)
    own = Config(folder=SET, schema="gateway_citus", database_url=gateway_database.url, ignore=IGNORED)
    main = own._replace(folder=ROOT / "sql/migrations", schema="public")
    first, again = asyncio.run(up(own)), asyncio.run(up(own))

    assert (len(first.applied), len(again.applied), len(asyncio.run(up(main)).applied)) == (3, 0, 0)
    calls = [(table, *how) for table, how in DISTRIBUTED.items()]
    assert gateway_database.rows("SELECT * FROM citus_calls") == calls
    assert gateway_database.value("SELECT count(*) FROM gateway_citus._migrations") == 3
    for history in (own, main):
        found = asyncio.run(verify(history))
        assert (found.differences, found.schema and found.schema.differences) == ((), ())


@pytest.mark.skipif(not CITUS, reason="MIGRATE_TEST_CITUS_URL names no coordinator of a Citus cluster")
def test_on_a_cluster_every_sum_is_right_before_and_after_the_tables_are_spread(tmp_path: Path) -> None:
    async def main() -> None:
        async with on_citus(CITUS or "", tmp_path) as (store, url, own):
            secret, team = await prepare(store)
            twice = await load(store, secret, 50)
            await up(own)
            await load(store, secret, 150)
            store.spend.record(twice)
            await store.spend.flush()
            async with asyncpg.create_pool(url, init=init, min_size=1, max_size=4) as pool:
                assert await distributed(pool) == {(table, column) for table, (column, _) in DISTRIBUTED.items()}
                assert store.spend.tally.waiting == 0
                await check_sums(pool, store, team)
                await check_reports(pool, team, twice)
            await check_access(store, secret)

    asyncio.run(main())


@asynccontextmanager
async def on_citus(given: str, spool: Path) -> AsyncIterator[tuple[Store, str, Config]]:
    """A store in a schema of its own on the coordinator, the URL of that schema, and how to run the optional set."""
    schema = f"gateway_{uuid.uuid4().hex[:12]}"
    url = f"{given}{'&' if '?' in given else '?'}search_path={schema}"
    own = Config(folder=SET, schema=f"{schema}_citus", database_url=url, ignore=IGNORED)
    try:
        async with await setup_database(url, Options(schema=schema, spool=spool, within=60.0)) as store:
            await store.link.until_ready()
            yield store, url, own
    finally:
        connection = await asyncpg.connect(given)
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema}, {schema}_citus CASCADE")
        await connection.close()


async def prepare(store: Store) -> tuple[str, uuid.UUID]:
    """A key under an organization and a team, with limits and a budget, and the team."""
    organization = await store.organizations.create("acme", by=ME)
    team = await store.teams.create("research", organization_id=organization.id, requests_per_minute=10_000, by=ME)
    await store.budgets.set(("team", team.id), "total", max_amount=Decimal(1000), by=ME)
    issued = await store.keys.create(team_id=team.id, max_parallel=16, by=ME)
    assert issued.secret
    return issued.secret, team.id


async def load(store: Store, secret: str, requests: int) -> SpendRecord:
    """So many requests, written; returns what was recorded of the last."""
    asked = Asked(secret=secret, model="small", endpoint="/v1/chat/completions", tokens=10, cost=Decimal(1))
    last: SpendRecord | None = None
    for number in range(requests):
        request = await store.admit(asked)
        assert isinstance(request, Request), request
        async with request:
            outcome = Outcome(
                status="success",
                cost=COST,
                prompt_tokens=number,
                completion_tokens=1,
                request={"number": number},
            )
            last = request.record(outcome)
            await request.finish(outcome)
    await store.spend.flush()
    assert last
    return last


async def distributed(pool: Asking) -> set[tuple[str, str]]:
    """The tables of the schema that Citus has spread, partitions left out, and by which column."""
    rows = await pool.fetch("""
        SELECT c.relname::text, column_to_column_name(p.logicalrelid, p.partkey)
        FROM pg_dist_partition AS p
        JOIN pg_class AS c ON c.oid = p.logicalrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
    """)
    return {(row[0], row[1]) for row in rows}


async def check_sums(pool: Asking, store: Store, team: uuid.UUID) -> None:
    """What was charged is what was logged, what was summed up, and what the budget says."""
    tokens = sum(range(50)) + sum(range(150)) + 200
    logged = await pool.fetchrow("SELECT count(*), sum(cost), sum(total_tokens)::bigint FROM spend_logs")
    assert tuple(logged) == (200, 200 * COST, tokens)
    assert await pool.fetchval("SELECT count(*) FROM spend_log_payloads") == 200
    kinds = await pool.fetch("SELECT entity_kind, sum(requests)::bigint, sum(cost) FROM daily_rollups GROUP BY 1")
    assert {tuple(row) for row in kinds} == {
        (kind, 200, 200 * COST) for kind in ("gateway", "organization", "team", "key")
    }
    [budget] = await store.budgets.of([("team", team)])
    assert (budget.spent, budget.reserved) == (200 * COST, Decimal(0))
    assert await pool.fetchval("SELECT count(*) FROM dead_letters") == 0


async def check_reports(pool: Any, team: uuid.UUID, record: SpendRecord) -> None:
    """The queries that people see: those that need one node, those that need all, and the one with a join."""
    today = dt.datetime.now(dt.UTC).date()
    days: dict[str, Any] = {"since": today - dt.timedelta(days=2), "until": today + dt.timedelta(days=2)}
    whose: dict[str, Any] = {"entity_kind": "team", "entity_id": team, **days}
    assert [line.cost for line in await spend.report_usage(pool, **whose) if line.dimension == "total"] == [200 * COST]
    assert (await spend.report_spend_by_model(pool, **whose))[0].requests == 200
    assert [row.requests for row in await spend.report_top_keys(pool, **whose, page_size=5)] == [200]
    entities = await spend.report_top_entities(pool, entity_kind="team", **days, page_size=5)
    assert [(row.entity_id, row.cost) for row in entities] == [(team, 200 * COST)]
    log = await spend.get_log(pool, started_at=record.started_at, request_id=record.request_id)
    assert log
    assert (log.l.cost, log.c and log.c.request) == (COST, {"number": 49})


async def check_access(store: Store, secret: str) -> None:
    """Partitions are made, and a blocked key is refused at once: all that is about access has stayed where it was."""
    assert await store.retention.ensure() == 0
    await until_heard(store)
    answer = await store.authorize(secret)
    assert isinstance(answer, Accepted)
    epoch = store.access.cache.epoch
    await store.keys.block(answer.key.key_id, by=ME)
    await until(lambda: store.access.cache.epoch > epoch)
    assert isinstance(await store.authorize(secret), Refused)
