# Made by migrate from queries/everything.sql; do not edit (source 529bf8c3d67f3f83, text a87e6e391b2bf346)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of queries/everything.sql."""

import datetime
import decimal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from . import (
    Address,
    Cidr,
    Database,
    EverythingRow,
    Inet,
    Json,
    JsonValue,
    Mood,
    Street,
)

ADD_EVERYTHING = """\
-- name: AddEverything :one
INSERT INTO everything (
    a_smallint, an_integer, a_bigint, an_oid, an_xid8, an_lsn, a_boolean, a_real, a_double, a_numeric, a_money, a_text, a_varchar, a_char, a_name, a_byte, a_bytea, a_uuid, a_timestamptz, a_timestamp, a_date, a_time, a_timetz, an_interval, a_json, a_jsonb, an_inet, a_cidr, a_macaddr, a_tsvector, a_tsquery, a_jsonpath, a_regclass, a_bit, a_varbit, a_point, a_box, a_circle, a_mood, an_email, some_emails, some_texts, some_moods, some_numerics, some_json, an_int4range, a_tstzrange, a_price_range, a_multirange, an_hstore, a_citext, an_address, some_streets
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53
) RETURNING id"""

GET_EVERYTHING = """\
-- name: GetEverything :one
SELECT id, a_smallint, an_integer, a_bigint, an_oid, an_xid8, an_lsn, a_boolean, a_real, a_double, a_numeric, a_money, a_text, a_varchar, a_char, a_name, a_byte, a_bytea, a_uuid, a_timestamptz, a_timestamp, a_date, a_time, a_timetz, an_interval, a_json, a_jsonb, an_inet, a_cidr, a_macaddr, a_tsvector, a_tsquery, a_jsonpath, a_regclass, a_bit, a_varbit, a_point, a_box, a_circle, a_mood, an_email, some_emails, some_texts, some_moods, some_numerics, some_json, an_int4range, a_tstzrange, a_price_range, a_multirange, an_hstore, a_citext, an_address, some_streets FROM everything WHERE id = $1"""

ECHO_NOTHING = """\
-- name: EchoNothing :one
SELECT
    $1::mood AS a_mood,
    $2::address AS an_address,
    $3::street[] AS some_streets,
    $4::mood[] AS some_moods,
    $5::jsonb AS a_jsonb,
    $6::int4range AS a_range"""


async def add_everything(
    database: Database,
    /,
    *,
    a_smallint: int,
    an_integer: int,
    a_bigint: int,
    an_oid: int,
    an_xid8: int,
    an_lsn: int,
    a_boolean: bool,
    a_real: float,
    a_double: float,
    a_numeric: decimal.Decimal,
    a_money: str,
    a_text: str,
    a_varchar: str,
    a_char: str,
    a_name: str,
    a_byte: bytes,
    a_bytea: bytes,
    a_uuid: uuid.UUID,
    a_timestamptz: datetime.datetime,
    a_timestamp: datetime.datetime,
    a_date: datetime.date,
    a_time: datetime.time,
    a_timetz: datetime.time,
    an_interval: datetime.timedelta,
    a_json: JsonValue,
    a_jsonb: JsonValue,
    an_inet: Inet,
    a_cidr: Cidr,
    a_macaddr: str,
    a_tsvector: str,
    a_tsquery: str,
    a_jsonpath: str,
    a_regclass: str,
    a_bit: asyncpg.BitString,
    a_varbit: asyncpg.BitString,
    a_point: asyncpg.Point,
    a_box: asyncpg.Box,
    a_circle: asyncpg.Circle,
    a_mood: Mood,
    an_email: str,
    some_emails: list[str],
    some_texts: Sequence[str],
    some_moods: Sequence[Mood],
    some_numerics: Sequence[decimal.Decimal],
    some_json: Sequence[JsonValue],
    an_int4range: asyncpg.Range[int],
    a_tstzrange: asyncpg.Range[datetime.datetime],
    a_price_range: asyncpg.Range[decimal.Decimal],
    a_multirange: list[asyncpg.Range[int]],
    an_hstore: dict[str, str | None],
    a_citext: str,
    an_address: Address,
    some_streets: Sequence[Street],
) -> int:
    """A row of every type."""
    value: int = await database.fetchval(
        ADD_EVERYTHING,
        a_smallint,
        an_integer,
        a_bigint,
        an_oid,
        an_xid8,
        an_lsn,
        a_boolean,
        a_real,
        a_double,
        a_numeric,
        a_money,
        a_text,
        a_varchar,
        a_char,
        a_name,
        a_byte,
        a_bytea,
        a_uuid,
        a_timestamptz,
        a_timestamp,
        a_date,
        a_time,
        a_timetz,
        an_interval,
        a_json,
        a_jsonb,
        an_inet,
        a_cidr,
        a_macaddr,
        a_tsvector,
        a_tsquery,
        a_jsonpath,
        a_regclass,
        a_bit,
        a_varbit,
        a_point,
        a_box,
        a_circle,
        a_mood,
        an_email,
        some_emails,
        some_texts,
        some_moods,
        some_numerics,
        some_json,
        an_int4range,
        a_tstzrange,
        a_price_range,
        a_multirange,
        an_hstore,
        a_citext,
        (None if an_address.street is None else (an_address.street.name, an_address.street.number), an_address.moods, an_address.since),
        [(item.name, item.number) for item in some_streets],
    )
    return value


