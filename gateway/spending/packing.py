"""Spend records as bytes: how they wait on disk, and how a dead letter holds them."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.errors import BadRecord
from gateway.spending.records import Charge, SpendRecord, clean

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTENTS = ("request", "response")
_OWN = tuple(each.name for each in fields(SpendRecord) if each.name not in _CONTENTS)
_TEXTS = frozenset({"session_id", "provider_response_id"})
_READ: Mapping[str, Callable[[str], Any]] = {
    "started_at": dt.datetime.fromisoformat,
    "cost": decimal.Decimal,
    "charge": Charge,
    **dict.fromkeys((name for name in _OWN if name.endswith("_id") and name not in _TEXTS), uuid.UUID),
}
"""The fields that JSON has no type for: each is written by str and read by this."""
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_NO_RECORD = (ValueError, TypeError, AttributeError, decimal.InvalidOperation, RecursionError)


class Packed(NamedTuple):
    """A record without its contents, and these as the JSON they came in; empty where there are none."""

    record: SpendRecord
    request: str
    response: str


def pack(record: SpendRecord) -> bytes:
    """The record as three lines of JSON: itself, the request, the response; an empty line for contents not kept.

    So the contents, which may be large, are encoded once and never read again. Raises BadRecord for what is not JSON.
    Characters that PostgreSQL cannot keep become U+FFFD, numbers that are none become null.
    """
    own = {name: getattr(record, name) for name in _OWN}
    own |= {name: str(own[name]) for name in _READ if own[name] is not None}
    contents = (getattr(record, name) for name in _CONTENTS)
    return b"\n".join((_encode(own), *(b"" if body is None else _encode(body) for body in contents)))


def unpack(body: bytes) -> Packed:
    """A record from its bytes. Raises BadRecord for bytes that are none."""
    try:
        own, request, response = body.split(b"\n")
        return Packed(_record(json.loads(own)), request.decode(), response.decode())
    except _NO_RECORD as error:
        raise BadRecord(f"these bytes are no spend record: {error}") from error


def to_letter(body: bytes) -> bytes:
    """The bytes of a record as one JSON object; bytes that are none as they are."""
    own, *contents = body.split(b"\n")
    if len(contents) != len(_CONTENTS) or not own.endswith(b"}"):
        return body
    request, response = (each or b"null" for each in contents)
    return own[:-1] + b',"request":' + request + b',"response":' + response + b"}"


def from_letter(payload: bytes) -> SpendRecord:
    """The record in a dead letter, to be recorded anew when what refused it is mended. Raises BadRecord for none."""
    try:
        return _record(json.loads(payload))
    except _NO_RECORD as error:
        raise BadRecord(f"this is no spend record: {error}") from error


def _record(own: dict[str, Any]) -> SpendRecord:
    return SpendRecord(**own | {name: read(own[name]) for name, read in _READ.items() if own.get(name) is not None})


def _encode(value: Any) -> bytes:
    """The value as JSON that PostgreSQL takes; it is gone through only where it may hold what PostgreSQL would not."""
    try:
        line = _JSON.encode(value).encode()
    except (ValueError, TypeError):
        line = b""
    if line and b"\\u0000" not in line:
        return line
    try:
        return _JSON.encode(_fit(value)).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRecord(f"contents and metadata must be JSON: {error}") from error


def _fit(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {clean(key) if isinstance(key, str) else key: _fit(each) for key, each in value.items()}
        case list() | tuple():
            return [_fit(each) for each in value]
        case _:
            return value
