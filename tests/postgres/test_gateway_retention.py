"""Partitions are there before they are needed, and go whole when they are old, whoever is in the way."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from gateway.errors import Away
from gateway.options import Options
from gateway.upkeep.retention import Retention
from tests.postgres.spenders import flushed, linked, logged, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Database

DAY = dt.timedelta(days=1)
TODAY = dt.datetime.now(dt.UTC).date()
LONG_AGO = TODAY - 500 * DAY
PARTITIONS = """
    SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON oid = inhparent
    WHERE relname IN ('spend_logs', 'spend_log_payloads', 'daily_rollups', 'audit_events') ORDER BY 1
"""


def partition(database: Database, table: str, since: dt.date, *, days: int = 1, name: str = "") -> str:
    """Makes the partition of a day, or of several, as ensure_partitions made it then, and returns its name."""
    name = name or f"{table}_p{since:%Y%m%d}"
    database.execute(f"""
        CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS);
        COMMENT ON TABLE {name} IS 'It''s {name}.';
        ALTER TABLE {table} ATTACH PARTITION {name}
            FOR VALUES FROM ('{since} 00:00:00+00') TO ('{since + days * DAY} 00:00:00+00');
    """)
    return name


def drop(database: Database, keep: Mapping[str, dt.timedelta], *, lock_timeout: float = 5.0) -> list[str]:
    """The partitions that retention drops."""

    async def work() -> list[str]:
        async with linked(database.url) as link:
            return await Retention(link, Options(keep=keep), lock_timeout).drop()

    return asyncio.run(work())


def tables(database: Database) -> set[str]:
    return {row[0] for row in database.rows(PARTITIONS)}


def test_what_is_older_than_is_kept_is_dropped_table_by_table(gateway_database: Database) -> None:
    before = tables(gateway_database)
    logs = [partition(gateway_database, "spend_logs", TODAY - age * DAY) for age in (40, 31, 30, 29)]
    payloads = [partition(gateway_database, "spend_log_payloads", TODAY - age * DAY) for age in (40, 5, 3)]
    audit = [partition(gateway_database, "audit_events", LONG_AGO, days=30)]

    dropped = drop(gateway_database, {"spend_logs": 30 * DAY, "spend_log_payloads": 4 * DAY})

    assert dropped == [*logs[:2], *payloads[:2]]
    assert tables(gateway_database) == {*before, *logs[2:], *payloads[2:], *audit}
    assert drop(gateway_database, {"spend_logs": 30 * DAY, "spend_log_payloads": 4 * DAY}) == []


@pytest.mark.parametrize("keep", [dt.timedelta(0), -100 * DAY], ids=["nothing", "less than nothing"])
def test_yesterday_and_what_comes_after_stay_however_little_is_kept(
    gateway_database: Database, keep: dt.timedelta
) -> None:
    gateway_database.execute(f"ALTER DATABASE {gateway_database.name} SET timezone = 'Pacific/Auckland'")
    before = tables(gateway_database)
    old = partition(gateway_database, "spend_logs", TODAY - 2 * DAY)
    every = dict.fromkeys(("spend_logs", "spend_log_payloads", "daily_rollups", "audit_events"), keep)

    assert drop(gateway_database, every) == [old]
    assert tables(gateway_database) == before


def test_what_is_kept_for_ever_stays(gateway_database: Database) -> None:
    old = partition(gateway_database, "spend_logs", dt.date(1, 1, 3))

    assert drop(gateway_database, {}) == []
    assert drop(gateway_database, {"spend_logs": dt.timedelta.max}) == []
    assert old in tables(gateway_database)


def test_a_long_transaction_is_waited_for_a_while_and_the_dropping_is_ended_the_next_time(
    gateway_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    logs = [partition(gateway_database, "spend_logs", LONG_AGO + day * DAY) for day in range(3)]
    payload = partition(gateway_database, "spend_log_payloads", LONG_AGO)
    keep = {"spend_logs": DAY, "spend_log_payloads": DAY}

    async def work() -> list[list[str]]:
        async with linked(gateway_database.url) as link:
            retention = Retention(link, Options(keep=keep), lock_timeout=0.1)
            async with link.transaction() as connection:
                await connection.fetch("SELECT count(*) FROM spend_logs")
                behind = [await retention.drop(), await retention.drop()]
            return [*behind, await retention.drop()]

    assert asyncio.run(work()) == [[payload], [], logs]
    assert caplog.text.count("left for the next time") == 2
    assert not tables(gateway_database) & {*logs, payload}


def test_spend_is_written_while_an_old_partition_is_being_detached(gateway_database: Database) -> None:
    partition(gateway_database, "spend_logs", LONG_AGO)

    async def work() -> None:
        async with linked(gateway_database.url) as link, link.transaction() as connection:
            await connection.fetch("SELECT count(*) FROM spend_logs")
            await Retention(link, Options(keep={"spend_logs": DAY}), lock_timeout=0.1).drop()
            await asyncio.to_thread(flushed, gateway_database, [record()])

    asyncio.run(work())

    assert gateway_database.value("SELECT bool_or(inhdetachpending) FROM pg_inherits")
    assert len(logged(gateway_database)) == 1


def test_a_partition_that_somebody_works_on_keeps_its_comment_and_its_place(gateway_database: Database) -> None:
    held, free = (partition(gateway_database, table, LONG_AGO) for table in ("spend_logs", "spend_log_payloads"))
    keep = {"spend_logs": DAY, "spend_log_payloads": DAY}

    async def work() -> list[str]:
        async with linked(gateway_database.url) as link, link.transaction() as connection:
            await connection.execute("LOCK TABLE spend_logs IN SHARE UPDATE EXCLUSIVE MODE")
            return await Retention(link, Options(keep=keep), lock_timeout=0.1).drop()

    assert asyncio.run(work()) == [free]
    assert held in tables(gateway_database)
    assert gateway_database.value(f"SELECT obj_description('{held}'::regclass)") == f"It's {held}."


def test_a_table_that_was_detached_and_not_dropped_is_dropped_and_one_that_a_person_detached_is_not(
    gateway_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, kept = (partition(gateway_database, "spend_logs", LONG_AGO + day * DAY) for day in range(2))
    gateway_database.execute(f"ALTER TABLE spend_logs DETACH PARTITION {kept}")
    with monkeypatch.context() as broken:
        broken.setattr("gateway.upkeep.retention._Dropping._drop", _fail)
        with pytest.raises(Away):
            drop(gateway_database, {"spend_logs": DAY})
    assert left not in tables(gateway_database)

    assert drop(gateway_database, {}) == [left]
    assert gateway_database.value(f"SELECT to_regclass('{left}')") is None
    assert gateway_database.value(f"SELECT to_regclass('{kept}')") is not None


async def _fail(*_: Any) -> None:
    raise ConnectionResetError


def test_a_detaching_that_a_person_began_is_ended_and_the_table_stays(gateway_database: Database) -> None:
    kept, old = (partition(gateway_database, "spend_logs", LONG_AGO + day * DAY) for day in range(2))

    async def work() -> None:
        async with linked(gateway_database.url) as link, link.transaction() as connection:
            await connection.fetch("SELECT count(*) FROM spend_logs")
            person = await link.connect()
            await person.execute("SET lock_timeout = '50ms'")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await person.execute(f"ALTER TABLE spend_logs DETACH PARTITION {kept} CONCURRENTLY")
            await person.close()

    asyncio.run(work())

    assert drop(gateway_database, {"spend_logs": DAY}) == [old]
    assert kept not in tables(gateway_database)
    assert gateway_database.value(f"SELECT obj_description('{kept}'::regclass)") == f"It's {kept}."


def test_names_are_written_as_the_server_would_and_never_taken_for_others(gateway_database: Database) -> None:
    gateway_database.execute("""CREATE SCHEMA "the archive"; CREATE TABLE "Odd ""name""; --" ()""")
    odd = partition(gateway_database, "spend_logs", LONG_AGO, name='"the archive"."Odd ""name""; --"')

    assert drop(gateway_database, {"spend_logs": DAY}) == ['Odd "name"; --']
    assert odd not in tables(gateway_database)
    assert gateway_database.value("""SELECT to_regclass('public."Odd ""name""; --"')""") is not None


def test_a_default_partition_bars_its_table_alone(gateway_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    old = [partition(gateway_database, table, LONG_AGO) for table in ("spend_logs", "spend_log_payloads")]
    gateway_database.execute("CREATE TABLE strays PARTITION OF spend_logs DEFAULT")

    assert drop(gateway_database, {"spend_logs": DAY, "spend_log_payloads": DAY}) == old[1:]
    assert "default partition" in caplog.text
    assert gateway_database.value(f"SELECT obj_description('{old[0]}'::regclass)") == f"It's {old[0]}."


def test_what_is_dropped_is_not_made_again_and_what_is_needed_is(gateway_database: Database) -> None:
    gateway_database.execute(f"DROP TABLE spend_logs_p{TODAY:%Y%m%d}")

    async def work() -> tuple[int, list[str], int]:
        async with linked(gateway_database.url) as link:
            nothing = dict.fromkeys(("spend_logs", "spend_log_payloads", "daily_rollups", "audit_events"), 0 * DAY)
            retention = Retention(link, Options(keep=nothing))
            return await retention.ensure(), await retention.drop(), await retention.ensure()

    assert asyncio.run(work()) == (1, [], 0)


def test_a_table_that_has_no_partitions_cannot_be_given_a_time() -> None:
    with pytest.raises(ValueError, match="not for users"):
        Retention(None, Options(keep={"users": DAY}))  # type: ignore[arg-type]  # nothing is asked of it


def test_a_database_that_is_away_is_no_fault(gateway_database: Database) -> None:
    async def work() -> None:
        async with linked(gateway_database.url, direct_url="postgresql://127.0.0.1:1/none") as link:
            with pytest.raises(Away):
                await Retention(link, Options()).drop()

    asyncio.run(work())
