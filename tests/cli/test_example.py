"""The example, driven by OpenAI's own client over HTTP: what its users see, in good times and in bad ones."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from openai import (
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

from tests.cli.gateways import ADMIN, GATEWAY, Cable, Gateway, await_true, cable_to, running, started
from tests.conftest import BINARIES, GIVEN, new_database, require_gateway_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from openai import OpenAI

    from tests.conftest import Database, Server

pytestmark = pytest.mark.skipif(not GIVEN and not BINARIES, reason="no PostgreSQL programs on this machine")
on_one_server = pytest.mark.parametrize(
    "server", ["given"] if GIVEN else sorted(BINARIES)[-1:], indirect=True, scope="session"
)

PROMPT_PRICE, COMPLETION_PRICE = Decimal("0.0000015"), Decimal("0.000006")
PRICES = {"prompt_token_price": str(PROMPT_PRICE), "completion_token_price": str(COMPLETION_PRICE)}
WORDS = "one two three"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Two gateways on one database; both ask the fake provider in the first."""

    first: Gateway
    second: Gateway
    database: Database

    def key(self, **columns: Any) -> tuple[str, str]:
        """The id and the secret of a new key."""
        issued = self.first.admin("POST", "keys", **columns)
        return issued["key_id"], issued["secret"]

    def model(self, *provider_names: str, **columns: Any) -> str:
        """The name of a new model with deployments that are tried in this order, when both gateways know of it."""
        name = f"model-{uuid.uuid4()}"
        for weight, provider_name in enumerate(reversed(provider_names)):
            params = {"model": provider_name}
            self.first.admin(
                "POST", "models", name=name, provider="fake", params=params, weight=weight, **PRICES | columns
            )
        _, secret = self.key()
        for gateway in (self.first, self.second):
            with gateway.client(secret) as client:
                await_true(knows, client, name)
        return name

    def logged(self, key_id: str, number: int) -> list[tuple[Any, ...]]:
        """Status, error, tokens and cost of what a key did, when it is so many requests and nothing waits any more."""
        await_true(self._has_logged, key_id, number)
        return self.database.rows(
            "SELECT status, error_code, prompt_tokens, completion_tokens, cost FROM spend_logs "
            f"WHERE key_id = '{key_id}' ORDER BY started_at"
        )

    def _has_logged(self, key_id: str, number: int) -> bool:
        totals = [gateway.total(f"key/{key_id}") for gateway in (self.first, self.second)]  # which writes what waits
        return totals[-1].get("requests") == number and self.first.has_written() and self.second.has_written()


@pytest.fixture(scope="module", autouse=True)
def _new_enough(server: Server) -> None:
    require_gateway_server(server)


@pytest.fixture(scope="module")
def fleet(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with new_database(server) as database, ExitStack() as stack:
        folder = tmp_path_factory.mktemp("fleet")
        first = stack.enter_context(running(folder, url=database.url))
        upstream = f"{first.url}/fake/v1"
        second = stack.enter_context(running(folder, "--upstream", upstream, url=database.url))
        for gateway in (first, second):
            await_true(gateway.hears)
            with gateway.client(ADMIN) as client:
                await_true(knows, client, "echo")
        yield Fleet(first, second, database)


def ask(client: OpenAI, model: str = "echo", content: str = WORDS, **options: Any) -> Any:
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}], **options)


def error_of(client: OpenAI) -> APIStatusError | None:
    """What a request raises."""
    try:
        ask(client)
    except APIStatusError as error:
        return error
    return None


def raised(kind: type[Exception], client: OpenAI) -> bool:
    """Whether a request is an error of this kind; no other may be raised."""
    error = error_of(client)
    if error and not isinstance(error, kind):
        raise error
    return error is not None


def tries_until(true: Callable[[], bool], seconds: float = 60) -> int:
    """How often it took until it was true."""
    tries = count()
    await_true(lambda: (next(tries), true())[1], seconds=seconds)
    return next(tries)


