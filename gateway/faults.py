"""What an error of the driver says of the database: that it is away, that it refuses us, or that the moment was bad."""

from __future__ import annotations

import ssl

import asyncpg

from gateway.errors import Away

_AWAY = (
    "08",
    "57P01",
    "57P02",
    "57P03",
    "53300",
    "25006",
)  # lost, shut down, starting, full, read-only: not for us now
_REFUSED = ("28", "3D000", "42501")  # the role, the database, the right to connect
_PASSING = ("40", "53", "55P03", "57014", "57P05", "25P03", "58", "0A000")  # deadlock, disk, lock, time limit, old plan


def is_away(error: BaseException) -> bool:
    """Whether an error means that the database cannot be asked now, and not that a statement is wrong."""
    match error:
        case asyncpg.PostgresError():
            return _has(error, _AWAY)
        case asyncpg.TargetServerAttributeNotMatched():
            return True
        case asyncpg.InterfaceError():
            return not isinstance(error, ValueError | TypeError)  # of an argument
        case _:
            return isinstance(error, OSError | TimeoutError) and not isinstance(error, ssl.SSLError)


def is_refusal(error: BaseException) -> bool:
    """Whether a connection was refused for a reason that waiting does not mend."""
    return isinstance(error, asyncpg.PostgresError) and _has(error, _REFUSED)


def is_passing(error: BaseException) -> bool:
    """Whether a statement may well work when it is tried again."""
    return isinstance(error, asyncpg.PostgresError) and _has(error, _PASSING)


def _has(error: asyncpg.PostgresError, states: tuple[str, ...]) -> bool:
    return (error.sqlstate or "").startswith(states)


def words(error: BaseException) -> str:
    """The error as a reason that people read."""
    match error:
        case Away():
            return str(error)
        case TimeoutError():
            return "the database does not answer in time"
        case OSError():
            return f"the database cannot be reached: {error.strerror or error}"
        case _:
            return f"the database is away: {error}"
