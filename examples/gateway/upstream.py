"""A provider that costs nothing: OpenAI's chat completions, answered by rule.

It repeats the last message, and a token is a word. The model's name says how it behaves: `echo` answers, `echo-limp`
begins and then is silent for ever, `echo-drop` breaks off in the middle, `echo-fail` is out of order, `echo-strict`
finds fault with every request. `/seen` tells who asked for what, and how each request ended.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

_FAULTS = {"echo-fail": 503, "echo-strict": 400}


async def complete(request: Request) -> Response:
    """The last message again, whole or as a stream, with its use in words."""
    asked = await request.json()
    seen = {"model": asked["model"], "secret": request.headers.get("authorization", "")[7:], "end": "begun"}
    request.app.state.seen.append(seen)
    if asked["model"] in _FAULTS:
        seen["end"] = "refused"
        return JSONResponse({"error": {"message": f"{asked['model']} says no"}}, _FAULTS[asked["model"]])
    if asked.get("stream"):
        return StreamingResponse(_events(asked, seen), media_type="text/event-stream")
    return StreamingResponse(_whole(asked, seen), media_type="application/json")


async def _whole(asked: dict[str, Any], seen: dict[str, str]) -> AsyncIterator[str]:
    message = {"role": "assistant", "content": asked["messages"][-1]["content"]}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    text = json.dumps(_body(asked, "chat.completion") | {"choices": [choice], "usage": _usage(asked)})
    yield text[:20]
    await _misbehave(asked, seen)
    yield text[20:]
    seen["end"] = "done"


async def _events(asked: dict[str, Any], seen: dict[str, str]) -> AsyncIterator[str]:
    head = _body(asked, "chat.completion.chunk")
    for number, word in enumerate(asked["messages"][-1]["content"].split()):
        if number:
            await _misbehave(asked, seen)
        choice = {"index": 0, "delta": {"content": f"{word} "}, "finish_reason": None}
        yield _event(head | {"choices": [choice]})
    yield _event(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield _event(head | {"choices": [], "usage": _usage(asked)})
    yield "data: [DONE]\n\n"
    seen["end"] = "done"


async def _misbehave(asked: dict[str, Any], seen: dict[str, str]) -> None:
    if asked["model"] == "echo-drop":
        seen["end"] = "dropped"
        raise ConnectionError("broken off, as asked")
    if asked["model"] == "echo-limp":
        try:
            await asyncio.Event().wait()
        finally:
            seen["end"] = "left"


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body)}\n\n"


def _body(asked: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-echo", "object": kind, "created": 0, "model": asked["model"]}


def _usage(asked: dict[str, Any]) -> dict[str, int]:
    prompt = sum(len(message["content"].split()) for message in asked["messages"])
    completion = len(asked["messages"][-1]["content"].split())
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def tell_seen(request: Request) -> Response:
    """The requests so far, in the order in which they came."""
    return JSONResponse(request.app.state.seen)


def provider() -> Starlette:
    """The provider as an application."""
    routes = [Route("/v1/chat/completions", complete, methods=["POST"]), Route("/seen", tell_seen)]
    app = Starlette(routes=routes)
    app.state.seen = []
    return app
