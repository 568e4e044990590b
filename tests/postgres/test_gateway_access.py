"""Whether a key may be used: each reason to refuse it, what is remembered, and how soon a change is heard."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from gateway import Accepted, Options, Refusal, Refused
from gateway.client.keys import AUTHORIZE_KEY
from gateway.requests.access import hash_secret
from tests.postgres.stores import ME, PATIENT, opened, until, until_heard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from gateway import Answer, Store
    from tests.conftest import Database

BLOCKED_UNHEARD = """
SET session_replication_role = replica;
UPDATE api_keys SET blocked_at = now();
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'
"""
"""What a listener misses, as it is lost in the same moment."""
UNHEARD = "SET session_replication_role = replica"  # no trigger runs, so nobody is told


class Tree:
    """A key of a user in a project of a team of an organization."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.secret = ""
        self.ids: dict[str, UUID] = {}

    async def grow(self) -> Tree:
        store = self.store
        organization = await store.organizations.create("acme", by=ME)
        team = await store.teams.create("team", organization_id=organization.id, by=ME)
        project = await store.projects.create("project", team_id=team.id, by=ME)
        user = await store.users.create(by=ME, name="someone", email="someone@example.com")
        await store.organizations.set_members(organization.id, {user.id: "member"}, by=ME)
        await store.teams.set_members(team.id, {user.id: "member"}, by=ME)
        issued = await store.keys.create("key", by=ME, project_id=project.id, user_id=user.id)
        self.secret = issued.secret or ""
        self.ids = {
            "organization": organization.id,
            "team": team.id,
            "project": project.id,
            "user": user.id,
            "key": issued.key_id,
        }
        return self

    async def ask(self, model: str | None = None) -> Answer:
        return await self.store.authorize(self.secret, model=model)


@pytest.mark.parametrize("level", ["key", "project", "team", "organization", "user"])
def test_a_block_or_deletion_at_any_level_refuses_the_key_and_is_taken_back(
    gateway_database: Database, level: str
) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            tree = await Tree(store).grow()
            await until_heard(store)
            rooms: dict[str, Any] = {
                "key": store.keys,
                "project": store.projects,
                "team": store.teams,
                "organization": store.organizations,
                "user": store.users,
            }
            room, entity = rooms[level], tree.ids[level]
            assert isinstance(await tree.ask(), Accepted)
            for turn, back, why in (("block", "unblock", "blocked"), ("delete", "restore", "deleted")):
                await getattr(room, turn)(entity, by=ME)
                await _until_refused(tree, Refusal(f"{level}_{why}"))
                await getattr(room, back)(entity, by=ME)
                await _until_accepted(tree)

    asyncio.run(main())


async def _until_refused(tree: Tree, why: Refusal) -> None:
    while not (isinstance(answer := await tree.ask(), Refused) and answer.why is why):  # noqa: ASYNC110  # as below
        await asyncio.sleep(0.005)


async def _until_accepted(tree: Tree) -> None:
    while not isinstance(await tree.ask(), Accepted):  # noqa: ASYNC110  # a notice is on its way
        await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "unknown_key"),
        ("sk-nobody", "unknown_key"),
        ("sk-" + "x" * 600, "unknown_key"),
        ("sk-\u00fc", "unknown_key"),
    ],
    ids=["empty", "never seen", "too long", "not ASCII"],
)
def test_what_is_no_key_is_unknown(gateway_database: Database, secret: str, why: str) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            answer = await store.authorize(secret)
            assert isinstance(answer, Refused)
            assert (answer.why, answer.key) == (why, None)

    asyncio.run(main())


def test_a_model_must_be_allowed_at_every_level_that_names_models(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, replace(PATIENT, fresh_for=0)) as store:
            tree = await Tree(store).grow()
            await store.keys.update(tree.ids["key"], by=ME, allowed_models=["small", "large"])
            await store.organizations.update(tree.ids["organization"], by=ME, allowed_models=["small"])
            assert isinstance(await tree.ask("small"), Accepted)
            refused = await tree.ask("large")
            assert isinstance(refused, Refused)
            assert refused.why is Refusal.MODEL_NOT_ALLOWED
            assert refused.key is not None
            await store.teams.update(tree.ids["team"], by=ME, allowed_models=[])
            assert isinstance(await tree.ask("small"), Refused)
            assert isinstance(await tree.ask(), Accepted)

    asyncio.run(main())


