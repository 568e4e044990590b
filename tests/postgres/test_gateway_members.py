"""Who is in which organization and team; teams that move; people who sign in."""

from __future__ import annotations

import asyncio
import decimal
import random
import uuid
from typing import TYPE_CHECKING, Any, Literal

import asyncpg
import pytest

from gateway.administration.organizations import Organizations
from gateway.administration.projects import Projects
from gateway.administration.teams import Teams
from gateway.administration.users import Users
from gateway.client import budgets, keys
from gateway.errors import BadValue, NotAMember, NotFound, Taken
from tests.postgres.administration import ROOT, story, waits_for_a_lock, within

if TYPE_CHECKING:
    from gateway.administration.teams import TeamRole
    from gateway.link import Link
    from tests.conftest import Database

STRAYS = """
    SELECT m.user_id FROM team_memberships AS m JOIN teams AS t ON t.id = m.team_id
    WHERE t.organization_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM organization_memberships AS o WHERE o.organization_id = t.organization_id AND o.user_id = m.user_id
    )
"""
ROLES: tuple[TeamRole, ...] = ("admin", "member")
OUTSIDERS: tuple[Literal["refuse", "join"], ...] = ("refuse", "join")
IDS_OF_BUDGETS = "SELECT entity_id FROM budgets ORDER BY entity_id"


async def people(link: Link, number: int) -> list[uuid.UUID]:
    """The ids of so many new users, in their order."""
    return sorted([(await Users(link).create(name=f"user {each}", by=ROOT)).id for each in range(number)])


async def roles_of(entities: Organizations | Teams, place: uuid.UUID) -> dict[uuid.UUID, str]:
    return {row.user_id: row.role for row in await entities.members(place)}


async def give_budget(link: Link, team: uuid.UUID, user: uuid.UUID) -> uuid.UUID:
    """The id of a membership in a team, which has a budget from now on."""
    membership = next(row.membership_id for row in await Teams(link).members(team) if row.user_id == user)
    async with link.connection() as connection:
        await budgets.upsert_budget(
            connection,
            entity_kind="membership",
            entity_id=membership,
            period="month",
            anchor_at=None,
            max_amount=decimal.Decimal(9),
            soft_amount=None,
        )
    return membership


