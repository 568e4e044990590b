"""Limits on requests and tokens a minute, and on requests at once: exact over all instances."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gateway.client import limits
from gateway.errors import Away
from gateway.requests.answers import Key, Refusal, Refused, Unknown

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import timedelta

    from gateway.client.limits import HitRateLimitsRow
    from gateway.link import Link

_MINUTE = 60  # seconds
_TRIES = 10  # for slots that others take in the same moment
_METRIC_REFUSALS = {"requests": Refusal.TOO_MANY_REQUESTS, "tokens": Refusal.TOO_MANY_TOKENS}


@dataclass(frozen=True, slots=True)
class Limit:
    """So much of a metric, `requests` or `tokens`, in every window; `cost` is what this request takes of it."""

    subject: str
    metric: str
    allowed: int
    cost: int = 1
    window_seconds: int = _MINUTE


@dataclass(frozen=True, slots=True)
class Hit:
    """A request was counted, in these windows; none where there is no limit."""

    windows: tuple[HitRateLimitsRow, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Slots:
    """The places of a request among those in flight: subject and number each."""

    request_id: uuid.UUID
    places: tuple[tuple[str, int], ...]


class _Level(NamedTuple):
    """What may be used at one level above a key, or by the key itself; None: no limit."""

    subject: str
    requests: int | None
    tokens: int | None
    at_once: int | None


def _levels(key: Key) -> tuple[_Level, ...]:
    return (
        _Level(f"key:{key.key_id}", key.key_requests_per_minute, key.key_tokens_per_minute, key.key_max_parallel),
        _Level(
            f"project:{key.project_id}",
            key.project_requests_per_minute,
            key.project_tokens_per_minute,
            key.project_max_parallel,
        ),
        _Level(f"team:{key.team_id}", key.team_requests_per_minute, key.team_tokens_per_minute, key.team_max_parallel),
        _Level(
            f"organization:{key.organization_id}",
            key.organization_requests_per_minute,
            key.organization_tokens_per_minute,
            key.organization_max_parallel,
        ),
        _Level(f"user:{key.user_id}", key.user_requests_per_minute, key.user_tokens_per_minute, key.user_max_parallel),
    )


def limits_of(key: Key, *, tokens: int) -> list[Limit]:
    """The limits that a request with a key falls under, at every level that has one."""
    found: list[Limit] = []
    for level in _levels(key):
        if level.requests is not None:
            found.append(Limit(level.subject, "requests", level.requests))
        if level.tokens is not None:
            found.append(Limit(level.subject, "tokens", level.tokens, tokens))
    return found


def parallel_limits_of(key: Key) -> dict[str, int]:
    """How many requests may be in flight at once under each subject that has a limit."""
    return {level.subject: level.at_once for level in _levels(key) if level.at_once is not None}


class RateLimits:
    """Counts requests and tokens in windows that all instances share."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def hit(self, asked: Sequence[Limit], *, key: Key | None = None) -> Hit | Refused | Unknown:
        """Counts a request against all limits or against none; one statement. A limit may be named once."""
        if not asked:
            return Hit((), 0)
        try:
            async with self._link.asking() as connection:
                rows = await limits.hit_rate_limits(
                    connection,
                    subjects=[each.subject for each in asked],
                    metrics=[each.metric for each in asked],
                    window_seconds=[each.window_seconds for each in asked],
                    costs=[each.cost for each in asked],
                    allowed=[each.allowed for each in asked],
                )
        except Away as away:
            return Unknown(str(away))
        costs = {(each.subject, each.metric, each.window_seconds): each.cost for each in asked}
        full = [row for row in rows if not row.counted and row.used + costs[_name(row)] > row.allowed]
        if not full and all(row.counted for row in rows):
            return Hit(tuple(rows), next((each.cost for each in asked if each.metric == "tokens"), 0))
        with suppress(Away):
            await self._give_back({row: costs[_name(row)] for row in rows if row.counted})
        return _refused((full or [row for row in rows if not row.counted])[0], key)

    async def settle(self, hit: Hit, *, tokens: int) -> None:
        """Corrects the tokens that were counted to those that were used. Raises Away: then the estimate stands."""
        difference = hit.tokens - tokens
        if difference:
            await self._give_back({row: difference for row in hit.windows if row.metric == "tokens"})

    async def refund(self, hit: Hit) -> None:
        """Takes the counts of a request back that was refused after all. Raises Away: then they stand."""
        await self._give_back({row: hit.tokens if row.metric == "tokens" else 1 for row in hit.windows})

    async def _give_back(self, amounts: dict[HitRateLimitsRow, int]) -> None:
        if not amounts:
            return
        async with self._link.asking() as connection:
            await limits.refund_rate_limits(
                connection,
                subjects=[row.subject for row in amounts],
                metrics=[row.metric for row in amounts],
                window_seconds=[row.window_seconds for row in amounts],
                window_started_ats=[row.window_started_at for row in amounts],
                amounts=list(amounts.values()),
            )


