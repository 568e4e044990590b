"""Waiting well: growing, jittered pauses up to a limit, with a word to people now and then."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
FIRST_WORD, _NEXT_WORD = 0.5, 10.0  # seconds; with the longest pause, the first word comes within 1.5


class Patience:
    """Pauses between tries of one thing. `limit_ms` None waits without end.

    A pause is a `share` of what was waited so far, from `first_pause` to a second: with 1 the pauses double.
    `waited`: somebody did, once. `waiting`: somebody does, right now; whoever waits says so.
    """

    def __init__(
        self,
        limit_ms: int | None,
        tell: Callable[[str], None],
        *,
        first_pause: float = _FIRST_PAUSE,
        share: float = 1.0,
        first_word: float = FIRST_WORD,
    ) -> None:
        self._limit = None if limit_ms is None else limit_ms / 1000
        self._tell = tell
        self._first_pause, self._share, self._first_word = first_pause, share, first_word
        self._quiet_until = 0.0
        self.waited = self.waiting = False
        self.renew()

    def renew(self) -> None:
        """Begins again, as what was waited for has come; that it was `waited` for, and said so, stays known."""
        self._start = time.monotonic()

    def left(self) -> float:
        """Seconds until the limit."""
        return 1e9 if self._limit is None else self._limit - self.elapsed()

    def elapsed(self) -> float:
        """Seconds since the waiting began."""
        return time.monotonic() - self._start

    def word_is_due(self) -> bool:
        """Whether people have waited long enough to be told why: soon at first, then every ten seconds."""
        return self.elapsed() >= self._first_word and time.monotonic() >= self._quiet_until

    async def pause(self, why: str) -> bool:
        """Waits a little, with full jitter, and says why if it is time to; False if the limit is reached."""
        import asyncio

        self.waited = True
        if self.left() <= 0:
            return False
        if self.word_is_due():
            self._tell(why)
            self._quiet_until = time.monotonic() + _NEXT_WORD
        longest = max(self._first_pause, min(self._share * self.elapsed(), _LONGEST_PAUSE))
        await asyncio.sleep(min(random.uniform(0.2, 1) * longest, max(self.left(), 0)))  # noqa: S311  # not a secret
        return True
