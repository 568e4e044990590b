"""What the server says about queries: types, nullability, parameters, what they read and write.

Each query is prepared, which gives the types; then it becomes the body of a temporary function, whose analyzed query
tree (`prosqlbody`, PostgreSQL 14 and later) tells the rest. Everything is rolled back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.client.described import Access, Described, Description, EmbedField, Parameter, Refused, Row, Target
from runner.client.level import INSERT, Level, one_row
from runner.client.lookup import read_facts, read_reserved, read_types
from runner.client.nullability import column_nullable, output
from runner.client.parameters import Usage, bare, missing_columns, ordering_parameter, read_usage
from runner.client.shapes import Field, Shape, shape_of_column
from runner.client.stars import expand, find_arms, hides_a_star
from runner.client.tree import key, read_tree, walk
from runner.client.types import can_copy, field_problem
from runner.errors import BadColumn, BadParameter, NoRight, Place, QueryError, QueryRefused, ReadOnly
from runner.migrations.statements import place_at
from runner.server.connect import fetch_rows, is_lost
from runner.server.sql import load_sql, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import asyncpg

    from runner.client.facts import Facts, Type
    from runner.client.queries import Query
    from runner.client.stars import Embed
    from runner.client.tree import Node
    from runner.server.connect import Connection

_INDETERMINATE = "42P18"
_TOO_MANY_ARGUMENTS = "54023"
_UNNAMED = "?column?"
_FIRST_COLUMN_BIT = 7  # a set of columns counts from the first system column


class _Prepared(NamedTuple):
    """What the server says to the text alone; no tree for a command that no function can hold, such as NOTIFY."""

    query: Query
    sql: str
    columns: tuple[tuple[str, int], ...]
    parameters: tuple[int, ...]
    text: str
    tree: Node | None
    embeds: tuple[Embed, ...] = ()


async def describe(connection: Connection, queries: Iterable[Query]) -> Description:
    """What a server says about queries.

    The connection has to be outside of a transaction; nothing is left in its database.
    """
    prepared: list[_Prepared] = []
    refused: list[Refused] = []
    types = await read_types(connection)
    reserved = await read_reserved(connection)
    for query in queries:
        try:
            prepared.append(await _without_stars(connection, query, types, reserved))
        except QueryError as error:
            refused.append(Refused(query, error))
    facts = await read_facts(connection, [each.text for each in prepared], types)
    return Description([_described(each, facts) for each in prepared], refused, types)


async def _without_stars(
    connection: Connection, query: Query, types: Mapping[int, Type], reserved: frozenset[str]
) -> _Prepared:
    """A query, prepared, with its stars written out; what comes out must be the same to the server."""
    first = await _prepare(connection, query, query.sql, types)
    arms = find_arms(query)
    hidden = first.columns and not arms and hides_a_star(query)
    if not hidden and not query.embeds and not any(item for arm in arms for item in arm):
        return first
    cannot = BadColumn("the star cannot be written out", place=query.place, hint="Write the columns out.")
    if first.tree is None or hidden:
        raise cannot
    sql, embeds = expand(query, first.tree, arms, reserved)
    try:
        second = await _prepare(connection, query, sql, types)
    except QueryRefused:
        raise cannot from None
    if second.columns != first.columns or key(second.tree) != key(first.tree):
        raise cannot
    return second._replace(embeds=embeds)


async def _prepare(connection: Connection, query: Query, sql: str, types: Mapping[int, Type]) -> _Prepared:
    import asyncpg

    try:
        statement = await connection.prepare(sql)
    except asyncpg.PostgresError as error:
        raise _refusal(query, error) from error
    except asyncpg.InterfaceError as error:
        if connection.is_closed():
            raise
        raise BadColumn(
            f"{query.name} has a value that asyncpg cannot read: {error}",
            place=query.place,
            hint="A row as one value needs types with a binary form: select its columns, or cast one to text.",
        ) from error
    columns = tuple((attribute.name, attribute.type.oid) for attribute in statement.get_attributes())
    parameters = tuple(parameter.oid for parameter in statement.get_parameters())
    names = [f"{quote_identifier(types[oid].schema)}.{quote_identifier(types[oid].name)}" for oid in parameters]
    function = load_sql(
        "client", "function", parameters=", ".join(names), result="SETOF record" if columns else "void", query=sql
    )
    text = await _analyze(connection, query, function)
    tree = read_tree(text)
    if tree and (ordering := ordering_parameter(tree)):
        name = _shown(query, ordering)
        raise BadParameter(
            f"ORDER BY {name} would order by one constant",
            place=_place_of(query, ordering),
            hint=f"Order by columns, as in: CASE WHEN {name} = 'name' THEN name END; or write two queries.",
        )
    return _Prepared(query, sql, columns, parameters, text, tree)


async def _analyze(connection: Connection, query: Query, function: str) -> str:
    """The analyzed query as the server writes it; empty if no function can hold it."""
    import asyncpg

    try:
        await connection.execute(f"BEGIN; {function}")
        [(tree,)] = await fetch_rows(connection, load_sql("client", "tree"))
    except asyncpg.ReadOnlySQLTransactionError as error:
        raise ReadOnly(
            "the server is read-only",
            hint="Queries are analyzed in a temporary function, which is rolled back: ask the primary server.",
        ) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise NoRight(
            str(error),
            sqlstate=error.sqlstate,
            hint="Queries are analyzed in a temporary function: GRANT TEMPORARY ON DATABASE … TO the role.",
        ) from error
    except asyncpg.PostgresError as error:
        if is_lost(error):
            raise
        if error.sqlstate == _TOO_MANY_ARGUMENTS:
            raise BadParameter(
                "the query has more than 100 parameters",
                place=query.place,
                hint="A function, in which it is analyzed, takes 100: use arrays.",
            ) from error
        return ""
    finally:
        await connection.execute("ROLLBACK")
    return tree or ""


def _refusal(query: Query, error: asyncpg.PostgresError) -> QueryError:
    """The server's error, with its place in the file and the names that the file gives to parameters."""
    if is_lost(error):
        raise error
    position = int(getattr(error, "position", None) or 0)
    message = re.sub(r"\$(\d+)", lambda match: _shown(query, int(match[1])), str(error.args[0]))
    if error.sqlstate == _INDETERMINATE and (numbers := re.findall(r"\$(\d+)", str(error.args[0]))):
        name = _shown(query, int(numbers[0]))
        return BadParameter(
            f"the type of {name} cannot be told",
            place=_place_of(query, int(numbers[0])),
            hint=f"Cast it, as in {name}::text",
        )
    return QueryRefused(
        f"{query.name}: {message}",
        place=query.place_of(position - 1) if position else query.place,
        sqlstate=error.sqlstate,
        detail=getattr(error, "detail", None),
        hint=getattr(error, "hint", None),
    )