def warm(gateway: Gateway, client: OpenAI) -> None:
    """Makes two requests; after the second the gateway has the key in memory, as no more notices are under way."""
    await_true(gateway.hears)
    await_true(lambda: not raised(NotFoundError, client))
    await_true(gateway.has_written)
    ask(client)


def knows(client: OpenAI, model: str) -> bool:
    return model in [each.id for each in client.models.list()]


def has_requests(gateway: Gateway, scope: str, number: int) -> bool:
    return gateway.total(scope).get("requests") == number


def price(prompt_tokens: int, completion_tokens: int) -> Decimal:
    return prompt_tokens * PROMPT_PRICE + completion_tokens * COMPLETION_PRICE


def test_a_client_gets_an_answer_and_the_id_under_which_it_is_logged(fleet: Fleet) -> None:
    key_id, secret = fleet.key()

    with fleet.first.client(secret) as client:
        answer = client.chat.completions.with_raw_response.create(
            model="echo", messages=[{"role": "user", "content": WORDS}]
        )

    completion = answer.parse()
    assert completion.choices[0].message.content == WORDS
    assert completion.usage
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (3, 3)
    assert answer.headers["x-gateway-state"] == "ready"
    assert fleet.logged(key_id, 1) == [("success", None, 3, 3, price(3, 3))]
    request_id = answer.headers["x-request-id"]
    assert fleet.database.rows(f"SELECT key_id::text FROM spend_logs WHERE request_id = '{request_id}'") == [(key_id,)]


def test_a_stream_comes_in_pieces_with_its_use_only_for_who_asks(fleet: Fleet) -> None:
    key_id, secret = fleet.key()

    with fleet.first.client(secret) as client:
        plain = list(ask(client, stream=True))
        counted = list(ask(client, stream=True, stream_options={"include_usage": True}))

    assert [chunk.choices[0].delta.content for chunk in plain] == ["one ", "two ", "three ", None]
    assert counted[-1].choices == []
    assert counted[-1].usage.completion_tokens == 3
    assert fleet.logged(key_id, 2) == [("success", None, 3, 3, price(3, 3))] * 2
    assert fleet.database.value(f"SELECT count(first_token_ms) FROM spend_logs WHERE key_id = '{key_id}'") == 2


def test_a_key_sees_and_asks_the_models_that_it_may_use(fleet: Fleet) -> None:
    model = fleet.model("echo")
    _, secret = fleet.key(allowed_models=[model])

    with fleet.second.client(secret) as client:
        assert [each.id for each in client.models.list()] == [model]
        assert ask(client, model).choices[0].message.content == WORDS
        with pytest.raises(PermissionDeniedError, match="may not use the model echo"):
            ask(client)
        with pytest.raises(NotFoundError) as error:
            ask(client, "no-such-model")
    assert error.value.code == "model_not_found"


def test_another_name_for_a_model_counts_as_that_model(fleet: Fleet) -> None:
    model, alias = fleet.model("echo"), f"alias-{uuid.uuid4()}"
    key_id, secret = fleet.key(allowed_models=[model])
    fleet.first.admin("PUT", f"aliases/{alias}", target_name=model)

    with fleet.second.client(secret) as client:
        await_true(knows, client, alias)
        ask(client, alias)

    assert len(fleet.logged(key_id, 1)) == 1
    assert fleet.database.value(f"SELECT model_name FROM spend_logs WHERE key_id = '{key_id}'") == model


def test_a_key_that_is_none_or_has_ended_is_an_authentication_error(fleet: Fleet) -> None:
    _, ended = fleet.key(expires_at="2020-01-01T00:00:00+00:00")

    for secret in ("sk-of-nobody", ended):
        with fleet.first.client(secret) as client, pytest.raises(AuthenticationError) as error:
            ask(client)
        assert error.value.code == "invalid_api_key"


def test_a_key_that_is_blocked_at_one_gateway_is_refused_by_the_other_although_it_was_in_memory(fleet: Fleet) -> None:
    key_id, secret = fleet.key()

    with fleet.second.client(secret) as client:
        ask(client)
        fleet.first.admin("POST", f"keys/{key_id}/block")
        # Sooner than the 30 seconds for which a key is believed without a word from the database.
        await_true(lambda: raised(PermissionDeniedError, client), seconds=20)
        fleet.first.admin("POST", f"keys/{key_id}/unblock")
        await_true(lambda: not raised(PermissionDeniedError, client), seconds=20)


