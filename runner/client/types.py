"""PostgreSQL's types in Python: what asyncpg gives for each, and how the generated code reads and writes it.

The table is that of docs/reference/queries.md; what is not in it is text to asyncpg, and so a `str`.
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, NamedTuple

from runner.client.shapes import RECORD, RECORDS, Field, Shape
from runner.errors import BadColumn
from runner.server.sql import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.client.facts import Type

_INTEGERS = "int2 int4 int8 oid xid xid8 cid pg_lsn"
_BUILTIN = {
    **dict.fromkeys(_INTEGERS.split(), "int"),
    "bool": "bool",
    "float4": "float",
    "float8": "float",
    "numeric": "decimal.Decimal",
    "bytea": "bytes",
    "char": "bytes",
    "uuid": "uuid.UUID",
    "timestamptz": "datetime.datetime",
    "timestamp": "datetime.datetime",
    "date": "datetime.date",
    "time": "datetime.time",
    "timetz": "datetime.time",
    "interval": "datetime.timedelta",
    "json": "Json",
    "jsonb": "Json",
    "inet": "Inet",
    "cidr": "Cidr",
    "tid": "tuple[int, int]",
    "void": "None",
    "bit": "asyncpg.BitString",
    "varbit": "asyncpg.BitString",
    "point": "asyncpg.Point",
    "line": "asyncpg.Line",
    "lseg": "asyncpg.LineSegment",
    "box": "asyncpg.Box",
    "path": "asyncpg.Path",
    "polygon": "asyncpg.Polygon",
    "circle": "asyncpg.Circle",
}
_EXTENSIONS = {"hstore": "dict[str, str | None]"}
_BINARY_TEXTS = frozenset(
    {"text", "varchar", "bpchar", "name"}
)  # of the types that are a str, those that COPY can send
_TAKEN = frozenset(
    "Any AsyncGenerator Cidr Connection Database Inet Iterable Json JsonValue Mapping Protocol Sequence StrEnum "
    "TypeAlias".split()
)


class Definition(NamedTuple):
    """A class of the client's own: an enum (labels), or the fields of a composite type, row or record."""

    name: str
    origin: str
    labels: tuple[str, ...] | None = None
    fields: tuple[Field, ...] = ()


def class_name(name: str) -> str:
    """The name of a class for something of the database: api_keys is ApiKeys."""
    words = re.sub(r"[\W_]+", " ", name).split()
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return joined if joined[:1].isalpha() else f"T{joined}"


def member_names(labels: tuple[str, ...]) -> list[str]:
    """The names of an enum's members: `in progress` is IN_PROGRESS."""
    names: list[str] = []
    for label in labels:
        name = re.sub(r"\W+", "_", label).strip("_").upper() or "EMPTY"
        name = f"_{name}" if name[0].isdigit() else name
        if name in names or not name.isidentifier():
            name = f"LABEL_{len(names) + 1}"
        names.append(name)
    return names


def field_problem(name: str) -> str | None:
    """Why a column cannot be a field of a class, or None."""
    if name == "?column?" or not name:
        return "has no name"
    if keyword.iskeyword(name) or not name.isidentifier() or name.startswith("__"):
        return f'is called "{name}", which no field of a Python class can be'
    return None


def _own_fields(origin: str, fields: Iterable[Field]) -> tuple[Field, ...]:
    """The fields of a table's row or a composite type, whose names no query can change: class becomes class_."""
    renamed = [field._replace(name=f"{field.name}_") if keyword.iskeyword(field.name) else field for field in fields]
    for field in renamed:
        if problem := field_problem(field.name):
            raise BadColumn(f"a column of {origin} {problem}", hint="Write the columns out, with names by AS.")
    return tuple(renamed)


def can_copy(types: Mapping[int, Type], oid: int) -> bool:
    """Whether asyncpg can send a value of a type through COPY, which is binary."""
    found = types.get(oid)
    if found is None:
        return False
    if found.kind in ("e", "c"):
        return all(can_copy(types, field) for _, field in found.fields)
    if found.kind in ("d", "r", "m") or found.is_array:
        return can_copy(types, found.element)
    return found.schema == "pg_catalog" and (found.name in _BUILTIN or found.name in _BINARY_TEXTS)