class ParallelLimits:
    """Hands out the places among the requests in flight; who does not renew loses them after `ttl`.

    What could not be given back, as the database was away, is given back before more is taken.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._owed: list[Slots] = []

    async def acquire(
        self, request_id: uuid.UUID, asked: dict[str, int], *, ttl: timedelta, key: Key | None = None
    ) -> Slots | Refused | Unknown:
        """A place under every subject, or under none. `asked`: how many there are of each subject."""
        if not asked:
            return Slots(request_id, ())
        held: dict[str, int] = {}
        try:
            for _ in range(min(len(self._owed), _TRIES)):
                await self.release(self._owed.pop())
            for _ in range(_TRIES):
                async with self._link.asking() as connection:
                    rows = await limits.acquire_slots(
                        connection,
                        subjects=list(asked),
                        max_parallels=list(asked.values()),
                        request_id=request_id,
                        ttl=ttl,
                    )
                held |= (now := {row.subject: row.slot for row in rows if row.slot is not None})
                if len(now) == len(asked):
                    return Slots(request_id, tuple(now.items()))
                full = next((row.subject for row in rows if row.full), None)
                if full:
                    break
            else:
                full = random.choice(list(asked))  # noqa: S311  # all were taken before us, time and again
        except Away as away:
            return Unknown(str(away))
        with suppress(Away):
            await self.release(Slots(request_id, tuple(held.items())))
        return Refused(Refusal.TOO_MANY_AT_ONCE, f"{full} has {asked[full]} requests in flight", key, 1.0)

    async def renew(self, slots: Slots, *, ttl: timedelta) -> bool:
        """Keeps the places of a long request; False: some were lost, as they were not renewed in time. Raises Away."""
        if not slots.places:
            return True
        subjects, numbers = zip(*slots.places, strict=True)
        async with self._link.asking() as connection:
            kept = await limits.renew_slots(
                connection, subjects=subjects, slots=numbers, request_id=slots.request_id, ttl=ttl
            )
        return kept == len(slots.places)

    async def release(self, slots: Slots) -> None:
        """Gives the places back. Raises Away: then that is done later, or they end by themselves."""
        if not slots.places:
            return
        subjects = [subject for subject, _ in slots.places]
        try:
            async with self._link.asking() as connection:
                await limits.release_slots(connection, subjects=subjects, request_id=slots.request_id)
        except Away:
            self._owed.append(slots)
            raise


def _name(row: HitRateLimitsRow) -> tuple[str, str, int]:
    return row.subject, row.metric, row.window_seconds


def _refused(row: HitRateLimitsRow, key: Key | None) -> Refused:
    detail = f"{row.subject} may use {row.allowed} {row.metric} in {row.window_seconds} s"
    return Refused(_METRIC_REFUSALS[row.metric], detail, key, max(row.ends_in.total_seconds(), 0.0))
