"""What has to be done now and then is done, by one instance at a time, and what is old goes in its order."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from gateway.client import jobs as queries
from gateway.errors import Away
from gateway.link import Link
from gateway.options import Options
from gateway.upkeep.chores import BATCH, chores
from gateway.upkeep.jobs import Job, Jobs, LeaseLost, Who
from gateway.upkeep.retention import Retention
from tests.postgres.spenders import GATEWAY, as_it_is, linked, make_budgets, reserve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.conftest import Database

DAY = dt.timedelta(days=1)
HOUR = 3600.0
LEASE = "SELECT instance_id, term, expires_at > now() FROM job_leases"


def instance(link: Link, *table: Job) -> Jobs:
    return Jobs(link, table, version="1.0", schema_version=31)


def run(database: Database, work: Callable[[Link], Awaitable[Any]]) -> Any:
    async def with_link() -> Any:
        async with linked(database.url) as link:
            return await work(link)

    return asyncio.run(with_link())


def do(database: Database, name: str, *, keep: dict[str, dt.timedelta] | None = None) -> Any:
    """What a job of the gateway comes to."""

    async def work(link: Link) -> Any:
        return await instance(link, *chores(link, Retention(link, Options(keep=keep or {})))).do(name)

    return run(database, work)


class Counter:
    """A job that counts how often it was done, and fails at first as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.done = 0
        self.failures = failures
        self.enough = asyncio.Event()

    async def __call__(self) -> int:
        self.done += 1
        if self.done <= self.failures:
            raise ValueError("not yet")
        if self.done >= self.failures + 3:
            self.enough.set()
        return self.done


def test_a_job_is_done_by_one_instance_and_then_not_before_its_time(gateway_database: Database) -> None:
    async def work(link: Link) -> list[int | None]:
        count = Counter()
        first, second = (instance(link, Job("count", HOUR, count)) for _ in range(2))
        answers = [await first.do("count"), await second.do("count"), await first.do("count")]
        await asyncio.to_thread(gateway_database.execute, "UPDATE job_leases SET expires_at = now()")
        return [*answers, await second.do("count"), await first.do("count")]

    assert run(gateway_database, work) == [1, None, None, 2, None]
    assert [row[1:] for row in gateway_database.rows(LEASE)] == [(2, True)]


def test_what_everyone_has_to_do_needs_no_lease(gateway_database: Database) -> None:
    async def work(link: Link) -> list[int | None]:
        count = Counter()
        both = [instance(link, Job("count", HOUR, count, Who.EVERYONE)) for _ in range(2)]
        return [await one.do("count") for one in (*both, *both)]

    assert run(gateway_database, work) == [1, 2, 3, 4]
    assert gateway_database.rows(LEASE) == []


def test_a_job_that_fails_can_be_tried_by_another_instance_at_once(gateway_database: Database) -> None:
    async def work(link: Link) -> int | None:
        count = Counter(failures=1)
        first, second = (instance(link, Job("count", HOUR, count)) for _ in range(2))
        with pytest.raises(ValueError, match="not yet"):
            await first.do("count")
        return await second.do("count")

    assert run(gateway_database, work) == 2


def test_the_lease_of_a_long_job_is_kept_until_it_ends(gateway_database: Database) -> None:
    renewed = "SELECT 1 FROM job_leases WHERE expires_at > acquired_at + interval '3 seconds'"

    async def work(link: Link) -> list[int | None]:
        begun = asyncio.Event()

        async def long() -> int:
            begun.set()
            async with link.connection() as connection:
                while not await connection.fetchval(renewed):  # noqa: ASYNC110  # the server tells nobody
                    await asyncio.sleep(0.01)
            return 1

        first, second = (instance(link, Job("long", 3.0, long)) for _ in range(2))
        doing = asyncio.create_task(first.do("long"))
        await begun.wait()
        held = set()
        while not doing.done():
            held.add(await second.do("long"))
            await asyncio.sleep(0.01)
        return [await doing, *held]

    assert run(gateway_database, work) == [1, None]
    assert [row[1] for row in gateway_database.rows(LEASE)] == [1]


def test_an_instance_that_lost_its_lease_stops_and_leaves_the_lease_of_the_other(gateway_database: Database) -> None:
    other = uuid.uuid4()
    stopped = []

    async def work(link: Link) -> None:
        async def long() -> int:
            taken = f"instance_id = '{other}', term = term + 1, expires_at = now() + interval '1 hour'"
            try:
                await asyncio.to_thread(gateway_database.execute, f"UPDATE job_leases SET {taken}")
                await asyncio.Event().wait()
            finally:
                stopped.append(True)
            return 1

        with pytest.raises(LeaseLost, match="long"):
            await instance(link, Job("long", 0.3, long)).do("long")

    run(gateway_database, work)

    assert stopped == [True]
    assert gateway_database.rows(LEASE) == [(other, 2, True)]


