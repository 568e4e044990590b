"""The proxy as an application: what the client libraries of OpenAI talk to, and what watches over it."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.gateway.admin import administration
from examples.gateway.asking import secret_of
from examples.gateway.chat import ENDPOINT, Chat, WhenUnknown
from examples.gateway.problems import Problem, refusal, show, unknown
from gateway import Accepted, GatewayError, Refused, State, Store, is_allowed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from gateway import Key


def proxy(chat: Chat, *, beside: Iterable[BaseRoute] = ()) -> Starlette:
    """The application, with what else it shall have `beside` it; at its end it closes the store and the client."""
    watch = Watch(chat.store, chat.when_unknown)
    return Starlette(
        routes=[
            Route(ENDPOINT, chat, methods=["POST"]),
            Route("/v1/models", watch.models),
            Route("/health/live", watch.live),
            Route("/health/ready", watch.ready),
            administration(chat.store),
            *beside,
        ],
        middleware=[Middleware(Stamp, store=chat.store)],
        exception_handlers={Problem: show, GatewayError: show},
        lifespan=lambda _: _owning(chat),
    )


@asynccontextmanager
async def _owning(chat: Chat) -> AsyncIterator[None]:
    async with chat.store, chat.http:
        yield


@dataclass(frozen=True, slots=True)
class Watch:
    """The endpoints that only look."""

    store: Store
    when_unknown: WhenUnknown

    async def models(self, request: Request) -> Response:
        """The names that a key can ask for."""
        answer = await self.store.authorize(secret_of(request))
        if isinstance(answer, Refused):
            raise refusal(answer)
        if isinstance(answer, Accepted):
            names = self._names_for(answer.key)
        elif self.when_unknown is WhenUnknown.FORWARD:
            names = self.store.routing.names()
        else:
            raise unknown()
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "gateway"} for name in names]
        return JSONResponse({"object": "list", "data": models})

    def _names_for(self, key: Key) -> list[str]:
        routing = self.store.routing
        target = partial(routing.configuration.target, team_id=key.team_id)
        return [name for name in routing.names(key.team_id) if is_allowed(key, target(name))]

    async def live(self, _request: Request) -> Response:
        """Whether this process works. A database that is away is no reason to kill it."""
        return self._health(ok=self.store.live)

    async def ready(self, _request: Request) -> Response:
        """Whether requests should come here: also while keys in memory go on, or strangers are forwarded."""
        forwards = self.when_unknown is WhenUnknown.FORWARD
        return self._health(ok=self.store.ready(without_database=forwards or self.store.state is State.DEGRADED))

    def _health(self, *, ok: bool) -> Response:
        health = self.store.health
        said = {"state": health.standing.state.value, "reason": health.standing.reason, "hears": health.hears}
        return JSONResponse(said | {"spend": health.spend._asdict()}, 200 if ok else 503)


class Stamp:
    """Puts two headers on every answer: the id under which the request is logged, and how the store is."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self.app, self.store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = str(scope.get("request_id") or uuid.uuid4())
                headers["x-gateway-state"] = self.store.state.value
            await send(message)

        await self.app(scope, receive, stamped)
