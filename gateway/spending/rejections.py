"""What becomes of spend that the database did not take: by the table that refused it, and the five characters why."""

from __future__ import annotations

from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Literal

import asyncpg

from gateway.errors import Away, GatewayError
from gateway.faults import is_away

if TYPE_CHECKING:
    from collections.abc import Iterator

Target = Literal["end_users", "spend_logs", "spend_log_payloads", "daily_rollups", "api_key_uses", "budget_counters"]
"""The tables that a flush writes, in their order; dead_letters knows the same."""

_FAULTS = frozenset({"21", "22", "23", "27", "38", "39", "44", "54", "P0"})
_CIRCUMSTANCES = frozenset({"08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "55", "57", "58"})
_TOO_MUCH = frozenset({"57014", "53200"})  # it took too long, it took too much memory
_NOT_SENT = "22000"
_NOT_SAID = "XX000"


class Verdict(Enum):
    """What to do with a batch that was refused."""

    LOGGED = "logged"
    """Some of it has been written before: leave that out."""
    NO_PARTITION = "no partition"
    """There is none for one of its days: make it."""
    LATER = "later"
    """It is the server, or somebody else, and not the batch: try again, as long as it takes."""
    SMALLER = "smaller"
    """The batch may be too much for the server: try again, and halve it if that goes on."""
    UNCLEAR = "unclear"
    """It may be either: try again, and take it for a fault of the batch if that goes on."""
    FAULT = "fault"
    """A record is at fault, and will be: find it by halves, and write the others."""


class Rejected(GatewayError):
    """A flush was not written, and nothing of it was; `target` is the table that was being written."""

    def __init__(self, target: Target, error: Exception) -> None:
        super().__init__(f"{target}: {error}")
        self.target = target
        self.error = error

    @property
    def sqlstate(self) -> str:
        """The five characters of the error; those of bad data, for what could not even be sent."""
        if isinstance(self.error, asyncpg.PostgresError):
            return self.error.sqlstate or _NOT_SAID
        return _NOT_SENT if isinstance(self.error, ValueError | TypeError | OverflowError) else _NOT_SAID

    @property
    def verdict(self) -> Verdict:
        """What to do about it."""
        sqlstate = self.sqlstate
        match self.error:
            case asyncpg.UniqueViolationError() if self.target == "spend_logs":
                return Verdict.LOGGED
            case asyncpg.CheckViolationError(constraint_name=None):
                return Verdict.NO_PARTITION
            case _ if sqlstate in _TOO_MUCH:
                return Verdict.SMALLER
            case _ if sqlstate[:2] in _FAULTS:
                return Verdict.FAULT
            case _ if sqlstate[:2] in _CIRCUMSTANCES:
                return Verdict.LATER
            case _:
                return Verdict.UNCLEAR


@contextmanager
def rejecting(target: Target) -> Iterator[None]:
    """Turns an error into Rejected, unless it is one, or says that the database is away."""
    try:
        yield
    except (Away, Rejected):
        raise
    except Exception as error:
        if is_away(error):
            raise
        raise Rejected(target, error) from error
