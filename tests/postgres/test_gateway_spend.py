"""Spend reaches the database: each record once, in logs, rollups and budgets alike, whatever dies on the way."""

from __future__ import annotations

import asyncio
import decimal
import json
import random
import shutil
import signal
import subprocess
import sys
import uuid
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway.client import budgets
from gateway.errors import Away, SpoolFull, SpoolUnusable
from gateway.options import Options
from gateway.spending.packing import pack
from gateway.spending.records import Charge
from gateway.spending.reports import Reports
from gateway.spending.spend import Spend
from gateway.spending.spool import open_spool
from runner import Config, up
from tests.fire import own_server
from tests.postgres.proxy import Verdict, proxied
from tests.postgres.spenders import (
    GATEWAY,
    KEY,
    assert_all_agree,
    await_end_of_sessions,
    flushed,
    linked,
    logged,
    make_budgets,
    over,
    record,
    reserve,
    run,
    spending,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database
    from tests.fire import OwnServer

ROOT = Path(__file__).parents[2]


def test_a_record_is_written_for_everybody_it_names(gateway_database: Database) -> None:
    organization, team, user, project = (uuid.uuid4() for _ in range(4))
    gateway_database.execute(f"""
        INSERT INTO organizations (id, name) VALUES ('{organization}', 'Acme');
        INSERT INTO teams (id, organization_id, name) VALUES ('{team}', '{organization}', 'Search');
        INSERT INTO users (id, email) VALUES ('{user}', 'a@example.com');
        INSERT INTO team_memberships (team_id, user_id) VALUES ('{team}', '{user}');
        INSERT INTO api_keys (id, hint, created_by) VALUES ('{KEY}', 'x', 'system:test');
    """)
    membership = gateway_database.value("SELECT id FROM team_memberships")
    one = record(
        organization_id=organization,
        team_id=team,
        project_id=project,
        user_id=user,
        membership_id=membership,
        end_user="alice",
        model_id=uuid.uuid4(),
        provider_response_id="resp-1",
        cache_hit=True,
        first_token_ms=3,
        session_id="s",
        tags=["a", "b"],
        metadata={"x": [1]},
        request={"messages": ["hä\0"]},
        response=[{"n": 1}],
    )
    failed = record(organization_id=organization, status="failure", error_code="timeout", cost=decimal.Decimal(0))

    tally = flushed(gateway_database, [one, failed])

    assert (tally.written, tally.waiting, tally.dead_letters) == (2, 0, 0)
    assert_all_agree(gateway_database)
    kinds = gateway_database.rows(
        "SELECT entity_kind, sum(requests), sum(failed_requests) FROM daily_rollups GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(map(str, row)) for row in kinds] == [
        ("end_user", "1", "0"),
        ("gateway", "2", "1"),
        ("key", "2", "1"),
        ("membership", "1", "0"),
        ("organization", "2", "1"),
        ("project", "1", "0"),
        ("team", "1", "0"),
        ("user", "1", "0"),
    ]
    [log] = gateway_database.rows(f"""
        SELECT l.*, e.external_id, e.organization_id FROM spend_logs AS l JOIN end_users AS e ON e.id = l.end_user_id
        WHERE request_id = '{one.request_id}'
    """)
    assert log[:6] == (one.started_at, one.request_id, KEY, organization, team, project)
    assert log[-2:] == ("alice", organization)
    assert log[15:25] == (True, 11, 7, 3, 18, one.cost, 12, 3, "s", ["a", "b"])
    [(request, response)] = gateway_database.rows("SELECT request, response FROM spend_log_payloads")
    assert (json.loads(request), json.loads(response)) == ({"messages": ["hä\ufffd"]}, [{"n": 1}])
    assert gateway_database.rows("SELECT * FROM api_key_uses") == [(KEY, failed.started_at)]


def test_nothing_that_traffic_does_updates_a_row_of_the_keys_or_what_is_above_them(gateway_database: Database) -> None:
    gateway_database.execute(f"INSERT INTO api_keys (id, hint, created_by) VALUES ('{KEY}', 'x', 'system:test')")

    for _ in range(3):
        flushed(gateway_database, [record(end_user="alice") for _ in range(50)])

    await_end_of_sessions(gateway_database)
    above = "'api_keys', 'organizations', 'teams', 'users', 'projects'"
    updates = "SELECT sum(n_tup_upd) FROM pg_stat_user_tables WHERE relname"
    assert gateway_database.value(f"{updates} IN ({above})") == 0
    assert gateway_database.value(f"{updates} LIKE 'daily%'") > 0


def test_writers_that_share_every_row_never_deadlock_and_every_sum_is_exact(gateway_database: Database) -> None:
    keys = [uuid.UUID(int=number) for number in range(1, 21)]
    chance = random.Random(7)  # noqa: S311  # the same each time

    async def spend_some(one: Spend, connection: Any, charge: Charge) -> None:
        cost = decimal.Decimal(chance.randrange(10**9)).scaleb(-10)
        name = str(chance.randrange(20))
        each = record(key_id=chance.choice(keys), end_user=name, cost=cost, charge=charge, model_name=name)
        if charge is Charge.SETTLE:
            await reserve(connection, each.request_id, [("gateway", GATEWAY), ("key", each.key_id or GATEWAY)])
        one.record(each)

    async def writer(one: Spend, connection: Any) -> None:
        for _ in range(12):
            for number in range(60):
                await spend_some(one, connection, Charge.ADD if number % 3 else Charge.SETTLE)
            await one.flush()

    async def work() -> list[Any]:
        async with AsyncExitStack() as stack:
            link = await stack.enter_async_context(linked(gateway_database.url))
            connections = [await stack.enter_async_context(link.connection()) for _ in range(8)]
            await make_budgets(connections[0], [("gateway", GATEWAY), *(("key", key) for key in keys)])
            ones = [await stack.enter_async_context(spending(gateway_database.url)) for _ in range(8)]
            await asyncio.gather(*map(writer, ones, connections))
            return [one.tally for one in ones]

    tallies = asyncio.run(work())

    assert [(tally.written, tally.waiting, tally.dead_letters) for tally in tallies] == [(720, 0, 0)] * 8
    assert_all_agree(gateway_database)
    await_end_of_sessions(gateway_database)
    assert gateway_database.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0


def test_a_flush_that_is_written_again_changes_nothing(gateway_database: Database, tmp_path: Path) -> None:
    """As when the process dies after the commit, and as when a machine comes back from a copy of its disk."""
    first, second = tmp_path / "first", tmp_path / "second"
    with closing(open_spool(first, 1000)) as one:
        for _ in range(30):
            one.append(pack(record(end_user="alice")))
        one.next_batch(20)
    shutil.copytree(first, second)

    async def work(one: Spend) -> tuple[int, int]:
        await one.flush()
        return one.tally.written, one.tally.waiting

    written = [run(gateway_database, work, spool=folder) for folder in (first, second)]

    assert written == [(30, 0), (0, 0)]
    assert len(logged(gateway_database)) == 30
    assert_all_agree(gateway_database)


def test_a_flush_is_known_by_its_id_also_when_its_logs_are_gone(gateway_database: Database, tmp_path: Path) -> None:
    with closing(open_spool(tmp_path / "first", 1000)) as one:
        one.append(pack(record()))
        one.next_batch(20)
    shutil.copytree(tmp_path / "first", tmp_path / "second")

    async def work(one: Spend) -> None:
        await one.flush()

    run(gateway_database, work, spool=tmp_path / "first")
    gateway_database.execute("TRUNCATE spend_logs")
    run(gateway_database, work, spool=tmp_path / "second")

    assert logged(gateway_database) == []
    assert gateway_database.rows("SELECT requests FROM daily_rollups WHERE entity_kind = 'gateway'") == [(1,)]


def test_a_request_that_is_recorded_twice_is_counted_once(gateway_database: Database) -> None:
    gateway_database.run(lambda connection: make_budgets(connection, [("gateway", GATEWAY), ("key", KEY)]))
    first, second, third = (record() for _ in range(3))

    flushed(gateway_database, [first, first, second])
    tally = flushed(gateway_database, [second, third, first])

    assert (tally.written, tally.waiting, tally.dead_letters) == (1, 0, 0)
    assert sorted(logged(gateway_database)) == sorted(each.request_id for each in (first, second, third))
    assert_all_agree(gateway_database)


def test_a_flush_that_is_cut_off_at_any_message_is_written_once_all_the_same(gateway_database: Database) -> None:
    if not gateway_database.server.tcp:
        pytest.skip("the server's port is not known")
    left = 0

    async def decide() -> Verdict:
        nonlocal left
        left -= 1
        return Verdict.CUT_AFTER if left == 0 else Verdict.ON

    async def work() -> int:
        """Cuts the connection after the first message of a flush, then after the second, and so on up to its end."""
        nonlocal left
        cuts = 0
        async with proxied(gateway_database, decide) as url, linked(url) as link, over(link) as one:
            async with link.connection() as connection:
                await make_budgets(connection, [("gateway", GATEWAY), ("key", KEY)])
            while left <= 0:
                async with link.connection() as connection:
                    reserved = record(end_user="alice", charge=Charge.SETTLE)
                    await reserve(connection, reserved.request_id, [("gateway", GATEWAY), ("key", KEY)])
                one.record(reserved)
                one.record(record(end_user="bob", request={"n": cuts}))
                cuts += 1
                left = cuts
                with suppress(Away):
                    await one.flush()
                if left <= 0:
                    await link.until_ready()
                    await one.flush()
            return cuts

    cuts = asyncio.run(work())

    assert cuts > 20
    assert len(logged(gateway_database)) == 2 * cuts
    assert gateway_database.value("SELECT count(*) FROM spend_log_payloads") == cuts
    assert_all_agree(gateway_database)


def test_a_process_that_is_killed_while_it_writes_loses_nothing_and_counts_nothing_twice(
    gateway_database: Database, tmp_path: Path
) -> None:
    gateway_database.run(lambda connection: make_budgets(connection, [("gateway", GATEWAY), ("key", KEY)]))
    kept: set[uuid.UUID] = set()
    deaths = 8
    for death in range(deaths):
        arguments = [sys.executable, "-m", "tests.postgres.spenders", gateway_database.url, str(tmp_path)]
        with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            kept |= {uuid.UUID(process.stdout.readline().strip()) for _ in range(150 + 37 * death)}
            process.send_signal(signal.SIGKILL)
            kept |= {uuid.UUID(line.strip()) for line in process.stdout if line.endswith("\n")}
    before = len(logged(gateway_database))

    async def work(one: Spend) -> int:
        return await one.drain(30)

    assert run(gateway_database, work, spool=tmp_path) == 0

    found = logged(gateway_database)
    assert before > 0
    assert len(found) == len(set(found))
    assert kept <= set(found)
    assert len(set(found) - kept) <= deaths  # kept, and not yet said
    gateway_database.execute("""
        UPDATE budget_reservations SET expires_at = now() - interval '1 second' WHERE state = 'open';
    """)
    gateway_database.run(lambda connection: budgets.release_expired_reservations(connection, batch_size=1000))
    assert_all_agree(gateway_database)


@pytest.fixture
def mortal(scratch: Path, tmp_path: Path) -> Iterator[OwnServer]:
    """A server with the schema that may be shut down."""
    with own_server(scratch / f"mortal_{tmp_path.name}") as server:
        asyncio.run(up(Config(folder=ROOT / "sql/migrations", database_url=server.database.url)))
        yield server


def test_spend_is_kept_while_the_database_is_away_and_written_in_order_when_it_is_back(
    mortal: OwnServer, tmp_path: Path
) -> None:
    records = [record() for _ in range(250)]

    async def work() -> list[Any]:
        seen = []
        async with spending(mortal.database.url, spool=tmp_path / "spool", flush_rows=100, flush_every=0.01) as one:
            writing = asyncio.create_task(one.run())
            await until(lambda: one.tally.waiting == 0, one, records[:50])
            mortal.stop(signal.SIGQUIT)
            for each in records[50:]:
                one.record(each)
            with pytest.raises(Away):
                await one.flush()
            seen.append(one.tally.waiting)
            mortal.start()  # in this thread, as it dies with it
            await until(lambda: one.tally.waiting == 0, one, [])
            writing.cancel()
            return [*seen, one.tally.written]

    assert asyncio.run(work()) == [200, 250]
    assert sorted(logged(mortal.database)) == sorted(each.request_id for each in records)
    assert_all_agree(mortal.database)


def test_what_another_process_left_is_written_in_the_background(gateway_database: Database, tmp_path: Path) -> None:
    with closing(open_spool(tmp_path, 1000)), closing(open_spool(tmp_path, 1000)) as left:
        left.append(pack(record()))

    async def work(one: Spend) -> Any:
        writing = asyncio.create_task(one.run())
        await until(lambda: one.tally.written == 3, one, [record(), record()])
        writing.cancel()
        return one.tally

    tally = run(gateway_database, work, spool=tmp_path, flush_every=0.01)

    assert (tally.waiting, tally.postponed) == (0, 0)
    assert len(logged(gateway_database)) == 3
    assert [path.name for path in tmp_path.glob("spend-*.sqlite")] == ["spend-0.sqlite"]


def test_writing_goes_on_when_the_file_of_the_spool_turns_out_to_be_damaged(
    gateway_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(open_spool(tmp_path, 10**6)) as left:
        for _ in range(20_000):
            left.append(b"x" * 1000)
    with (tmp_path / "spend-0.sqlite").open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xa5" * 4096)

    async def work(one: Spend) -> Any:
        writing = asyncio.create_task(one.run())
        await until(lambda: one.tally.written == 1, one, [record()])
        writing.cancel()
        return one.tally

    tally = run(gateway_database, work, spool=tmp_path, flush_every=0.01)

    assert (tally.waiting, tally.set_aside) == (0, 1)
    assert "was set aside" in caplog.text


def test_a_full_spool_is_told_and_counted(gateway_database: Database) -> None:
    async def work(one: Spend) -> Any:
        one.record(record())
        one.record(record())
        with pytest.raises(SpoolFull):
            one.record(record())
        return one.tally

    tally = run(gateway_database, work, spool_rows=2)

    assert (tally.waiting, tally.refused) == (2, 1)
    assert tally.oldest >= 0


def test_rollups_that_went_wrong_are_made_right_from_the_logs_while_flushes_wait(gateway_database: Database) -> None:
    first = record()
    flushed(gateway_database, [first, record()])
    gateway_database.execute("UPDATE daily_rollups SET cost = cost + 1 WHERE entity_kind = 'key'")
    gateway_database.execute("DELETE FROM daily_rollups WHERE entity_kind = 'gateway'")

    async def work() -> list[int]:
        async with linked(gateway_database.url) as link:
            reports = Reports(link)
            return [await reports.reconcile(first.started_at.date()) for _ in range(2)]

    assert asyncio.run(work()) == [2, 0]
    assert_all_agree(gateway_database)


def test_closing_writes_what_it_can_and_says_what_becomes_of_the_rest(
    gateway_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with linked(gateway_database.url) as link:
            for folder, within in ((None, 5), (None, 0), (tmp_path, 0)):
                one = Spend(link, open_spool(folder, 10), Options(spool=folder))
                one.record(record())
                await one.close(within)
                with pytest.raises(SpoolUnusable):
                    one.record(record())

    asyncio.run(work())

    assert len(logged(gateway_database)) == 1
    [lost, waits] = [each.message for each in caplog.records if each.levelname == "ERROR"]
    assert "1 spend records are not in the database and are lost" in lost
    assert f"1 spend records are not in the database and wait in {tmp_path}" in waits