def test_a_used_up_budget_refuses_until_the_moment_that_there_is_room_again(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            tree = await Tree(store).grow()
            budget = await store.budgets.set(("team", tree.ids["team"]), "month", by=ME, max_amount=Decimal(5))
            assert isinstance(await tree.ask(), Accepted)
            await store.budgets.adjust(budget.id, Decimal(5), by=ME)
            store.access.changed(None)
            refused = await tree.ask()
            assert isinstance(refused, Refused)
            assert refused.why is Refusal.OVER_BUDGET
            await store.budgets.adjust(budget.id, Decimal(-1), by=ME)
            assert isinstance(await tree.ask(), Accepted)

    asyncio.run(main())


def test_a_key_ends_at_its_time_though_it_is_remembered(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            tree = await Tree(store).grow()
            await until_heard(store)
            soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.3)
            await store.keys.expire(tree.ids["key"], soon, by=ME)
            await _until_refused(tree, Refusal.KEY_EXPIRED)
            assert dt.datetime.now(dt.UTC) >= soon

    asyncio.run(main())


def test_a_remembered_key_is_not_asked_for_until_a_notice_comes(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            tree = await Tree(store).grow()
            await until_heard(store)
            assert isinstance(await tree.ask(), Accepted)
            connection = await asyncpg.connect(gateway_database.url)
            await connection.execute(UNHEARD)
            await connection.execute("UPDATE api_keys SET blocked_at = now()")
            answer = await tree.ask()
            assert isinstance(answer, Accepted)
            assert answer.age > 0
            await connection.execute("RESET session_replication_role")
            await connection.execute("UPDATE organizations SET name = 'other'")
            await _until_refused(tree, Refusal.KEY_BLOCKED)
            await connection.close()

    asyncio.run(main())


def test_without_notices_a_key_is_read_again_after_the_shorter_time(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, replace(PATIENT, fresh_unheard=0.0)) as store:
            tree = await Tree(store).grow()
            await until_heard(store)
            assert isinstance(await tree.ask(), Accepted)
            await asyncio.to_thread(gateway_database.execute, BLOCKED_UNHEARD)
            await _until_refused(tree, Refusal.KEY_BLOCKED)
            await until_heard(store)

    asyncio.run(main())


def test_a_lost_listener_comes_back_and_what_it_missed_is_read_again(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, replace(PATIENT, fresh_unheard=1000.0)) as store:
            tree = await Tree(store).grow()
            await until_heard(store)
            assert isinstance(await tree.ask(), Accepted)
            await asyncio.to_thread(gateway_database.execute, BLOCKED_UNHEARD)
            await _until_refused(tree, Refusal.KEY_BLOCKED)

    asyncio.run(main())


def test_a_key_blocked_at_one_instance_is_refused_at_the_other(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as here, opened(gateway_database) as there:
            tree = await Tree(here).grow()
            await until_heard(there)
            assert isinstance(await there.authorize(tree.secret), Accepted)
            await here.keys.block(tree.ids["key"], by=ME)
            elsewhere = Tree(there)
            elsewhere.secret = tree.secret
            await _until_refused(elsewhere, Refusal.KEY_BLOCKED)

    asyncio.run(main())


@pytest.mark.parametrize(
    "change",
    [
        lambda store, ids: store.keys.update(ids["key"], by=ME, requests_per_minute=7),
        lambda store, ids: store.keys.move(ids["key"], by=ME, team_id=ids["team"]),
        lambda store, ids: store.keys.rotate(ids["key"], UUID(int=1), grace=dt.timedelta(0), by=ME),
        lambda store, ids: store.projects.update(ids["project"], by=ME, name="new"),
        lambda store, ids: store.teams.move(ids["team"], None, by=ME),
        lambda store, ids: store.users.update(ids["user"], by=ME, max_parallel=1),
        lambda store, ids: store.teams.remove_member(ids["team"], ids["user"], by=ME),
        lambda store, ids: store.budgets.set(("project", ids["project"]), "day", by=ME, max_amount=Decimal(1)),
        lambda store, _: store.budgets.set(("gateway", UUID(int=0)), "day", by=ME, max_amount=Decimal(1)),
    ],
    ids=["edit", "move", "rotation", "project", "team", "user", "membership", "budget", "gateway budget"],
)
def test_every_change_that_touches_a_key_makes_it_forgotten(
    gateway_database: Database, change: Callable[[Store, dict[str, UUID]], Awaitable[object]]
) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            tree = await Tree(store).grow()
            await until_heard(store)
            digest = hash_secret(tree.secret)
            while not store.access.cache.get(digest):  # notices of its growing may still be on their way
                await tree.ask()
            await change(store, tree.ids)
            await until(lambda: store.access.cache.get(digest) is None)

    asyncio.run(main())


def test_those_who_ask_for_one_key_at_once_share_one_statement(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, replace(PATIENT, fresh_for=0, fresh_unheard=0)) as store:
            tree = await Tree(store).grow()
            admin = await asyncpg.connect(gateway_database.url)
            async with admin.transaction():
                await admin.execute("LOCK TABLE api_key_hashes IN ACCESS EXCLUSIVE MODE")
                asking = [asyncio.create_task(tree.ask()) for _ in range(50)]
                waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                async for count in _values(admin, waiting):
                    if count:
                        break
                asking[0].cancel()  # whoever asked first may go away
                assert await admin.fetchval(waiting) == 1
            answers = await asyncio.gather(*asking, return_exceptions=True)
            await admin.close()
            assert isinstance(answers[0], asyncio.CancelledError)
            assert all(isinstance(answer, Accepted) for answer in answers[1:])

    asyncio.run(main())


async def _values(connection: asyncpg.Connection[Any], query: str) -> AsyncIterator[Any]:
    while True:
        yield await connection.fetchval(query)
        await asyncio.sleep(0.005)


def test_a_key_is_found_by_one_probe_of_the_index_of_hashes_and_primary_keys(gateway_database: Database) -> None:
    async def explain(connection: asyncpg.Connection[Any]) -> str:
        await connection.execute(
            """
            WITH made AS (
                INSERT INTO api_keys (hint, created_by) SELECT 'sk-', 'system:test' FROM generate_series(1, 20000)
                RETURNING id
            )
            INSERT INTO api_key_hashes (hash, key_id) SELECT sha256(id::text::bytea), id FROM made
            """
        )
        await connection.execute("ANALYZE")
        [one] = await connection.fetch("SELECT hash FROM api_key_hashes LIMIT 1")
        statement = f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {AUTHORIZE_KEY}"
        return "\n".join(row[0] for row in await connection.fetch(statement.replace("$1", f"'\\x{one[0].hex()}'")))

    plan = gateway_database.run(explain)
    assert re.search(r"Index Scan using api_key_hashes_pkey on api_key_hashes h \(actual rows=1(\.00)? loops=1\)", plan)
    assert re.search(r"Index Scan using api_keys_pkey on api_keys k \(actual rows=1(\.00)? loops=1\)", plan)
    assert "Seq Scan on api_key" not in plan


def test_secrets_are_nowhere_in_the_database_nor_in_what_is_printed(gateway_database: Database) -> None:
    async def main() -> str:
        async with opened(gateway_database, Options(within=10, fresh_for=0)) as store:
            issued = await store.keys.create("key", by=ME)
            assert issued.secret is not None
            assert issued.secret not in repr(issued)
            assert issued.secret.startswith(issued.hint)
            assert isinstance(await store.authorize(issued.secret), Accepted)
            return issued.secret

    secret = asyncio.run(main())
    for table in ("api_keys", "api_key_hashes", "audit_events"):
        rows = gateway_database.rows(f"SELECT t::text FROM {table} AS t")
        assert rows
        assert secret[10:] not in str(rows)