class Types:
    """The types of a database in Python, and the classes that a client needs for those that were asked for."""

    def __init__(self, types: Mapping[int, Type]) -> None:
        self.types = types
        self.definitions: dict[str, Definition] = {}
        self.primed: set[str] = set()
        self.aliases: set[str] = set()
        self.hstore = ""  # its schema, if it is there

    def annotation(self, shape: Shape, *, record: str = "") -> str:
        """The Python type of a shape; `record` is the class of an anonymous record."""
        if shape.oid in (RECORD, RECORDS):
            name = record if shape.fields else "tuple[object, ...]"
            element = f"{name} | None" if shape.null_elements else name
            return f"list[{element}]" if shape.oid == RECORDS else name
        found = self.types.get(shape.oid)
        match found.kind if found else "":
            case _ if found is None:
                return "object"
            case "d":
                return self.annotation(Shape(found.element))
            case "r" | "m":
                bound = self.annotation(Shape(found.element))
                return f"asyncpg.Range[{bound}]" if found.kind == "r" else f"list[asyncpg.Range[{bound}]]"
            case "e" | "c":
                return self._define(found)
            case _ if found.is_array:
                return f"list[{self.optional(Field('', Shape(found.element), shape.null_elements))}]"
            case _:
                return self._base(found)

    def _base(self, found: Type) -> str:
        if found.schema == "pg_catalog":
            annotation = _BUILTIN.get(found.name, "str")
            self.aliases.add(annotation)
            return annotation
        self.hstore = found.schema if found.name == "hstore" else self.hstore
        return _EXTENSIONS.get(found.name, "str")

    def _define(self, found: Type) -> str:
        """The class of an enum or composite type, defined once."""
        qualified = found.name if found.schema == "public" else f"{found.schema}.{found.name}"
        name = class_name(qualified)
        name = f"{name}Type" if name in _TAKEN else name
        if name not in self.definitions:
            fields = tuple(Field(field, Shape(oid), nullable=True) for field, oid in found.fields)
            for field in fields:  # before this one, as its fields name their classes
                self.annotation(field.shape)
            labels = found.labels if found.kind == "e" else None
            self.definitions[name] = Definition(name, qualified, labels, _own_fields(qualified, fields))
        return self._only(name, qualified)

    def _only(self, name: str, origin: str) -> str:
        """The name of a class, if nothing else of the database has it."""
        if self.definitions[name].origin != origin:
            raise BadColumn(
                f"{self.definitions[name].origin} and {origin} would both be the class {name}",
                hint="Write the columns out for one, or cast it to text.",
            )
        return name

    def row(self, relation: str, fields: tuple[Field, ...]) -> str:
        """The class of a table's row, defined once."""
        name = f"{class_name(relation)}Row"
        for field in fields:
            self.annotation(field.shape)
        self.definitions.setdefault(name, Definition(name, relation, fields=_own_fields(relation, fields)))
        return self._only(name, relation)

    def parameter(self, oid: int, *, elements: bool) -> str:
        """The Python type of a parameter: an array may be any sequence; `elements` says that those may be None."""
        found = self.types.get(oid)
        if found and found.is_array:
            element = self.parameter(found.element, elements=False)
            return f"Sequence[{element} | None]" if elements else f"Sequence[{element}]"
        annotation = self.annotation(Shape(oid))
        return "JsonValue" if annotation == "Json" else annotation

    def optional(self, field: Field) -> str:
        """The Python type of a field of a class of the client's own."""
        annotation = self.annotation(field.shape)
        return f"{annotation} | None" if field.nullable and annotation != "Json" else annotation

    def read(self, shape: Shape, value: str, *, record: str = "") -> str:
        """The expression that makes a value of the annotated type of what asyncpg gives."""
        found = self.types.get(shape.oid)
        if shape.fields:
            self._prime(shape.fields)
            if shape.oid == RECORD:
                return self._fields(value, shape.fields, record)
            item = self._fields("item", shape.fields, record)
            return self._each(value, f"None if item is None else {item}" if shape.null_elements else item)
        if found is None:
            return value
        if found.kind == "d":
            return self.read(Shape(found.element), value)
        if found.is_array:
            item = self.maybe(Field("", Shape(found.element), shape.null_elements), "item")
            return value if item == "item" else self._each(value, item)
        if found.kind == "e":
            return f"{self._define(found)}({value})"
        if found.kind == "c":
            return self._fields(value, self.definitions[self._define(found)].fields, self._define(found), grows=True)
        return value

    def _each(self, value: str, item: str) -> str:
        return f"[{item} for item in {value}]"

    def _fields(self, value: str, fields: tuple[Field, ...], name: str, *, grows: bool = False) -> str:
        """A class made of the fields of a record, positionally; a type of the database may have more by and by."""
        read = [
            self.maybe(field, f"{value}[{index}]", record=name + class_name(field.name))
            for index, field in enumerate(fields)
        ]
        plain = all(text == f"{value}[{index}]" for index, text in enumerate(read))
        known = f"{value}[:{len(fields)}]" if grows else value
        return f"{name}(*{known})" if plain else f"{name}({', '.join(read)})"

    def maybe(self, field: Field, value: str, *, record: str = "") -> str:
        """The same for a field that may be None."""
        read = self.read(field.shape, value, record=record)
        return read if read == value or not field.nullable else f"None if {value} is None else {read}"

    def _prime(self, fields: tuple[Field, ...]) -> None:
        """Remembers the types that asyncpg can only read inside a record once it has seen them."""
        for field in fields:
            found = self.types.get(field.shape.oid)
            if found and found.schema != "pg_catalog" and not field.shape.fields:
                name = quote_identifier(found.name)
                self.primed.add(name if found.schema == "public" else f"{quote_identifier(found.schema)}.{name}")

    def write(self, oid: int, value: str, *, nullable: bool) -> str:
        """The expression that asyncpg takes for a parameter: composite values are tuples to it."""
        found = self.types.get(oid)
        if found is None:
            return value
        if found.kind == "d":
            return self.write(found.element, value, nullable=nullable)
        if found.is_array:
            item = self.write(found.element, "item", nullable=False)
            written = value if item == "item" else self._each(value, item)
        elif found.kind == "c":
            own = self.definitions[self._define(found)].fields
            fields = [self.write(field.shape.oid, f"{value}.{field.name}", nullable=True) for field in own]
            written = f"({', '.join(fields)})" if len(fields) > 1 else f"({fields[0]},)"
        else:
            return value
        return written if not nullable or written == value else f"None if {value} is None else {written}"