def test_too_many_requests_a_minute_are_a_rate_limit_error_that_says_when_to_come_back(fleet: Fleet) -> None:
    _, secret = fleet.key(requests_per_minute=2)

    with fleet.first.client(secret) as first, fleet.second.client(secret) as second:
        errors = [error_of(client) for client in (first, second) * 3]  # a minute may end meanwhile, but not two

    assert errors[0] is None
    refused = [error for error in errors if error]
    assert len(refused) >= 2
    for error in refused:
        assert (type(error), error.code) == (RateLimitError, "rate_limit_exceeded")
        assert 1 <= int(error.response.headers["retry-after"]) <= 60


def test_a_client_that_leaves_gives_its_place_back_and_pays_for_what_has_passed(fleet: Fleet) -> None:
    key_id, secret = fleet.key(max_parallel=1)
    model = fleet.model("echo-limp")

    with fleet.first.client(secret) as client, fleet.second.client(secret) as other:
        stream = ask(client, model, stream=True)
        assert next(stream).choices[0].delta.content == "one "
        with pytest.raises(RateLimitError, match="requests in flight"):
            ask(other)
        stream.close()
        tries = tries_until(lambda: not raised(RateLimitError, other))

    await_true(lambda: [each["end"] for each in fleet.first.seen() if each["model"] == "echo-limp"] == ["left"])
    [cancelled] = [row for row in fleet.logged(key_id, 2 + tries) if row[0] == "cancelled"]
    assert cancelled[1] == "client_gone"
    assert cancelled[3] == 1
    assert cancelled[4] == price(cancelled[2], 1)


def test_a_budget_that_has_no_room_is_an_exhausted_quota_and_not_tried_again(fleet: Fleet) -> None:
    key_id, secret = fleet.key()
    fleet.first.admin("PUT", f"budgets/key/{key_id}/total", max_amount="0.001")

    with fleet.first.client(secret, max_retries=2) as client:
        ask(client, max_tokens=10)
        with pytest.raises(RateLimitError) as error:
            ask(client, max_tokens=1000)
        ask(client, max_tokens=10)

    assert error.value.code == "insufficient_quota"
    assert [row[:2] for row in fleet.logged(key_id, 3)] == [
        ("success", None),
        ("refused", "over_budget"),
        ("success", None),
    ]
    [budget] = fleet.first.admin("GET", f"budgets/key/{key_id}")
    assert Decimal(budget["spent"]) == 2 * price(3, 3)
    assert Decimal(budget["reserved"]) == 0


def test_the_report_of_a_team_is_the_sum_of_all_answers_of_both_gateways(fleet: Fleet) -> None:
    organization = fleet.first.admin("POST", "organizations", name=f"org-{uuid.uuid4()}")["id"]
    team = fleet.first.admin("POST", "teams", name="team", organization_id=organization)["id"]
    _, secret = fleet.key(team_id=team)

    def use(number: int) -> tuple[int, int]:
        with (fleet.first, fleet.second)[number % 2].client(secret) as client:
            answer = ask(client, content="word " * (number + 1), stream=number % 3 == 0, **_counted(number))
            usage = answer.usage if number % 3 else list(answer)[-1].usage
            return usage.prompt_tokens, usage.completion_tokens

    with ThreadPoolExecutor(4) as threads:
        used = list(threads.map(use, range(20)))

    for scope in (f"team/{team}", f"organization/{organization}"):
        await_true(has_requests, fleet.first, scope, 20)
        total = fleet.second.total(scope)
        assert total["prompt_tokens"] == sum(prompt for prompt, _ in used)
        assert total["completion_tokens"] == sum(completion for _, completion in used)
        assert Decimal(total["cost"]) == sum(price(*each) for each in used)