async def get_everything(database: Database, /, *, id: int) -> EverythingRow | None:
    row = await database.fetchrow(GET_EVERYTHING, id)
    if row is None:
        return None
    return EverythingRow(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        row[12],
        row[13],
        row[14],
        row[15],
        row[16],
        row[17],
        row[18],
        row[19],
        row[20],
        row[21],
        row[22],
        row[23],
        row[24],
        row[25],
        row[26],
        row[27],
        row[28],
        row[29],
        row[30],
        row[31],
        row[32],
        row[33],
        row[34],
        row[35],
        row[36],
        row[37],
        row[38],
        Mood(row[39]),
        row[40],
        row[41],
        row[42],
        [Mood(item) for item in row[43]],
        row[44],
        row[45],
        row[46],
        row[47],
        row[48],
        row[49],
        row[50],
        row[51],
        Address(None if row[52][0] is None else Street(*row[52][0]), None if row[52][1] is None else [Mood(item) for item in row[52][1]], row[52][2]),
        [Street(*item) for item in row[53]],
    )


@dataclass(frozen=True, slots=True)
class EchoNothingRow:
    """A row of EchoNothing."""

    a_mood: Mood | None
    an_address: Address | None
    some_streets: list[Street] | None
    some_moods: list[Mood] | None
    a_jsonb: Json
    a_range: asyncpg.Range[int] | None


async def echo_nothing(
    database: Database,
    /,
    *,
    a_mood: Mood | None,
    an_address: Address | None,
    some_streets: Sequence[Street] | None,
    some_moods: Sequence[Mood] | None,
    a_jsonb: JsonValue | None,
    a_range: asyncpg.Range[int] | None,
) -> EchoNothingRow:
    """Every type of parameter may be absent."""
    row = await database.fetchrow(
        ECHO_NOTHING,
        a_mood,
        None if an_address is None else (None if an_address.street is None else (an_address.street.name, an_address.street.number), an_address.moods, an_address.since),
        None if some_streets is None else [(item.name, item.number) for item in some_streets],
        some_moods,
        a_jsonb,
        a_range,
    )
    return EchoNothingRow(
        None if row[0] is None else Mood(row[0]),
        None if row[1] is None else Address(None if row[1][0] is None else Street(*row[1][0]), None if row[1][1] is None else [Mood(item) for item in row[1][1]], row[1][2]),
        None if row[2] is None else [Street(*item) for item in row[2]],
        None if row[3] is None else [Mood(item) for item in row[3]],
        *row[4:6],
    )
