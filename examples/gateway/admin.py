"""The admin API: what a management key may do, as a table from requests to calls of the store."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Mount, Route

from examples.gateway.asking import as_object, secret_of
from examples.gateway.problems import Problem, refusal, unknown
from gateway import Actor, Refused, Store, Unknown
from gateway.administration.entities import Limits
from gateway.administration.keys import NewKey
from gateway.client import spend
from gateway.configuration.models import ModelLimits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

_PERIOD = dt.timedelta(days=30)
_DAY = dt.timedelta(days=1)
_REQUIRED = object()
_IDS = ("organization_id", "team_id", "project_id", "user_id", "credential_id", "rotation_id")
_AMOUNTS = ("max_amount", "soft_amount", "prompt_token_price", "completion_token_price", "cached_token_price")
_READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_IDS, uuid.UUID),
    **dict.fromkeys(_AMOUNTS, lambda amount: Decimal(str(amount))),
    "expires_at": dt.datetime.fromisoformat,
    "grace_seconds": lambda seconds: dt.timedelta(seconds=seconds),
}


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody who may do so asks for."""

    store: Store
    by: Actor
    path: Mapping[str, Any]
    body: dict[str, Any]

    def take(self, name: str, default: Any = _REQUIRED) -> Any:
        """A value out of the body, of the type that its name asks for. Raises Problem."""
        value = self.body.pop(name, default)
        if value is _REQUIRED:
            raise Problem(400, "invalid_body", f"{name} has to be given")
        try:
            return value if value is None or value is default else _READ.get(name, _as_it_is)(value)
        except (ValueError, TypeError, AttributeError, ArithmeticError):
            raise Problem(400, "invalid_body", f"{name} cannot be {value!r}") from None

    def rest(self, columns: type) -> dict[str, Any]:
        """All that is left in the body, each the name of a column. Raises Problem."""
        strange = self.body.keys() - columns.__optional_keys__  # type: ignore[attr-defined]  # of a TypedDict
        if strange:
            raise Problem(400, "invalid_body", f"nothing is known of {', '.join(sorted(strange))}")
        return {name: self.take(name) for name in list(self.body)}


def _as_it_is(value: Any) -> Any:
    return value


async def _report(call: Call) -> Any:
    today = dt.datetime.now(dt.UTC).date()
    scope = {"entity_kind": call.path["kind"], "entity_id": call.path["id"]}
    await call.store.spend.flush()  # what this process has not written yet belongs to it
    async with call.store.link.connection() as connection:
        return await spend.report_usage(connection, **scope, since=today - _PERIOD, until=today + _DAY)


async def _audit(call: Call) -> Any:
    now = dt.datetime.now(dt.UTC)
    return await call.store.audit.page(now - _PERIOD, now + _DAY)


_CALLS: Mapping[tuple[str, str], Callable[[Call], Awaitable[Any]]] = {
    ("GET", "/organizations"): lambda c: c.store.organizations.page(),
    ("POST", "/organizations"): lambda c: c.store.organizations.create(c.take("name"), by=c.by, **c.rest(Limits)),
    ("GET", "/teams"): lambda c: c.store.teams.page(),
    ("POST", "/teams"): lambda c: c.store.teams.create(
        c.take("name"), organization_id=c.take("organization_id", None), by=c.by, **c.rest(Limits)
    ),
    ("GET", "/keys"): lambda c: c.store.keys.page(),
    ("POST", "/keys"): lambda c: c.store.keys.create(c.take("name", None), by=c.by, **c.rest(NewKey)),
    ("POST", "/keys/{id:uuid}/block"): lambda c: c.store.keys.block(c.path["id"], by=c.by),
    ("POST", "/keys/{id:uuid}/unblock"): lambda c: c.store.keys.unblock(c.path["id"], by=c.by),
    ("POST", "/keys/{id:uuid}/rotate"): lambda c: c.store.keys.rotate(
        c.path["id"], c.take("rotation_id", uuid.uuid4()), grace=c.take("grace_seconds"), by=c.by
    ),
    ("DELETE", "/keys/{id:uuid}"): lambda c: c.store.keys.delete(c.path["id"], by=c.by),
    ("GET", "/budgets/{kind}/{id:uuid}"): lambda c: c.store.budgets.of([(c.path["kind"], c.path["id"])]),
    ("PUT", "/budgets/{kind}/{id:uuid}/{period}"): lambda c: c.store.budgets.set(
        (c.path["kind"], c.path["id"]),
        c.path["period"],
        by=c.by,
        max_amount=c.take("max_amount", None),
        soft_amount=c.take("soft_amount", None),
    ),
    ("GET", "/credentials"): lambda c: c.store.credentials.all(),
    ("POST", "/credentials"): lambda c: c.store.credentials.create(
        c.take("name"), c.take("secret"), provider=c.take("provider"), by=c.by
    ),
    ("GET", "/models"): lambda c: c.store.models.page(),
    ("POST", "/models"): lambda c: c.store.models.create(
        c.take("name"), provider=c.take("provider"), by=c.by, **c.rest(ModelLimits)
    ),
    ("PUT", "/aliases/{name}"): lambda c: c.store.models.set_alias(
        c.path["name"], c.take("target_name"), team_id=c.take("team_id", None), by=c.by
    ),
    ("GET", "/spend/{kind}/{id:uuid}"): _report,
    ("GET", "/audit"): _audit,
}


def administration(store: Store) -> Mount:
    """The admin API under /admin."""
    routes = [Route(path, _endpoint(store, work), methods=[method]) for (method, path), work in _CALLS.items()]
    return Mount("/admin", routes=routes)


def _endpoint(store: Store, work: Callable[[Call], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        by = await _administrator(store, request)
        done = await work(Call(store, by, request.path_params, as_object(await request.body())))
        return Response(json.dumps(done, default=_plain), media_type="application/json")

    return answer


async def _administrator(store: Store, request: Request) -> Actor:
    """Who asks, if the key manages the gateway as a whole, or may read and wants nothing else. Raises Problem."""
    answer = await store.authorize(secret_of(request))
    if isinstance(answer, Unknown):
        raise unknown()
    if isinstance(answer, Refused):
        raise refusal(answer)
    key = answer.key
    kinds = {"management", "read_only"} if request.method == "GET" else {"management"}
    if key.kind not in kinds or key.organization_id or key.team_id or key.user_id:
        raise Problem(403, "not_allowed", "this takes a management key of the gateway as a whole")
    return Actor("key", str(key.key_id), ipaddress.ip_address(request.client.host) if request.client else None)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
