"""Whether a key may be used: from memory, else from the database, else not to be known."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import time
from typing import TYPE_CHECKING

from gateway.client.keys import authorize_key
from gateway.errors import Away
from gateway.requests.answers import Accepted, Answer, Key, Refusal, Refused, Unknown
from gateway.requests.cache import Cache, Cached

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    from gateway.link import Link
    from gateway.options import Options

LONGEST_SECRET = 512
_SAID = {
    Refusal.UNKNOWN_KEY: "no such key",
    Refusal.SECRET_EXPIRED: "this secret was replaced by a rotation, and its grace is over",
    Refusal.KEY_EXPIRED: "the key has expired",
    Refusal.OVER_BUDGET: "a budget is used up",
}


def hash_secret(secret: str) -> bytes:
    """The 32 bytes by which a secret is known to the database: its SHA-256. Secrets are random, so that is enough."""
    return hashlib.sha256(secret.encode()).digest()


class Access:
    """Answers whether a key may be used. Keys that were asked for lately are answered from memory."""

    def __init__(self, link: Link, options: Options, *, hears: Callable[[], bool]) -> None:
        self._link = link
        self._options = options
        self._hears = hears
        self._gate = asyncio.Semaphore(max(1, options.pool_size // 2))  # keys that nobody has leave room for the others
        self._reading: dict[tuple[bytes, int], asyncio.Task[Key | Away | None]] = {}
        self.cache = Cache(options.cached_keys)

    async def authorize(self, secret: str, *, model: str | None = None) -> Answer:
        """Accepted, Refused with the reason, or Unknown; `model` is the public name, after aliases.

        A key in memory is believed for `fresh_for` seconds. While the database is away it goes on until `stale_for`
        seconds after it was read, and never past its own end.
        """
        if not 0 < len(secret) <= LONGEST_SECRET or not secret.isascii():
            return _refused(Refusal.UNKNOWN_KEY, None)
        digest = hash_secret(secret)
        cached = self.cache.get(digest)
        if cached and self.cache.is_fresh(cached, self._fresh_for()) and not _has_ended(cached.key):
            return _answer(cached.key, model, time.monotonic() - cached.read_at)
        match await self._ask(digest):
            case None:
                self.cache.forget(digest)
                return _refused(Refusal.UNKNOWN_KEY, None)
            case Away() as away:
                return self._without_database(cached, model, away)
            case key:
                return _answer(key, model, 0.0)

    def changed(self, entity: uuid.UUID | None) -> None:
        """Takes in that an organization, team, project, user or key has changed; None: that anything may have."""
        if entity is None:
            self.cache.doubt()
        else:
            self.cache.drop(entity)

    def _fresh_for(self) -> float:
        return self._options.fresh_for if self._hears() else self._options.fresh_unheard

    def _without_database(self, cached: Cached | None, model: str | None, away: Away) -> Answer:
        age = time.monotonic() - cached.read_at if cached else 0.0
        if cached is None or age > self._options.stale_for:
            return Unknown(str(away))
        if _has_ended(cached.key):
            return _refused(Refusal.KEY_EXPIRED, cached.key)
        return _answer(cached.key, model, age)

    async def _ask(self, digest: bytes) -> Key | Away | None:
        """What the database says; those who ask for the same key at once share one statement."""
        question = digest, self.cache.epoch  # what was asked before a notice answers nobody who comes after it
        reading = self._reading.get(question)
        if reading is None:
            reading = self._reading[question] = asyncio.create_task(self._read(digest))
            reading.add_done_callback(lambda _: self._reading.pop(question, None))
        return await asyncio.shield(reading)

    async def _read(self, digest: bytes) -> Key | Away | None:
        try:
            async with asyncio.timeout(self._options.within):
                await self._gate.acquire()
        except TimeoutError:
            return Away("too many keys are looked up at once")
        try:
            read_at, epoch = time.monotonic(), self.cache.epoch
            async with self._link.asking() as connection:
                key = await authorize_key(connection, hash=digest)
        except Away as away:
            return away
        finally:
            self._gate.release()
        if key and key.refusal != Refusal.OVER_BUDGET:
            self.cache.put(digest, key, read_at=read_at, epoch=epoch)
        return key


def _answer(key: Key, model: str | None, age: float) -> Accepted | Refused:
    if key.refusal:
        return _refused(Refusal(key.refusal), key)
    if model is not None and not is_allowed(key, model):
        return Refused(Refusal.MODEL_NOT_ALLOWED, f"the key may not use the model {model}", key)
    return Accepted(key, age)


def is_allowed(key: Key, model: str) -> bool:
    """Whether every level that names models names this one."""
    levels = (
        key.key_allowed_models,
        key.project_allowed_models,
        key.team_allowed_models,
        key.organization_allowed_models,
        key.user_allowed_models,
    )
    return all(allowed is None or model in allowed for allowed in levels)


def _refused(why: Refusal, key: Key | None) -> Refused:
    return Refused(why, _SAID.get(why, f"the {why.replace('_', ' is ')}"), key)


def _has_ended(key: Key) -> bool:
    """Whether it was to end before now, by the clock of this machine."""
    now = dt.datetime.now(dt.UTC)
    return any(end is not None and end <= now for end in (key.expires_at, key.secret_valid_until))
