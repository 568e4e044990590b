"""The keys that this process has seen lately, with how far each can still be believed."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.requests.answers import Key

_EVERYTHING = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Cached:
    """What the database said of a key; `read_at`, when it was asked, by the monotonic clock."""

    key: Key
    read_at: float


class Cache:
    """A bounded memory of keys by the hash of their secret; the one not used for longest goes first.

    `epoch` is raised by every notice: what was asked before a notice and arrives after it may already be wrong.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: OrderedDict[bytes, Cached] = OrderedDict()
        self._of: defaultdict[uuid.UUID, set[bytes]] = defaultdict(set)
        self._doubted_at = 0.0
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, digest: bytes) -> Cached | None:
        """What is remembered, however old."""
        cached = self._keys.get(digest)
        if cached:
            self._keys.move_to_end(digest)
        return cached

    def is_fresh(self, cached: Cached, seconds: float) -> bool:
        """Whether it was read within so many seconds, and nobody has doubted it since."""
        return cached.read_at > self._doubted_at and time.monotonic() - cached.read_at < seconds

    def put(self, digest: bytes, key: Key, *, read_at: float, epoch: int) -> None:
        """Remembers what was asked for at `read_at`; not if a notice has come since, when it was `epoch`."""
        if epoch != self.epoch:
            return
        self.forget(digest)
        self._keys[digest] = Cached(key, read_at)
        for entity in _entities(key):
            self._of[entity].add(digest)
        if len(self._keys) > self._size:
            self.forget(next(iter(self._keys)))

    def forget(self, digest: bytes) -> None:
        """Drops one key, if it is there."""
        cached = self._keys.pop(digest, None)
        for entity in _entities(cached.key) if cached else ():
            self._of[entity].discard(digest)
            if not self._of[entity]:
                del self._of[entity]

    def drop(self, entity: uuid.UUID) -> None:
        """Drops every key that this organization, team, project, user or key decides about; all zeros: every key."""
        self.epoch += 1
        for digest in list(self._of.get(entity, ())):
            self.forget(digest)

    def doubt(self) -> None:
        """Lets every key be read again before it is believed; while that cannot be done, they are all there is."""
        self._doubted_at = time.monotonic()


def _entities(key: Key) -> set[uuid.UUID]:
    above = (key.key_id, key.project_id, key.team_id, key.organization_id, key.user_id, key.membership_id)
    return {_EVERYTHING, *filter(None, above)}
