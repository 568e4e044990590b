"""A request on its way: what it asks for, what it holds, and what came of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from gateway.errors import Away
from gateway.requests.answers import Key, Refusal, Refused, Unknown
from gateway.requests.budgets import Reserved, scopes_of
from gateway.requests.limits import Hit, Slots, limits_of, parallel_limits_of
from gateway.spending.records import Charge, SpendRecord, keepable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AsyncExitStack
    from types import TracebackType

    from gateway.client import Json
    from gateway.requests.admission import Admission
    from gateway.spending.records import Status

_log = logging.getLogger("gateway")
_SLOTS_LAST = dt.timedelta(seconds=60)
_RESERVATION_LASTS = dt.timedelta(minutes=10)
_KEPT_AS = {
    "model": "model_name",
    "endpoint": "endpoint",
    "tokens": "prompt_tokens",
    "cost": "cost",
    "end_user": "end_user",
    "session_id": "session_id",
    "tags": "tags",
}
_RENEW_EVERY = 20.0  # seconds: three times within the life of a slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks for; tokens and cost are estimates, corrected when it has ended.

    Raises BadRecord for what could not be recorded afterwards, as long as nobody has been paid.
    """

    secret: str = field(repr=False)
    model: str
    """The public name, after aliases."""
    endpoint: str
    tokens: int = 0
    cost: Decimal = Decimal(0)
    end_user: str | None = None
    """The name that the caller gives to whoever the request is for."""
    session_id: str | None = None
    tags: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name, rule in _KEPT_AS.items():
            object.__setattr__(self, name, keepable(rule, getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a request; the fields are those of SpendRecord."""

    status: Status
    cost: Decimal = Decimal(0)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    model_id: uuid.UUID | None = None
    provider: str = ""
    provider_response_id: str | None = None
    error_code: str | None = None
    first_token_ms: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] | None = None
    response: Json = None


CANCELLED = Outcome(status="cancelled", error_code="abandoned")


class Request:
    """A request that may go on. Use it as `async with`, and call `finish` once: else it counts as cancelled.

    `enforced` is False where the database went away meanwhile, and limits or budgets could not be asked. What it holds
    is renewed from `async with` on, and ends by itself if it is never begun.
    """

    def __init__(self, door: Admission, asked: Asked, key: Key) -> None:
        self.id = uuid.uuid4()
        self.started_at = dt.datetime.now(dt.UTC)
        self.asked = asked
        self.enforced = True
        self.key = key
        self.finished = False
        self._began = time.monotonic()
        self._door = door
        self._end_user_id: uuid.UUID | None = None
        self._hit = Hit((), 0)
        self._slots = Slots(self.id, ())
        self._reserved = Reserved(self.id, Decimal(0), holds=False)
        self._in_doubt = False
        self._renewing: asyncio.Task[None] | None = None

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since it was accepted."""
        return round((time.monotonic() - self._began) * 1000)

    async def __aenter__(self) -> Self:
        if self._reserved.holds or self._slots.places:
            self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.finished:
            await self.finish(CANCELLED)

    async def finish(self, outcome: Outcome) -> None:
        """Records what came of it, which is then safe, and gives back what it holds. The second call does nothing.

        Raises BadRecord, or SpoolFull or SpoolUnusable where it could not be kept.
        """
        if self.finished:
            return
        self.finished = True
        if self._renewing:
            self._renewing.cancel()
        try:
            self._door.spend.record(self.record(outcome))
        finally:  # also where whoever waits here is cancelled time and again, as by anyio for a client that has gone
            await asyncio.shield(self._give_back(outcome.prompt_tokens + outcome.completion_tokens))

    async def _give_back(self, tokens: int) -> None:
        await _whatever_happens(lambda: self._door.parallel.release(self._slots))
        await _whatever_happens(lambda: self._door.rates.settle(self._hit, tokens=tokens))
        await self._release_doubtful()

    async def _release_doubtful(self) -> None:
        if self._in_doubt:
            await _whatever_happens(lambda: self._door.budgets.release([self.id]))

    def record(self, outcome: Outcome) -> SpendRecord:
        """The request and its outcome, as it is kept."""
        key, asked = self.key, self.asked
        return SpendRecord(
            started_at=self.started_at,
            request_id=self.id,
            model_name=asked.model,
            endpoint=asked.endpoint,
            duration_ms=self.elapsed_ms,
            charge=Charge.SETTLE if self._reserved.holds else Charge.ADD,
            key_id=key.key_id,
            organization_id=key.organization_id,
            team_id=key.team_id,
            project_id=key.project_id,
            user_id=key.user_id,
            membership_id=key.membership_id,
            end_user=asked.end_user,
            session_id=asked.session_id,
            tags=asked.tags,
            **{name: getattr(outcome, name) for name in Outcome.__slots__},
        )

    async def enter(self, undo: AsyncExitStack) -> Refused | None:
        """Passes the limits and budgets one after the other; `undo` gives back what was passed."""
        for step in (self._pass_end_user, self._pass_rates, self._pass_parallel, self._pass_budgets):
            answer = await step(self.key, undo)
            if isinstance(answer, Refused):
                return answer
            if isinstance(answer, Unknown):
                self.enforced = False
        return None

    async def _pass_end_user(self, key: Key, _undo: AsyncExitStack) -> Refused | Unknown | None:
        name = self.asked.end_user
        if name is None:
            return None
        try:
            known = await self._door.end_users.find(name, key.organization_id)
        except Away as away:
            return Unknown(str(away))
        if known and known.blocked_at:
            return Refused(Refusal.END_USER_BLOCKED, f"the end user {name} is blocked", key)
        self._end_user_id = known.id if known else None
        return None

    async def _pass_rates(self, key: Key, undo: AsyncExitStack) -> Refused | Unknown | None:
        answer = await self._door.rates.hit(limits_of(key, tokens=self.asked.tokens), key=key)
        if not isinstance(answer, Hit):
            return answer
        self._hit = answer
        undo.push_async_callback(_whatever_happens, lambda: self._door.rates.refund(answer))
        return None

    async def _pass_parallel(self, key: Key, undo: AsyncExitStack) -> Refused | Unknown | None:
        asked = parallel_limits_of(key)
        # As long as nothing else is known it may hold them all: who is cancelled in the middle, or has no answer.
        self._slots = Slots(self.id, tuple((subject, 0) for subject in asked))
        undo.push_async_callback(_whatever_happens, lambda: self._door.parallel.release(self._slots))
        answer = await self._door.parallel.acquire(self.id, asked, ttl=_SLOTS_LAST, key=key)
        if isinstance(answer, Refused):
            self._slots = Slots(self.id, ())
        if not isinstance(answer, Slots):
            return answer
        self._slots = answer
        return None

    async def _pass_budgets(self, key: Key, undo: AsyncExitStack) -> Refused | Unknown | None:
        scopes = scopes_of(key, self._end_user_id)
        self._in_doubt = bool(scopes)
        undo.push_async_callback(self._release_doubtful)
        answer = await self._door.budgets.reserve(self.id, self.asked.cost, scopes, ttl=_RESERVATION_LASTS, key=key)
        self._in_doubt = isinstance(answer, Unknown)
        if not isinstance(answer, Reserved):
            return answer
        self._reserved = answer
        return None

    async def _renew(self) -> None:
        """Keeps what a long request holds, until it has finished."""
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            await _whatever_happens(lambda: self._door.parallel.renew(self._slots, ttl=_SLOTS_LAST))
            if self._reserved.holds:
                await _whatever_happens(lambda: self._door.budgets.extend(self.id, ttl=_RESERVATION_LASTS))


async def _whatever_happens(work: Callable[[], Awaitable[object]]) -> None:
    """Does what gives back or keeps what a request holds: to its end, though the request be cancelled meanwhile.

    What fails ends by itself.
    """
    try:
        await asyncio.shield(_awaited(work))
    except Away:
        pass
    except Exception:  # noqa: BLE001  # the request itself has gone well
        _log.exception("what a request holds could not be given back or kept; it ends by itself")


async def _awaited(work: Callable[[], Awaitable[object]]) -> None:
    await work()