def test_all_jobs_are_done_again_and_again_whatever_fails(
    gateway_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(link: Link) -> list[int]:
        counts = [Counter(), Counter(failures=2)]
        table = [Job("steady", 0.02, counts[0]), Job("shaky", 0.02, counts[1], Who.EVERYONE)]
        one = instance(link, *table)
        running = asyncio.create_task(one.run())
        async with asyncio.timeout(30):
            for count in counts:
                await count.enough.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        async with link.connection() as connection:
            seen = await queries.list_live_instances(connection, within=DAY)
            await one.close()
            left = await queries.list_live_instances(connection, within=DAY)
        assert [(each.id, each.version, each.schema_version) for each in seen] == [(one.instance, "1.0", 31)]
        assert left == []
        return [count.done for count in counts]

    steady, shaky = run(gateway_database, work)

    assert steady >= 3
    assert shaky >= 5
    assert caplog.text.count("the job shaky failed") == 2


def test_jobs_wait_for_a_database_that_is_away_and_begin_when_it_is_there(gateway_database: Database) -> None:
    async def work() -> None:
        count = Counter()
        link = Link(gateway_database.url, Options(), as_it_is)
        one = instance(link, Job("count", 0.01, count))
        with pytest.raises(Away):
            await one.do("count")
        running = asyncio.create_task(one.run())
        await asyncio.sleep(0)
        assert count.done == 0
        await link.open()
        async with asyncio.timeout(30):
            await count.enough.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await link.close()

    asyncio.run(work())


ALL = [job.name for job in chores(None, Retention(None, Options()))]  # type: ignore[arg-type]  # for their names


@pytest.mark.parametrize("name", ALL)
def test_every_job_of_the_gateway_finds_nothing_to_do_in_a_new_database(gateway_database: Database, name: str) -> None:
    assert do(gateway_database, name, keep={"spend_logs": DAY}) == 0


def test_partitions_are_made_and_dropped_as_jobs(gateway_database: Database) -> None:
    today = dt.datetime.now(dt.UTC).date()
    gateway_database.execute(f"""
        DROP TABLE spend_logs_p{today:%Y%m%d};
        CREATE TABLE old PARTITION OF spend_logs
        FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00');
    """)

    assert do(gateway_database, "partitions") == 1
    assert do(gateway_database, "retention", keep={"spend_logs": DAY}) == 1


BUDGET = """
    INSERT INTO budgets (id, entity_kind, entity_id, period, max_amount)
    VALUES ('00000000-0000-0000-0000-00000000000b', 'gateway', '00000000-0000-0000-0000-000000000000', 'month', 1)
    ON CONFLICT DO NOTHING;
"""
COUNTER = f"""
    {BUDGET}
    INSERT INTO budget_counters (budget_id, period_started_at)
    VALUES ('00000000-0000-0000-0000-00000000000b', '2026-01-01')
    ON CONFLICT DO NOTHING;
"""
KEPT = {
    "flushes": (
        "flushes",
        "INSERT INTO flushes (id, applied_at) VALUES (gen_random_uuid(), now() - interval '{age}')",
        ("36 days", "34 days"),
    ),
    "closed_reservations": (
        "budget_reservations",
        COUNTER
        + """
            INSERT INTO budget_reservations VALUES (
                gen_random_uuid(), '00000000-0000-0000-0000-00000000000b', '2026-01-01', 1, 'settled', now(),
                now() - interval '{age}'
            )
        """,
        ("8 days", "6 days"),
    ),
    "past_counters": (
        "budget_counters",
        BUDGET
        + """
            INSERT INTO budget_counters (budget_id, period_started_at)
            VALUES ('00000000-0000-0000-0000-00000000000b', now() - interval '{age}')
        """,
        ("401 days", "399 days"),
    ),
    "ended_secrets": (
        "api_key_hashes",
        """
            WITH made AS (INSERT INTO api_keys (hint, created_by) VALUES ('x', 'system:test') RETURNING id)
            INSERT INTO api_key_hashes (hash, key_id, valid_until, created_at)
            SELECT sha256(id::text::bytea), id, now() - interval '{age}', '2020-01-01' FROM made
        """,
        ("8 days", "6 days"),
    ),
    "config_changes": (
        "config_changes",
        """
            INSERT INTO config_changes (object_kind, object_id, operation, changed_at)
            VALUES ('model', 'x', 'update', now() - interval '{age}')
        """,
        ("8 days", "6 days"),
    ),
    "dead_instances": (
        "instances",
        """
            INSERT INTO instances (id, host, version, schema_version, started_at, last_seen_at)
            VALUES (gen_random_uuid(), 'h', '', 1, '2020-01-01', now() - interval '{age}')
        """,
        ("6 minutes", "4 minutes"),
    ),
    "rate_limit_windows": (
        "rate_limit_windows",
        "INSERT INTO rate_limit_windows VALUES ('key:x', 'tokens', 60, now() - interval '{age}', 1)",
        ("7 minutes", "5 minutes"),
    ),
    "parallel_slots": (
        "parallel_slots",
        """
            INSERT INTO parallel_slots (subject, slot, request_id, expires_at)
            VALUES ('key:x', 1 + floor(random() * 1e9)::integer, gen_random_uuid(), now() - interval '{age}')
        """,
        ("1 second", "-1 minute"),
    ),
    "expired_reservations": (
        "budget_reservations WHERE state = 'open'",
        COUNTER
        + """
            UPDATE budget_counters SET reserved = reserved + 1;
            INSERT INTO budget_reservations VALUES (
                gen_random_uuid(), '00000000-0000-0000-0000-00000000000b', '2026-01-01', 1, 'open',
                now() - interval '{age}'
            )
        """,
        ("1 second", "-1 minute"),
    ),
}


def test_every_job_has_a_case() -> None:
    assert KEPT.keys() | {"partitions", "retention", "purge"} == set(ALL)


@pytest.mark.parametrize("name", KEPT)
def test_what_is_old_enough_goes_and_what_is_not_stays(gateway_database: Database, name: str) -> None:
    table, statement, (old, young) = KEPT[name]
    for age in (old, old, young):
        gateway_database.execute(statement.format(age=age))

    assert do(gateway_database, name) == 2
    assert gateway_database.value(f"SELECT count(*) FROM {table}") == 1
    assert gateway_database.value("SELECT coalesce(sum(reserved), 0) FROM budget_counters") == (
        name == "expired_reservations"
    )


def test_the_last_change_of_the_configuration_stays_however_old(gateway_database: Database) -> None:
    for _ in range(3):
        gateway_database.execute(KEPT["config_changes"][1].format(age="900 days"))

    assert do(gateway_database, "config_changes") == 2
    assert gateway_database.value("SELECT count(*) FROM config_changes") == 1


def test_a_job_goes_on_until_all_is_done(gateway_database: Database) -> None:
    many = 2 * BATCH + 7
    gateway_database.execute(f"""
        INSERT INTO flushes (id, applied_at) SELECT gen_random_uuid(), '2020-01-01' FROM generate_series(1, {many})
    """)

    assert do(gateway_database, "flushes") == many
    assert gateway_database.value("SELECT count(*) FROM flushes") == 0


def test_what_was_deleted_long_ago_is_purged_from_below_with_its_budgets_and_the_audit_says_so(
    gateway_database: Database,
) -> None:
    ids = {
        kind: [uuid.uuid4() for _ in range(2)]
        for kind in ("key", "project", "team", "user", "organization", "end_user")
    }
    for number, age in enumerate((91, 89)):
        deleted = f"now() - interval '{age} days'"
        of = {kind: each[number] for kind, each in ids.items()}
        gateway_database.execute(f"""
            INSERT INTO organizations (id, name, deleted_at) VALUES ('{of["organization"]}', 'Acme', {deleted});
            INSERT INTO users (id, email, deleted_at) VALUES ('{of["user"]}', 'a@example.com', {deleted});
            INSERT INTO teams (id, organization_id, name, deleted_at)
            VALUES ('{of["team"]}', '{of["organization"]}', 'Search', {deleted});
            INSERT INTO team_memberships (team_id, user_id) VALUES ('{of["team"]}', '{of["user"]}');
            INSERT INTO projects (id, team_id, name, deleted_at)
            VALUES ('{of["project"]}', '{of["team"]}', 'Web', {deleted});
            INSERT INTO api_keys (id, hint, created_by, project_id, user_id, deleted_at)
            VALUES ('{of["key"]}', 'x', 'system:test', '{of["project"]}', '{of["user"]}', {deleted});
            INSERT INTO end_users (id, organization_id, external_id, first_seen_on, last_seen_on)
            VALUES ('{of["end_user"]}', '{of["organization"]}', 'alice', '2026-01-01', '2026-01-01');
        """)
    everybody = [(kind, each) for kind, both in ids.items() for each in both]
    gateway_database.run(lambda connection: make_budgets(connection, everybody))

    assert do(gateway_database, "purge") == 6

    for kind, table in (
        ("key", "api_keys"),
        ("end_user", "end_users"),
        *((k, f"{k}s") for k in ids if k[0] not in "ke"),
    ):
        assert gateway_database.rows(f"SELECT id FROM {table}") == [(ids[kind][1],)], kind
    assert {row[0] for row in gateway_database.rows("SELECT entity_id FROM budgets")} == {
        both[1] for both in ids.values()
    }
    events = "SELECT object_kind, object_id FROM audit_events WHERE action = 'purge' AND actor_id = 'purge'"
    assert set(gateway_database.rows(events)) == {
        (kind, str(both[0])) for kind, both in ids.items() if kind != "end_user"
    }


def test_what_a_request_reserved_and_never_spent_is_given_back(gateway_database: Database) -> None:
    async def work(connection: Any) -> None:
        await make_budgets(connection, [("gateway", GATEWAY)])
        await reserve(connection, uuid.uuid4(), [("gateway", GATEWAY)])
        await connection.execute("UPDATE budget_reservations SET expires_at = now() - interval '1 second'")

    gateway_database.run(work)

    assert do(gateway_database, "expired_reservations") == 1
    assert gateway_database.rows("SELECT spent, reserved FROM budget_counters") == [(0, 0)]