def test_many_members_come_in_at_once_and_only_what_changes_is_noted(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[list[int], Any, list[Any]]:
        organizations, ids = Organizations(link), await people(link, 4)
        place = (await organizations.create("acme", by=ROOT)).id
        changed = [
            await organizations.set_members(place, dict.fromkeys(ids, "member"), by=ROOT),
            await organizations.set_members(place, {ids[0]: "admin", ids[1]: "member"}, by=ROOT),
            await organizations.set_members(place, {ids[0]: "admin"}, by=ROOT),
            await organizations.set_members(place, {}, by=ROOT),
        ]
        left = [await organizations.remove_member(place, ids[0], by=ROOT) for _ in range(2)]
        assert left == [True, False]
        paged = [row.user_id for row in await organizations.members(place, after=ids[1], size=1)]
        assert paged == [ids[2]]
        assert await roles_of(organizations, place) == dict.fromkeys(ids[1:], "member")
        return changed, (place, ids), await story(link, "membership", f"{place}/{ids[0]}")

    changed, (place, ids), told = within(gateway_database, work)

    assert changed == [4, 1, 0, 0]
    assert gateway_database.value("SELECT count(*) FROM audit_events WHERE object_kind = 'membership'") == 6
    assert [action for action, _, _ in told] == ["create", "update", "delete"]
    assert told[1][1:] == ({"role": "member"}, {"role": "admin"})
    assert (told[2][1]["organization_id"], told[2][1]["user_id"]) == (str(place), str(ids[0]))


@pytest.mark.parametrize("where", ["organization", "team"])
def test_members_are_all_set_or_none(gateway_database: Database, where: str) -> None:
    async def work(link: Link) -> None:
        user, gone = await people(link, 2)
        await Users(link).delete(gone, by=ROOT)
        entities = Organizations(link) if where == "organization" else Teams(link)
        place = (await entities.create("acme", by=ROOT)).id
        never = uuid.uuid4()
        with pytest.raises(NotFound, match=str(never)):
            await entities.set_members(place, {user: "member", never: "member"}, by=ROOT)
        with pytest.raises(NotFound, match=str(gone)):
            await entities.set_members(place, {user: "member", gone: "member"}, by=ROOT)
        with pytest.raises(BadValue, match="role must be admin"):
            await entities.set_members(place, {user: "owner"}, by=ROOT)  # type: ignore[dict-item]
        with pytest.raises(NotFound, match=where):
            await entities.set_members(never, {user: "member"}, by=ROOT)
        assert await roles_of(entities, place) == {}

    within(gateway_database, work)

    assert gateway_database.value("SELECT count(*) FROM audit_events WHERE object_kind = 'membership'") == 0


def test_a_team_takes_members_of_its_organization_alone_and_one_without_anybody(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        organizations, teams, (inside, outside) = Organizations(link), Teams(link), await people(link, 2)
        place = (await organizations.create("acme", by=ROOT)).id
        await organizations.set_members(place, {inside: "auditor"}, by=ROOT)
        team, alone = (
            (await teams.create("t", organization_id=place, by=ROOT)).id,
            (await teams.create("t", by=ROOT)).id,
        )
        with pytest.raises(NotAMember, match=str(outside)):
            await teams.set_members(team, {inside: "admin", outside: "member"}, by=ROOT)
        assert await roles_of(teams, team) == {}
        assert await teams.set_members(team, {inside: "admin"}, by=ROOT) == 1
        assert await teams.set_members(alone, {inside: "admin", outside: "member"}, by=ROOT) == 2
        assert await roles_of(teams, alone) == {inside: "admin", outside: "member"}

    within(gateway_database, work)


def test_who_leaves_a_team_leaves_the_budget_there_and_no_other(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[uuid.UUID, uuid.UUID, Any]:
        teams, (first, second) = Teams(link), await people(link, 2)
        team = (await teams.create("t", by=ROOT)).id
        await teams.set_members(team, {first: "member", second: "member"}, by=ROOT)
        gone, kept = await give_budget(link, team, first), await give_budget(link, team, second)
        assert await teams.remove_member(team, first, by=ROOT, reason="left")
        assert not await teams.remove_member(team, first, by=ROOT)
        return gone, kept, await story(link, "membership", f"{team}/{first}")

    gone, kept, told = within(gateway_database, work)

    assert gateway_database.rows(IDS_OF_BUDGETS) == [(kept,)]
    assert [action for action, _, _ in told] == ["create", "delete"]
    assert told[1][1]["id"] == str(gone)


def test_who_leaves_an_organization_leaves_its_teams_and_the_budgets_there(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[uuid.UUID, list[Any]]:
        organizations, teams, (user,) = Organizations(link), Teams(link), await people(link, 1)
        place = (await organizations.create("acme", by=ROOT)).id
        await organizations.set_members(place, {user: "member"}, by=ROOT)
        inside = [(await teams.create(name, organization_id=place, by=ROOT)).id for name in ("a", "b")]
        alone = (await teams.create("c", by=ROOT)).id
        for team in (*inside, alone):
            await teams.set_members(team, {user: "member"}, by=ROOT)
        memberships = [await give_budget(link, team, user) for team in (*inside, alone)]
        assert await organizations.remove_member(place, user, by=ROOT)
        assert [await roles_of(teams, team) for team in (*inside, alone)] == [{}, {}, {user: "member"}]
        left = [await story(link, "membership", f"{each}/{user}") for each in (place, *inside)]
        return memberships[-1], left

    kept, left = within(gateway_database, work)

    assert gateway_database.rows(IDS_OF_BUDGETS) == [(kept,)]
    assert [[action for action, _, _ in told] for told in left] == [["create", "delete"]] * 3


def test_a_team_moves_with_its_keys_if_its_members_may_come_along(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Any, ...]:
        organizations, teams, (inside, outside) = Organizations(link), Teams(link), await people(link, 2)
        old, new = [(await organizations.create(name, by=ROOT)).id for name in ("old", "new")]
        await organizations.set_members(old, {inside: "member", outside: "member"}, by=ROOT)
        await organizations.set_members(new, {inside: "auditor"}, by=ROOT)
        team = (await teams.create("t", organization_id=old, by=ROOT)).id
        await teams.set_members(team, {inside: "admin", outside: "member"}, by=ROOT)
        secret = await key_of(link, team)
        await organizations.block(new, by=ROOT)
        with pytest.raises(NotAMember, match=str(outside)):
            await teams.move(team, new, by=ROOT)
        before = await refusal(link, secret)
        moved = await teams.move(team, new, by=ROOT, outsiders="join")
        assert await teams.move(team, new, by=ROOT) == moved
        after = await refusal(link, secret)
        assert await roles_of(organizations, new) == {inside: "auditor", outside: "member"}
        assert await roles_of(teams, team) == {inside: "admin", outside: "member"}
        await teams.move(team, None, by=ROOT)
        alone = await refusal(link, secret)
        return (before, after, alone), (old, new), (await story(link, "team", team))[1:]

    refusals, (old, new), told = within(gateway_database, work)

    assert refusals == (None, "organization_blocked", None)
    assert told == [
        ("update", {"organization_id": str(old)}, {"organization_id": str(new)}),
        ("update", {"organization_id": str(new)}, {"organization_id": None}),
    ]


def test_a_team_does_not_move_to_where_its_name_is_taken(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        place = (await Organizations(link).create("acme", by=ROOT)).id
        teams = Teams(link)
        await teams.create("t", organization_id=place, by=ROOT)
        other = await teams.create("t", by=ROOT)
        with pytest.raises(Taken, match="another team of the organization has this name"):
            await teams.move(other.id, place, by=ROOT)

    within(gateway_database, work)


def test_a_project_moves_to_another_team(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Any, Any, Any]:
        first, second = [(await Teams(link).create(name, by=ROOT)).id for name in "ab"]
        project = (await Projects(link).create("p", team_id=first, by=ROOT)).id
        moved = await Projects(link).move(project, second, by=ROOT)
        assert await Projects(link).move(project, second, by=ROOT) == moved
        return moved.team_id, (first, second), (await story(link, "project", project))[1:]

    team, (first, second), told = within(gateway_database, work)

    assert team == second
    assert told == [("update", {"team_id": str(first)}, {"team_id": str(second)})]


@pytest.mark.parametrize(
    ("meanwhile", "refused"),
    [
        ("DELETE FROM organization_memberships", NotAMember),
        ("UPDATE users SET deleted_at = now()", NotFound),
    ],
    ids=["leaves the organization", "is deleted"],
)
def test_who_goes_at_this_moment_is_waited_for_and_does_not_come_into_a_team(
    gateway_database: Database, meanwhile: str, refused: type[Exception]
) -> None:
    async def work(link: Link) -> None:
        organizations, teams, (user,) = Organizations(link), Teams(link), await people(link, 1)
        place = (await organizations.create("acme", by=ROOT)).id
        await organizations.set_members(place, {user: "member"}, by=ROOT)
        team = (await teams.create("t", organization_id=place, by=ROOT)).id
        other = await asyncpg.connect(gateway_database.url)
        async with other.transaction():
            await other.execute(meanwhile)
            waiting = asyncio.create_task(teams.set_members(team, {user: "member"}, by=ROOT))
            await waits_for_a_lock(link, waiting)
        await other.close()
        with pytest.raises(refused):
            await waiting
        assert await roles_of(teams, team) == {}

    within(gateway_database, work)


def test_members_of_teams_stay_members_of_their_organizations_whatever_happens_at_once(
    gateway_database: Database,
) -> None:
    """Without a fixed order of locks this deadlocks; without locks it leaves strays."""
    chance = random.Random(5)  # noqa: S311  # the same steps each time, if not in the same order

    async def work(link: Link) -> list[Any]:
        organizations, teams, ids = Organizations(link), Teams(link), await people(link, 4)
        places = [(await organizations.create(name, by=ROOT)).id for name in "ab"]
        groups = [(await teams.create(name, organization_id=places[0], by=ROOT)).id for name in "cd"]

        async def step() -> None:
            place, team, user = chance.choice(places), chance.choice(groups), chance.choice(ids)
            some: dict[uuid.UUID, TeamRole] = {each: chance.choice(ROLES) for each in chance.sample(ids, 2)}
            match chance.randrange(6):
                case 0 | 1:
                    await organizations.set_members(place, {**some}, by=ROOT)
                case 2:
                    await organizations.remove_member(place, user, by=ROOT)
                case 3:
                    await teams.set_members(team, some, by=ROOT)
                case 4:
                    await teams.remove_member(team, user, by=ROOT)
                case _:
                    await teams.move(team, place, by=ROOT, outsiders=chance.choice(OUTSIDERS))

        return await asyncio.gather(*(step() for _ in range(300)), return_exceptions=True)

    outcomes = within(gateway_database, work)
    noted = dict(
        gateway_database.rows(
            "SELECT action, count(*) FROM audit_events WHERE object_kind = 'membership' GROUP BY action"
        )
    )
    present = gateway_database.value(
        "SELECT (SELECT count(*) FROM organization_memberships) + (SELECT count(*) FROM team_memberships)"
    )

    assert {type(outcome) for outcome in outcomes} == {type(None), NotAMember}
    assert gateway_database.rows(STRAYS) == []
    assert noted["create"] - noted["delete"] == present
    assert min(noted["create"], noted["update"], noted["delete"]) > 10


def test_a_first_sign_in_makes_a_user_and_the_next_ones_write_only_what_is_new(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[list[Any], list[Any]]:
        users = Users(link)
        signed_in = [
            await users.sign_in("sub-1", email="jo@example.com", name="Jo", role="auditor", by=ROOT),
            await users.sign_in("sub-1", email="jo@example.com", name=None, role="admin", by=ROOT),
            await users.sign_in("sub-1", email="jo@example.org", name="Jo", by=ROOT),
        ]
        assert (await users.find("JO@example.ORG")).id == signed_in[0].id  # type: ignore[union-attr]
        assert (await users.find_by_sso("sub-1")).id == signed_in[0].id  # type: ignore[union-attr]
        return signed_in, await story(link, "user", signed_in[0].id)

    (first, second, third), told = within(gateway_database, work)

    assert (first.role, first.sso_subject) == ("auditor", "sub-1")
    assert second == first
    assert (third.id, third.email, third.name, third.role) == (first.id, "jo@example.org", "Jo", "auditor")
    assert [(action, after) for action, _, after in told[1:]] == [("update", {"email": "jo@example.org"})]


def test_many_first_sign_ins_at_once_give_one_user(gateway_database: Database) -> None:
    async def work(link: Link) -> list[Any]:
        users = Users(link)
        return await asyncio.gather(
            *(users.sign_in(f"sub-{n % 5}", email=f"u{n % 5}@example.com", name="Jo", by=ROOT) for n in range(60))
        )

    signed_in = within(gateway_database, work)

    assert len({user.id for user in signed_in}) == 5
    assert gateway_database.rows("SELECT action, count(*) FROM audit_events GROUP BY action") == [("create", 5)]


@pytest.mark.parametrize("email", [None, "jo@example.com"], ids=["without an address", "with an address"])
def test_a_first_sign_in_that_waits_for_another_becomes_its_user(gateway_database: Database, email: str | None) -> None:
    async def work(link: Link) -> tuple[Any, Any]:
        other = await asyncpg.connect(gateway_database.url)
        async with other.transaction():
            made = await other.fetchval(
                "INSERT INTO users (email, name, sso_subject) VALUES ($1, 'Jo', 'sub-1') RETURNING id", email
            )
            waiting = asyncio.create_task(Users(link).sign_in("sub-1", email=email, name="Joanna", by=ROOT))
            await waits_for_a_lock(link, waiting)
        await other.close()
        return made, await waiting

    made, signed_in = within(gateway_database, work)

    assert (signed_in.id, signed_in.name) == (made, "Joanna")
    assert gateway_database.rows("SELECT action FROM audit_events") == [("update",)]


def test_an_address_with_an_account_is_linked_once_and_not_taken_over(gateway_database: Database) -> None:
    async def work(link: Link) -> list[Any]:
        users = Users(link)
        jo = await users.create(email="Jo@example.com", by=ROOT)
        with pytest.raises(Taken, match="another user has this address"):
            await users.sign_in("sub-1", email="jo@example.com", name=None, by=ROOT)
        with pytest.raises(NotFound, match="address"):
            await users.link("nobody@example.com", "sub-1", by=ROOT)
        linked = await users.link("jo@example.com", "sub-1", by=ROOT)
        assert await users.link("jo@example.com", "sub-1", by=ROOT) == linked
        assert (await users.sign_in("sub-1", email=None, name=None, by=ROOT)).id == jo.id
        with pytest.raises(Taken, match="another subject"):
            await users.link("jo@example.com", "sub-2", by=ROOT)
        await users.create(email="al@example.com", by=ROOT)
        with pytest.raises(Taken, match="another user signs in with this subject"):
            await users.link("al@example.com", "sub-1", by=ROOT)
        await users.delete(jo.id, by=ROOT)
        assert (await users.sign_in("sub-1", email="jo@example.com", name=None, by=ROOT)).id != jo.id
        return (await story(link, "user", jo.id))[1:-1]

    assert within(gateway_database, work) == [("update", {"sso_subject": None}, {"sso_subject": "sub-1"})]


def test_a_user_shows_its_organizations_and_teams_and_is_found_by_role_and_address(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        users, teams = Users(link), Teams(link)
        jo = await users.create(email="jo@example.com", role="admin", by=ROOT)
        await users.create(email="al@example.com", by=ROOT)
        team = await teams.create("t", by=ROOT)
        await teams.set_members(team.id, {jo.id: "admin"}, by=ROOT)
        got = await users.get(jo.id)
        assert got
        assert [(each.name, each.role) for each in got.teams] == [("t", "admin")]
        assert [user.email for user in await users.page(role="admin")] == ["jo@example.com"]
        assert [user.email for user in await users.page(email_part="AL@")] == ["al@example.com"]
        with pytest.raises(BadValue, match="role must be"):
            await users.update(jo.id, by=ROOT, role="owner")  # type: ignore[arg-type]
        with pytest.raises(BadValue, match="email must be an address"):
            await users.update(jo.id, by=ROOT, email="jo")
        assert (await users.get(uuid.uuid4()), await teams.get(uuid.uuid4())) == (None, None)

    within(gateway_database, work)


async def key_of(link: Link, team: uuid.UUID) -> bytes:
    """The hash of a new key in a team."""
    secret = uuid.uuid4().bytes * 2
    async with link.connection() as connection:
        await keys.create_key(
            connection,
            id=uuid.uuid4(),
            name=None,
            hint="sk",
            kind="inference",
            organization_id=None,
            team_id=team,
            project_id=None,
            user_id=None,
            allowed_models=None,
            requests_per_minute=None,
            tokens_per_minute=None,
            max_parallel=None,
            metadata={},
            expires_at=None,
            created_by=str(ROOT),
            hash=secret,
        )
    return secret


async def refusal(link: Link, secret: bytes) -> str | None:
    """Why a key is refused."""
    async with link.connection() as connection:
        found = await keys.authorize_key(connection, hash=secret)
    assert found
    return found.refusal
