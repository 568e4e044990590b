"""The gateway's own client: it is fresh, and each of its functions works, also after the schema has grown."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import hashlib
import importlib
import inspect
import ipaddress
import types
import typing
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from gateway.client import budgets, init, keys, organizations, spend, teams
from runner import Config, up
from runner.generating import check_generated, generate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.conftest import Database

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "gateway/client"
NOW = dt.datetime.now(dt.UTC)
JSON_TEXTS = {"request_texts": ["{}"], "response_texts": ["{}"]}
"""Parameters that are text to Python, and JSON to the query."""
TABLES = "relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"


@pytest.fixture
def gateway(database: Database) -> Database:
    """A database with the gateway's schema."""
    if database.value("SHOW server_version_num") < "150000":
        pytest.skip("the gateway's schema needs PostgreSQL 15")
    asyncio.run(up(Config(folder=ROOT / "sql/migrations", database_url=database.url)))
    return database


def run(database: Database, work: Callable[[asyncpg.Connection[Any]], Awaitable[Any]]) -> Any:
    """What a coroutine gives that gets a connection of a pool, as the gateway has it."""

    async def with_pool() -> Any:
        async with asyncpg.create_pool(database.url, init=init, min_size=1, max_size=1) as pool, pool.acquire() as one:
            return await work(typing.cast("asyncpg.Connection[Any]", one))

    return asyncio.run(with_pool())


def test_the_client_is_what_each_server_makes_of_the_queries(
    gateway: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert check_generated(Config(client=Path("gateway/client"))).stale == ()

    asyncio.run(generate(Config(client=tmp_path / "client", database_url=gateway.url), live=True))

    made = {path.name: path.read_text() for path in (tmp_path / "client").glob("*.py")}
    assert made == {path.name: path.read_text() for path in CLIENT.glob("*.py")}


def functions() -> Iterator[tuple[str, Any]]:
    """Every generated function of the gateway."""
    for path in sorted(CLIENT.glob("*.py")):
        if path.stem != "__init__":
            module = importlib.import_module(f"gateway.client.{path.stem}")
            for name, function in vars(module).items():
                if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
                    yield f"{path.stem}.{name}", function


def value_of(annotation: Any) -> Any:  # noqa: C901, PLR0911  # one case a kind of type
    """Some value of a type, None where that is allowed."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if typing.is_typeddict(annotation):
        return {}
    if origin in (types.UnionType, typing.Union):
        if any(typing.get_origin(each) is Mapping for each in arguments):
            return {}
        return None if type(None) in arguments else value_of(arguments[0])
    if origin in (list, Sequence, Iterable):
        return [value_of(arguments[0])]
    if is_dataclass(annotation):
        hints = typing.get_type_hints(annotation)
        return annotation(**{field.name: value_of(hints[field.name]) for field in fields(annotation)})  # type: ignore[operator]
    if annotation is dt.datetime:
        return NOW
    if annotation is dt.timedelta:
        return dt.timedelta(minutes=1)
    if annotation is dt.date:
        return NOW.date()
    if annotation is uuid.UUID:
        return uuid.UUID(int=7)
    if annotation is ipaddress.IPv4Address:
        return ipaddress.IPv4Address("10.0.0.1")
    return {str: "x", int: 1, bool: True, bytes: b"x" * 32, float: 1.0, decimal.Decimal: decimal.Decimal(1)}[annotation]


async def call(connection: asyncpg.Connection[Any], function: Any) -> str:
    """What comes of a call with some arguments: done, or the name of the server's error; nothing stays."""
    hints = typing.get_type_hints(function)
    named = [each for each in inspect.signature(function).parameters.values() if each.kind is each.KEYWORD_ONLY]
    batch = [value_of(hints["rows"])] if "rows" in hints and not named else []
    transaction = connection.transaction()
    await transaction.start()
    try:
        arguments = {each.name: JSON_TEXTS.get(each.name) or value_of(hints[each.name]) for each in named}
        answer = function(connection, *batch, **arguments)
        if inspect.isasyncgen(answer):
            async for _ in answer:
                pass
        else:
            await answer
    except asyncpg.IntegrityConstraintViolationError as error:
        return type(error).__name__  # the row itself was not right, the statement was
    else:
        return "done"
    finally:
        await transaction.rollback()


def test_every_query_works_and_outlives_new_columns_inside_a_transaction(gateway: Database) -> None:
    """The statements are prepared before each table gets a column; inside a transaction asyncpg cannot do so anew."""

    async def work(connection: asyncpg.Connection[Any]) -> tuple[dict[str, str], dict[str, str]]:
        before = {name: await call(connection, function) for name, function in functions()}
        tables = [row[0] for row in await connection.fetch(f"SELECT oid::regclass::text FROM pg_class WHERE {TABLES}")]
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} ADD COLUMN later text NOT NULL DEFAULT 'x'")
        async with connection.transaction():
            return before, {name: await call(connection, function) for name, function in functions()}

    before, after = run(gateway, work)

    assert after == before
    assert len(before) >= 60
    assert list(before.values()).count("done") >= len(before) * 3 / 4


