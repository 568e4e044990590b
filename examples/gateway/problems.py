"""What goes wrong, said as OpenAI says it, so that its client libraries raise what their users expect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from gateway import Refusal
from gateway.errors import Away, BadValue, Changed, InUse, NotFound, SpoolFull, SpoolUnusable, Taken

if TYPE_CHECKING:
    from starlette.requests import Request

    from gateway import Refused

_RETRY = 2  # seconds: the store looks for its database at least as often
_NO_KEY = {Refusal.UNKNOWN_KEY, Refusal.KEY_DELETED, Refusal.KEY_EXPIRED, Refusal.SECRET_EXPIRED}
_TOO_MUCH = {Refusal.TOO_MANY_REQUESTS, Refusal.TOO_MANY_TOKENS, Refusal.TOO_MANY_AT_ONCE}
_STATUS: dict[type[Exception], int] = {
    Away: 503,
    SpoolFull: 503,
    SpoolUnusable: 503,
    NotFound: 404,
    Taken: 409,
    Changed: 409,
    InUse: 409,
    BadValue: 400,
}


class Problem(Exception):
    """A request that ends with an error; `retry_after` seconds may mend it, None: trying again will not."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after = status, code, retry_after

    def body(self) -> dict[str, object]:
        """The error as OpenAI writes it."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"  # noqa: PLR2004  # HTTP's own border
        return {"error": {"message": str(self), "type": kind, "param": None, "code": self.code}}


def refusal(refused: Refused) -> Problem:
    """The problem of a request that the store refuses.

    A used-up budget is 429 with `insufficient_quota`, as at OpenAI, whose users look for just that in a RateLimitError;
    402 would reach them as an error without a name. Unlike a rate limit it is not to be tried again.
    """
    why = refused.why
    if why in _NO_KEY:
        return Problem(401, "invalid_api_key", refused.detail)
    if why is Refusal.OVER_BUDGET:
        return Problem(429, "insufficient_quota", refused.detail)
    if why in _TOO_MUCH:
        return Problem(429, "rate_limit_exceeded", refused.detail, retry_after=refused.retry_after)
    return Problem(403, why.value, refused.detail)


def unknown() -> Problem:
    """The problem of a request of which nothing can be known now: never that its key is wrong. /health says why."""
    return Problem(503, "database_away", "keys cannot be looked up now; try again", retry_after=_RETRY)


async def show(_request: Request, error: Exception) -> JSONResponse:
    """The answer for a Problem, and for what the store raises."""
    if not isinstance(error, Problem):
        status = next((number for kind, number in _STATUS.items() if isinstance(error, kind)), 500)
        again = _RETRY if status == 503 else None  # noqa: PLR2004  # as above
        error = Problem(status, type(error).__name__, str(error), retry_after=again)
    return JSONResponse(error.body(), error.status, _headers(error))


def _headers(problem: Problem) -> dict[str, str]:
    if problem.retry_after is not None:
        return {"retry-after": str(max(1, math.ceil(problem.retry_after)))}
    # OpenAI's libraries heed it, and would try any other 429 again.
    return {"x-should-retry": "false"} if problem.code == "insufficient_quota" else {}
