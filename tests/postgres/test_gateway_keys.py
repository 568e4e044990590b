"""Keys are made, changed, rotated and removed; they stay the same key all the while, and the audit tells of it."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from gateway import Accepted, Refusal, Refused
from gateway.errors import BadValue, Changed, NotFound, Taken
from tests.postgres.stores import ME, PATIENT, opened

if TYPE_CHECKING:
    from gateway import Answer
    from tests.conftest import Database

FORGETFUL = replace(PATIENT, fresh_for=0.0, fresh_unheard=0.0)
NO_GRACE, LONG_GRACE = dt.timedelta(0), dt.timedelta(hours=1)


def why(answer: Answer) -> Refusal | None:
    return answer.why if isinstance(answer, Refused) else None


def test_a_named_key_is_made_once_in_each_place(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            team = await store.teams.create("team", by=ME)
            await store.keys.create("ci", by=ME)
            await store.keys.create("ci", by=ME, team_id=team.id)
            with pytest.raises(Taken, match="a key with the name ci in this place"):
                await store.keys.create("ci", by=ME, team_id=team.id)
            with pytest.raises(NotFound, match="there is no team with this id"):
                await store.keys.create("ci", by=ME, team_id=uuid4())
            with pytest.raises(BadValue, match="requests_per_minute must be above zero"):
                await store.keys.create(by=ME, requests_per_minute=0)
            assert len(await store.keys.page()) == 2

    asyncio.run(main())
    assert gateway_database.value("SELECT count(*) FROM audit_events WHERE object_kind = 'key'") == 2


def test_a_secret_of_ones_own_makes_a_set_up_that_may_run_at_every_start(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            secret = "sk-" + "0123456789" * 4
            made = await store.keys.create("root", by=ME, secret=secret, kind="management")
            assert made.secret == secret
            with pytest.raises(Taken):
                await store.keys.create("root", by=ME, secret=secret, kind="management")
            with pytest.raises(Taken, match="another key has this secret"):
                await store.keys.create("other", by=ME, secret=secret)
            for weak in ("hunter2", "x" * 513, "\u00fc" * 30):
                with pytest.raises(BadValue, match="20 to 512 characters of ASCII"):
                    await store.keys.create("weak", by=ME, secret=weak)
            answer = await store.authorize(secret)
            assert isinstance(answer, Accepted)
            assert answer.key.kind == "management"

    asyncio.run(main())


def test_a_rotation_gives_a_new_secret_to_the_same_key_and_the_old_one_some_grace(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, FORGETFUL) as store:
            old = await store.keys.create("key", by=ME)
            budget = await store.budgets.set(("key", old.key_id), "total", by=ME, max_amount=Decimal(9))
            new = await store.keys.rotate(old.key_id, uuid4(), grace=LONG_GRACE, by=ME)
            for secret in (old.secret, new.secret):
                answer = await store.authorize(secret or "")
                assert isinstance(answer, Accepted)
                assert answer.key.key_id == old.key_id
                assert [each.id for each in answer.key.budgets] == [budget.id]
            assert await store.keys.end_grace(old.key_id, by=ME) == 1
            assert why(await store.authorize(old.secret or "")) is Refusal.SECRET_EXPIRED
            assert isinstance(await store.authorize(new.secret or ""), Accepted)
            history = await store.audit.history("key", str(old.key_id))
            assert [event.action for event in history] == ["rotate", "rotate", "create"]
            assert history[1].before == {"hint": old.hint}

    asyncio.run(main())


def test_a_rotation_asked_for_twice_is_made_once(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, FORGETFUL) as store:
            old, other = await store.keys.create(by=ME), await store.keys.create(by=ME)
            rotation, mine = uuid4(), "sk-" + "a" * 40
            first = await store.keys.rotate(old.key_id, rotation, grace=NO_GRACE, by=ME, secret=mine)
            again = await store.keys.rotate(old.key_id, rotation, grace=NO_GRACE, by=ME, secret=mine)
            without = await store.keys.rotate(old.key_id, rotation, grace=NO_GRACE, by=ME)
            assert (first.secret, again.secret, without.secret) == (mine, mine, None)
            assert isinstance(await store.authorize(mine), Accepted)
            mistaken = await store.keys.rotate(old.key_id, rotation, grace=NO_GRACE, by=ME, secret=mine + "b")
            assert mistaken.secret is None
            with pytest.raises(Taken, match="was made for another key"):
                await store.keys.rotate(other.key_id, rotation, grace=NO_GRACE, by=ME)

    asyncio.run(main())


def test_rotations_at_the_same_time_leave_one_present_secret(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, FORGETFUL) as store:
            key = await store.keys.create(by=ME)
            made = await asyncio.gather(
                *(store.keys.rotate(key.key_id, uuid4(), grace=NO_GRACE, by=ME) for _ in range(8))
            )
            answers = [await store.authorize(each.secret or "") for each in made]
            assert sum(isinstance(answer, Accepted) for answer in answers) == 1

    asyncio.run(main())


def test_an_edit_changes_what_is_given_and_only_from_what_was_read(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, FORGETFUL) as store:
            issued = await store.keys.create("key", by=ME, requests_per_minute=5, metadata={"env": "test"})
            read = await store.keys.get(issued.key_id)
            assert read
            changed = await store.keys.update(
                issued.key_id, by=ME, if_updated_at=read.k.updated_at, requests_per_minute=None, max_parallel=2
            )
            assert (changed.name, changed.requests_per_minute, changed.max_parallel) == ("key", None, 2)
            assert changed.metadata == {"env": "test"}
            with pytest.raises(Changed):
                await store.keys.update(issued.key_id, by=ME, if_updated_at=read.k.updated_at, max_parallel=3)
            [edit, _] = await store.audit.history("key", str(issued.key_id))
            assert edit.before == {"requests_per_minute": 5, "max_parallel": None}
            assert edit.after == {"requests_per_minute": None, "max_parallel": 2}

    asyncio.run(main())


def test_a_key_moves_expires_and_is_removed_with_its_history(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database, FORGETFUL) as store:
            team = await store.teams.create("team", by=ME)
            issued = await store.keys.create("key", by=ME)
            moved = await store.keys.move(issued.key_id, by=ME, team_id=team.id)
            assert (moved.team_id, moved.organization_id) == (team.id, None)
            answer = await store.authorize(issued.secret or "")
            assert isinstance(answer, Accepted)
            assert answer.key.team_id == team.id
            await store.keys.expire(issued.key_id, by=ME)
            assert why(await store.authorize(issued.secret or "")) is Refusal.KEY_EXPIRED
            await store.keys.delete(issued.key_id, by=ME)
            assert why(await store.authorize(issued.secret or "")) is Refusal.KEY_DELETED
            with pytest.raises(NotFound, match="was deleted at"):
                await store.keys.block(issued.key_id, by=ME)
            assert await store.keys.page() == []
            details = await store.keys.details(issued.key_id)
            assert details
            assert details.k.name == "key"
            actions = [event.action for event in await store.audit.history("key", str(issued.key_id))]
            assert actions == ["delete", "update", "update", "create"]

    asyncio.run(main())


def test_the_pages_of_keys_lead_through_all_of_them(gateway_database: Database) -> None:
    async def main() -> None:
        async with opened(gateway_database) as store:
            made = [(await store.keys.create(by=ME)).key_id for _ in range(7)]
            await store.keys.block(made[3], by=ME)
            seen, last = [], None
            while page := await store.keys.page(after=last, size=3):
                seen += [row.id for row in page]
                last = page[-1]
            assert seen == made
            assert [row.id for row in await store.keys.page(blocked=True)] == [made[3]]

    asyncio.run(main())
