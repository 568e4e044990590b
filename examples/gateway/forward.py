"""The way to the providers and back: one deployment after the other until one answers, and what its answer used."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx2

from examples.gateway.problems import Problem
from gateway import Outcome, cost
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

    from gateway import Store
    from gateway.configuration.routing import Deployment
    from gateway.spending.records import Status

_PATIENCE = 60.0  # seconds between two pieces of an answer
_CALLERS_FAULT = {400, 413, 415, 422}  # no other deployment would see it differently


@dataclass(frozen=True, slots=True)
class Target:
    """A place to send a request to; `secret` is asked for when it is needed, `deployment` None for one by default."""

    url: str
    model: str
    secret: Callable[[], str | None]
    deployment: Deployment | None = None
    timeout: float = _PATIENCE

    def cost(self, prompt: int, completion: int, cached: int = 0) -> Decimal:
        """What tokens cost here; without prices, nothing."""
        if self.deployment is None:
            return Decimal(0)
        return cost(self.deployment, prompt_tokens=prompt, completion_tokens=completion, cached_tokens=cached)


def target_of(store: Store, deployment: Deployment, otherwise: str) -> Target:
    """The target of a deployment; `otherwise` is the address for one that names none."""
    params = deployment.params
    return Target(
        params.get("base_url", otherwise),
        params.get("model", deployment.name),
        lambda: store.routing.secret(deployment),
        deployment,
        params.get("timeout_seconds", _PATIENCE),
    )


@dataclass(slots=True)
class Reply:
    """An answer on its way through. What it used is known at its end; before, it is guessed from what has passed."""

    target: Target
    response: httpx2.Response
    prompt_tokens: int
    usage: dict[str, Any] = field(default_factory=dict)
    pieces: int = 0
    status: Status = "cancelled"
    error: str | None = "client_gone"
    first_token_ms: int | None = None

    def whole(self) -> bytes:
        """The answer that was not asked for as a stream."""
        if self.response.is_success:
            self.status, self.error = "success", None
            self.usage = self.response.json().get("usage") or {}
        else:
            self.status, self.error, self.prompt_tokens = "failure", f"upstream_{self.response.status_code}", 0
        return self.response.content

    async def events(self, elapsed_ms: Callable[[], int], *, usage: bool) -> AsyncGenerator[bytes]:
        """The events, each as soon as it is there; the one that tells the usage only for those who asked for it."""
        with suppress(httpx2.TransportError, ValueError):  # what is no event, or half of one
            async for line in _lines(self.response):
                if line.startswith(b"data:") and (self._note(line[5:].strip(), elapsed_ms) or usage):
                    yield line + b"\n\n"
        if self.status != "success":  # and not because of the client: then we would not come here
            self.status, self.error = "failure", "upstream_broke_off"
            yield b"data: %s\n\n" % json.dumps(Problem(502, self.error, "the provider broke off").body()).encode()

    def _note(self, text: bytes, elapsed_ms: Callable[[], int]) -> bool:
        """Whether an event is more than a note on the usage, which is kept."""
        if text == b"[DONE]":
            self.status, self.error = "success", None
            return True
        event = json.loads(text)
        self.usage = event.get("usage") or self.usage
        if event.get("choices"):
            self.pieces += 1
            self.first_token_ms = self.first_token_ms if self.first_token_ms is not None else elapsed_ms()
        return bool(event.get("choices")) or "usage" not in event

    def outcome(self) -> Outcome:
        """What came of the request so far."""
        details = self.usage.get("prompt_tokens_details") or {}
        prompt = self.usage.get("prompt_tokens", self.prompt_tokens)
        completion = self.usage.get("completion_tokens", self.pieces)
        cached = details.get("cached_tokens") or 0
        deployment = self.target.deployment
        return Outcome(
            status=self.status,
            cost=self.target.cost(prompt, completion, cached),
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
            model_id=deployment.id if deployment else None,
            provider=deployment.provider if deployment else "",
            error_code=self.error,
            first_token_ms=self.first_token_ms,
        )


@asynccontextmanager
async def reached(
    http: httpx2.AsyncClient, targets: Sequence[Target], body: dict[str, Any], *, prompt_tokens: int
) -> AsyncIterator[Reply]:
    """The reply of the first target that has one; its connection is closed at the end. Raises Problem."""
    failures = []
    for target in targets:
        try:
            response = await _send(http, target, body)
        except (httpx2.TransportError, GatewayError) as error:
            failures.append(f"{target.model}: {type(error).__name__}")
            continue
        try:
            if response.is_success or response.status_code in _CALLERS_FAULT:
                yield Reply(target, response, prompt_tokens)
                return
        finally:
            await response.aclose()
        failures.append(f"{target.model}: {response.status_code}")
    raise Problem(502, "upstream_failed", f"no deployment answered ({', '.join(failures)})", retry_after=1)


async def _send(http: httpx2.AsyncClient, target: Target, body: dict[str, Any]) -> httpx2.Response:
    secret = target.secret()
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    named = body | {"model": target.model}
    url = f"{target.url}/chat/completions"
    request = http.build_request("POST", url, json=named, headers=headers, timeout=target.timeout)
    response = await http.send(request, stream=True)
    if not (body.get("stream") and response.is_success):
        await response.aread()
    return response


async def _lines(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The lines as SSE has them; those of httpx2 end at every character that Unicode calls a line's end, too."""
    rest = b""
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
