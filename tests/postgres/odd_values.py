"""Calls of PostgreSQL's own functions with the odd values of their types: those that tempt a function to give NULL."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST = 120  # calls of one function
_NUMBERS = "0 1 -1 3"
_MOMENTS = "infinity -infinity 2024-02-29 0044-03-15_BC"
_FLOATS = "0 -0 1 -1 0.5 NaN Infinity -Infinity"
# The values of a type, apart by spaces; _ is a space, and "" is empty.
_VALUES = {
    "boolean": "true false",
    "smallint": f"{_NUMBERS} 32767 -32768",
    "integer": f"{_NUMBERS} 2024 2147483647 -2147483648",
    "bigint": f"{_NUMBERS} 9223372036854775807",
    "numeric": f"{_FLOATS} 1e-20 100.00",
    "real": _FLOATS,
    "double precision": _FLOATS,
    "money": "0 -1 99.99",
    "text": '"" a x_y 0 1 % UTF8 base64 hex NFC day year UTC {} null 1.5 pg_class',
    "character varying": '"" a',
    "character": '"" a 0',
    "name": '"" a UTF8 LATIN1',
    '"char"': '"" a 0',
    "bytea": r'"" a \x00ff',
    "bit": "0 1 101",
    "bit varying": '"" 0 101',
    "date": _MOMENTS,
    "timestamp without time zone": _MOMENTS,
    "timestamp with time zone": _MOMENTS,
    "time without time zone": "00:00 24:00 12:34:56.789",
    "time with time zone": "00:00+00 24:00-15",
    "interval": "0 1_day -1_month 90_min infinity -infinity",
    "json": 'null {} [] 0 "a" {"a":null} [null,1]',
    "jsonb": 'null {} [] 0 "a" {"a":null} [null,1]',
    "uuid": "00000000-0000-0000-0000-000000000000 5b30857f-0bfa-48b5-ac0b-5c64e28078d1",
    "inet": "0.0.0.0/0 127.0.0.1 ::/0 ::1/64",
    "cidr": "0.0.0.0/0 10.0.0.0/8 ::/0",
    "macaddr": "00:00:00:00:00:00 ff:ff:ff:ff:ff:ff",
    "macaddr8": "00:00:00:ff:fe:00:00:00 ff:ff:ff:ff:ff:ff:ff:ff",
    "tsvector": '"" a a:1A_b:2',
    "tsquery": '"" a a&!b',
    "regconfig": "simple english",
    "regclass": "pg_class team_id_seq",
    "oid": "0 1259",
    "xid": "0 1",
    "xid8": "0 1",
    "cid": "0 1",
    "tid": "(0,0) (1,2)",
    "pg_lsn": "0/0 FFFFFFFF/FFFFFFFF",
    "oidvector": '"" 1_2',
    "int2vector": '"" 1_2',
    "xml": '"" <a/>',
    "mood": "low fine high",
    "text[]": '{} {NULL} {"",a} {a,NULL} {{a},{b}}',
    "integer[]": "{} {NULL} {0,1} {1,NULL} {{1},{2}} [0:1]={1,2}",
    "real[]": "{} {0,0,0,0} {0.1,0.2,0.4,1} {NaN,0,0,1}",
    "int4range": "empty (,) [1,) (,1) [1,3)",
    "int8range": "empty (,) [1,3)",
    "numrange": "empty (,) [1,) [1,1] [NaN,NaN]",
    "tsrange": "empty (,) [2024-01-01,infinity)",
    "tstzrange": "empty (,) [-infinity,infinity]",
    "daterange": "empty (,) [2024-01-01,infinity) [infinity,infinity]",
    "int4multirange": "{} {(,)} {[1,3),[5,)}",
    "datemultirange": "{} {(,)} {[2024-01-01,infinity)}",
    "pg_snapshot": "1:1:",
}
_EXPRESSIONS = {
    "record": ["ROW(NULL)", "ROW(1)", "ROW(1, 'a'::text)", "ROW(NULL::int, NULL::text)", "ROW()"],
    '"any"': ["1", "''::text", "'{}'::int[]", "ROW(NULL)", "'null'::jsonb"],
    "aclitem": ["makeaclitem(10, 10, 'SELECT', false)"],
    "aclitem[]": ["ARRAY[makeaclitem(10, 10, 'SELECT', false)]"],
}
# Arguments that must be one of a few words, by function, type and place, so that not every call is refused.
_WORDS = {
    **{(f"{name}range", "text", 2): "[] ()" for name in ("int4", "int8", "num", "ts", "tstz", "date")},
    **{("make_timestamp", "integer", place): "1 2" for place in range(5)},
    **{("make_timestamptz", "integer", place): "1 2" for place in range(5)},
    ("make_timestamptz", "text", 6): "UTC Asia/Tokyo",
    ("convert", "name", 1): "UTF8 LATIN1",
    ("convert", "name", 2): "UTF8 LATIN1",
    ("date_trunc", "text", 0): "day year millennium",
    ("date_trunc", "text", 2): "UTC Asia/Tokyo",
    ("normalize", "text", 1): "NFC NFKD",
    ("regclass", "text", 0): "pg_class",
    ("regexp_replace", "text", 3): "g i",
    ("regexp_replace", "integer", 3): "1 2",
    ("regexp_replace", "integer", 4): "0 1",
    ("regexp_replace", "text", 5): "g i",
    ("repeat", "integer", 1): "0 1 -1 3",
    ("set_config", "text", 0): "work_mem application_name",
    ("set_config", "text", 1): '4MB ""',
    ("timezone", "text", 0): "UTC Asia/Tokyo",
    ("timezone", "interval", 0): "0 01:00 -05:30",
}
# What the types of any kind stand for, one line a set of types that go together.
_KINDS = [
    {"element": "integer", "array": "integer[]", "range": "int4range", "multirange": "int4multirange", "enum": "mood"},
    {"element": "text", "array": "text[]", "range": "int4range", "multirange": "int4multirange", "enum": "mood"},
    {"element": "date", "array": "text[]", "range": "daterange", "multirange": "datemultirange", "enum": "mood"},
]


class Called(NamedTuple):
    """A function as the catalog has it: `never` if it is said to give a value for NULL, too."""

    name: str
    types: tuple[str, ...]
    variadic: bool
    never: bool

    @property
    def signature(self) -> str:
        return f"{self.name}({', '.join(self.types)})"

    def calls(self) -> list[str]:
        """Some calls of it, always the same ones."""
        found = [call for kinds in _KINDS for call in self._calls(kinds)]
        unique = list(dict.fromkeys(found))
        return unique if len(unique) <= _MOST else Random(self.signature).sample(unique, _MOST)  # noqa: S311

    def _calls(self, kinds: dict[str, str]) -> Iterator[str]:
        null = ["NULL"] if self.never else []
        values = [_values(self.name, place, kind, kinds) + null for place, kind in enumerate(self.types)]
        rows = _some(values, self.signature)
        for row in rows:
            yield self._call(
                [*row[:-1], f"VARIADIC {row[-1]}"] if self.types[-1:] == ("text[]",) and self.variadic else row
            )
        for row in rows[:9] if self.variadic and self.types[-1] == '"any"' else ():
            for array in ("'{}'::text[]", "'{NULL,a}'::text[]"):
                yield self._call([*row[:-1], f"VARIADIC {array}"])

    def _call(self, arguments: Sequence[str]) -> str:
        return f'pg_catalog."{self.name}"({", ".join(arguments)})'


def _some(values: list[list[str]], seed: str) -> list[tuple[str, ...]]:
    """Rows of one value each: all of them if they are few."""
    count = 1
    for each in values:
        count *= len(each)
    if count <= _MOST * 4:
        return list(product(*values))
    chance = Random(seed)  # noqa: S311
    return [tuple(chance.choice(each) for each in values) for _ in range(_MOST * 4)]


def _values(function: str, place: int, kind: str, kinds: dict[str, str]) -> list[str]:
    if kind.startswith("any"):
        kind = kinds[kind.removeprefix("any").removeprefix("compatible").replace("nonarray", "element") or "element"]
    return values_of(kind, _WORDS.get((function, kind, place)))


def values_of(kind: str, words: str | None = None) -> list[str]:
    """The odd values of a type, or those words as values of it, as SQL."""
    if kind in _EXPRESSIONS:
        return _EXPRESSIONS[kind]
    texts = ["" if word == '""' else word for word in (words or _VALUES[kind]).split(" ")]
    spaced = texts if words or kind == "regclass" else [text.replace("_", " ") for text in texts]
    return ["'{}'::{}".format(text.replace("'", "''"), kind) for text in spaced]
