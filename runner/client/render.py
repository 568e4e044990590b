"""The text of the generated client: one module a query file, and one for what they share."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING

from runner.client.functions import FunctionWriter
from runner.client.layout import dataclass, escaped, import_groups, literal, tall
from runner.client.types import Definition, Types, class_name, member_names
from runner.errors import BadAnnotation, BadQueryName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.client.described import Described
    from runner.client.queries import Query, QueryFile

_SORTED_WIDTH = 88  # where sorters of imports break a line, unless they are told otherwise
_SHARED = ("Cidr", "Connection", "Database", "Inet", "Json", "JsonValue")
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"""', re.DOTALL)

_ALIASES = {
    "Inet": "ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv4Interface | ipaddress.IPv6Interface",
    "Cidr": "ipaddress.IPv4Network | ipaddress.IPv6Network",
}
_PROTOCOLS = '''
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
    for name, version in (("json", b""), ("jsonb", b"\\x01")):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            format="binary",
            encoder=lambda value, version=version: version + _json.dumps(value).encode(),
            decoder=lambda data, version=version: _json.loads(data[len(version) :]),
        )
'''
_HSTORE = """    await connection.set_builtin_type_codec("hstore", schema={schema}, codec_name="pg_contrib.hstore")
"""


def render_module(file: QueryFile, queries: Sequence[Described], types: Types) -> str:
    """The module of a query file, without its header. Raises a QueryError for what has no form in Python."""
    writers = [FunctionWriter(described, types) for described in queries]
    constants = [f'{writer.constant} = """\\\n{escaped(_sql(writer.described))}"""' for writer in writers]
    body = "\n\n".join(constants) + "".join(f"\n\n\n{part}" for writer in writers for part in writer.parts()) + "\n"
    code = _STRING.sub("", body)  # what stands in strings uses no name
    imports = _imports(code, types, [name for writer in writers for name in writer.imports])
    _check_names(queries, code, imports)
    return f'"""The queries of {file.path.rpartition("/")[2]}."""\n\n{imports}\n\n{body}'


def _check_names(queries: Sequence[Described], code: str, imports: str) -> None:
    """Raises if a query's function or class would hide what the module uses, or two imports each other."""
    imported = re.findall(r"\w+", re.sub(r"^(from \S+ )?import", "", imports, flags=re.MULTILINE))
    used = {*imported, *(_words(code) & vars(builtins).keys())}
    classes = set(re.findall(r"^class (\w+)", code, re.MULTILINE))
    for query in (described.query for described in queries):
        own = {query.function, *(name for name in classes if name.startswith(class_name(query.name)))}
        if taken := own & used:
            raise BadQueryName(
                f"{query.name} makes a name that is in use: {', '.join(sorted(taken))}",
                place=query.place,
                hint="Give the query another name.",
            )
        if twice := {kind for kind in _json_types(query) if imported.count(kind) > 1}:
            raise BadAnnotation(f"{', '.join(sorted(twice))} is imported from two places", place=query.place)


def _json_types(query: Query) -> set[str]:
    return {each.partition(":")[2] for each in query.json.values()}


def _sql(described: Described) -> str:
    """The text that is sent: the name comes first, as pg_stat_activity shows the beginning."""
    query = described.query
    return f"-- name: {query.name} {query.command.value}\n{described.sql}"


def _words(code: str) -> set[str]:
    return set(re.findall(r"\w+", code))


def _imports(code: str, types: Types, own: Sequence[tuple[str, str]]) -> str:
    """The import lines for the names that the code uses."""
    words = _words(code)
    abstract = [name for name in ("AsyncGenerator", "Iterable", "Sequence") if f"{name}[" in code]
    lines = [f"from collections.abc import {', '.join(abstract)}"] if abstract else []
    lines += ["from dataclasses import dataclass"] if "@dataclass" in code else []
    shared = sorted(words & {*_SHARED, *types.definitions})
    flat = f"from . import {', '.join(shared)}"
    local = flat if len(flat) <= _SORTED_WIDTH else tall("from . import (", shared, ")")
    typed = [
        f"from {module} import {', '.join(sorted({name for each, name in own if each == module}))}"
        for module in sorted({module for module, _ in own})
    ]
    groups = [*import_groups(code, lines), "\n".join(typed), local]
    return "\n\n".join(group for group in groups if group)


def render_shared(types: Types) -> str:
    """The module that the others share: protocols, `init`, enums, composite types, rows of tables."""
    primed = "".join(
        f"    await connection.fetchval({literal(f'SELECT NULL::{name}')})\n" for name in sorted(types.primed)
    )
    hstore = _HSTORE.format(schema=literal(types.hstore)) if types.hstore else ""
    functions = _PROTOCOLS.strip("\n") + "\n" + hstore + primed
    classes = [_definition(definition, types) for definition in types.definitions.values()]
    aliases = [f"{name}: TypeAlias = {union}" for name, union in _ALIASES.items() if name in types.aliases]
    body = "\n\n".join([*aliases, functions.rstrip("\n"), *(f"\n{each}" for each in classes)]) + "\n"
    code = _STRING.sub("", body)
    imports = "\n\n".join(import_groups(code, _from(code)))
    return f'"""What the modules of this client share."""\n\n{imports}\n\n{body}'


def _from(code: str) -> list[str]:
    lines = ["from collections.abc import Mapping, Sequence", "from typing import Any, Protocol, TypeAlias"]
    lines += ["from dataclasses import dataclass"] if "@dataclass" in code else []
    return [*lines, "from enum import StrEnum"] if "StrEnum)" in code else lines


def _definition(definition: Definition, types: Types) -> str:
    if definition.labels is not None:
        members = zip(member_names(definition.labels), definition.labels, strict=True)
        lines = [f"    {name} = {literal(label)}" for name, label in members]
        title = escaped(f"The enum {definition.origin}.")
        return "\n".join([f"class {definition.name}(StrEnum):", f'    """{title}"""', *([""] if lines else []), *lines])
    fields = [(field.name, types.optional(field)) for field in definition.fields]
    return dataclass(definition.name, f"A row of {definition.origin}.", fields)
