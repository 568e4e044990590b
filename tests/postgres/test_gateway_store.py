"""The store as a whole: how it starts, goes on while the database is away, and comes back."""

from __future__ import annotations

import asyncio
import shutil
import tomllib
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gateway.setup
from gateway import Accepted, Asked, Options, Outcome, Refused, Request, State, Unknown, connect, setup_database
from gateway.errors import Away, SchemaTooOld, StaleClient
from runner import MigrateError
from runner.errors import AuthenticationRefused
from tests.outages import wire_to
from tests.postgres.stores import ME, opened, until, until_heard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway import Store
    from tests.conftest import Database
    from tests.outages import Wire

SHORT = Options(within=0.3)
"""Long enough for a server on this machine that is there, and short to wait for one that is not."""
ASKED = Asked(secret="", model="small", endpoint="/v1/chat/completions", cost=Decimal(2))
_FROM_TOMORROW = """
INSERT INTO _migrations
SELECT (jsonb_populate_record(m, '{"version": 9999, "name": "from_tomorrow"}')).*
FROM _migrations AS m
WHERE version = 1
"""
DONE = Outcome(status="success", cost=Decimal(1))


@asynccontextmanager
async def on_a_wire(
    database: Database, options: Options = SHORT, *, cut: bool = False
) -> AsyncIterator[tuple[Store, Wire]]:
    """A store that reaches its database over a wire."""
    async with wire_to(database.server.tcp) as wire:
        if cut:
            await wire.cut()
        url = f"postgresql://postgres@127.0.0.1:{wire.port}/{database.name}"
        async with await setup_database(url, options) as store:
            yield store, wire
            await wire.cut()  # so that nothing waits for what a test has silenced


async def issue(store: Store) -> str:
    issued = await store.keys.create(by=ME)
    assert issued.secret
    return issued.secret


def test_many_instances_that_start_at_once_apply_each_migration_once(database: Database) -> None:
    async def main() -> None:
        stores = await asyncio.gather(*(setup_database(database.url, Options(within=20)) for _ in range(8)))
        assert {store.state for store in stores} == {State.READY}
        await asyncio.gather(*(store.close() for store in stores))

    asyncio.run(main())
    versions = [version for version, state in database.ledger() if state == "applied"]
    assert versions == list(range(1, len(versions) + 1))
    assert database.value("SELECT count(*) FROM audit_events") == 0