def test_a_rotated_key_is_the_same_key_and_its_old_secret_goes_on_for_a_while(fleet: Fleet) -> None:
    key_id, old = fleet.key()

    with fleet.second.client(old) as client:
        ask(client)
        new = fleet.first.admin("POST", f"keys/{key_id}/rotate", grace_seconds=3600)["secret"]
        ask(client)
        newest = fleet.first.admin("POST", f"keys/{key_id}/rotate", grace_seconds=0)["secret"]
        tries = tries_until(lambda: raised(AuthenticationError, client), seconds=20)
    for secret in (new, newest):
        with fleet.second.client(secret) as client:
            assert raised(AuthenticationError, client) is (secret == new)

    assert {row[0] for row in fleet.logged(key_id, 4 + tries)} == {"success", "refused"}


def test_the_secret_of_a_provider_reaches_the_provider_and_never_the_database(fleet: Fleet) -> None:
    provider_secret = f"sk-of-the-provider-{uuid.uuid4()}"
    made = fleet.first.admin("POST", "credentials", name=f"c-{uuid.uuid4()}", provider="fake", secret=provider_secret)
    model = fleet.model("echo", credential_id=made["id"])
    _, secret = fleet.key()

    with fleet.second.client(secret) as client:
        ask(client, model)

    assert fleet.first.seen()[-1]["secret"] == provider_secret
    readable = f"{provider_secret}|{provider_secret.encode().hex()}"
    tables = fleet.database.rows("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384")
    found = [f"SELECT '{table}' FROM {table} AS t WHERE t::text ~ '{readable}'" for [table] in tables]
    assert len(found) > 20
    assert fleet.database.rows(" UNION ALL ".join(found)) == []
    assert provider_secret not in fleet.first.log.read_text()


@on_one_server
def test_what_fails_at_one_deployment_is_asked_of_the_next(fleet: Fleet) -> None:
    model = fleet.model("echo-fail", "echo")
    key_id, secret = fleet.key()

    with fleet.first.client(secret) as client:
        assert ask(client, model).choices[0].message.content == WORDS
        assert "".join(chunk.choices[0].delta.content or "" for chunk in ask(client, model, stream=True)).split()

    assert [each["model"] for each in fleet.first.seen()[-4:]] == ["echo-fail", "echo"] * 2
    assert fleet.logged(key_id, 2) == [("success", None, 3, 3, price(3, 3))] * 2


@pytest.mark.parametrize(
    "provider_names", [("echo-fail", "echo-fail"), ("echo-drop",)], ids=["out-of-order", "dropped"]
)
def test_what_fails_everywhere_is_a_server_error_and_costs_nothing(
    fleet: Fleet, provider_names: tuple[str, ...]
) -> None:
    model = fleet.model(*provider_names)
    key_id, secret = fleet.key()

    with fleet.first.client(secret) as client, pytest.raises(InternalServerError, match="no deployment answered") as e:
        ask(client, model)

    assert e.value.code == "upstream_failed"
    assert fleet.logged(key_id, 1) == [("failure", "upstream_failed", 0, 0, 0)]


@on_one_server
def test_a_stream_that_breaks_off_is_an_error_and_what_has_passed_is_paid(fleet: Fleet) -> None:
    model = fleet.model("echo-drop")
    key_id, secret = fleet.key()

    with fleet.first.client(secret) as client:
        stream = ask(client, model, stream=True)
        assert next(stream).choices[0].delta.content == "one "
        with pytest.raises(APIError, match="broke off"):
            next(stream)

    [(status, error, prompt_tokens, completion_tokens, cost)] = fleet.logged(key_id, 1)
    assert (status, error) == ("failure", "upstream_broke_off")
    assert (completion_tokens, cost) == (1, price(prompt_tokens, 1))


@on_one_server
def test_a_request_that_the_provider_finds_fault_with_is_not_tried_elsewhere(fleet: Fleet) -> None:
    model = fleet.model("echo-strict", "echo")
    key_id, secret = fleet.key()

    with fleet.first.client(secret) as client, pytest.raises(BadRequestError, match="echo-strict says no"):
        ask(client, model)

    assert fleet.logged(key_id, 1) == [("failure", "upstream_400", 0, 0, 0)]


