"""What instances have in memory follows what is in the database, and says where requests go."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from gateway.administration.teams import Teams
from gateway.client.settings import purge_config_changes
from gateway.configuration.cipher import Cipher
from gateway.configuration.credentials import Credentials
from gateway.configuration.models import Models
from gateway.configuration.routing import Routing
from gateway.configuration.settings import Settings
from gateway.errors import Away, BadValue, Changed
from gateway.link import Link
from gateway.options import Options
from tests.postgres.administration import ROOT, waits_for_a_lock, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from gateway.link import Connection
    from tests.conftest import Database

BEFORE = Cipher({1: os.urandom(32)})
SECRET = "sk-live-4f3c2b1a"  # noqa: S105


def test_two_instances_see_each_others_changes_by_what_changed_alone(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        models, settings = Models(link), Settings(link)
        first, second = Routing(link, BEFORE), Routing(link, BEFORE)
        with pytest.raises(Away, match="not been read yet"):
            second.resolve("small")
        await first.refresh()
        await second.refresh()
        credential = await Credentials(link, BEFORE).create("acme", SECRET, provider="acme", by=ROOT)
        small = await models.create("small", provider="acme", credential_id=credential.id, by=ROOT)
        large = await models.create("large", provider="acme", by=ROOT)
        alias = await models.set_alias("gpt", "small", team_id=None, by=ROOT)
        await settings.set("cache.ttl", 5, version=None, by=ROOT)
        assert second.names() == []
        before = await second.refresh()
        assert second.names() == ["gpt", "large", "small"]
        assert [each.id for each in second.resolve("gpt")] == [small.id]
        assert second.secret(second.resolve("gpt")[0]) == SECRET
        assert second.secret(second.resolve("large")[0]) is None
        assert (second.setting("cache.ttl", 1), second.setting("cache.size", 1)) == (5, 1)

        await models.block(small.id, by=ROOT)
        await models.delete_alias(alias.id, by=ROOT)
        await settings.delete("cache.ttl", version=1, by=ROOT)
        after = await second.refresh()
        assert (second.names(), second.setting("cache.ttl")) == (["large"], None)
        assert after.deployments[large.id] is before.deployments[large.id]  # only what changed was read
        assert after.credentials is before.credentials
        assert before.names(None) == ["gpt", "large", "small"]  # a value that was handed out stays
        assert await second.refresh() is after
        assert await first.refresh() == after

    within(gateway_database, work)


def test_names_stand_for_what_their_team_says_then_for_what_all_say(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        models, routing = Models(link), Routing(link, BEFORE)
        team, other = [(await Teams(link).create(name, by=ROOT)).id for name in "ab"]
        for name in ("small", "large"):
            await models.create(name, provider="acme", by=ROOT)
        await models.set_alias("gpt", "small", team_id=None, by=ROOT)
        await models.set_alias("gpt", "large", team_id=team, by=ROOT)
        await models.set_alias("small", "large", team_id=other, by=ROOT)
        await models.set_alias("twice", "gpt", team_id=None, by=ROOT)
        await models.set_alias("large", "nothing", team_id=other, by=ROOT)
        await routing.refresh()
        found = {
            (name, whose): [each.name for each in routing.resolve(name, who)]
            for name in ("gpt", "small", "large", "twice", "unknown")
            for whose, who in (("none", None), ("team", team), ("other", other))
        }
        assert {names: each[0] for names, each in found.items() if each} == {
            ("gpt", "none"): "small",
            ("gpt", "team"): "large",
            ("gpt", "other"): "small",
            ("small", "none"): "small",
            ("small", "team"): "small",
            ("small", "other"): "large",
            ("large", "none"): "large",
            ("large", "team"): "large",
        }
        for whose, who in (("none", None), ("team", team), ("other", other)):
            assert routing.names(who) == sorted(name for (name, each), got in found.items() if each == whose and got)

    within(gateway_database, work)


def test_deployments_share_requests_by_weight_and_those_of_none_come_last(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Counter[Any], Counter[Any]]:
        models, routing = Models(link), Routing(link, BEFORE, chance=random.Random(11))  # noqa: S311
        for weight in (0, 0, 1, 2, 5):
            await models.create("small", provider="acme", weight=weight, by=ROOT)
        blocked = await models.create("small", provider="acme", weight=100, by=ROOT)
        await models.block(blocked.id, by=ROOT)
        await routing.refresh()
        orders = [[each.weight for each in routing.resolve("small")] for _ in range(8000)]
        assert all(sorted(order) == [0, 0, 1, 2, 5] for order in orders)
        assert all(order[3:] == [0, 0] for order in orders)
        assert len({tuple(each.id for each in routing.resolve("small")[3:]) for _ in range(50)}) == 2
        return Counter(order[0] for order in orders), Counter(order[1] for order in orders if order[0] == 5)

    first, second = within(gateway_database, work)

    assert [round(first[weight] / 1000, 1) for weight in (1, 2, 5)] == pytest.approx([1, 2, 5], abs=0.2)
    assert second[2] / second[1] == pytest.approx(2, abs=0.2)


def test_a_feed_that_was_purged_or_has_gaps_leads_to_the_same(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        models, behind, never = Models(link), Routing(link, BEFORE), Routing(link, BEFORE)
        kept = await models.create("kept", provider="acme", by=ROOT)
        gone = await models.create("gone", provider="acme", by=ROOT)
        await behind.refresh()
        for _ in range(3):  # a number is used up each time
            with pytest.raises(BadValue):
                await models.create("small", provider="acme", weight=-1, by=ROOT)
            with pytest.raises(asyncpg.CheckViolationError):
                await fail_after_a_change(link, kept.id)
        await models.delete(gone.id, gone.version, by=ROOT)
        for _ in range(3):
            await models.create("new", provider="acme", by=ROOT)
        async with link.connection() as connection:
            oldest = await connection.fetchval("SELECT min(revision) FROM config_changes")
            gaps = await connection.fetchval("SELECT max(revision) - count(*) FROM config_changes")
            assert gaps >= 3
            await purge_config_changes(
                connection, changed_before=kept.created_at.max.replace(tzinfo=kept.created_at.tzinfo)
            )
            assert await connection.fetchval("SELECT min(revision) FROM config_changes") > oldest + 2
        assert await behind.refresh() == await never.refresh()
        assert behind.names() == ["kept", "new"]
        async with link.connection() as connection:
            await connection.execute("DELETE FROM models; DELETE FROM config_changes")
        assert (await behind.refresh()).revision == 0  # as after a restore: the feed is behind what is known
        assert behind.names() == []

    within(gateway_database, work)


async def fail_after_a_change(link: Link, model: uuid.UUID) -> None:
    async with link.transaction() as connection:
        await connection.execute("UPDATE models SET weight = 7 WHERE id = $1", model)
        await connection.execute("UPDATE models SET weight = -7 WHERE id = $1", model)


def test_changes_of_any_kind_at_once_are_all_seen_in_the_end(gateway_database: Database) -> None:
    chance = random.Random(3)  # noqa: S311

    async def set_one(settings: Settings) -> None:
        key = chance.choice(["k.a", "k.b"])
        row = await settings.find(key)
        await settings.set(key, chance.random(), version=row.version if row else None, by=ROOT)

    async def work(link: Link) -> list[Any]:
        models, settings, team = Models(link), Settings(link), (await Teams(link).create("t", by=ROOT)).id
        ids = [(await models.create(name, provider="acme", by=ROOT)).id for name in "abc"]
        behind = [Routing(link, BEFORE) for _ in range(3)]
        steps: list[Callable[[], Awaitable[object]]] = [
            lambda: models.block(chance.choice(ids), by=ROOT),
            lambda: models.unblock(chance.choice(ids), by=ROOT),
            lambda: models.set_alias(chance.choice("xy"), chance.choice("abc"), team_id=team, by=ROOT),
            lambda: set_one(settings),
            lambda: Credentials(link, BEFORE).create(uuid.uuid4().hex, SECRET, provider="acme", by=ROOT),
            lambda: chance.choice(behind).refresh(),
        ]
        outcomes = await asyncio.gather(*(chance.choice(steps)() for _ in range(200)), return_exceptions=True)
        assert {type(each) for each in outcomes if isinstance(each, BaseException)} <= {Changed}
        return [await routing.refresh() for routing in (*behind, Routing(link, BEFORE))]

    *known, anew = within(gateway_database, work)

    assert known == [anew] * 3
    assert anew.revision > 50


def test_a_configuration_is_of_one_moment(gateway_database: Database) -> None:
    async def work(link: Link) -> list[Any]:
        await Models(link).create("small", provider="acme", weight=1, by=ROOT)
        await Settings(link).set("k.a", 1, version=None, by=ROOT)
        routing = Routing(link, BEFORE)
        other = await asyncpg.connect(gateway_database.url)
        async with other.transaction():
            await other.execute("LOCK TABLE settings IN ACCESS EXCLUSIVE MODE")
            await other.execute("UPDATE models SET weight = 2; UPDATE settings SET value = '2'")
            reading = asyncio.create_task(routing.refresh())
            await waits_for_a_lock(link, reading)  # the models are read, the settings not yet
        await other.close()
        return [await reading, await routing.refresh()]

    moments = [
        (only(at.deployments.values()).weight, only(at.settings.values()).value)
        for at in within(gateway_database, work)
    ]

    assert moments == [(1, 1), (2, 2)]


def only(rows: Iterable[Any]) -> Any:
    (row,) = rows
    return row


class Counted(Link):
    """A link that counts how often it is asked."""

    asked = 0

    @asynccontextmanager
    async def connection(self, within: float | None = None) -> AsyncIterator[Connection]:
        self.asked += 1
        async with super().connection(within) as connection:
            yield connection


def test_refreshes_that_come_together_share_a_reading_that_is_new_enough(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[list[bool], int]:
        counted = Counted(gateway_database.url, Options(within=10), nothing)
        await counted.open()
        routing = Routing(counted, BEFORE)
        await routing.refresh()
        other = await asyncpg.connect(gateway_database.url)
        async with other.transaction():
            await other.execute("LOCK TABLE config_changes IN ACCESS EXCLUSIVE MODE")
            first = asyncio.create_task(routing.refresh())
            await waits_for_a_lock(link, first)
            rest = [asyncio.create_task(routing.refresh()) for _ in range(20)]
            await asyncio.sleep(0)  # each takes its place
            made = await other.fetchval("INSERT INTO models (name, provider) VALUES ('new', 'acme') RETURNING id")
        await other.close()
        values = await asyncio.gather(first, *rest)
        await counted.close()
        return [made in value.deployments for value in values[1:]], counted.asked

    # Once at first, once for the one that waited, once for all that came after.
    assert within(gateway_database, work) == ([True] * 20, 3)


async def nothing() -> None:
    """The schema is there."""


def test_the_last_configuration_stays_while_the_database_is_away(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        routing = Routing(link, BEFORE)
        await Models(link).create("small", provider="acme", by=ROOT)
        known = await routing.refresh()
        await link.close()
        for _ in range(2):
            with pytest.raises(Away):
                await routing.refresh()
        assert routing.configuration is known
        assert routing.names() == ["small"]

    within(gateway_database, work)
