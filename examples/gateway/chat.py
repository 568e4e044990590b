"""Chat completions: from the key to the last event, whatever happens on the way."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from examples.gateway.asking import Call, read_call
from examples.gateway.forward import Target, reached, target_of
from examples.gateway.problems import Problem, refusal, unknown
from examples.gateway.stranger import Stranger
from gateway import Accepted, Asked, Outcome, Refused, Request, Unknown
from gateway.errors import Away

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Sequence

    import httpx2
    from starlette.types import Receive, Scope, Send

    from examples.gateway.forward import Reply
    from gateway import Answer, Store

    Connection = tuple[Scope, Receive, Send]

ENDPOINT = "/v1/chat/completions"


class WhenUnknown(StrEnum):
    """What becomes of a request whose key cannot be looked up, as the database is away."""

    FORWARD = "forward"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Chat:
    """The endpoint. It sends its answers itself, so that all of them is inside `async with request`.

    What no configuration gives a way to goes to the address `otherwise`, with a secret of its own.
    """

    store: Store
    http: httpx2.AsyncClient
    otherwise: str
    secret: Callable[[], str | None]
    when_unknown: WhenUnknown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. Raises Problem, and what the store raises."""
        call = await read_call(HttpRequest(scope, receive))
        answer = await self.store.authorize(call.secret)
        targets = [] if isinstance(answer, Refused) else self._targets(call.model, _team(answer))
        async with await self._admit(call, targets) as request:
            scope["request_id"] = request.id
            try:
                async with reached(self.http, targets, call.body, prompt_tokens=call.prompt_tokens) as reply:
                    pass_on = _pass_events if call.streamed and reply.response.is_success else _pass_whole
                    await pass_on(reply, request, call, (scope, receive, send))
            except Problem as problem:
                await request.finish(Outcome(status="failure", error_code=problem.code))
                raise

    def _targets(self, name: str, team_id: uuid.UUID | None) -> Sequence[Target]:
        """Where to send a request for a model, in order."""
        try:
            deployments = self.store.routing.resolve(name, team_id)
        except Away:  # no configuration was ever read
            return [Target(self.otherwise, name, self.secret)]
        if not deployments:
            raise Problem(404, "model_not_found", f"there is no model {name}")
        return [target_of(self.store, deployment, self.otherwise) for deployment in deployments]

    async def _admit(self, call: Call, targets: Sequence[Target]) -> Request | Stranger:
        """The request with its key, limits and budgets. Raises Problem where it may not go on."""
        deployment = targets[0].deployment if targets else None
        asked = Asked(
            secret=call.secret,
            model=deployment.name if deployment else call.model,
            endpoint=ENDPOINT,
            tokens=call.prompt_tokens + call.completion_tokens,
            cost=max((each.cost(call.prompt_tokens, call.completion_tokens) for each in targets), default=Decimal(0)),
            end_user=call.end_user,
        )
        match await self.store.admit(asked):
            case Refused() as refused:
                raise refusal(refused)
            case Unknown() if self.when_unknown is WhenUnknown.REFUSE:
                raise unknown()
            case Unknown():
                return Stranger(self.store, asked)
            case request:
                return request


async def _pass_whole(reply: Reply, request: Request | Stranger, _call: Call, connection: Connection) -> None:
    content = reply.whole()
    await request.finish(reply.outcome())
    await Response(content, reply.response.status_code, media_type="application/json")(*connection)


async def _pass_events(reply: Reply, request: Request | Stranger, call: Call, connection: Connection) -> None:
    try:
        async with aclosing(reply.events(lambda: request.elapsed_ms, usage=call.wants_usage)) as events:
            await StreamingResponse(events, media_type="text/event-stream")(*connection)
    finally:  # the client may have gone in the middle: no more is wanted
        await reply.response.aclose()
        await request.finish(reply.outcome())


def _team(answer: Answer) -> uuid.UUID | None:
    return answer.key.team_id if isinstance(answer, Accepted) else None
