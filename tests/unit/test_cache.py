"""The memory of keys forgets what it must and keeps no more than it may."""

from __future__ import annotations

import dataclasses
import time
import uuid

from gateway.requests.answers import Key
from gateway.requests.cache import Cache

TEAM, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
LONG = 1e9


def key(team: uuid.UUID) -> Key:
    columns = dict.fromkeys(field.name for field in dataclasses.fields(Key))
    return Key(**{**columns, "key_id": uuid.uuid4(), "team_id": team})  # type: ignore[arg-type]


def remember(cache: Cache, digest: bytes, team: uuid.UUID) -> None:
    cache.put(digest, key(team), read_at=time.monotonic(), epoch=cache.epoch)


def test_the_key_that_was_not_used_for_longest_makes_room() -> None:
    cache = Cache(2)
    remember(cache, b"a", TEAM)
    remember(cache, b"b", TEAM)
    cache.get(b"a")
    remember(cache, b"c", TEAM)
    assert [cache.get(digest) is not None for digest in (b"a", b"b", b"c")] == [True, False, True]
    assert len(cache) == 2


def test_a_notice_forgets_the_keys_below_and_no_others() -> None:
    cache = Cache(10)
    remember(cache, b"a", TEAM)
    remember(cache, b"b", OTHER)
    cache.drop(TEAM)
    assert cache.get(b"a") is None
    assert cache.get(b"b")
    cache.drop(uuid.UUID(int=0))
    assert len(cache) == 0


def test_what_was_asked_before_a_notice_is_not_remembered_after_it() -> None:
    cache = Cache(10)
    epoch, asked_at = cache.epoch, time.monotonic()
    cache.drop(TEAM)
    cache.put(b"a", key(TEAM), read_at=asked_at, epoch=epoch)
    assert cache.get(b"a") is None


def test_a_doubted_key_is_not_fresh_and_still_there() -> None:
    cache = Cache(10)
    remember(cache, b"a", TEAM)
    cached = cache.get(b"a")
    assert cached
    assert cache.is_fresh(cached, LONG)
    cache.doubt()
    assert not cache.is_fresh(cached, LONG)
    assert cache.get(b"a") == cached
    cache.put(b"b", key(TEAM), read_at=cached.read_at, epoch=cache.epoch)
    late = cache.get(b"b")
    assert late
    assert not cache.is_fresh(late, LONG)


def test_nothing_is_left_of_what_is_forgotten() -> None:
    cache = Cache(10)
    for number in range(50):
        remember(cache, bytes([number]), uuid.uuid4())
        remember(cache, bytes([number]), uuid.uuid4())
    cache.drop(uuid.UUID(int=0))
    assert not cache._of  # noqa: SLF001
