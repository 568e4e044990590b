# Made by migrate from queries; do not edit (source c4ae9d7ae5711db9, text 8c636a1bbe3fdf2c)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""What the modules of this client share."""

import datetime
import decimal
import ipaddress
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

import asyncpg

Inet: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv4Interface | ipaddress.IPv6Interface

Cidr: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

JsonValue: TypeAlias = Mapping[str, Any] | Sequence[Any] | str | int | float | bool
"""What a json or jsonb parameter is, where no query says more; None is SQL's NULL."""

Json: TypeAlias = JsonValue | None
"""What a json or jsonb column is: SQL's NULL and JSON's null are both None."""


class Database(Protocol):
    """A connection of asyncpg, in a transaction or not, or a pool."""

    async def execute(self, query: str, /, *args: Any) -> str: ...

    async def executemany(self, command: str, /, args: Any) -> None: ...

    async def fetch(self, query: str, /, *args: Any) -> list[Any]: ...

    async def fetchrow(self, query: str, /, *args: Any) -> Any: ...

    async def fetchval(self, query: str, /, *args: Any) -> Any: ...

    async def copy_records_to_table(
        self,
        table_name: str,
        /,
        *,
        records: Any,
        columns: Any,
        schema_name: Any,
    ) -> str: ...


class Connection(Database, Protocol):
    """A connection of asyncpg; a cursor needs one, as a pool has many."""

    def transaction(self) -> Any: ...

    def cursor(self, query: str, /, *args: Any, prefetch: int) -> Any: ...


async def init(connection: Any) -> None:
    """Teaches a connection the types of this client: `asyncpg.create_pool(…, init=init)`."""
    for name, version in (("json", b""), ("jsonb", b"\x01")):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            format="binary",
            encoder=lambda value, version=version: version + json.dumps(value).encode(),
            decoder=lambda data, version=version: json.loads(data[len(version) :]),
        )
    await connection.set_builtin_type_codec("hstore", codec_name="pg_contrib.hstore")
    await connection.fetchval("SELECT NULL::mood")


class Mood(StrEnum):
    """The enum mood."""

    CALM = "calm"
    IN_A_HURRY = "in a hurry"
    _3RD = "3rd"


@dataclass(frozen=True, slots=True)
class Street:
    """A row of street."""

    name: str | None
    number: int | None


@dataclass(frozen=True, slots=True)
class Address:
    """A row of address."""

    street: Street | None
    moods: list[Mood] | None
    since: datetime.date | None


@dataclass(frozen=True, slots=True)
class AuthorsRow:
    """A row of authors."""

    id: int
    name: str
    born: datetime.date | None
    mood: Mood
    home: Address | None
    settings: Json


@dataclass(frozen=True, slots=True)
class BooksRow:
    """A row of books."""

    id: int
    author_id: int | None
    title: str
    mood: Mood | None
    price: decimal.Decimal
    class_: str | None


@dataclass(frozen=True, slots=True)
class NotesRow:
    """A row of notes."""

    body: str | None
    when: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """A row of shelf."""

    name: str
    title: str | None
    price: decimal.Decimal | None


@dataclass(frozen=True, slots=True)
class EverythingRow:
    """A row of everything."""

    id: int
    a_smallint: int
    an_integer: int
    a_bigint: int
    an_oid: int
    an_xid8: int
    an_lsn: int
    a_boolean: bool
    a_real: float
    a_double: float
    a_numeric: decimal.Decimal
    a_money: str
    a_text: str
    a_varchar: str
    a_char: str
    a_name: str
    a_byte: bytes
    a_bytea: bytes
    a_uuid: uuid.UUID
    a_timestamptz: datetime.datetime
    a_timestamp: datetime.datetime
    a_date: datetime.date
    a_time: datetime.time
    a_timetz: datetime.time
    an_interval: datetime.timedelta
    a_json: Json
    a_jsonb: Json
    an_inet: Inet
    a_cidr: Cidr
    a_macaddr: str
    a_tsvector: str
    a_tsquery: str
    a_jsonpath: str
    a_regclass: str
    a_bit: asyncpg.BitString
    a_varbit: asyncpg.BitString
    a_point: asyncpg.Point
    a_box: asyncpg.Box
    a_circle: asyncpg.Circle
    a_mood: Mood
    an_email: str
    some_emails: list[str]
    some_texts: list[str]
    some_moods: list[Mood]
    some_numerics: list[decimal.Decimal]
    some_json: list[Json]
    an_int4range: asyncpg.Range[int]
    a_tstzrange: asyncpg.Range[datetime.datetime]
    a_price_range: asyncpg.Range[decimal.Decimal]
    a_multirange: list[asyncpg.Range[int]]
    an_hstore: dict[str, str | None]
    a_citext: str
    an_address: Address
    some_streets: list[Street]
