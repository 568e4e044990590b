"""Spend records: what the database can keep, and nothing else, there and back as bytes."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import uuid
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRecord
from gateway.spending.packing import from_letter, pack, to_letter, unpack
from gateway.spending.records import Charge, SpendRecord, clean, clean_end_user

NOW = dt.datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
AUCKLAND = dt.timezone(dt.timedelta(hours=13))
ODD = "\N{REPLACEMENT CHARACTER}"


def record(**fields: Any) -> SpendRecord:
    """A record, with some fields as given."""
    least = {
        "started_at": NOW,
        "request_id": uuid.UUID(int=1),
        "model_name": "small",
        "endpoint": "/v1/chat/completions",
        "status": "success",
        "duration_ms": 12,
    }
    return SpendRecord(**{**least, **fields})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("cost", decimal.Decimal("NaN"), id="a cost that is no number"),
        pytest.param("cost", decimal.Decimal("sNaN"), id="a cost that is no number and says so"),
        pytest.param("cost", decimal.Decimal("Infinity"), id="a cost without end"),
        pytest.param("cost", decimal.Decimal("-0.0000000001"), id="a cost below zero"),
        pytest.param("cost", decimal.Decimal(10**10), id="a cost that the column cannot hold"),
        pytest.param("cost", decimal.Decimal("9999999999.99999999999"), id="a cost that it cannot hold once rounded"),
        pytest.param("cost", 0.5, id="a cost in binary"),
        pytest.param("started_at", NOW.replace(tzinfo=None), id="a time without a time zone"),
        pytest.param("started_at", dt.datetime.max.replace(tzinfo=dt.timezone(-dt.timedelta(hours=1))), id="no time"),
        pytest.param("started_at", NOW.date(), id="a day"),
        pytest.param("request_id", "1", id="an id that is no UUID"),
        pytest.param("request_id", None, id="no id"),
        pytest.param("team_id", uuid.UUID(int=0), id="an id that stands for nobody"),
        pytest.param("prompt_tokens", -1, id="tokens below zero"),
        pytest.param("prompt_tokens", 1.5, id="half a token"),
        pytest.param("prompt_tokens", True, id="a truth for a number"),
        pytest.param("completion_tokens", 2**63 - 1, id="tokens of which no two would fit into a sum"),
        pytest.param("duration_ms", None, id="no duration"),
        pytest.param("cached_tokens", 1, id="more cached tokens than tokens"),
        pytest.param("status", "fine", id="a status that there is not"),
        pytest.param("charge", "add", id="a charge by its name"),
        pytest.param("cache_hit", 1, id="a number for a truth"),
        pytest.param("model_name", None, id="no model"),
        pytest.param("tags", "abc", id="a text for a list of tags"),
        pytest.param("tags", ["a", None], id="a tag that is none"),
        pytest.param("metadata", ["a"], id="metadata that are no object"),
        pytest.param("request", "hello", id="a request that is no object"),
    ],
)
def test_what_no_database_could_keep_is_refused_by_its_name(field: str, value: Any) -> None:
    with pytest.raises(BadRecord, match=field):
        record(**{field: value})


def test_a_cost_is_rounded_to_what_the_database_adds_up_whatever_the_context_of_the_thread() -> None:
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP)):
        costs = [record(cost=decimal.Decimal(text)).cost for text in ("1234.56789012345", "0.00000000005", "7")]

    assert [str(cost) for cost in costs] == ["1234.5678901234", "0E-10", "7.0000000000"]


def test_a_time_is_kept_in_utc_to_the_microsecond() -> None:
    assert record(started_at=NOW.astimezone(AUCKLAND)).started_at.isoformat() == "2026-03-01T12:30:15.123456+00:00"


def test_characters_that_the_database_cannot_keep_are_replaced_in_every_text() -> None:
    texts = ("model_name", "endpoint", "provider", "end_user", "provider_response_id", "error_code", "session_id")

    kept = record(**dict.fromkeys(texts, "a\0b\ud83dc\U0001f600"), tags=["\0", "\udc00x"])

    assert {getattr(kept, name) for name in texts} == {f"a{ODD}b{ODD}c\U0001f600"}
    assert kept.tags == (ODD, f"{ODD}x")


def test_names_that_callers_choose_are_cut_so_that_they_fit_into_every_index() -> None:
    kept = record(**dict.fromkeys(("model_name", "provider", "endpoint", "end_user"), "\U0001f600" * 1000))

    assert {len(name) for name in (kept.model_name, kept.provider, kept.endpoint)} == {200}
    assert len(kept.end_user or "") == 256
    assert clean_end_user("") is None
    assert record(end_user="").end_user is None


CONTENTS = [
    pytest.param({"a": "x\0y"}, {"a": f"x{ODD}y"}, id="a character of zero"),
    pytest.param({"k\0": ["\ud800"]}, {f"k{ODD}": [ODD]}, id="in a key, and half a surrogate pair"),
    pytest.param({"a": math.nan, "b": [math.inf, 1.5]}, {"a": None, "b": [None, 1.5]}, id="numbers that are none"),
    pytest.param({"a": "\\u0000"}, {"a": "\\u0000"}, id="what only looks like a character of zero"),
    pytest.param({"a": "\n\U0001f600\r\n"}, {"a": "\n\U0001f600\r\n"}, id="line ends"),
    pytest.param(MappingProxyType({"a": (1, 2)}), {"a": [1, 2]}, id="a mapping and a tuple"),
    pytest.param({}, {}, id="nothing"),
]


@pytest.mark.parametrize(("given_", "kept"), CONTENTS)
def test_contents_become_json_that_the_database_takes(given_: Any, kept: Any) -> None:
    packed = unpack(pack(record(request=given_, response=[given_], metadata=given_)))

    assert (json.loads(packed.request), json.loads(packed.response)) == (kept, [kept])
    assert packed.record.metadata == kept


def _endless() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param({"at": NOW}, id="a time"),
        pytest.param({"a": {1, 2}}, id="a set"),
        pytest.param({"a": _endless()}, id="without an end"),
        pytest.param({b"a": 1}, id="bytes for a key"),
    ],
)
def test_contents_that_are_no_json_are_refused(contents: dict[Any, Any]) -> None:
    with pytest.raises(BadRecord, match="JSON"):
        pack(record(request=contents))


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
ids = st.none() | st.uuids().filter(lambda each: each.int != 0)
numbers = st.integers(min_value=0, max_value=10**15)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
records = st.builds(
    record,
    started_at=st.datetimes(timezones=st.just(dt.UTC)),
    request_id=st.uuids().filter(lambda each: each.int != 0),
    model_name=words,
    status=st.sampled_from(["success", "failure", "cancelled", "refused"]),
    cost=st.decimals(min_value=0, max_value=decimal.Decimal("9999999999.9999999999"), places=10),
    charge=st.sampled_from(Charge),
    **dict.fromkeys(
        ("key_id", "organization_id", "team_id", "project_id", "user_id", "membership_id", "model_id"), ids
    ),
    end_user=st.none() | words,
    provider_response_id=st.none() | words,
    session_id=st.none() | words,
    cache_hit=st.booleans(),
    prompt_tokens=numbers,
    first_token_ms=st.none() | numbers,
    tags=st.lists(words, max_size=3),
    metadata=st.dictionaries(words, values, max_size=3),
    request=st.none() | st.dictionaries(words, values, max_size=3),
    response=values,
)


@given(records)
def test_a_record_comes_back_from_its_bytes_as_it_was(one: SpendRecord) -> None:
    body = pack(one)
    packed = unpack(body)

    assert packed.record == replace(one, request=None, response=None)
    assert from_letter(to_letter(body)) == one
    assert [packed.request == "", packed.response == ""] == [one.request is None, one.response is None]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n\n", id="three empty lines"),
        pytest.param(b"{}\n\n", id="a record without a field"),
        pytest.param(b"[1]\n\n", id="a list"),
        pytest.param(pack(record()).replace(b'"cost":"0', b'"cost":"x0'), id="a cost that is none"),
        pytest.param(pack(record()).replace(b'"charge":"add"', b'"charge":"steal"'), id="a charge that there is not"),
        pytest.param(pack(record()).replace(b'"tags"', b'"later"'), id="a field of another build"),
        pytest.param(b'\xff\xfe{"a":1}\n\n', id="no text"),
    ],
)
def test_bytes_that_are_no_record_are_refused_and_kept_as_they_are_in_a_letter(body: bytes) -> None:
    with pytest.raises(BadRecord, match="no spend record"):
        unpack(body)
    with pytest.raises(BadRecord, match="no spend record"):
        from_letter(to_letter(body))


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_cleaned_text_can_be_sent_and_keeps_its_length(text: str) -> None:
    cleaned = clean(text)

    assert "\0" not in cleaned.encode().decode()
    assert len(cleaned) == len(text)
