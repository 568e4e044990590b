"""What a request asks for, read and weighed before anybody is bothered with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from examples.gateway.problems import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

_BYTES_A_TOKEN = 4  # of English, roughly
_SOME_TOKENS = 256  # of an answer whose length nobody has limited
_MOST_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """A request for a chat completion. The tokens are guesses, for limits and budgets until the real ones are known."""

    secret: str
    model: str
    body: dict[str, Any]
    """As it goes to a provider: a stream is always asked to tell its usage."""
    wants_usage: bool
    """Whether the caller, too, is to hear it."""
    prompt_tokens: int
    completion_tokens: int

    @property
    def streamed(self) -> bool:
        """Whether the answer is to come in pieces."""
        return bool(self.body.get("stream"))

    @property
    def end_user(self) -> str | None:
        """Whom the caller asks for."""
        user = self.body.get("user")
        return user if isinstance(user, str) else None


async def read_call(request: Request) -> Call:
    """The request, if it makes sense. Raises Problem."""
    text = await request.body()
    body = as_object(text)
    model, messages, options = body.get("model"), body.get("messages"), body.get("stream_options") or {}
    if not isinstance(model, str) or not isinstance(messages, list) or not isinstance(options, dict):
        raise Problem(400, "invalid_body", "a request has a model, messages, and as stream_options an object")
    longest = body.get("max_completion_tokens") or body.get("max_tokens") or _SOME_TOKENS
    if type(longest) is not int or not 0 < longest <= _MOST_TOKENS:
        raise Problem(400, "invalid_body", f"max_tokens is a number from 1 to {_MOST_TOKENS}")
    if body.get("stream"):
        body["stream_options"] = options | {"include_usage": True}
    usage = bool(options.get("include_usage"))
    return Call(secret_of(request), model, body, usage, len(text) // _BYTES_A_TOKEN, longest)


def secret_of(request: Request) -> str:
    """The key that a request came with. Raises Problem where it has none."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Problem(401, "invalid_api_key", "send your key as: Authorization: Bearer sk-…")
    return secret.strip()


def as_object(text: bytes) -> dict[str, Any]:
    """A body that is a JSON object. Raises Problem."""
    try:
        body = json.loads(text or b"{}")
    except ValueError as error:
        raise Problem(400, "invalid_body", f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise Problem(400, "invalid_body", "the body is no JSON object")
    return body