@pytest.mark.parametrize(
    "options",
    [{"max_tokens": -5}, {"max_tokens": 10**30}, {"max_tokens": "many"}, {"extra_body": {"messages": 7}}],
    ids=["below-zero", "too-many", "no-number", "no-messages"],
)
def test_a_request_that_makes_no_sense_is_refused_before_anything_is_counted(
    fleet: Fleet, options: dict[str, Any]
) -> None:
    _, secret = fleet.key()

    with fleet.first.client(secret) as client, pytest.raises(BadRequestError):
        ask(client, **options)


def test_only_keys_that_manage_the_whole_gateway_may_administer_it(fleet: Fleet) -> None:
    organization = fleet.first.admin("POST", "organizations", name=f"org-{uuid.uuid4()}")["id"]
    _, reader = fleet.key(kind="read_only")
    _, inference = fleet.key()
    _, local = fleet.key(kind="management", organization_id=organization)
    _, manager = fleet.key(kind="management")

    statuses = {
        name: [
            fleet.first.ask_admin(method, "organizations", secret, {"name": str(uuid.uuid4())}).status_code
            for method in ("GET", "POST")
        ]
        for name, secret in {"reader": reader, "inference": inference, "local": local, "manager": manager}.items()
    }

    assert statuses == {"reader": [200, 403], "inference": [403, 403], "local": [403, 403], "manager": [200, 200]}
    with fleet.first.client(reader) as client, pytest.raises(PermissionDeniedError):
        ask(client)


def test_the_audit_says_which_key_did_what(fleet: Fleet) -> None:
    key_id, _ = fleet.key()
    fleet.second.admin("POST", f"keys/{key_id}/block")

    events = [event for event in fleet.first.admin("GET", "audit") if event["object_id"] == key_id]

    [admin] = [key["id"] for key in fleet.first.admin("GET", "keys") if key["name"] == "admin"]
    assert [(event["action"], event["actor_id"], event["client_address"]) for event in events] == [
        ("block", admin, "127.0.0.1"),
        ("create", admin, "127.0.0.1"),
    ]


@on_one_server
def test_a_database_that_is_down_at_the_start_is_used_as_soon_as_it_is_up(server: Server, tmp_path: Path) -> None:
    with new_database(server) as database, cable_to(server.tcp) as cable, ExitStack() as stack:
        url = f"postgresql://postgres@127.0.0.1:{cable.wire.port}/{database.name}?sslmode=disable"
        cable.cut()
        open_arguments = ["--when-unknown", "forward"]
        opened = stack.enter_context(running(tmp_path / "open", *open_arguments, url=url, until=Gateway.is_live))
        closed = stack.enter_context(running(tmp_path / "closed", url=url, until=Gateway.is_live))

        with opened.client("sk-anything") as client:
            answer = client.chat.completions.with_raw_response.create(
                model="any", messages=[{"role": "user", "content": WORDS}]
            )
        assert answer.headers["x-gateway-state"] == "stateless"
        assert answer.parse().choices[0].message.content == WORDS
        assert opened.get("/health/ready").status_code == 200
        with closed.client("sk-anything") as client, pytest.raises(InternalServerError) as error:
            ask(client, "any")
        assert (error.value.code, error.value.status_code) == ("database_away", 503)
        assert int(error.value.response.headers["retry-after"]) >= 1
        assert closed.get("/health/ready").status_code == 503

        cable.mend()
        for gateway in (opened, closed):
            await_true(gateway.is_ready)
            with gateway.client("sk-anything") as client:
                assert raised(AuthenticationError, client)
        await_true(has_requests, opened, GATEWAY, 1)