def test_a_key_is_made_allowed_charged_and_blocked(gateway: Database) -> None:
    secret, key = hashlib.sha256(b"sk-1").digest(), uuid.uuid4()
    free: dict[str, Any] = dict.fromkeys(("requests_per_minute", "tokens_per_minute", "max_parallel"))

    async def work(connection: asyncpg.Connection[Any]) -> dict[str, Any]:
        place = await organizations.create_organization(
            connection, name="Acme", allowed_models=None, metadata={}, **free
        )
        team = await teams.create_team(
            connection, organization_id=place.id, name="Search", allowed_models=["small"], metadata={"floor": 3}, **free
        )
        await keys.create_key(
            connection,
            id=key,
            name="ci",
            hint="sk-1…",
            kind="inference",
            organization_id=None,
            team_id=team.id,
            project_id=None,
            user_id=None,
            allowed_models=None,
            metadata={"build": [1, 2]},
            expires_at=None,
            created_by="system:test",
            hash=secret,
            **free,
        )
        await budgets.upsert_budget(
            connection,
            entity_kind="key",
            entity_id=key,
            period="month",
            anchor_at=None,
            max_amount=decimal.Decimal("1.5"),
            soft_amount=None,
        )
        reserve = [
            (
                await budgets.reserve_budgets(
                    connection,
                    entity_kinds=["key"],
                    entity_ids=[key],
                    request_id=uuid.uuid4(),
                    amount=decimal.Decimal(1),
                    ttl=dt.timedelta(minutes=1),
                )
            ).outcome
            for _ in range(3)
        ]
        before = await keys.authorize_key(connection, hash=secret)
        await keys.block_key(connection, id=key)
        after = await keys.authorize_key(connection, hash=secret)
        unknown = await keys.authorize_key(connection, hash=b"\0" * 32)
        return {"before": before, "after": after, "unknown": unknown, "team": team, "reserve": reserve}

    seen = run(gateway, work)

    assert seen["unknown"] is None
    assert (seen["before"].refusal, seen["after"].refusal) == (None, "key_blocked")
    assert seen["before"].team_allowed_models == ["small"]
    assert seen["before"].metadata == {"build": [1, 2]}
    assert [budget.max_amount for budget in seen["before"].budgets] == [decimal.Decimal("1.5")]
    assert seen["reserve"][-2:] == ["reserved", "refused"] or seen["reserve"][-1:] == ["refused"]
    assert seen["team"].metadata == {"floor": 3}


def test_logs_are_written_by_copy_and_read_through_a_cursor(gateway: Database) -> None:
    async def work(connection: asyncpg.Connection[Any]) -> tuple[int, int, list[int]]:
        hints = typing.get_type_hints(spend.CopySpendLogsParams)
        one = {field.name: value_of(hints[field.name]) for field in fields(spend.CopySpendLogsParams)}
        logs = [
            spend.CopySpendLogsParams(
                **{**one, "request_id": uuid.UUID(int=number), "prompt_tokens": number + 1, "status": "success"}
            )
            for number in range(1200)
        ]
        flush = uuid.uuid4()
        async with connection.transaction():
            claimed = await spend.claim_flush(connection, flush_id=flush)
            written = await spend.copy_spend_logs(connection, logs)
            everything = spend.export_logs(
                connection,
                since=NOW - dt.timedelta(days=1),
                until=NOW + dt.timedelta(days=1),
                organization_id=None,
                team_id=None,
                key_ids=None,
            )
            read = [log.prompt_tokens async for log in everything]
        return claimed + await spend.claim_flush(connection, flush_id=flush), written, read

    claimed, written, read = run(gateway, work)

    assert (claimed, written) == (1, 1200)
    assert sorted(read) == list(range(1, 1201))
