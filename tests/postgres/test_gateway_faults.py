"""What the database refuses: one bad record never keeps another from being written, and is never lost itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import random
import uuid
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from gateway.spending.packing import from_letter
from gateway.spending.rejections import Rejected, Verdict
from gateway.spending.reports import Reports
from tests.postgres.spenders import (
    GATEWAY,
    KEY,
    assert_all_agree,
    flushed,
    linked,
    logged,
    make_budgets,
    record,
    run,
)

if TYPE_CHECKING:
    from gateway.spending.records import SpendRecord
    from gateway.spending.spend import Spend
    from tests.conftest import Database

TODAY = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAY = dt.timedelta(days=1)
ODD = uuid.UUID(int=0xE1)
LETTERS = "SELECT target, sqlstate FROM dead_letters ORDER BY id"
EVIL = {
    "spend_logs": "ALTER TABLE spend_logs ADD CONSTRAINT no_evil CHECK (session_id <> 'evil')",
    "spend_log_payloads": "ALTER TABLE spend_log_payloads ADD CONSTRAINT no_evil CHECK (request ->> 'evil' IS NULL)",
    "daily_rollups": "ALTER TABLE daily_rollups ADD CONSTRAINT no_evil CHECK (model_name <> 'evil')",
    "end_users": "ALTER TABLE end_users ADD CONSTRAINT no_evil CHECK (external_id <> 'evil')",
    "api_key_uses": f"ALTER TABLE api_key_uses ADD CONSTRAINT no_evil CHECK (key_id <> '{ODD}')",
    "budget_counters": "ALTER TABLE budget_counters ADD CONSTRAINT no_evil CHECK (spent < 1000)",
}


def evil(target: str) -> SpendRecord:
    """A record that the table refuses, with the constraints above."""
    fields: dict[str, Any] = {
        "spend_logs": {"session_id": "evil"},
        "spend_log_payloads": {"request": {"evil": 1}},
        "daily_rollups": {"model_name": "evil"},
        "end_users": {"end_user": "evil"},
        "api_key_uses": {"key_id": ODD},
        "budget_counters": {"cost": decimal.Decimal(1000)},
    }
    return record(**{"end_user": "alice", "request": {"good": 1}, **fields[target]})


@pytest.fixture
def strict(gateway_database: Database) -> Database:
    """A database with keys, a budget, and a constraint on every table that spend is written to."""
    keys = ", ".join(f"('{key}', 'x', 'system:test')" for key in (KEY, ODD))
    gateway_database.execute(f"INSERT INTO api_keys (id, hint, created_by) VALUES {keys}")
    gateway_database.run(lambda connection: make_budgets(connection, [("gateway", GATEWAY)]))
    gateway_database.execute(";\n".join(EVIL.values()))
    return gateway_database


@pytest.mark.parametrize("target", EVIL)
def test_what_one_table_refuses_is_a_dead_letter_and_all_else_of_the_record_is_written(
    strict: Database, target: str
) -> None:
    good, bad = [record() for _ in range(9)], evil(target)

    tally = flushed(strict, [*good[:4], bad, *good[4:]])

    written = target != "spend_logs"
    assert (tally.written, tally.waiting, tally.dead_letters) == (9 + written, 0, 1)
    assert strict.rows(LETTERS) == [(target, "23514")]
    assert from_letter(strict.value("SELECT payload FROM dead_letters")) == bad
    assert "no_evil" in strict.value("SELECT error FROM dead_letters")
    assert {each.request_id for each in good} <= set(logged(strict))
    assert strict.rows("""
        SELECT
            (SELECT count(*) FROM spend_logs) - 9,
            (SELECT count(*) FROM spend_log_payloads),
            (SELECT sum(requests) FROM daily_rollups WHERE entity_kind = 'gateway') - 9,
            (SELECT count(*) FROM end_users),
            (SELECT spent FROM budget_counters)
    """) == [
        (
            written,
            written and target != "spend_log_payloads",
            written and target != "daily_rollups",
            written and target != "end_users",
            9 * good[0].cost + (bad.cost if written and target != "budget_counters" else 0),
        )
    ]


def test_many_bad_records_among_good_ones_are_found_and_the_good_ones_are_written(strict: Database) -> None:
    chance = random.Random(5)  # noqa: S311  # the same each time
    kinds = ["spend_logs", "spend_log_payloads", "end_users"] * 4
    good = [record(end_user=str(number % 7), request={"n": number}) for number in range(300)]
    mixed = [*good, *map(evil, kinds)]
    chance.shuffle(mixed)

    tally = flushed(strict, mixed)

    assert (tally.written, tally.waiting, tally.dead_letters) == (308, 0, 12)
    assert sorted(target for target, _ in strict.rows(LETTERS)) == sorted(kinds)
    assert {each.request_id for each in good} <= set(logged(strict))
    assert strict.value("SELECT count(*) FROM spend_log_payloads") == 304
    assert_all_agree(strict)


def test_a_record_that_every_table_refuses_leaves_a_letter_for_each(strict: Database) -> None:
    bad = record(end_user="evil", request={"evil": 1}, model_name="evil", key_id=ODD, cost=decimal.Decimal(1000))

    tally = flushed(strict, [bad, record()])

    assert (tally.written, tally.waiting, tally.dead_letters) == (2, 0, 5)
    assert {target for target, _ in strict.rows(LETTERS)} == EVIL.keys() - {"spend_logs"}
    assert bad.request_id in logged(strict)


def test_bytes_that_are_no_record_are_a_dead_letter_as_they_are(gateway_database: Database) -> None:
    async def work(one: Spend) -> None:
        one.record(record())
        one._own.append(b"\xff no record\0")  # noqa: SLF001  # as a fault of the disk may leave it
        one.record(record())
        await one.flush()

    run(gateway_database, work)

    assert len(logged(gateway_database)) == 2
    assert gateway_database.rows("SELECT target, sqlstate, payload FROM dead_letters") == [
        ("spend_logs", "22000", b"\xff no record\0")
    ]


def test_what_no_longer_fits_into_a_sum_is_a_dead_letter_and_the_log_has_it(gateway_database: Database) -> None:
    full = uuid.uuid4()
    gateway_database.execute(f"""
        INSERT INTO daily_rollups (day, entity_kind, entity_id, model_name, provider, endpoint, requests, cost)
        VALUES ('{TODAY:%Y-%m-%d}', 'key', '{full}', 'small', 'acme', '/v1/chat/completions', 1, 9999999999)
    """)

    tally = flushed(gateway_database, [record(), record(key_id=full, cost=decimal.Decimal(1)), record()])

    assert (tally.written, tally.waiting) == (3, 0)
    assert gateway_database.rows(LETTERS) == [("daily_rollups", "22003")]


def test_a_dead_letter_can_be_recorded_again_when_its_fault_is_mended(strict: Database) -> None:
    flushed(strict, [evil("spend_logs"), evil("spend_log_payloads")])
    strict.execute("ALTER TABLE spend_logs DROP CONSTRAINT no_evil")

    async def work(one: Spend) -> list[int]:
        async with linked(strict.url) as link:
            reports = Reports(link)
            letters = [*await reports.dead_letters(size=1)]
            letters += await reports.dead_letters(after=letters[-1].id)
            for letter in letters:
                one.record(from_letter(letter.payload))
            await one.flush()
            return [one.tally.written, await reports.forget([letter.id for letter in letters])]

    assert run(strict, work) == [1, 2]
    assert strict.value("SELECT count(*) FROM spend_logs WHERE session_id = 'evil'") == 1
    assert strict.value("SELECT count(*) FROM dead_letters") == 0
    assert_all_agree(strict)


def fail(database: Database, sqlstate: str, *, times: int = 10**9, when: str = "TRUE") -> None:
    """Lets the next rows of the logs fail, with an error of the server."""
    database.execute(f"""
        CREATE SEQUENCE tries;  -- which no rollback takes back
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {when} AND nextval('tries') <= {times} THEN
                RAISE EXCEPTION 'not now' USING ERRCODE = '{sqlstate}';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER fail BEFORE INSERT ON spend_logs FOR EACH ROW EXECUTE FUNCTION fail();
    """)


@pytest.mark.parametrize(
    ("sqlstate", "times"),
    [
        pytest.param("40P01", 2, id="a deadlock"),
        pytest.param("40001", 3, id="a serialization failure"),
        pytest.param("55P03", 1, id="a lock that is not to be had"),
        pytest.param("53100", 1, id="a full disk"),
        pytest.param("42501", 1, id="a right that is not there"),
        pytest.param("42P01", 1, id="a table that is not there"),
        pytest.param("0A000", 1, id="a plan that is out of date"),
    ],
)
def test_what_is_no_fault_of_the_records_is_tried_again_at_once(
    gateway_database: Database, sqlstate: str, times: int
) -> None:
    fail(gateway_database, sqlstate, times=times)

    tally = flushed(gateway_database, [record(), record()])

    assert (tally.written, tally.waiting, tally.dead_letters, tally.postponed) == (2, 0, 0, 0)
    assert_all_agree(gateway_database)


@pytest.mark.parametrize("sqlstate", ["42501", "57014", "XX000"])
def test_what_goes_on_failing_waits_and_holds_up_nobody_behind_it(gateway_database: Database, sqlstate: str) -> None:
    fail(gateway_database, sqlstate, when="NEW.model_name = 'odd'")

    async def work(one: Spend) -> list[tuple[int, int, int]]:
        for name in ("odd", "small", "small", "small", "small"):
            one.record(record(model_name=name))
        await one.flush()
        before = one.tally
        await asyncio.to_thread(gateway_database.execute, "DROP TRIGGER fail ON spend_logs")
        await one.drain(30)
        return [(tally.written, tally.waiting, tally.dead_letters) for tally in (before, one.tally)]

    assert run(gateway_database, work, flush_rows=2) == [(3, 2, 0), (5, 0, 0)]
    assert_all_agree(gateway_database)


@pytest.mark.parametrize(
    ("sqlstate", "waiting", "letters"),
    [
        pytest.param("XX000", 0, 1, id="what the server cannot explain is a letter in the end"),
        pytest.param("57014", 1, 0, id="what takes too long is halved, and never given up"),
        pytest.param("42501", 10, 0, id="what a right is wanting for stays together"),
    ],
)
def test_what_fails_often_enough_is_taken_apart(
    gateway_database: Database, monkeypatch: pytest.MonkeyPatch, sqlstate: str, waiting: int, letters: int
) -> None:
    monkeypatch.setattr("gateway.spending.delivery._LATER", (0.0,) * 3)
    monkeypatch.setattr("gateway.spending.delivery._AT_ONCE", (0.0,) * 3)
    fail(gateway_database, sqlstate, when="NEW.model_name = 'odd'")

    async def work(one: Spend) -> tuple[int, int, int]:
        for number in range(10):
            one.record(record(model_name="odd" if number == 4 else "small"))
        for _ in range(20):
            await one.flush()
        return one.tally.written, one.tally.waiting, one.tally.dead_letters

    assert run(gateway_database, work) == (10 - letters - waiting, waiting, letters)
    assert [sqlstate for _, sqlstate in gateway_database.rows(LETTERS)] == [sqlstate] * letters


def test_a_partition_that_is_not_there_is_made(gateway_database: Database) -> None:
    gateway_database.execute(f"DROP TABLE spend_logs_p{TODAY:%Y%m%d}, spend_log_payloads_p{TODAY:%Y%m%d}")
    gateway_database.execute(f"DROP TABLE daily_rollups_p{TODAY:%Y%m}")

    tally = flushed(gateway_database, [record(request={"a": 1}), record()])

    assert (tally.written, tally.waiting, tally.dead_letters) == (2, 0, 0)
    assert_all_agree(gateway_database)


@pytest.mark.parametrize("days", [-9999, -3, 400], ids=["long ago", "before yesterday", "next year"])
def test_a_day_that_no_partition_is_made_for_is_a_dead_letter_and_no_jam(gateway_database: Database, days: int) -> None:
    tally = flushed(gateway_database, [record(), record(started_at=TODAY + days * DAY), record()])

    assert (tally.written, tally.waiting, tally.dead_letters) == (2, 0, 1)
    assert gateway_database.rows(LETTERS) == [("spend_logs", "23514")]
    assert_all_agree(gateway_database)


def test_contents_that_come_later_than_they_are_kept_are_left_out_without_a_letter(gateway_database: Database) -> None:
    late = record(started_at=TODAY - DAY, request={"a": 1})

    tally = flushed(gateway_database, [late, record(request={"b": 1})], keep={"spend_log_payloads": DAY / 2})

    assert (tally.written, tally.dead_letters) == (2, 0)
    assert gateway_database.rows("SELECT request FROM spend_log_payloads") == [('{"b": 1}',)]


def test_a_day_is_a_day_in_utc_wherever_the_server_stands(gateway_database: Database) -> None:
    gateway_database.execute(f"ALTER DATABASE {gateway_database.name} SET timezone = 'Pacific/Auckland'")
    gateway_database.run(lambda connection: make_budgets(connection, [("key", KEY)], period="day"))
    moments = [TODAY - dt.timedelta(microseconds=1), TODAY, TODAY + DAY - dt.timedelta(microseconds=1), TODAY + DAY]

    flushed(gateway_database, [record(started_at=moment, end_user="alice") for moment in moments])

    days = [(TODAY - DAY).date(), TODAY.date(), (TODAY + DAY).date()]
    per_day = "SELECT day, requests FROM daily_rollups WHERE entity_kind = 'gateway' ORDER BY day"
    assert gateway_database.rows(per_day) == [*zip(days, (1, 2, 1), strict=True)]
    assert gateway_database.rows("SELECT tableoid::regclass::text FROM spend_logs ORDER BY started_at") == [
        (f"spend_logs_p{day:%Y%m%d}",) for day in (days[0], days[1], days[1], days[2])
    ]
    assert gateway_database.rows("SELECT first_seen_on, last_seen_on FROM end_users") == [(days[0], days[2])]
    assert gateway_database.value("SELECT count(*) FROM budget_counters") == 3
    assert_all_agree(gateway_database)


@pytest.mark.parametrize(("habit", "kept"), [("off", "on"), ("local", "local")])
def test_what_is_written_outlives_a_crash_of_the_server_whatever_its_habit(
    gateway_database: Database, habit: str, kept: str
) -> None:
    gateway_database.execute(f"""
        ALTER DATABASE {gateway_database.name} SET synchronous_commit = {habit};
        CREATE TABLE seen (setting text);
        CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
        CREATE TRIGGER see BEFORE INSERT ON flushes FOR EACH ROW EXECUTE FUNCTION see();
    """)

    flushed(gateway_database, [record()])
    flushed(gateway_database, [record(started_at=TODAY + 400 * DAY)])

    assert set(gateway_database.rows("SELECT setting FROM seen")) == {(kept,)}
    assert gateway_database.value("SELECT count(*) FROM dead_letters") == 1


def test_a_lock_that_somebody_holds_is_waited_for_a_while_and_the_batch_then_waits_its_turn(
    gateway_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.spending.writing._LOCK_TIMEOUT_MS", 10)

    async def work(one: Spend) -> list[int]:
        waiting = []
        async with linked(gateway_database.url) as link:
            async with link.transaction() as connection:
                await connection.execute("LOCK TABLE daily_rollups IN SHARE ROW EXCLUSIVE MODE")
                one.record(record())
                await one.flush()
                waiting.append(one.tally.waiting)
            await one.drain(30)
        return [*waiting, one.tally.waiting]

    assert run(gateway_database, work) == [1, 0]
    assert_all_agree(gateway_database)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (asyncpg.UniqueViolationError("twice"), Verdict.LOGGED),
        (asyncpg.CheckViolationError("no partition"), Verdict.NO_PARTITION),
        (asyncpg.ForeignKeyViolationError("gone"), Verdict.FAULT),
        (asyncpg.DataError("no number"), Verdict.FAULT),
        (ValueError("cannot be sent"), Verdict.FAULT),
        (asyncpg.StatementTooComplexError("deep"), Verdict.FAULT),
        (asyncpg.QueryCanceledError("too long"), Verdict.SMALLER),
        (asyncpg.OutOfMemoryError("too much"), Verdict.SMALLER),
        (asyncpg.DeadlockDetectedError("dead"), Verdict.LATER),
        (asyncpg.UndefinedTableError("none"), Verdict.LATER),
        (asyncpg.InternalServerError("odd"), Verdict.UNCLEAR),
        (KeyError("odd"), Verdict.UNCLEAR),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.value,
)
def test_every_kind_of_error_has_its_answer(error: Exception, verdict: Verdict) -> None:
    assert Rejected("spend_logs", error).verdict is verdict
