"""Limits, budgets, and the door with both: exact however many ask at once, all or nothing, and given back."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from gateway import Accepted, Asked, Outcome, Refusal, Refused, Request, State
from gateway.errors import BadRecord, SpoolFull
from gateway.requests.budgets import Reserved, scopes_of
from gateway.requests.limits import Hit, Limit, Slots
from tests.postgres.stores import ME, PATIENT, opened, until, until_heard

if TYPE_CHECKING:
    from gateway import Key, Store
    from tests.conftest import Database

HOUR = timedelta(hours=1)
DAY = 86_400
"""Seconds of a window that hardly ends within a test."""
ENOUGH = replace(PATIENT, within=60.0, pool_size=16)


def requests(subject: str, allowed: int) -> Limit:
    return Limit(subject, "requests", allowed, window_seconds=DAY)


def test_of_many_requests_at_once_over_two_instances_exactly_the_limit_passes(gateway_database: Database) -> None:
    async def main() -> Counter[str]:
        async with opened(gateway_database, ENOUGH) as here, opened(gateway_database, ENOUGH) as there:
            asked = [requests("key:a", 100)]
            answers = await asyncio.gather(*((here, there)[turn % 2].rates.hit(asked) for turn in range(400)))
            return Counter(type(answer).__name__ for answer in answers)

    assert asyncio.run(main()) == {"Hit": 100, "Refused": 300}
    assert gateway_database.value("SELECT used FROM rate_limit_windows") == 100


def test_a_request_counts_under_all_its_limits_or_under_none(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, ENOUGH) as store:
            keys = [f"key:{number}" for number in range(10)]
            hits = await asyncio.gather(
                *(store.rates.hit([requests(key, 1000), requests("team:t", 70)]) for key in keys for _ in range(20))
            )
            admitted = sum(isinstance(hit, Hit) for hit in hits)
            assert admitted == 70

    asyncio.run(main())
    used = dict(gateway_database.rows("SELECT left(subject, 3), sum(used)::bigint FROM rate_limit_windows GROUP BY 1"))
    assert used == {"key": 70, "tea": 70}


def test_a_refusal_says_which_limit_and_when_to_come_again(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            limits = [Limit("key:a", "tokens", 100, 60), requests("key:a", 9)]
            first = await store.rates.hit(limits)
            assert isinstance(first, Hit)
            refused = await store.rates.hit(limits)
            assert isinstance(refused, Refused)
            assert refused.why is Refusal.TOO_MANY_TOKENS
            assert refused.detail == "key:a may use 100 tokens in 60 s"
            assert refused.retry_after is not None
            assert 0 <= refused.retry_after <= 60
            await store.rates.settle(first, tokens=10)
            assert isinstance(await store.rates.hit(limits), Hit)
            await store.rates.refund(first)

    asyncio.run(main())


def test_tokens_that_were_estimated_too_low_are_counted_all_the_same(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            hit = await store.rates.hit([Limit("key:a", "tokens", 100, 10, DAY), requests("key:a", 9)])
            assert isinstance(hit, Hit)
            await store.rates.settle(hit, tokens=250)

    asyncio.run(main())
    used = gateway_database.rows("SELECT metric, used FROM rate_limit_windows ORDER BY metric")
    assert used == [("requests", 1), ("tokens", 250)]


def test_no_more_than_the_limit_are_in_flight_and_all_or_no_slots_are_taken(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, ENOUGH) as here, opened(gateway_database, ENOUGH) as there:

            async def acquire(turn: int) -> Slots | None:
                store = (here, there)[turn % 2]
                slots = await store.parallel.acquire(uuid4(), {f"key:{turn % 4}": 50, "team:t": 30}, ttl=HOUR)
                return slots if isinstance(slots, Slots) else None

            taken = [slots for slots in await asyncio.gather(*map(acquire, range(100))) if slots]
            assert len(taken) == 30
            assert len({place for slots in taken for place in slots.places}) == 60
            assert await here.parallel.renew(taken[0], ttl=HOUR)
            await asyncio.gather(*(there.parallel.release(slots) for slots in taken))
            assert not await here.parallel.renew(taken[0], ttl=HOUR)

    asyncio.run(main())
    assert gateway_database.value("SELECT count(*) FROM parallel_slots") == 0


async def budget_of(store: Store, scope: tuple[str, UUID], most: int) -> UUID:
    return (await store.budgets.set(scope, "total", by=ME, max_amount=Decimal(most))).id


def test_of_a_thousand_reserves_at_once_exactly_the_budget_is_admitted(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, ENOUGH) as here, opened(gateway_database, ENOUGH) as there:
            scope = ("team", uuid4())
            budget = await budget_of(here, scope, 100)
            answers = await asyncio.gather(
                *(
                    (here, there)[turn % 2].budgets.reserve(uuid4(), Decimal(1), [scope], ttl=HOUR)
                    for turn in range(1000)
                )
            )
            assert Counter(type(answer).__name__ for answer in answers) == {"Reserved": 100, "Refused": 900}
            refused = next(answer for answer in answers if isinstance(answer, Refused))
            assert refused.why is Refusal.OVER_BUDGET
            assert refused.detail.startswith("the total budget of the team is 100.0000000000: ")
            status = await here.budgets.status(budget)
            assert status
            assert (status.spent, status.reserved) == (Decimal(0), Decimal(100))

    asyncio.run(main())


def test_a_reserve_over_several_budgets_holds_in_all_or_in_none(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, ENOUGH) as store:
            organization, teams = ("organization", uuid4()), [("team", uuid4()) for _ in range(5)]
            await budget_of(store, organization, 60)
            for team in teams:
                await budget_of(store, team, 20)
            answers = await asyncio.gather(
                *(
                    store.budgets.reserve(uuid4(), Decimal(1), [team, organization], ttl=HOUR)
                    for team in teams
                    for _ in range(40)
                )
            )
            held = {row.entity_id: row.reserved for row in await store.budgets.of([organization, *teams])}
            assert sum(isinstance(answer, Reserved) for answer in answers) == 60
            assert held.pop(organization[1]) == 60
            assert sum(held.values()) == 60
            assert max(held.values()) <= 20

    asyncio.run(main())


def test_a_reservation_is_settled_extended_and_released_once(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            scope, one, two = ("user", uuid4()), uuid4(), uuid4()
            budget = await budget_of(store, scope, 10)
            for request in (one, two, one):
                assert isinstance(await store.budgets.reserve(request, Decimal(3), [scope], ttl=HOUR), Reserved)
            assert await store.budgets.extend(one, ttl=HOUR)
            for _ in range(2):
                await store.budgets.settle({one: Decimal("2.5")})
                await store.budgets.release([two])
            assert not await store.budgets.extend(one, ttl=HOUR)
            status = await store.budgets.status(budget)
            assert status
            assert (status.spent, status.reserved) == (Decimal("2.5"), Decimal(0))
            assert [row.spent for row in await store.budgets.history(budget)] == [Decimal("2.5")]

    asyncio.run(main())


def test_budgets_are_changed_in_the_audit(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            scope = ("team", uuid4())
            budget = await budget_of(store, scope, 5)
            assert await budget_of(store, scope, 7) == budget
            await store.budgets.set(scope, "total", by=ME, soft_amount=Decimal(1))
            await store.budgets.adjust(budget, Decimal(2), by=ME, reason="a refund")
            assert [row.id for row in await store.budgets.over_soft_amount()] == [budget]
            await store.budgets.delete(budget, by=ME)
            history = await store.audit.history("budget", str(budget))
            assert [event.action for event in reversed(history)] == ["create", "update", "update", "adjust", "delete"]
            assert history[-2].before == {"max_amount": "5.0000000000"}
            assert history[-2].after == {"max_amount": "7.0000000000"}

    asyncio.run(main())


async def new_key(store: Store, **limits: int) -> tuple[UUID, Asked]:
    issued = await store.keys.create(by=ME, **limits)  # type: ignore[arg-type]
    return issued.key_id, Asked(
        secret=issued.secret or "",
        model="small",
        endpoint="/v1/chat/completions",
        tokens=100,
        cost=Decimal(3),
        end_user="someone",
    )


def test_a_request_that_passes_is_settled_by_what_came_of_it(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            key_id, asked = await new_key(store, requests_per_minute=5, tokens_per_minute=1000, max_parallel=1)
            budget = await budget_of(store, ("key", key_id), 10)
            request = await store.admit(asked)
            assert isinstance(request, Request)
            second = await store.admit(asked)
            assert isinstance(second, Refused)
            assert second.why is Refusal.TOO_MANY_AT_ONCE
            async with request:
                outcome = Outcome(status="success", cost=Decimal(1), prompt_tokens=20, completion_tokens=20)
                await request.finish(outcome)
                await request.finish(outcome)
            await until(lambda: not store.spend.tally.waiting)
            status = await store.budgets.status(budget)
            assert status
            assert (status.spent, status.reserved) == (Decimal(1), Decimal(0))

    asyncio.run(main())
    assert gateway_database.value("SELECT count(*) FROM parallel_slots") == 0
    assert dict(gateway_database.rows("SELECT metric, used FROM rate_limit_windows")) == {"requests": 1, "tokens": 40}
    logs = gateway_database.rows("SELECT status, error_code, cost FROM spend_logs ORDER BY started_at")
    assert logs == [("success", None, 1), ("refused", "too_many_at_once", 0)]
    assert gateway_database.rows("SELECT external_id FROM end_users") == [("someone",)]


def test_what_the_last_check_refuses_leaves_nothing_taken(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            key_id, asked = await new_key(store, requests_per_minute=5, tokens_per_minute=1000, max_parallel=1)
            await budget_of(store, ("key", key_id), 2)
            refused = await store.admit(asked)
            assert isinstance(refused, Refused)
            assert refused.why is Refusal.OVER_BUDGET

    asyncio.run(main())
    assert gateway_database.rows("SELECT DISTINCT used FROM rate_limit_windows") == [(0,)]
    assert gateway_database.value("SELECT count(*) FROM parallel_slots") == 0
    assert gateway_database.value("SELECT coalesce(sum(reserved), 0) FROM budget_counters") == 0


@pytest.mark.parametrize("how", ["left", "failed", "cancelled"])
def test_a_request_that_nobody_finishes_counts_as_cancelled(gateway_database: Database, how: str) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            key_id, asked = await new_key(store, max_parallel=1)
            await budget_of(store, ("key", key_id), 10)

            async def abandon() -> None:
                request = await store.admit(asked)
                assert isinstance(request, Request)
                async with request:
                    if how == "failed":
                        raise LookupError
                    if how == "cancelled":
                        await asyncio.Event().wait()

            task = asyncio.create_task(abandon())
            if how == "cancelled":
                await asyncio.wait({task}, timeout=0.5)
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await until(lambda: not store.spend.tally.waiting)

    asyncio.run(main())
    assert gateway_database.rows("SELECT status, error_code FROM spend_logs") == [("cancelled", "abandoned")]
    assert gateway_database.value("SELECT count(*) FROM parallel_slots") == 0
    assert gateway_database.value("SELECT sum(reserved) FROM budget_counters") == 0


def test_a_blocked_end_user_is_refused_and_others_of_the_key_are_not(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            _, asked = await new_key(store)
            await store.end_users.block("someone", None, by=ME)
            refused = await store.admit(asked)
            assert isinstance(refused, Refused)
            assert refused.why is Refusal.END_USER_BLOCKED
            assert isinstance(await store.admit(replace(asked, end_user="another")), Request)

    asyncio.run(main())


def test_a_new_budget_holds_for_a_key_that_was_remembered_without(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            key_id, asked = await new_key(store)
            await until_heard(store)
            assert scopes_of(await key_of(store, asked)) == []
            await budget_of(store, ("key", key_id), 2)
            while not isinstance(refused := await store.admit(asked), Refused):  # noqa: ASYNC110  # until it is heard
                await asyncio.sleep(0.005)
            assert refused.why is Refusal.OVER_BUDGET

    asyncio.run(main())


async def key_of(store: Store, asked: Asked) -> Key:
    answer = await store.authorize(asked.secret)
    assert isinstance(answer, Accepted)
    return answer.key


def test_a_key_for_reports_alone_calls_no_model(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            issued = await store.keys.create(by=ME, kind="read_only")
            refused = await store.admit(Asked(secret=issued.secret or "", model="whatever", endpoint="/v1"))
            assert isinstance(refused, Refused)
            assert refused.why is Refusal.READ_ONLY_KEY
            await until(lambda: not store.spend.tally.waiting)
            async with store.connection() as connection:
                row = await connection.fetchrow("SELECT request_id, model_name, metadata FROM spend_logs")
            assert row is not None
            assert tuple(row) == (refused.request_id, "", {"model": "whatever"})

    asyncio.run(main())


def test_a_request_that_is_never_begun_is_not_renewed(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            _, asked = await new_key(store, max_parallel=1)
            request = await store.admit(asked)
            assert isinstance(request, Request)
            assert not [task for task in asyncio.all_tasks() if "Request._renew" in repr(task)]
            async with request:
                assert [task for task in asyncio.all_tasks() if "Request._renew" in repr(task)]

    asyncio.run(main())


def test_a_client_that_goes_away_time_and_again_leaves_no_slot_taken(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            _, asked = await new_key(store, max_parallel=1)

            async def serve() -> None:
                request = await store.admit(asked)
                assert isinstance(request, Request)
                async with request:
                    began.set()
                    await asyncio.Event().wait()

            began = asyncio.Event()
            task = asyncio.create_task(serve())
            await began.wait()
            while not task.done():
                task.cancel()
                await asyncio.sleep(0)
            while not isinstance(await store.admit(asked), Request):  # noqa: ASYNC110  # until it is given back
                await asyncio.sleep(0.005)

    asyncio.run(main())


def test_nothing_is_admitted_that_could_not_be_recorded(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, replace(PATIENT, spool_rows=1, flush_every=1000.0)) as store:
            _, asked = await new_key(store)
            request = await store.admit(asked)
            assert isinstance(request, Request)
            async with request:
                pass
            with pytest.raises(SpoolFull):
                await store.admit(asked)

    asyncio.run(main())


def test_a_statement_that_is_ended_by_a_time_limit_is_no_answer_and_no_error(gateway_database: Database) -> None:
    gateway_database.execute(f"ALTER DATABASE {gateway_database.name} SET statement_timeout = '200ms'")

    async def main() -> None:
        async with opened(gateway_database) as store:
            key_id, asked = await new_key(store)
            await budget_of(store, ("key", key_id), 10)
            first = await store.admit(asked)
            assert isinstance(first, Request)
            async with store.link.transaction() as holder:
                await holder.execute("SELECT FROM budget_counters FOR UPDATE")
                second = await store.admit(asked)
                assert isinstance(second, Request)
                assert (first.enforced, second.enforced) == (True, False)
            assert store.state is State.READY
            for request in (first, second):
                await request.finish(Outcome(status="success", cost=Decimal(1)))
            await until(lambda: not store.spend.tally.waiting)
            async with store.connection() as connection:
                assert await connection.fetchval("SELECT (spent, reserved) FROM budget_counters") == (2, 0)

    asyncio.run(main())


def test_requests_that_are_cancelled_at_any_moment_leave_nothing_held(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, ENOUGH) as store:
            key_id, asked = await new_key(store, max_parallel=100)
            await budget_of(store, ("key", key_id), 10_000)
            asking = []
            for turn in range(150):
                asking.append(asyncio.create_task(store.admit(asked)))
                await asyncio.sleep(0.0001 * (turn % 30))
                asking[turn // 2].cancel()
            for answer in await asyncio.gather(*asking, return_exceptions=True):
                if isinstance(answer, Request):
                    async with answer:
                        pass
            await until(lambda: not store.spend.tally.waiting)
            held = "SELECT (SELECT count(*) FROM parallel_slots) + (SELECT sum(reserved) FROM budget_counters)"
            async with store.connection() as connection:
                while await connection.fetchval(held):  # noqa: ASYNC110  # until all is given back
                    await asyncio.sleep(0.01)

    asyncio.run(main())


@pytest.mark.parametrize(
    "bad",
    [
        {"tokens": -1},
        {"tokens": 2**63},
        {"cost": Decimal(-1)},
        {"cost": Decimal("NaN")},
        {"tags": [1]},
        {"tags": "abc"},
        {"session_id": 5},
        {"end_user": 5},
        {"model": None},
    ],
    ids=str,
)
def test_what_could_not_be_recorded_is_told_before_anybody_is_paid(bad: dict[str, Any]) -> None:
    with pytest.raises(BadRecord, match="must be"):
        Asked(**{"secret": "", "model": "small", "endpoint": "/v1", **bad})


def test_a_new_budget_of_a_member_is_heard(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            team = await store.teams.create("team", by=ME)
            user = await store.users.create(by=ME, name="someone")
            await store.teams.set_members(team.id, {user.id: "member"}, by=ME)
            issued = await store.keys.create(by=ME, team_id=team.id, user_id=user.id)
            asked = Asked(secret=issued.secret or "", model="small", endpoint="/v1", cost=Decimal(3))
            await until_heard(store)
            key = await key_of(store, asked)
            assert key.membership_id
            await budget_of(store, ("membership", key.membership_id), 2)
            while not isinstance(await store.admit(asked), Refused):  # noqa: ASYNC110  # until it is heard
                await asyncio.sleep(0.005)

    asyncio.run(main())
