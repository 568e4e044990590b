"""What is known of one request when it has ended, checked so that the database can keep it."""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, get_args

from gateway.errors import BadRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.client import Json

Status = Literal["success", "failure", "cancelled", "refused"]

_NOBODY = uuid.UUID(int=0)
_MOST = 10**15  # tokens or milliseconds: thousands of such requests still fit into a sum of 64 bits
_TOO_DEAR = 10**10
_FINEST = decimal.Decimal("1e-10")
_EXACT = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)  # whatever the thread's own context is
_UNFIT = re.compile("[\0\ud800-\udfff]")
_LONGEST_NAME = 200  # three of them, at four bytes a character, still fit into the key of daily_rollups
_LONGEST_END_USER = 256


class Charge(StrEnum):
    """How the cost of a request gets into the budgets."""

    ADD = "add"
    """Nothing is reserved: it is added to all budgets of everybody whom the record names."""
    SETTLE = "settle"
    """The request holds a reservation: the cost takes its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRecord:
    """One request: who made it, what came of it, what it cost. The fields are those of spend_logs.

    Raises BadRecord for what the database could not keep, or what would keep others from being counted. Characters
    that it cannot keep, U+0000 and halves of surrogate pairs, become U+FFFD. Names that a caller chooses are cut:
    model_name, provider and endpoint at 200 characters, end_user at 256. The cost is rounded to ten decimal places, so
    that the sum of the rows is the sum of what was added to the budgets.
    """

    started_at: dt.datetime
    """With a time zone. A request is known by this and its id: recorded twice, it is counted once."""
    request_id: uuid.UUID
    model_name: str
    endpoint: str
    status: Status
    duration_ms: int
    cost: decimal.Decimal = decimal.Decimal(0)
    charge: Charge = Charge.ADD
    key_id: uuid.UUID | None = None
    organization_id: uuid.UUID | None = None
    team_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    membership_id: uuid.UUID | None = None
    end_user: str | None = None
    """The name that the caller gave."""
    model_id: uuid.UUID | None = None
    provider: str = ""
    provider_response_id: str | None = None
    error_code: str | None = None
    cache_hit: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    first_token_ms: int | None = None
    session_id: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] | None = None
    """The body that the caller sent, where contents are kept."""
    response: Json = None
    """The body that went back: an object, or an array of the pieces of a stream."""

    def __post_init__(self) -> None:
        for name in _RULES:
            value = getattr(self, name)
            kept = keepable(name, value)
            if kept is not value:
                object.__setattr__(self, name, kept)
        if self.cached_tokens > self.prompt_tokens:
            raise BadRecord(f"cached_tokens, {self.cached_tokens}, are part of prompt_tokens, {self.prompt_tokens}")


def keepable(name: str, value: Any) -> Any:
    """The value of a field of SpendRecord as it can be kept. Raises BadRecord."""
    try:
        return _RULES[name](value)
    except (BadRecord, OverflowError) as error:
        raise BadRecord(f"{name} must be {error}, not {value!r:.60}") from error


def clean_end_user(name: str | None) -> str | None:
    """The name of an end user as it stands in the database; None for one without a character."""
    return clean(name)[:_LONGEST_END_USER] or None if name is not None else None


def clean(text: str) -> str:
    """The text with U+FFFD for what PostgreSQL cannot keep."""
    if not isinstance(text, str):
        raise BadRecord("text")
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def _name(value: str) -> str:
    return clean(value)[:_LONGEST_NAME]


def _instant(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime) or value.utcoffset() is None:
        raise BadRecord("a time with a time zone")
    return value if value.tzinfo is dt.UTC else value.astimezone(dt.UTC)


def _id(value: Any) -> uuid.UUID:
    if not isinstance(value, uuid.UUID) or value == _NOBODY:
        raise BadRecord("a UUID that is not all zeros")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise BadRecord(f"a whole number from 0 to {_MOST}")
    return value


def _money(value: Any) -> decimal.Decimal:
    if isinstance(value, decimal.Decimal) and value.is_finite() and 0 <= value < _TOO_DEAR:
        rounded = value.quantize(_FINEST, context=_EXACT)
        if rounded < _TOO_DEAR:
            return rounded
    raise BadRecord(f"a Decimal from 0 to less than {_TOO_DEAR}")


def _status(value: Status) -> Status:
    if value not in get_args(Status):
        raise BadRecord(f"one of {', '.join(get_args(Status))}")
    return value


def _charge(value: Any) -> Charge:
    if not isinstance(value, Charge):
        raise BadRecord("a Charge")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadRecord("True or False")
    return value


def _tags(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise BadRecord("a list of texts")
    return tuple(map(clean, value))


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadRecord("a JSON object")
    return value


def _or_none(rule: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else rule(value)


_RULES: Mapping[str, Callable[[Any], Any]] = {
    "started_at": _instant,
    "request_id": _id,
    "model_name": _name,
    "endpoint": _name,
    "status": _status,
    "duration_ms": _count,
    "cost": _money,
    "charge": _charge,
    "key_id": _or_none(_id),
    "organization_id": _or_none(_id),
    "team_id": _or_none(_id),
    "project_id": _or_none(_id),
    "user_id": _or_none(_id),
    "membership_id": _or_none(_id),
    "end_user": _or_none(clean_end_user),
    "model_id": _or_none(_id),
    "provider": _name,
    "provider_response_id": _or_none(clean),
    "error_code": _or_none(clean),
    "cache_hit": _flag,
    "prompt_tokens": _count,
    "completion_tokens": _count,
    "cached_tokens": _count,
    "first_token_ms": _or_none(_count),
    "session_id": _or_none(clean),
    "tags": _tags,
    "metadata": _object,
    "request": _or_none(_object),
}