def _place_of(query: Query, number: int) -> Place:
    """Where a parameter stands in the file."""
    return place_at(query.text, query.parameters[number - 1].offset, query.place.path)


def _shown(query: Query, number: int) -> str:
    declared = query.parameters[number - 1] if 0 < number <= len(query.parameters) else None
    return f"@{declared.name}" if declared and declared.name else f"${number}"


def _described(prepared: _Prepared, facts: Facts) -> Described:
    query, tree = prepared.query, prepared.tree
    level = Level(tree, facts) if tree else None
    usage = read_usage(tree, facts) if tree else Usage(frozenset(), frozenset(), {})
    missing = missing_columns(tree, facts) if tree else []
    columns = tuple(_column(level, number, *each) for number, each in enumerate(prepared.columns, start=1))
    return Described(
        query,
        prepared.sql,
        columns,
        _parameters(prepared, usage),
        tuple(_embedded(level, embed, columns) for embed in prepared.embeds) if level else (),
        _whole_row(level, columns) if level else None,
        level is not None and one_row(level),
        _accesses(_columns_of(tree, ("selectedCols",)), facts),
        _accesses(_columns_of(tree, ("insertedCols", "updatedCols")), facts),
        _accesses(missing, facts),
        _target(prepared, facts),
    )


def _column(level: Level | None, number: int, name: str, oid: int) -> Field:
    """An output column; what its name ends in says what the inference cannot know: `!`, `?`, and `[?]` of elements."""
    shape = shape_of_column(level, number, oid) if level else Shape(oid)
    if match := re.fullmatch(r"(.+)\[\?\]([!?]?)", name):
        name, shape = match[1] + match[2], shape._replace(null_elements=True)
    if name[-1:] in ("!", "?") and len(name) > 1 and name != _UNNAMED:
        return Field(name[:-1], shape, name[-1] == "?")
    return Field(name, shape, level is None or column_nullable(level, number))


