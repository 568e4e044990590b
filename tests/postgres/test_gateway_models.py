"""Deployments, their aliases and the settings are changed by whoever has read their version."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from gateway.administration.teams import Teams
from gateway.configuration.models import Models
from gateway.configuration.settings import Settings
from gateway.errors import BadValue, Changed, NotFound
from gateway.link import Link
from tests.postgres.administration import NOTHING, ROOT, is_a_chain, story, within

if TYPE_CHECKING:
    from gateway.link import Link
    from tests.conftest import Database


def test_a_deployment_is_changed_by_whoever_read_its_version(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Any, list[Any], Any, list[Any]]:
        models = Models(link)
        made = await models.create(
            "small", provider="acme", by=ROOT, params={"model": "s-1"}, prompt_token_price=Decimal("0.0000025")
        )
        outcomes = await asyncio.gather(
            *(models.update(made.id, made.version, by=ROOT, weight=number) for number in range(2, 8)),
            return_exceptions=True,
        )
        now = await models.get(made.id)
        assert now
        assert await models.update(made.id, now.version, by=ROOT, weight=now.weight) == now
        with pytest.raises(Changed, match=f"version {now.version} by now"):
            await models.delete(made.id, made.version, by=ROOT)
        await models.delete(made.id, now.version, by=ROOT)
        with pytest.raises(NotFound):
            await models.update(made.id, now.version, by=ROOT, weight=1)
        assert await models.get(made.id) is None
        return made, outcomes, now, await story(link, "model", made.id)

    made, outcomes, now, told = within(gateway_database, work)

    assert [type(outcome) for outcome in outcomes].count(Changed) == 5
    assert (made.version, made.weight, now.version) == (1, 1, 2)
    assert (now.params, now.prompt_token_price) == ({"model": "s-1"}, Decimal("0.0000025"))
    assert [action for action, _, _ in told] == ["create", "update", "delete"]
    assert told[0][2].items() >= {"weight": 1, "prompt_token_price": "0.0000025000"}.items()
    assert told[1][1:] == ({"weight": 1}, {"weight": now.weight})
    assert told[2][1]["name"] == "small"


def test_a_deployment_is_blocked_whatever_its_version_and_once(gateway_database: Database) -> None:
    async def work(link: Link) -> list[Any]:
        models = Models(link)
        made = await models.create("small", provider="acme", by=ROOT)
        blocked = await models.block(made.id, by=ROOT)
        assert await models.block(made.id, by=ROOT) == blocked
        assert await models.names() == []
        unblocked = await models.unblock(made.id, by=ROOT)
        assert await models.unblock(made.id, by=ROOT) == unblocked
        assert [(each.name, each.deployments) for each in await models.names()] == [("small", 1)]
        for change in (models.block, models.unblock):
            with pytest.raises(NotFound):
                await change(uuid.uuid4(), by=ROOT)
        return await story(link, "model", made.id)

    assert [action for action, _, _ in within(gateway_database, work)] == ["create", "block", "unblock"]


@pytest.mark.parametrize(
    ("column", "price"),
    [
        ("prompt_token_price", Decimal("0.00000000001")),
        ("completion_token_price", Decimal("NaN")),
        ("cached_token_price", Decimal("Infinity")),
        ("prompt_token_price", Decimal("1.00000000000000000000000000000000001")),
        ("prompt_token_price", 0.1),
        ("prompt_token_price", Decimal(-1)),
        ("prompt_token_price", Decimal(10) ** 10),
    ],
    ids=str,
)
def test_a_price_that_cannot_be_kept_exactly_is_refused(gateway_database: Database, column: str, price: Any) -> None:
    async def work(link: Link) -> None:
        with pytest.raises(BadValue):
            await Models(link).create("small", provider="acme", by=ROOT, **{column: price})

    within(gateway_database, work)

    assert gateway_database.value("SELECT count(*) FROM models") == gateway_database.value(NOTHING) == 0


def test_a_deployment_needs_a_credential_that_is_there(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        with pytest.raises(NotFound, match="no credential"):
            await Models(link).create("small", provider="acme", credential_id=uuid.uuid4(), by=ROOT)

    within(gateway_database, work)


def test_deployments_come_by_page_and_provider(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[list[str], list[str]]:
        models = Models(link)
        for name in "aabbb":
            await models.create(name, provider="acme" if name == "a" else "other", by=ROOT)
        first = await models.page(size=3)
        rest = await models.page(after=(first[-1].name, first[-1].id), size=3)
        assert len({row.id for row in first + rest}) == 5
        return [row.name for row in first + rest], [row.name for row in await models.page(provider="acme")]

    assert within(gateway_database, work) == ([*"aabbb"], ["a", "a"])


def test_an_alias_of_a_team_goes_before_one_for_everyone(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Any, list[Any], list[Any]]:
        models = Models(link)
        team = (await Teams(link).create("t", by=ROOT)).id
        alias = await models.set_alias("gpt", "small", team_id=None, by=ROOT)
        own = await models.set_alias("gpt", "large", team_id=team, by=ROOT)
        again = await models.set_alias("gpt", "large", team_id=team, by=ROOT)
        await models.set_alias("gpt", "medium", team_id=None, by=ROOT)
        listed = [(each.target_name, each.overridden) for each in await models.aliases(team)]
        with pytest.raises(BadValue, match="target_name must not be"):
            await models.set_alias("gpt", "gpt", team_id=team, by=ROOT)
        with pytest.raises(NotFound, match="team"):
            await models.set_alias("gpt", "large", team_id=uuid.uuid4(), by=ROOT)
        await models.delete_alias(own.id, by=ROOT)
        with pytest.raises(NotFound):
            await models.delete_alias(own.id, by=ROOT)
        assert again == own
        told = await story(link, "model_alias", alias.id)
        return listed, told, await story(link, "model_alias", own.id)

    listed, told, own = within(gateway_database, work)

    assert sorted(listed) == [("large", False), ("medium", True)]
    assert told[1] == ("update", {"target_name": "small"}, {"target_name": "medium"})
    assert [action for action, _, _ in own] == ["create", "delete"]


@pytest.mark.parametrize("whose", ["everyone", "a team"])
def test_the_history_of_an_alias_is_in_the_order_in_which_it_was_changed(
    gateway_database: Database, whose: str
) -> None:
    async def work(link: Link) -> tuple[list[Any], Any]:
        models = Models(link)
        team = (await Teams(link).create("t", by=ROOT)).id if whose == "a team" else None
        aliases = await asyncio.gather(
            *(models.set_alias("gpt", f"m{number % 4}", team_id=team, by=ROOT) for number in range(40))
        )
        return await story(link, "model_alias", aliases[0].id), (await models.aliases(team))[0].target_name

    told, target = within(gateway_database, work)

    assert is_a_chain(told)
    assert told[-1][2]["target_name"] == target


def test_a_setting_is_changed_by_whoever_read_its_version(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Any, list[Any]]:
        settings = Settings(link)
        assert await settings.get("cache.ttl", 60) == 60
        outcomes = await asyncio.gather(
            *(settings.set("cache.ttl", number, version=None, by=ROOT) for number in range(5)), return_exceptions=True
        )
        assert sorted(map(str, map(type, outcomes))) == sorted(map(str, [int] + [Changed] * 4))
        first: Any = await settings.find("cache.ttl")
        assert await settings.set("cache.ttl", first.value, version=1, by=ROOT) == 1
        assert await settings.set("cache.ttl", {"seconds": 1}, version=1, by=ROOT) == 2
        assert await settings.set("cache.ttl", {"seconds": True}, version=2, by=ROOT, reason="typed") == 3
        for version in (None, 2):
            with pytest.raises(Changed, match="version 3"):
                await settings.set("cache.ttl", 1, version=version, by=ROOT)
        with pytest.raises(Changed):
            await settings.delete("cache.ttl", version=1, by=ROOT)
        assert [(row.key, row.updated_by) for row in await settings.all()] == [("cache.ttl", "user:root")]
        await settings.delete("cache.ttl", version=3, by=ROOT)
        with pytest.raises(NotFound):
            await settings.delete("cache.ttl", version=3, by=ROOT)
        with pytest.raises(Changed, match="meanwhile"):
            await settings.set("cache.ttl", 1, version=3, by=ROOT)
        with pytest.raises(BadValue, match="key must be a dotted name"):
            await settings.set("Cache", 1, version=None, by=ROOT)
        return first.value, await story(link, "setting", "cache.ttl")

    first, told = within(gateway_database, work)

    assert told == [
        ("create", None, {"value": first}),
        ("update", {"value": first}, {"value": {"seconds": 1}}),
        ("update", {"value": {"seconds": 1}}, {"value": {"seconds": True}}),
        ("delete", {"value": {"seconds": True}}, None),
    ]