@on_one_server
@pytest.mark.parametrize("hurt", [Cable.cut, Cable.silence], ids=["cut", "silent"])
def test_keys_in_memory_go_on_while_the_database_is_away_and_all_they_spend_lands_once(
    server: Server, tmp_path: Path, hurt: Callable[[Cable], None]
) -> None:
    with new_database(server) as database, cable_to(server.tcp) as cable:
        url = f"postgresql://postgres@127.0.0.1:{cable.wire.port}/{database.name}?sslmode=disable"
        with running(tmp_path, url=url) as gateway:
            issued = gateway.admin("POST", "keys", requests_per_minute=1000, max_parallel=5)
            gateway.admin("PUT", f"budgets/key/{issued['key_id']}/month", max_amount=5)
            with gateway.client(issued["secret"]) as client, gateway.client("sk-never-seen") as stranger:
                warm(gateway, client)
                hurt(cable)
                for _ in range(10):
                    ask(client)
                    with pytest.raises(InternalServerError) as error:
                        ask(stranger)
                    assert error.value.code == "database_away"
                assert gateway.get("/health/ready").status_code == 200
                assert gateway.health()["spend"]["waiting"] >= 10
                cable.mend()
                await_true(gateway.is_ready)
                ask(client)
                assert raised(AuthenticationError, stranger)

            await_true(gateway.has_written)
            successes = database.value(
                f"SELECT count(*) FROM spend_logs WHERE key_id = '{issued['key_id']}' AND status = 'success'"
            )
            assert successes == 13
            total = gateway.total(f"key/{issued['key_id']}")
            assert (total["requests"], Decimal(total["cost"])) == (13, 13 * price(3, 3))
            [budget] = gateway.admin("GET", f"budgets/key/{issued['key_id']}")
            assert Decimal(budget["spent"]) == 13 * price(3, 3)


@on_one_server
def test_spend_that_waited_when_the_gateway_was_killed_lands_once_after_its_next_start(
    server: Server, tmp_path: Path
) -> None:
    with new_database(server) as database, cable_to(server.tcp) as cable:
        url = f"postgresql://postgres@127.0.0.1:{cable.wire.port}/{database.name}?sslmode=disable"
        with running(tmp_path, url=url) as gateway:
            issued = gateway.admin("POST", "keys")
            with gateway.client(issued["secret"]) as client:
                warm(gateway, client)
                cable.cut()
                await_true(gateway.is_degraded)
                for _ in range(10):
                    ask(client)
            gateway.kill()
        cable.mend()

        with running(tmp_path, url=url) as gateway:
            await_true(has_requests, gateway, f"key/{issued['key_id']}", 12)
            await_true(gateway.has_written)
        assert database.value(f"SELECT count(*) FROM spend_logs WHERE key_id = '{issued['key_id']}'") == 12


@on_one_server
def test_a_wrong_password_ends_the_start_with_a_sentence(server: Server, tmp_path: Path) -> None:
    with new_database(server) as database:
        database.execute(
            "DO $$ BEGIN CREATE ROLE locked LOGIN PASSWORD 'right'; EXCEPTION WHEN duplicate_object THEN END $$"
        )
        url = f"postgresql://locked:wrong@127.0.0.1:{server.tcp}/{database.name}"
        with started(tmp_path, url=url) as gateway:
            assert gateway.process.wait(timeout=60) == 1

    log = gateway.log.read_text()
    assert "error: " in log
    assert "password authentication failed" in log
    assert "Traceback" not in log


@pytest.mark.skipif(not BINARIES or not shutil.which("curl"), reason="needs the programs of a server, and curl")
def test_one_command_starts_it_and_what_it_prints_can_be_run(tmp_path: Path) -> None:
    with started(tmp_path, url=None) as gateway:
        await_true(lambda: gateway.is_live() and "export KEY=sk-" in gateway.log.read_text())
        _, export, commands = gateway.log.read_text().partition("export KEY=")
        script = f"{export}{commands.partition(chr(10) * 2)[0]}\n"
        run = subprocess.run(["bash", "-e"], input=script, capture_output=True, text=True, check=True, timeout=60)

    assert '"content": "Hello there"' in run.stdout
    assert '"hint": "sk-' in run.stdout
    assert f'"cost": "{price(2, 2):.10f}"' in run.stdout
    assert gateway.process.returncode == 143
    assert not (tmp_path / "postgres/postmaster.pid").exists()


def _counted(number: int) -> dict[str, Any]:
    return {"stream_options": {"include_usage": True}} if number % 3 == 0 else {}
