"""Organizations, teams, projects and users are made, changed, blocked and removed, and the audit tells of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import pytest

from gateway.administration.audit import Actor, Audit, changing
from gateway.administration.end_users import EndUsers
from gateway.administration.entities import UNLIMITED
from gateway.administration.organizations import Organizations
from gateway.administration.projects import Projects
from gateway.administration.teams import Teams
from gateway.administration.users import Users
from gateway.client import organizations as queries
from gateway.errors import Away, BadValue, Changed, NotFound, Taken
from tests.postgres.administration import NOTHING, ROOT, is_a_chain, story, within

if TYPE_CHECKING:
    from gateway.administration.audit import ObjectKind
    from gateway.link import Link
    from tests.conftest import Database

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
KINDS = ("organization", "team", "project", "user")


class Made(NamedTuple):
    """One entity of each kind."""

    organization: Any
    team: Any
    project: Any
    user: Any

    def of(self, kind: str, link: Link) -> tuple[Any, Any]:
        """The entities of a kind, and the one that was made."""
        entities = {"organization": Organizations, "team": Teams, "project": Projects, "user": Users}
        return entities[kind](link), getattr(self, kind)


async def make(link: Link, name: str = "acme") -> Made:
    organization = await Organizations(link).create(name, by=ROOT)
    team = await Teams(link).create(name, organization_id=organization.id, by=ROOT)
    project = await Projects(link).create(name, team_id=team.id, by=ROOT)
    user = await Users(link).create(email=f"{name}@example.com", name=name, sso_subject=f"sso-{name}", by=ROOT)
    return Made(organization, team, project, user)


@pytest.mark.parametrize("kind", KINDS)
def test_an_entity_is_blocked_unblocked_deleted_and_restored_and_each_is_noted_once(
    gateway_database: Database, kind: ObjectKind
) -> None:
    async def work(link: Link) -> tuple[list[Any], list[Any]]:
        entities, made = (await make(link)).of(kind, link)
        rows = [
            await entities.block(made.id, by=ROOT, reason="leaked"),
            await entities.block(made.id, by=ROOT),
            await entities.unblock(made.id, by=ROOT),
            await entities.unblock(made.id, by=ROOT),
            await entities.delete(made.id, by=ROOT),
            await entities.restore(made.id, by=ROOT),
            await entities.restore(made.id, by=ROOT),
        ]
        return rows, await story(link, kind, made.id)

    rows, told = within(gateway_database, work)
    blocked, again, unblocked, still, deleted, restored, same = rows

    assert blocked.blocked_at
    assert blocked == again
    assert unblocked.blocked_at is None
    assert still == unblocked
    assert deleted.deleted_at
    assert (restored.deleted_at, same) == (None, restored)
    assert [action for action, _, _ in told] == ["create", "block", "unblock", "delete", "update"]
    assert told[0][1] is None
    assert told[1][1:] == ({"blocked_at": None}, {"blocked_at": blocked.blocked_at.isoformat()})
    assert told[3][1:] == ({"deleted_at": None}, {"deleted_at": deleted.deleted_at.isoformat()})
    assert gateway_database.rows("SELECT reason FROM audit_events WHERE action = 'block'") == [("leaked",)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("absent", ["never made", "deleted"])
def test_what_is_not_there_cannot_be_changed_and_nothing_is_noted(
    gateway_database: Database, kind: str, absent: str
) -> None:
    async def work(link: Link) -> int:
        entities, made = (await make(link)).of(kind, link)
        if absent == "deleted":
            await entities.delete(made.id, by=ROOT)
        target = made.id if absent == "deleted" else uuid.uuid4()
        for change in (entities.block, entities.unblock, entities.delete, entities.update):
            with pytest.raises(NotFound, match=kind):
                await change(target, by=ROOT)
        if absent == "never made":
            with pytest.raises(NotFound, match=kind):
                await entities.restore(target, by=ROOT)
        return 4 + (absent == "deleted")

    noted = within(gateway_database, work)

    assert gateway_database.value(NOTHING) == noted


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_changes_what_is_given_alone_and_notes_only_that(
    gateway_database: Database, kind: ObjectKind
) -> None:
    async def work(link: Link) -> tuple[Any, Any, Any, Any, list[Any]]:
        entities, made = (await make(link)).of(kind, link)
        limited = await entities.update(
            made.id, by=ROOT, allowed_models=["small"], max_parallel=3, metadata={"floor": 1}
        )
        lifted = await entities.update(made.id, by=ROOT, max_parallel=None)
        same = await entities.update(made.id, by=ROOT, name="acme", allowed_models=["small"])
        typed = await entities.update(made.id, by=ROOT, metadata={"floor": True})
        return made, limited, lifted, (same, typed), await story(link, kind, made.id)

    made, limited, lifted, (same, typed), told = within(gateway_database, work)

    assert (limited.name, limited.allowed_models, limited.max_parallel) == (made.name, ["small"], 3)
    assert (lifted.allowed_models, lifted.max_parallel, lifted.metadata) == (["small"], None, {"floor": 1})
    assert same == lifted
    assert typed.metadata["floor"] is True
    assert [before_and_after[1:] for before_and_after in told[1:]] == [
        (
            {"allowed_models": None, "max_parallel": None, "metadata": {}},
            {"allowed_models": ["small"], "max_parallel": 3, "metadata": {"floor": 1}},
        ),
        ({"max_parallel": 3}, {"max_parallel": None}),
        ({"metadata": {"floor": 1}}, {"metadata": {"floor": True}}),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_who_change_what_they_have_read_one_is_told_to_read_again(
    gateway_database: Database, kind: ObjectKind
) -> None:
    async def work(link: Link) -> tuple[list[Any], Any]:
        entities, made = (await make(link)).of(kind, link)
        changes = (
            entities.update(made.id, by=ROOT, if_updated_at=made.updated_at, requests_per_minute=number)
            for number in range(1, 9)
        )
        outcomes = await asyncio.gather(*changes, return_exceptions=True)
        with pytest.raises(Changed, match="after it was read"):
            await entities.update(made.id, by=ROOT, if_updated_at=made.updated_at)
        return outcomes, (await story(link, kind, made.id))[1:]

    outcomes, told = within(gateway_database, work)
    won = [outcome for outcome in outcomes if not isinstance(outcome, Changed)]

    assert len(won) == 1
    assert [after for _, _, after in told] == [{"requests_per_minute": won[0].requests_per_minute}]


@pytest.mark.parametrize("kind", KINDS)
def test_the_history_of_an_entity_is_in_the_order_in_which_it_was_changed(
    gateway_database: Database, kind: ObjectKind
) -> None:
    async def work(link: Link) -> tuple[list[Any], Any]:
        entities, made = (await make(link)).of(kind, link)
        changes = [entities.update(made.id, by=ROOT, max_parallel=number) for number in range(1, 16)]
        blocks = [change(made.id, by=ROOT) for change in (entities.block, entities.unblock) for _ in range(8)]
        await asyncio.gather(*changes, *blocks)
        return await story(link, kind, made.id), await entities.update(made.id, by=ROOT)

    told, now = within(gateway_database, work)

    assert is_a_chain(told)
    assert [after["max_parallel"] for _, _, after in told if "max_parallel" in after][-1] == now.max_parallel
    assert len(told) > 15


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_taken_until_its_owner_is_deleted_who_then_cannot_come_back(
    gateway_database: Database, kind: ObjectKind
) -> None:
    async def again(link: Link, made: Made) -> Any:
        match kind:
            case "organization":
                return await Organizations(link).create("acme", by=ROOT)
            case "team":
                return await Teams(link).create("acme", organization_id=made.organization.id, by=ROOT)
            case "project":
                return await Projects(link).create("acme", team_id=made.team.id, by=ROOT)
            case _:
                return await Users(link).create(email="ACME@example.com", by=ROOT)

    async def work(link: Link) -> None:
        made = await make(link)
        entities, old = made.of(kind, link)
        with pytest.raises(Taken, match=f"another {kind} "):
            await again(link, made)
        await entities.delete(old.id, by=ROOT)
        await again(link, made)
        with pytest.raises(Taken):
            await entities.restore(old.id, by=ROOT)

    within(gateway_database, work)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param({"name": ""}, "name must not be empty", id="an empty name"),
        pytest.param({"requests_per_minute": 0}, "requests_per_minute must be above zero", id="a limit of nothing"),
        pytest.param({"max_parallel": 2**40}, "cannot be kept", id="a number beyond its type"),
        pytest.param({"name": "a\0b"}, "cannot be kept", id="a character that text cannot hold"),
        pytest.param({"metadata": {"a": "\0"}}, "cannot be kept", id="a character that jsonb cannot hold"),
        pytest.param({"metadata": {"a": math.nan}}, "cannot be kept", id="a number that JSON cannot hold"),
        pytest.param({"metadata": [1]}, "metadata must be a JSON object", id="labels that are no object"),
        pytest.param({"allowed_models": ["a", None]}, "allowed_models must be names", id="a hole in a list"),
    ],
)
def test_a_bad_value_is_refused_in_words_and_changes_nothing(
    gateway_database: Database, edit: dict[str, Any], words: str
) -> None:
    async def work(link: Link) -> None:
        made = await make(link)
        with pytest.raises(BadValue, match=words):
            await Teams(link).update(made.team.id, by=ROOT, **edit)
        assert (await Teams(link).get(made.team.id)).t == made.team  # type: ignore[union-attr]

    within(gateway_database, work)


def test_nothing_is_put_under_a_parent_that_is_deleted(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        made = await make(link)
        other = await make(link, "other")
        await Organizations(link).delete(made.organization.id, by=ROOT)
        await Teams(link).delete(made.team.id, by=ROOT)
        for parent in (made.organization.id, uuid.uuid4()):
            with pytest.raises(NotFound, match="organization"):
                await Teams(link).create("new", organization_id=parent, by=ROOT)
            with pytest.raises(NotFound, match="organization"):
                await Teams(link).move(other.team.id, parent, by=ROOT)
        for parent in (made.team.id, uuid.uuid4()):
            with pytest.raises(NotFound, match="team"):
                await Projects(link).create("new", team_id=parent, by=ROOT)
            with pytest.raises(NotFound, match="team"):
                await Projects(link).move(other.project.id, parent, by=ROOT)

    within(gateway_database, work)


def test_pages_hold_everything_live_once_in_order(gateway_database: Database) -> None:
    names = [f"{letter}{number}" for letter in "abc" for number in range(5)]

    async def work(link: Link) -> dict[str, list[str | None]]:
        organizations, teams, projects, users = Organizations(link), Teams(link), Projects(link), Users(link)
        made = await make(link, "root")
        for name in names:
            await organizations.create(name, by=ROOT)
            await teams.create(name, organization_id=made.organization.id, by=ROOT)
            await teams.create(name, by=ROOT)
            await projects.create(name, team_id=made.team.id, by=ROOT)
            await users.create(email=f"{name}@x", by=ROOT)
        await organizations.delete((await organizations.find("b0")).id, by=ROOT)  # type: ignore[union-attr]
        seen: dict[str, list[Any]] = {}
        lists: tuple[tuple[str, Any, Any], ...] = (
            ("organizations", organizations.page, lambda row: row.name),
            ("teams", teams.page, lambda row: (row.name, row.id)),
            ("teams of one", lambda **page: teams.page_of(made.organization.id, **page), lambda row: row.name),
            ("projects", lambda **page: projects.page_of(made.team.id, **page), lambda row: row.name),
            ("users", users.page, lambda row: (row.created_at, row.id)),
        )
        for kind, first, key in lists:
            page, seen[kind] = await first(size=4), []
            while page:
                seen[kind] += [row.email if kind == "users" else row.name for row in page]
                page = await first(after=key(page[-1]), size=4)
        return seen

    seen = within(gateway_database, work)

    assert seen["organizations"] == [*(name for name in names if name != "b0"), "root"]
    assert seen["teams"] == [*(name for name in names for _ in range(2)), "root"]
    assert seen["teams of one"] == seen["projects"] == [*names, "root"]
    assert seen["users"] == ["root@example.com", *(f"{name}@x" for name in names)]


def test_what_is_deleted_is_still_named_by_logs_rollups_and_audit(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Made, list[Any]]:
        made = await make(link)
        place = (made.organization.id, made.team.id, made.project.id, made.user.id)
        async with link.connection() as connection:
            await connection.execute(
                """
                INSERT INTO spend_logs (
                    started_at, request_id, organization_id, team_id, project_id, user_id,
                    model_name, endpoint, status, cost, duration_ms
                )
                VALUES (now(), gen_random_uuid(), $1, $2, $3, $4, 'small', 'chat', 'success', 1.5, 7)
                """,
                *place,
            )
            await connection.executemany(
                "INSERT INTO daily_rollups (entity_kind, entity_id, day)"
                " VALUES ($1, $2, (now() AT TIME ZONE 'UTC')::date)",
                list(zip(KINDS, place, strict=True)),
            )
        for kind in reversed(KINDS):
            entities, entity = made.of(kind, link)
            await entities.delete(entity.id, by=ROOT)
        got = [
            (await Organizations(link).get(made.organization.id)).o,  # type: ignore[union-attr]
            (await Teams(link).get(made.team.id)).t,  # type: ignore[union-attr]
            (await Projects(link).get(made.project.id)).p,  # type: ignore[union-attr]
            (await Users(link).get(made.user.id)).u,  # type: ignore[union-attr]
        ]
        assert (await Organizations(link).page(), await Teams(link).page(), await Users(link).page()) == ([], [], [])
        return made, got

    made, got = within(gateway_database, work)

    assert [row.name for row in got] == ["acme"] * 4
    assert all(row.deleted_at for row in got)
    named = gateway_database.rows("SELECT organization_id, team_id, project_id, user_id FROM spend_logs")
    assert named == [tuple(row.id for row in made)]
    rolled_up = gateway_database.rows("SELECT entity_id FROM daily_rollups")
    assert {row[0] for row in rolled_up} == {row.id for row in made}
    deleted = gateway_database.rows("SELECT object_id FROM audit_events WHERE action = 'delete'")
    assert {uuid.UUID(row[0]) for row in deleted} == {row.id for row in made}


def test_a_change_whose_note_fails_is_not_made(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        made = await make(link)
        async with link.connection() as connection:
            partitions = await connection.fetch(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_events'::regclass"
            )
            for (partition,) in partitions:
                await connection.execute(f"DROP TABLE {partition}")
        with pytest.raises(asyncpg.CheckViolationError, match="no partition"):
            await Teams(link).block(made.team.id, by=ROOT)
        with pytest.raises(asyncpg.CheckViolationError, match="no partition"):
            await Organizations(link).set_members(made.organization.id, {made.user.id: "admin"}, by=ROOT)
        with pytest.raises(asyncpg.CheckViolationError, match="no partition"):
            await EndUsers(link).block("jo", None, by=ROOT)

    within(gateway_database, work)

    assert gateway_database.value("SELECT count(*) FROM teams WHERE blocked_at IS NOT NULL") == 0
    assert gateway_database.value("SELECT count(*) FROM organization_memberships") == 0
    assert gateway_database.value("SELECT count(*) FROM end_users") == 0


async def fail_after_noting(link: Link) -> None:
    async with changing(link, ROOT, "never mind") as change:
        made = await queries.create_organization(change.connection, name="acme", **UNLIMITED)
        await change.note("create", "organization", made.id, None, made)
        raise ZeroDivisionError


def test_a_change_that_is_rolled_back_leaves_no_note(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        with pytest.raises(ZeroDivisionError):
            await fail_after_noting(link)

    within(gateway_database, work)

    assert gateway_database.value(NOTHING) == 0
    assert gateway_database.value("SELECT count(*) FROM organizations") == 0


def test_an_actor_without_an_id_can_change_nothing(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        with pytest.raises(BadValue):
            await Organizations(link).create("acme", by=Actor("system", ""))

    within(gateway_database, work)

    assert gateway_database.value("SELECT count(*) FROM organizations") == 0


def test_changes_are_refused_while_the_database_is_away(gateway_database: Database) -> None:
    async def work(link: Link) -> None:
        await link.close()
        with pytest.raises(Away):
            await Organizations(link).create("acme", by=ROOT)
        with pytest.raises(Away):
            await Organizations(link).page()

    within(gateway_database, work)


def test_the_audit_is_read_by_page_by_actor_and_as_a_whole(gateway_database: Database) -> None:
    job = Actor("system", "nightly")

    async def work(link: Link) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        audit, organizations = Audit(link), Organizations(link)
        for number in range(7):
            await organizations.create(f"o{number}", by=job if number % 2 else ROOT)
        first = await audit.page(NOW - DAY, NOW + DAY, size=4)
        at = (first[-1].occurred_at, first[-1].id)
        rest = await audit.page(NOW - DAY, NOW + DAY, before=at, size=4)
        mine = await audit.page(NOW - DAY, NOW + DAY, actor=("system", "nightly"), actions=["create"])
        exported = [event async for event in audit.export(NOW - DAY, NOW + DAY)]
        assert await audit.page(NOW + DAY, NOW + 2 * DAY) == []
        return first + rest, mine, exported, await audit.page(NOW - DAY, NOW + DAY, actions=["delete"])

    paged, mine, exported, none = within(gateway_database, work)

    assert [event.after["name"] for event in paged] == [f"o{number}" for number in reversed(range(7))]
    assert [event.after["name"] for event in mine] == ["o5", "o3", "o1"]
    assert exported == paged[::-1]
    assert none == []
    assert {(event.actor_kind, event.actor_id, event.client_address) for event in exported} == {
        ("user", "root", ROOT.address),
        ("system", "nightly", None),
    }


def test_an_end_user_is_blocked_before_being_seen_and_apart_for_each_organization(gateway_database: Database) -> None:
    async def work(link: Link) -> tuple[Any, ...]:
        end_users, made = EndUsers(link), await make(link)
        place = made.organization.id
        assert await end_users.find("jo", place) is None
        firsts = await asyncio.gather(*(end_users.block("jo", place, by=ROOT, reason="abuse") for _ in range(8)))
        found = await end_users.find("jo", place)
        assert found
        assert found.blocked_at
        assert await end_users.find("jo", None) is None
        assert await end_users.block("jo", None, by=ROOT)
        unblocked = [await end_users.unblock(found.id, by=ROOT) for _ in range(2)]
        after = await end_users.find("jo", place)
        assert after
        with pytest.raises(NotFound):
            await end_users.unblock(uuid.uuid4(), by=ROOT)
        with pytest.raises(BadValue, match="external_id must have 1 to 256 characters"):
            await end_users.block("", place, by=ROOT)
        with pytest.raises(NotFound, match="no organization"):
            await end_users.block("jo", uuid.uuid4(), by=ROOT)
        return (
            firsts,
            unblocked,
            after.blocked_at,
            await story(link, "end_user", found.id),
            await end_users.page_of(place),
        )

    firsts, unblocked, blocked_at, told, page = within(gateway_database, work)

    assert sorted(firsts) == [False] * 7 + [True]
    assert unblocked == [True, False]
    assert blocked_at is None
    assert [action for action, _, _ in told] == ["block", "unblock"]
    assert told[0][1] == {"blocked_at": None}
    assert told[0][2]["external_id"] == "jo"
    assert [row.external_id for row in page] == ["jo"]
