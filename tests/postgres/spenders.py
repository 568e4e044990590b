"""What the tests of spend share: records, a writer over a real link, sums to compare; and a process that spends.

As a program, with a URL and the folder of a spool, it records until it is killed, and says of each record when it is
kept.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import sys
import uuid
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.client import budgets, spend
from gateway.link import Link
from gateway.options import Options
from gateway.spending.records import Charge, SpendRecord
from gateway.spending.spend import Spend
from gateway.spending.spool import open_spool
from tests.fire import await_row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from tests.conftest import Database

GATEWAY = uuid.UUID(int=0)
KEY = uuid.UUID(int=0xA1)
MINUTE = dt.timedelta(minutes=1)


async def as_it_is() -> None:
    """The schema is there already."""


@asynccontextmanager
async def linked(url: str, **options: Any) -> AsyncIterator[Link]:
    """A link to a database that has the schema."""
    link = Link(url, Options(**{"within": 10.0, **options}), as_it_is)
    await link.open()
    try:
        yield link
    finally:
        await link.close()


@asynccontextmanager
async def spending(url: str, **options: Any) -> AsyncIterator[Spend]:
    """A writer, which writes only when it is told to; what waits at the end stays in the spool."""
    async with linked(url, **options) as link, over(link, **options) as one:
        yield one


@asynccontextmanager
async def over(link: Link, **options: Any) -> AsyncIterator[Spend]:
    """The same over a link that there is."""
    chosen = Options(**options)
    one = Spend(link, open_spool(chosen.spool, chosen.spool_rows), chosen)
    try:
        yield one
    finally:
        await one.close(0)


def run(database: Database, work: Callable[[Spend], Awaitable[Any]], **options: Any) -> Any:
    """What a coroutine gives that gets a writer."""

    async def with_spend() -> Any:
        async with spending(database.url, **options) as one:
            return await work(one)

    return asyncio.run(with_spend())


def record(**fields: Any) -> SpendRecord:
    """A record of now, with some fields as given."""
    usual = {
        "started_at": dt.datetime.now(dt.UTC),
        "request_id": uuid.uuid4(),
        "model_name": "small",
        "provider": "acme",
        "endpoint": "/v1/chat/completions",
        "status": "success",
        "duration_ms": 12,
        "cost": decimal.Decimal("0.0000123457"),
        "key_id": KEY,
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "cached_tokens": 3,
    }
    return SpendRecord(**{**usual, **fields})


def flushed(database: Database, records: list[SpendRecord], **options: Any) -> Any:
    """How it stands after some records were recorded and written."""

    async def work(one: Spend) -> Any:
        for each in records:
            one.record(each)
        await one.flush()
        return one.tally

    return run(database, work, **options)


async def until(fulfilled: Callable[[], bool], one: Spend, records: list[SpendRecord]) -> None:
    """Returns when something is so, once the records are recorded; for 30 seconds."""
    for each in records:
        one.record(each)
    async with asyncio.timeout(30):
        while not fulfilled():  # noqa: ASYNC110  # nobody else waits for it
            await asyncio.sleep(0.01)


async def make_budgets(connection: Any, entities: Sequence[tuple[str, uuid.UUID]], period: str = "total") -> None:
    """A budget without end for each entity."""
    for kind, entity in entities:
        await budgets.upsert_budget(
            connection,
            entity_kind=kind,
            entity_id=entity,
            period=period,
            anchor_at=None,
            max_amount=decimal.Decimal(10**9),
            soft_amount=None,
        )


async def reserve(connection: Any, request: uuid.UUID, entities: Sequence[tuple[str, uuid.UUID]]) -> None:
    """Reserves one for a request from the budgets of some entities."""
    outcome = "again"
    while outcome == "again":
        answer = await budgets.reserve_budgets(
            connection,
            entity_kinds=[kind for kind, _ in entities],
            entity_ids=[entity for _, entity in entities],
            request_id=request,
            amount=decimal.Decimal(1),
            ttl=MINUTE,
        )
        outcome = answer.outcome
    assert outcome == "reserved", outcome


def await_end_of_sessions(database: Database) -> None:
    """Returns when nobody else is connected: what a session has counted is known at its end."""
    others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    await_row(database, f"SELECT WHERE NOT EXISTS ({others})")


def logged(database: Database) -> list[uuid.UUID]:
    """The ids of all requests in the logs."""
    return [row[0] for row in database.rows("SELECT request_id FROM spend_logs")]


def assert_all_agree(database: Database) -> None:
    """Logs, rollups of every kind and budgets tell of the same requests and cost."""
    days = [row[0] for row in database.rows("SELECT DISTINCT (started_at AT TIME ZONE 'UTC')::date FROM spend_logs")]

    async def reconcile(connection: Any) -> int:
        return sum([await spend.reconcile_daily_rollups(connection, day=day) for day in days])

    assert database.run(reconcile) == 0
    assert database.value("SELECT coalesce(sum(requests), 0) FROM daily_rollups WHERE entity_kind = 'gateway'") == len(
        logged(database)
    )
    assert (
        database.rows("""
        SELECT b.entity_kind, b.entity_id, c.spent, c.reserved
        FROM budget_counters AS c JOIN budgets AS b ON b.id = c.budget_id
        WHERE c.reserved <> 0 OR c.spent <> (
            SELECT coalesce(sum(l.cost), 0) FROM spend_logs AS l
            WHERE b.entity_id IN ('00000000-0000-0000-0000-000000000000', l.key_id, l.team_id, l.end_user_id)
            AND c.period_started_at = budget_period_started_at(b.period, b.anchor_at, l.started_at)
        )
    """)
        == []
    )


async def spend_for_ever(url: str, folder: Path) -> None:
    """Records, reserves now and then, and says of each record when it is kept."""
    whom = [("gateway", GATEWAY), ("key", KEY)]
    chosen: dict[str, Any] = {"spool": folder, "flush_rows": 20, "flush_every": 0.001}
    async with spending(url, **chosen) as one, linked(url) as link, link.connection() as connection:
        writing = asyncio.create_task(one.run())
        while not writing.done():
            for number in range(10):
                request = uuid.uuid4()
                if not number:
                    await reserve(connection, request, whom)
                one.record(record(request_id=request, charge=Charge.ADD if number else Charge.SETTLE))
                print(request, flush=True)  # noqa: T201  # for the test that listens
            await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(spend_for_ever(sys.argv[1], Path(sys.argv[2])))
