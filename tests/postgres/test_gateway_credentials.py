"""The secrets of credentials: unreadable for the database, and moved to a new key while all goes on."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from gateway.administration.audit import changing
from gateway.administration.organizations import Organizations
from gateway.administration.teams import Teams
from gateway.configuration.cipher import Cipher
from gateway.configuration.credentials import Credentials
from gateway.configuration.models import Models
from gateway.errors import Away, BadSecret, BadValue, Changed, InUse, NoEncryptionKey, NotFound, Taken
from gateway.link import Link
from tests.postgres.administration import ROOT, story, waits_for_a_lock, within

if TYPE_CHECKING:
    from gateway.link import Link
    from tests.conftest import Database

OLD, NEW = os.urandom(32), os.urandom(32)
BEFORE, AFTER = Cipher({1: OLD}), Cipher({1: OLD, 2: NEW})
SECRET = "sk-live-4f3c2b1a"  # noqa: S105
TABLES = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""
HOLDS = """
    SELECT count(*) > 0 FROM {} AS held
    WHERE position($1 IN held::text) > 0 OR position(encode(convert_to($1, 'UTF8'), 'hex') IN held::text) > 0
"""


def test_a_secret_is_read_back_and_nowhere_in_the_database(gateway_database: Database) -> None:
    async def work(link: Link) -> Any:
        credentials = Credentials(link, BEFORE)
        made = await credentials.create("acme", SECRET, provider="acme", metadata={"region": "eu"}, by=ROOT)
        at = await credentials.update(made.id, if_updated_at=made.updated_at, secret=SECRET + "-2", by=ROOT)
        assert await credentials.update(made.id, if_updated_at=at, provider="acme", by=ROOT) == at
        at = await credentials.update(made.id, if_updated_at=at, metadata={"region": "us"}, by=ROOT)
        with pytest.raises(Changed):
            await credentials.update(made.id, if_updated_at=made.updated_at, secret="lost", by=ROOT)  # noqa: S106
        got = await credentials.get(made.id)
        with pytest.raises(Taken, match="another credential has this name"):
            await credentials.create("acme", SECRET, provider="acme", by=ROOT)
        assert await credentials.get(uuid.uuid4()) is None
        assert SECRET not in repr(got) + repr(await credentials.all())
        return got, await story(link, "credential", made.id)

    got, told = within(gateway_database, work)

    assert (got.secret, got.metadata, got.provider) == (SECRET + "-2", {"region": "us"}, "acme")
    assert told == [
        (
            "create",
            None,
            {"name": "acme", "provider": "acme", "encryption_key_version": 1, "metadata": {"region": "eu"}},
        ),
        ("update", {}, {"secret_replaced": True}),
        ("update", {"metadata": {"region": "eu"}}, {"metadata": {"region": "us"}}),
    ]
    assert found_anywhere(gateway_database, SECRET) == []
    assert found_anywhere(gateway_database, "encryption_key_version") != []  # it does find what is there


def found_anywhere(database: Database, text: str) -> list[str]:
    """The tables in which a text stands, as text or as bytes."""

    async def search(connection: asyncpg.Connection[Any]) -> list[str]:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        assert len(tables) > 25
        return [name for name in tables if await connection.fetchval(HOLDS.format(name), text)]

    return list(database.run(search))


def test_a_credential_in_use_is_not_deleted(gateway_database: Database) -> None:
    async def work(link: Link) -> list[Any]:
        credentials, models = Credentials(link, BEFORE), Models(link)
        made = await credentials.create("acme", SECRET, provider="acme", by=ROOT)
        using = [await models.create(name, provider="acme", credential_id=made.id, by=ROOT) for name in ("b", "a", "a")]
        with pytest.raises(InUse, match="acme is used by deployments of a, b"):
            await credentials.delete(made.id, by=ROOT)
        assert [each.name for each in (await credentials.all())[0].models] == ["a", "a", "b"]
        for model in using:
            await models.delete(model.id, model.version, by=ROOT)
        await credentials.delete(made.id, by=ROOT)
        for change in (
            credentials.delete(made.id, by=ROOT),
            credentials.update(made.id, if_updated_at=made.updated_at, by=ROOT),
        ):
            with pytest.raises(NotFound):
                await change
        return await story(link, "credential", made.id)

    told = within(gateway_database, work)

    assert [action for action, _, _ in told] == ["create", "delete"]
    assert told[1][1]["name"] == "acme"
    assert "secret" not in told[1][1]


def test_a_row_that_others_refer_to_is_in_use_on_every_server(gateway_database: Database) -> None:
    async def delete(link: Link, table: str) -> None:
        async with changing(link, ROOT) as change:
            await change.connection.execute(f"DELETE FROM {table}")

    async def work(link: Link) -> None:
        made = await Credentials(link, BEFORE).create("acme", SECRET, provider="acme", by=ROOT)
        await Models(link).create("small", provider="acme", credential_id=made.id, by=ROOT)
        await Teams(link).create("t", organization_id=(await Organizations(link).create("o", by=ROOT)).id, by=ROOT)
        for table in ("credentials", "organizations"):
            with pytest.raises(InUse, match="still in use"):
                await delete(link, table)

    within(gateway_database, work)


def test_without_the_right_key_no_secret_is_kept_or_read(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        with pytest.raises(NoEncryptionKey, match="no encryption key is configured"):
            await Credentials(link, Cipher({})).create("acme", SECRET, provider="acme", by=ROOT)
        with pytest.raises(BadValue, match="secret must not be empty"):
            await Credentials(link, AFTER).create("acme", "", provider="acme", by=ROOT)
        made = await Credentials(link, AFTER).create("acme", SECRET, provider="acme", by=ROOT)
        other = await Credentials(link, AFTER).create("other", SECRET, provider="acme", by=ROOT)
        with pytest.raises(NoEncryptionKey, match="version 2 of the key; configured: 1"):
            await Credentials(link, BEFORE).get(made.id)
        async with link.connection() as connection:
            await connection.execute(
                "UPDATE credentials AS c SET secret = o.secret FROM credentials AS o WHERE c.id = $1 AND o.id = $2",
                other.id,
                made.id,
            )
        assert (await Credentials(link, AFTER).get(made.id)).secret == SECRET  # type: ignore[union-attr]
        with pytest.raises(BadSecret, match="other"):
            await Credentials(link, AFTER).get(other.id)

    within(gateway_database, work)


async def keep(link: Link, number: int, cipher: Cipher = BEFORE) -> dict[uuid.UUID, str]:
    """The secrets of so many new credentials."""
    credentials = Credentials(link, cipher)
    return {
        (await credentials.create(f"c{each}", f"{SECRET}-{each}", provider="acme", by=ROOT)).id: f"{SECRET}-{each}"
        for each in range(number)
    }


async def secrets(link: Link, ids: Any) -> dict[uuid.UUID, str]:
    return {each: (await Credentials(link, AFTER).get(each)).secret for each in ids}  # type: ignore[union-attr]


VERSIONS = "SELECT encryption_key_version, count(*) FROM credentials GROUP BY 1 ORDER BY 1"
REENCRYPTED = "SELECT count(*), count(DISTINCT object_id) FROM audit_events WHERE action = 'update'"


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_a_new_key_takes_over_all_secrets_and_then_nothing_is_left_to_do(
    gateway_database: Database, batch_size: int
) -> None:
    async def work(link: Link) -> tuple[list[int], bool]:
        kept = await keep(link, 7)
        credentials = Credentials(link, AFTER)
        done = [await credentials.reencrypt(batch_size=batch_size, by=ROOT) for _ in range(2)]
        # An instance that has not got the new key yet must not take it back.
        done.append(await Credentials(link, BEFORE).reencrypt(by=ROOT))
        return done, await secrets(link, kept) == kept

    assert within(gateway_database, work) == ([7, 0, 0], True)
    assert gateway_database.rows(VERSIONS) == [(2, 7)]
    assert gateway_database.rows(REENCRYPTED) == [(7, 7)]


def test_several_instances_reencrypt_at_once_while_secrets_change(gateway_database: Database) -> None:
    async def change(link: Link, credential: uuid.UUID) -> str:
        """The last secret given to a credential, read again whenever another was faster."""
        credentials = Credentials(link, AFTER)
        for number in range(5):
            while True:
                read = await credentials.get(credential)
                assert read
                try:
                    await credentials.update(credential, if_updated_at=read.updated_at, secret=f"new-{number}", by=ROOT)
                    break
                except Changed:
                    continue
        return "new-4"

    async def work(link: Link) -> tuple[int, bool]:
        kept = await keep(link, 12)
        changed = list(kept)[::3]
        counts = asyncio.gather(*(Credentials(link, AFTER).reencrypt(batch_size=2, by=ROOT) for _ in range(3)))
        last = await asyncio.gather(*(change(link, each) for each in changed))
        done = sum(await counts)
        return done, await secrets(link, kept) == kept | dict(zip(changed, last, strict=True))

    done, right = within(gateway_database, work)

    assert right
    assert 8 <= done <= 12
    assert gateway_database.rows(VERSIONS) == [(2, 12)]


def test_a_reencryption_that_is_cut_off_leaves_whole_batches_and_is_taken_up_again(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Any, int, bool]:
        kept = await keep(link, 9)
        order = sorted(kept)
        other = await asyncpg.connect(gateway_database.url)
        async with other.transaction():
            await other.execute("SELECT FROM credentials WHERE id = $1 FOR UPDATE", order[5])
            working = asyncio.create_task(Credentials(link, AFTER).reencrypt(batch_size=4, by=ROOT))
            await waits_for_a_lock(link, working)
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            with pytest.raises(Away):
                await working
        versions = [tuple(row) for row in await other.fetch(VERSIONS)]
        await other.close()
        await link.until_ready()
        assert await secrets(link, kept) == kept
        rest = await Credentials(link, AFTER).reencrypt(batch_size=4, by=ROOT)
        return versions, rest, await secrets(link, kept) == kept

    versions, rest, right = within(gateway_database, work)

    assert versions == [(1, 5), (2, 4)]
    assert (rest, right) == (5, True)
    assert gateway_database.rows(REENCRYPTED) == [(9, 9)]


def test_a_secret_that_cannot_be_read_does_not_hold_up_the_others(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        kept = await keep(link, 5)
        broken = list(kept)[2]
        async with link.connection() as connection:
            await connection.execute("UPDATE credentials SET secret = 'no' WHERE id = $1", broken)
        with pytest.raises(BadSecret, match=r"^the secret of c2 [^;]*$"):
            await Credentials(link, AFTER).reencrypt(batch_size=2, by=ROOT)
        with pytest.raises(NoEncryptionKey):
            await Credentials(link, Cipher({})).reencrypt(by=ROOT)

    within(gateway_database, work)

    assert gateway_database.rows(VERSIONS) == [(1, 1), (2, 4)]