def _embedded(level: Level, embed: Embed, columns: Sequence[Field]) -> EmbedField:
    """An embedded row; it may be left out if a column is nullable here that the table has as NOT NULL."""
    row = _row(embed.relation, level.facts)
    here = columns[embed.first : embed.first + len(row.fields)]
    lost = any(column.nullable and not field.nullable for column, field in zip(here, row.fields, strict=True))
    return EmbedField(embed.name, row, embed.first, lost or embed.entry in level.joins.nulled)


def _row(relation: int, facts: Facts) -> Row:
    known, view = facts.relations[relation], facts.views.get(relation)
    nullable = output(view, facts) if view else [not column.not_null for column in known.columns.values()]
    columns = zip(known.columns.values(), nullable, strict=True)
    fields = tuple(Field(column.name, Shape(facts.base(column.type)), null) for column, null in columns)
    return Row(known.called, fields)


def _whole_row(level: Level, columns: tuple[Field, ...]) -> Row | None:
    """The row of the table whose columns these are, all of them and in its order."""
    origins = {target.number("resorigtbl") for target in level.targets}
    relation = origins.pop() if len(origins) == 1 else 0
    row = _row(relation, level.facts) if relation in level.facts.relations else None
    return row if row and row.fields == columns and len(columns) > 1 else None


def _parameters(prepared: _Prepared, usage: Usage) -> tuple[Parameter, ...]:
    """The parameters in order; a bare $1 is called after the column that it meets."""
    found: list[Parameter] = []
    for number, (declared, oid) in enumerate(zip(prepared.query.parameters, prepared.parameters, strict=True), start=1):
        found_name = usage.names.get(number, "")
        name = declared.name or (found_name if field_problem(found_name) is None else f"arg{number}")
        if declared.name is None and any(name == other.name for other in found):
            name = f"{name}_{number}"
        nullable = declared.nullable or number in usage.nullable
        found.append(Parameter(name, oid, nullable, number in usage.nullable_elements))
    return tuple(found)


def _columns_of(tree: Node | None, fields: Iterable[str]) -> list[tuple[int, int]]:
    """The columns (relation, number) that sets of columns in the tree name."""
    return [
        (node.number("relid"), bit - _FIRST_COLUMN_BIT)
        for node in (walk(tree) if tree else ())
        if node.number("relid")
        for field in fields
        for bit in node.numbers(field)
    ]


def _accesses(columns: Iterable[tuple[int, int]], facts: Facts) -> tuple[Access, ...]:
    found: dict[str, set[str]] = {}
    for oid, number in columns:
        relation = facts.relations.get(oid)
        column = relation.columns.get(number) if relation else None
        if relation:
            found.setdefault(relation.called, set()).update({column.name} if column else ())
    return tuple(Access(name, tuple(sorted(found[name]))) for name in sorted(found))


def _target(prepared: _Prepared, facts: Facts) -> Target | None:
    """Where COPY could put the parameters; None if the query is more than an INSERT of them."""
    tree = prepared.tree
    if tree is None or tree.number("commandType") != INSERT or tree.node("onConflict") or prepared.columns:
        return None
    entry = tree.nodes("rtable")[tree.number("resultRelation") - 1]
    if tree.nodes("cteList") or entry.text("relkind") == "v":
        return None
    relation = facts.relations.get(entry.number("relid"))
    columns = {}
    for target in tree.nodes("targetList"):
        value = bare(target.node("expr"))
        column = relation.columns.get(target.number("resno")) if relation else None
        if column is None or value is None or value.tag != "PARAM" or not can_copy(facts.types, column.type):
            return None
        if value.number("paramtype") != facts.base(column.type):
            return None
        columns[value.number("paramid")] = column.name
    numbers = list(range(1, len(prepared.parameters) + 1))
    if relation is None or sorted(columns) != numbers or len(tree.nodes("targetList")) != len(numbers):
        return None
    return Target(None if relation.visible else relation.schema, relation.name, tuple(columns[n] for n in numbers))