def test_a_second_start_finds_everything_done(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            secret = await issue(store)
        async with opened(gateway_database) as store:
            assert isinstance(await store.authorize(secret), Accepted)

    asyncio.run(main())


def test_without_a_url_the_store_is_stateless_and_says_so() -> None:
    async def main() -> None:
        async with await setup_database(None) as store:
            assert store.state is State.STATELESS
            assert store.health.standing.reason == "no database is configured"
            assert (store.live, store.ready(), store.ready(without_database=False)) == (True, True, False)
            assert isinstance(await store.authorize("sk-any"), Unknown)
            assert isinstance(await store.admit(ASKED), Refused | Unknown)
            with pytest.raises(Away):
                await store.keys.create(by=ME)

    asyncio.run(main())


def test_a_database_that_comes_after_the_start_is_migrated_and_used(database: Database) -> None:
    async def main() -> None:
        async with on_a_wire(database, cut=True) as (store, wire):
            assert store.state is State.STATELESS
            assert "cannot be reached" in store.health.standing.reason
            assert isinstance(await store.authorize("sk-any"), Unknown)
            await wire.mend()
            await store.link.until_ready()
            assert isinstance(await store.authorize(await issue(store)), Accepted)
            await until_heard(store)

    asyncio.run(main())
    assert database.ledger()


def test_a_database_that_hangs_at_the_start_is_given_up_and_taken_up_later(database: Database) -> None:
    async def main() -> None:
        async with wire_to(database.server.tcp) as wire:
            wire.silence()
            url = f"postgresql://postgres@127.0.0.1:{wire.port}/{database.name}"
            store = await setup_database(url, SHORT)
            assert (store.state, store.health.standing.reason) == (
                State.STATELESS,
                "the database does not answer in time",
            )
            await wire.mend()
            await store.link.until_ready()
            await store.close()

    asyncio.run(main())


@pytest.mark.parametrize("how", ["cut", "silence"])
def test_while_the_database_is_away_known_keys_go_on_and_unknown_ones_are_not_called_invalid(
    gateway_database: Database, how: str
) -> None:
    async def main() -> None:
        async with on_a_wire(gateway_database) as (store, wire):
            secret, other = await issue(store), await issue(store)
            assert isinstance(await store.authorize(secret), Accepted)
            if how == "cut":
                await wire.cut()
            else:
                wire.silence()
            unknown = await store.authorize(other)
            assert isinstance(unknown, Unknown), unknown
            await until(lambda: store.state is State.DEGRADED)
            assert isinstance(await store.authorize("sk-nobody"), Unknown)
            assert isinstance(await store.authorize(secret), Accepted)
            request = await store.admit(replace(ASKED, secret=secret))
            assert isinstance(request, Request)
            async with request:
                await request.finish(DONE)
            assert store.spend.tally.waiting == 1
            assert (store.live, store.ready(), store.ready(without_database=False)) == (True, True, False)
            await wire.mend()
            await store.link.until_ready()
            assert isinstance(await store.authorize(other), Accepted)
            assert isinstance(await store.authorize("sk-nobody"), Refused)
            await until(lambda: not store.spend.tally.waiting)

    asyncio.run(main())
    assert gateway_database.rows("SELECT count(*), sum(cost) FROM spend_logs") == [(1, Decimal(1))]


def test_a_known_key_goes_on_only_for_a_bounded_time(gateway_database: Database) -> None:
    async def main() -> None:
        forgetful = replace(SHORT, stale_for=0.0, fresh_for=0.0, fresh_unheard=0.0)
        async with on_a_wire(gateway_database, forgetful) as (store, wire):
            secret = await issue(store)
            assert isinstance(await store.authorize(secret), Accepted)
            await wire.cut()
            assert isinstance(await store.authorize(secret), Unknown)

    asyncio.run(main())


def test_budgets_and_limits_that_cannot_be_asked_do_not_hold_up_a_known_key(gateway_database: Database) -> None:
    async def main() -> None:
        async with on_a_wire(gateway_database, replace(SHORT, fresh_unheard=1000.0)) as (store, wire):
            issued = await store.keys.create(by=ME, requests_per_minute=1, max_parallel=1)
            await until_heard(store)
            epoch = store.access.cache.epoch
            budget = await store.budgets.set(("key", issued.key_id), "day", by=ME, max_amount=Decimal(10))
            await until(lambda: store.access.cache.epoch > epoch)
            asked = replace(ASKED, secret=issued.secret or "", end_user="someone")
            first = await store.admit(asked)
            assert isinstance(first, Request)
            assert first.enforced
            await wire.cut()
            second = await store.admit(asked)
            assert isinstance(second, Request)
            assert not second.enforced
            await asyncio.gather(first.finish(DONE), second.finish(DONE))
            await wire.mend()
            await until(lambda: not store.spend.tally.waiting)
            status = await store.budgets.status(budget.id)
            assert status
            assert (status.spent, status.reserved) == (Decimal(2), Decimal(0))

    asyncio.run(main())


def test_slots_that_could_not_be_given_back_are_given_back_when_the_database_is_there_again(
    gateway_database: Database,
) -> None:
    async def main() -> None:
        async with on_a_wire(gateway_database) as (store, wire):
            issued = await store.keys.create(by=ME, max_parallel=1)
            asked = replace(ASKED, secret=issued.secret or "")
            request = await store.admit(asked)
            assert isinstance(request, Request)
            async with request:
                await wire.cut()
            await wire.mend()
            await store.until_ready()
            assert isinstance(await store.admit(asked), Request)

    asyncio.run(main())


def test_a_wrong_password_is_no_absence(gateway_database: Database) -> None:
    gateway_database.execute(
        "DO $$ BEGIN CREATE ROLE locked LOGIN PASSWORD 'right'; EXCEPTION WHEN others THEN NULL; END $$"
    )
    url = f"postgresql://locked:wrong@127.0.0.1:{gateway_database.server.tcp}/{gateway_database.name}"
    with pytest.raises(AuthenticationRefused):
        asyncio.run(setup_database(url, SHORT))


def test_a_schema_that_is_too_old_is_refused_by_connect_and_one_that_is_newer_is_served(database: Database) -> None:
    async def main() -> None:
        with pytest.raises(SchemaTooOld, match="31 are pending, from 0001_create_organizations to 0031"):
            await connect(database.url, Options(within=10))
        await (await setup_database(database.url, Options(within=10))).close()
        await asyncio.to_thread(database.execute, _FROM_TOMORROW)
        async with await connect(database.url, Options(within=10)) as store:
            assert store.state is State.READY

    asyncio.run(main())


def test_a_schema_that_cannot_be_used_when_the_database_comes_back_is_broken_and_not_away(database: Database) -> None:
    async def main() -> None:
        async with wire_to(database.server.tcp) as wire:
            await wire.cut()
            url = f"postgresql://postgres@127.0.0.1:{wire.port}/{database.name}"
            async with await connect(url, SHORT) as store:
                await wire.mend()
                await until(lambda: store.state is State.BROKEN)
                assert "are pending" in store.health.standing.reason
                assert (store.live, store.ready()) == (True, False)
                assert isinstance(await store.authorize("sk-any"), Unknown)
                await (await setup_database(database.url, Options(within=10))).close()
                await store.link.until_ready()

    asyncio.run(main())


def test_a_migration_that_fails_stops_the_start(database: Database) -> None:
    database.execute("CREATE TABLE organizations (id integer)")
    with pytest.raises(MigrateError, match="already exists"):
        asyncio.run(setup_database(database.url, Options(within=10)))


def test_a_client_that_is_not_of_these_queries_is_refused_and_in_development_written(
    gateway_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(gateway.setup._HERE, tmp_path / "gateway")  # noqa: SLF001
    sql = shutil.copytree(gateway.setup._SQL, tmp_path / "sql")  # noqa: SLF001
    monkeypatch.setattr(gateway.setup, "_HERE", package)
    monkeypatch.setattr(gateway.setup, "_SQL", sql)
    with (sql / "queries/keys.sql").open("a") as queries:
        queries.write("\n-- name: CountKeys :one\nSELECT count(*) AS keys FROM api_keys;\n")
    with pytest.raises(StaleClient, match="Run migrate generate"):
        asyncio.run(setup_database(gateway_database.url, SHORT))
    assert "count_keys(" not in (package / "client/keys.py").read_text()
    with pytest.raises(StaleClient, match="start again"):
        asyncio.run(setup_database(gateway_database.url, SHORT, development=True))
    assert "count_keys(" in (package / "client/keys.py").read_text()

    async def main() -> None:
        async with await setup_database(gateway_database.url, Options(within=10)) as store:
            assert store.state is State.READY

    asyncio.run(main())


def test_the_partitions_that_come_by_themselves_are_no_drift() -> None:
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert tuple(settings["tool"]["migrate"]["ignore"]) == gateway.setup.PARTITIONS


def test_two_gateways_share_a_database_in_schemas_of_their_own(database: Database) -> None:
    database.execute('CREATE SCHEMA one; CREATE SCHEMA "Two-2"')

    async def main() -> None:
        one, two = (Options(within=10, schema=schema) for schema in ("one", "Two-2"))
        async with await setup_database(database.url, one) as here, await setup_database(database.url, two) as there:
            secret = await issue(here)
            assert isinstance(await here.authorize(secret), Accepted)
            assert isinstance(await there.authorize(secret), Refused)
            await until_heard(here, there)
            await (await setup_database(database.url, one)).close()

    asyncio.run(main())
    assert database.value("SELECT count(*) FROM one.api_keys") == 1
    assert database.value('SELECT count(*) FROM "Two-2".api_keys') == 0


def test_many_slow_questions_are_no_absence(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, Options(within=0.2, pool_size=2)) as store:
            secret = await issue(store)
            began = [asyncio.Event(), asyncio.Event()]

            async def ask_slowly(event: asyncio.Event) -> None:
                async with store.connection() as connection:
                    event.set()
                    await connection.execute("SELECT pg_sleep(1)")

            slow = [asyncio.create_task(ask_slowly(event)) for event in began]
            await asyncio.gather(*(event.wait() for event in began))
            assert isinstance(await store.authorize(secret), Unknown)
            assert store.state is State.READY
            await asyncio.gather(*slow)
            assert isinstance(await store.authorize(secret), Accepted)

    asyncio.run(main())


def test_an_error_that_is_not_of_the_database_is_the_callers_own(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            with pytest.raises(FileNotFoundError):
                async with store.connection():
                    raise FileNotFoundError
            assert store.state is State.READY

    asyncio.run(main())


def test_a_database_that_is_read_only_is_away_until_it_can_be_written_to(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            setting = f"ALTER DATABASE {gateway_database.name} SET default_transaction_read_only ="
            await asyncio.to_thread(gateway_database.execute, f"{setting} on; {_HANG_UP}")
            while store.state is State.READY:
                with suppress(Away):
                    await issue(store)
            assert isinstance(await store.authorize("sk-nobody"), Unknown)
            await until(lambda: "cannot be written to" in store.health.standing.reason)
            await asyncio.to_thread(gateway_database.execute, f"BEGIN READ WRITE; {setting} off; COMMIT")
            await store.until_ready()
            await issue(store)

    asyncio.run(main())


def test_a_role_that_may_no_longer_connect_is_broken_and_mended_without_a_restart(gateway_database: Database) -> None:
    role = f"gateway_{gateway_database.name}"
    gateway_database.execute(f"CREATE ROLE {role} LOGIN SUPERUSER")

    async def main() -> None:
        url = f"postgresql://{role}@127.0.0.1:{gateway_database.server.tcp}/{gateway_database.name}"
        async with await setup_database(url, replace(SHORT, fresh_for=0.0, fresh_unheard=0.0)) as store:
            secret = await issue(store)
            assert isinstance(await store.authorize(secret), Accepted)
            await asyncio.to_thread(gateway_database.execute, f"ALTER ROLE {role} NOLOGIN; {_HANG_UP}")
            await until(lambda: store.state is State.BROKEN)
            assert isinstance(await store.authorize(secret), Accepted)
            assert isinstance(await store.authorize("sk-nobody"), Unknown)
            assert not store.ready()
            await asyncio.to_thread(gateway_database.execute, f"ALTER ROLE {role} LOGIN")
            await store.until_ready()
            assert isinstance(await store.authorize("sk-nobody"), Refused)

    asyncio.run(main())
    gateway_database.execute(f"DROP ROLE {role}")


_HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_a_configuration_that_cannot_be_read_for_a_while_does_not_end_the_listening(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            await until_heard(store)
            await asyncio.to_thread(
                gateway_database.execute,
                "ALTER TABLE config_changes RENAME TO hidden; SELECT pg_notify('config_changes', 'public:1')",
            )
            await asyncio.sleep(0.2)  # for the notice to be taken; if it is late, the test is the weaker
            await asyncio.to_thread(gateway_database.execute, "ALTER TABLE hidden RENAME TO config_changes")
            await store.models.create("small", provider="acme", by=ME)
            await until(lambda: store.routing.names() == ["small"])
            assert store.live
            assert store.health.hears

    asyncio.run(main())
