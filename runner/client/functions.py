"""One query in Python: the classes of its rows and parameters, and its function."""

from __future__ import annotations

import keyword
import re
import textwrap
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING

from runner.client.layout import WIDTH, call, dataclass, escaped, literal
from runner.client.queries import Command
from runner.client.shapes import Field, Shape
from runner.client.types import class_name, field_problem
from runner.errors import BadAnnotation, BadColumn, BadCommand, BadParameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.client.described import Described, EmbedField, Parameter, Row
    from runner.client.types import Types

_PREFETCH = 500  # rows at a time through a cursor
_BATCHES = (Command.COPYFROM, Command.BATCHEXEC)
_COUNTED = (Command.EXEC, Command.EXECROWS, *_BATCHES)
_COUNTS_ROWS = re.compile(r"\W*(select|insert|update|delete|merge|with|values|copy)\b", re.IGNORECASE)
_WITH_NONE = ("None", "Json")  # types that None belongs to
_JSON_TYPES = ("json", "jsonb")


class FunctionWriter:
    """One query in Python: its classes and its function."""

    def __init__(self, described: Described, types: Types) -> None:
        self.described = described
        self.query = described.query
        self.types = types
        self.name = class_name(self.query.name)
        self.constant = self.query.function.upper()
        self.imports: list[tuple[str, str]] = []
        self.classes: list[str] = []
        self._check()
        self.items = list(self._items())
        with self._placed():
            self.result = self._result()

    def parts(self) -> list[str]:
        """The texts of the classes and the function, in the order in which they need one another."""
        with self._placed():
            function = self._function()
        return [*self.classes, function]

    @contextmanager
    def _placed(self) -> Iterator[None]:
        """Gives an error about a type, which knows no query, the place of this one."""
        try:
            yield
        except BadColumn as error:
            error.place = error.place or self.query.place
            raise

    def _check(self) -> None:
        """Raises for what the command or Python does not allow."""
        query, columns = self.query, self.described.columns
        if columns and query.command in _COUNTED and query.command is not Command.EXEC:
            raise BadCommand(
                f"{query.name} gives columns, which {query.command.value} has no use for", place=query.place
            )
        if not columns and query.command not in _COUNTED:
            raise BadCommand(
                f"{query.name} gives no columns, and {query.command.value} asks for some",
                place=query.place,
                hint="Use :exec, or :execrows for the number of rows, or add RETURNING.",
            )
        if query.command is Command.EXECROWS and not _COUNTS_ROWS.match(self.described.sql):
            raise BadCommand(f"{query.name} is a command that counts no rows", place=query.place, hint="Use :exec.")
        if query.command in _BATCHES and not query.parameters:
            raise BadCommand(
                f"{query.name} has no parameters to run a batch with", place=query.place, hint="Use :exec."
            )
        if query.command is Command.COPYFROM and not self.described.target:
            raise BadCommand(
                f"{query.name} is no plain INSERT of parameters, which COPY could do",
                place=query.place,
                hint="Write INSERT INTO table (a, b) VALUES (@a, @b) and nothing else, or use :batchexec.",
            )
        known = {item.name for item, _ in self._items()} | {each.name for each in self.described.parameters}
        for name in query.json.keys() - known:
            raise BadAnnotation(f'{query.name} has no column or parameter "{name}"', place=query.place)
        names = [parameter.name for parameter in self.described.parameters]
        for name in names:
            if keyword.iskeyword(name) or not name.isidentifier():
                raise BadParameter(
                    f'{query.name}: "{name}" cannot be the name of a Python parameter',
                    place=query.place,
                    hint="Give it a name of its own: @name instead of $1.",
                )

    def _items(self) -> Iterable[tuple[Field | EmbedField, int]]:
        """The fields of the result with the number of their first column: columns, and embedded rows.

        One embedded row that is the whole result is no field of it.
        """
        embeds = {embed.first: embed for embed in self.described.embeds}
        skipped = 0
        for index, column in enumerate(self.described.columns):
            if index in embeds and not self.whole:
                yield embeds[index], index
                skipped = index + len(embeds[index].row.fields)
            elif index >= skipped:
                yield column, index

    @property
    def whole(self) -> Row | None:
        """The row of a table that is the whole result."""
        embeds, columns = self.described.embeds, self.described.columns
        if len(embeds) == 1 and not embeds[0].nullable and len(embeds[0].row.fields) == len(columns):
            return embeds[0].row
        return None if embeds or self.query.json else self.described.row

    def _result(self) -> str:
        """The Python type of a row; a class is made for it unless it is one column, or the row of a table."""
        if not self.items or self.query.command in _COUNTED:
            return ""
        first, _ = self.items[0]
        if self.scalar and isinstance(first, Field):
            return self._annotation(first, f"{self.name}Row")
        if self.whole:
            return self.types.row(self.whole.relation, self.whole.fields)
        name = f"{self.name}Row"
        self._check_fields([item.name for item, _ in self.items])
        fields = [(item.name, self._annotation(item, name)) for item, _ in self.items]
        self.classes.append(dataclass(name, f"A row of {self.query.name}.", fields))
        return name

    @property
    def scalar(self) -> bool:
        """Whether the result is one bare value."""
        return len(self.items) == 1 and isinstance(self.items[0][0], Field)

    def _check_fields(self, names: Sequence[str]) -> None:
        for number, name in enumerate(names, start=1):
            hint = "Give it a name of its own with AS."
            if problem := field_problem(name):
                raise BadColumn(f"{self.query.name}: column {number} {problem}", place=self.query.place, hint=hint)
            if name in names[: number - 1]:
                raise BadColumn(
                    f'{self.query.name}: two columns are called "{name}"', place=self.query.place, hint=hint
                )

    def _annotation(self, item: Field | EmbedField, record: str) -> str:
        """The Python type of a field; the records within it get classes of their own."""
        optional = " | None" if item.nullable else ""
        if not isinstance(item, Field):
            return self.types.row(item.row.relation, item.row.fields) + optional
        name = record + class_name(item.name)
        if item.shape.fields:
            self._record(name, item)
        annotation = self._json(item.name, item.shape.oid) or self.types.annotation(item.shape, record=name)
        return annotation if annotation in _WITH_NONE else annotation + optional

    def _record(self, name: str, item: Field) -> None:
        self._check_fields([field.name for field in item.shape.fields])
        fields = [(field.name, self._annotation(field, name)) for field in item.shape.fields]
        self.classes.append(dataclass(name, f"A record of {self.query.name}.{item.name}.", fields))

    def _json(self, name: str, oid: int) -> str:
        """The type that the query itself gives a JSON value, imported; empty if it gives none."""
        if name not in self.query.json:
            return ""
        found = self.types.types.get(oid)
        if found is None or found.name not in _JSON_TYPES:
            raise BadAnnotation(f'{self.query.name}: "{name}" is no json or jsonb value', place=self.query.place)
        module, _, kind = self.query.json[name].partition(":")
        self.imports.append((module, kind))
        return kind

    def _function(self) -> str:
        """The function, documented with the comment under the query's name."""
        many = self.query.command in _BATCHES
        if many:
            fields = [(each.name, self._parameter(each)) for each in self.described.parameters]
            title = f"The parameters of {self.query.name}."
            self.classes.append(dataclass(f"{self.name}Params", title, fields, extra=", kw_only=True"))
        named = [f"{each.name}: {self._parameter(each)}" for each in self.described.parameters]
        first = self._local("connection" if self.query.command is Command.ITER else "database")
        kind = "Connection" if self.query.command is Command.ITER else "Database"
        if many:
            named = [f"rows: Iterable[{self.name}Params]"]
        signature = [f"{first}: {kind}", "/", *(["*"] if named and not many else []), *named]
        opening = call(f"async def {self.query.function}(", signature, f") -> {self._returns()}:")
        body = "\n".join(self._body(first))
        for each in () if many else self.described.parameters:
            if re.search(rf"(?<![\w.]){each.name}\(", body):
                raise BadParameter(
                    f"{self.query.name}: the parameter {each.name} hides what its function calls",
                    place=self.query.place,
                    hint="Give it another name.",
                )
        return "\n".join([opening, *self._docstring(), body])

    def _parameter(self, parameter: Parameter) -> str:
        kind = self._json(parameter.name, parameter.type) if parameter.name in self.query.json else ""
        kind = kind or self.types.parameter(parameter.type, elements=parameter.elements)
        return f"{kind} | None" if parameter.nullable else kind

    def _returns(self) -> str:
        match self.query.command:
            case Command.ONE:
                sure = self.described.one_row or self.result in _WITH_NONE or self.result.endswith(" | None")
                return self.result if sure else f"{self.result} | None"
            case Command.MANY:
                return f"list[{self.result}]"
            case Command.ITER:
                return f"AsyncGenerator[{self.result}, None]"
            case Command.EXECROWS | Command.COPYFROM:
                return "int"
            case _:
                return "None"

    def _docstring(self) -> list[str]:
        """The comment under the query's name: its first sentence, an empty line, the rest."""
        lines = [line.rstrip() for line in self.query.docs]
        if not lines:
            return []
        end = lines.index("") if "" in lines else len(lines)
        summary, _, rest = " ".join(lines[:end]).partition(". ")
        summary = summary if summary.endswith((".", "?", "!", ":")) else f"{summary}."
        rest_lines = [*textwrap.wrap(rest, WIDTH - 4), *lines[end:]]
        text = "\n".join([summary, "", *rest_lines]).rstrip()
        raw = "\\" in text and '"""' not in text
        body = textwrap.indent(text if raw else escaped(text), "    ").lstrip()
        last = "\n    " if rest_lines else ""
        return [f'    {"r" if raw else ""}"""{body}{last}"""']

    def _body(self, first: str) -> list[str]:
        row, rows, value = self._local("row"), self._local("rows"), self._local("value")
        match self.query.command:
            case Command.ONE if self.scalar:
                item = self.items[0][0]._replace(nullable=not self.described.one_row or self.items[0][0].nullable)
                read = self._read(item, 0, value)
                kind = f"{value}: {self._returns()}" if read == value else value
                return [self._awaits(kind, first, "fetchval"), f"    return {read}"]
            case Command.ONE:
                made = f"    return {self._make(row, '    ')}"
                missing = [] if self.described.one_row else [f"    if {row} is None:", "        return None"]
                return [self._awaits(row, first, "fetchrow"), *missing, made]
            case Command.MANY:
                made = self._make(row, "        ")
                flat = f"    return [{made} for {row} in {rows}]"
                tall = f"    return [\n        {made}\n        for {row} in {rows}\n    ]"
                return [self._awaits(rows, first, "fetch"), flat if len(flat) <= WIDTH and "\n" not in made else tall]
            case Command.ITER:
                return self._stream(first, row)
            case Command.EXEC:
                return [self._awaits("", first, "execute")]
            case Command.EXECROWS:
                status = self._local("status")
                return [self._awaits(status, first, "execute"), f'    return int({status}.rpartition(" ")[2])']
            case Command.BATCHEXEC:
                arguments = [self.constant, _of_rows(self._values("row."), " " * 8)]
                return ["    " + call(f"await {first}.executemany(", arguments, ")", "    ")]
            case Command.COPYFROM:
                return self._copy(first)

    def _stream(self, first: str, row: str) -> list[str]:
        """Through a cursor, which lives in a transaction: one of its own within that of the caller."""
        cursor = call(f"{first}.cursor(", [self.constant, *self._values(), f"prefetch={_PREFETCH}"], ")", "        ")
        return [
            f"    async with {first}.transaction():",
            f"        async for {row} in {cursor}:",
            f"            yield {self._make(row, ' ' * 12)}",
        ]

    def _copy(self, first: str) -> list[str]:
        target = self.described.target
        if target is None:
            return []
        arguments = [
            literal(target.table),
            f"records={_of_rows(self._values('row.'), ' ' * 8)}",
            call("columns=[", [*map(literal, target.columns)], "]", " " * 8),
            f"schema_name={literal(target.schema) if target.schema else None}",
        ]
        return [
            "    " + call(f"status = await {first}.copy_records_to_table(", arguments, ")", "    "),
            '    return int(status.rpartition(" ")[2])',
        ]

    def _awaits(self, target: str, first: str, method: str) -> str:
        assigned = f"{target} = " if target else ""
        return "    " + call(f"{assigned}await {first}.{method}(", [self.constant, *self._values()], ")", "    ")

    def _values(self, prefix: str = "") -> list[str]:
        """The arguments in order, as asyncpg takes them."""
        return [
            self.types.write(each.type, f"{prefix}{each.name}", nullable=each.nullable)
            for each in self.described.parameters
        ]

    def _make(self, row: str, indent: str) -> str:
        """The expression that makes a result of a row of asyncpg."""
        read = [self._read(item, index, f"{row}[{index}]") for item, index in self.items]
        if self.scalar:
            return read[0]
        return call(f"{self.result}(", _sliced(read, row, len(self.described.columns)), ")", indent)

    def _read(self, item: Field | EmbedField, index: int, value: str) -> str:
        if isinstance(item, Field):
            shape = Shape(0) if item.name in self.query.json else item.shape
            record = f"{self.name}Row{class_name(item.name)}"
            return self.types.maybe(item._replace(shape=shape), value, record=record)
        row, fields = value.partition("[")[0], item.row.fields
        name, last = self.types.row(item.row.relation, fields), index + len(fields)
        read = [self.types.maybe(field, f"{row}[{index + number}]") for number, field in enumerate(fields)]
        made = f"{name}({', '.join(_sliced(read, row, 0))})"
        if not item.nullable:
            return made
        sure = next((index + number for number, field in enumerate(fields) if not field.nullable), None)
        gone = f"{row}[{sure}] is None" if sure is not None else f"all(each is None for each in {row}[{index}:{last}])"
        return f"None if {gone} else {made}"

    def _local(self, name: str) -> str:
        """A name that no parameter has; those of a batch are fields of its rows."""
        while self.query.command not in _BATCHES and any(
            name == parameter.name for parameter in self.described.parameters
        ):
            name += "_"
        return name


def _sliced(read: Sequence[str], row: str, whole: int) -> list[str]:
    """The values of a row of `whole` columns; those at the end that are taken as they are, in one slice."""
    place = re.compile(rf"{row}\[(\d+)\]")
    plain = len(list(takewhile(place.fullmatch, reversed(read))))
    if plain < 2:  # noqa: PLR2004  # a slice of one is longer than the value
        return list(read)
    first, last = (int(each[len(row) + 1 : -1]) for each in (read[-plain], read[-1]))
    return [*read[:-plain], f"*{row}" if plain == whole else f"*{row}[{first}:{last + 1}]"]


def _of_rows(values: Sequence[str], indent: str) -> str:
    """The list of the values of each row: on one line, or one a line if that would be long."""
    line = f"[({', '.join(values)}) for row in rows]" if len(values) > 1 else f"[({values[0]},) for row in rows]"
    if len(indent + line) <= WIDTH:
        return line
    inner = "".join(f"{indent}        {value},\n" for value in values)
    return f"[\n{indent}    (\n{inner}{indent}    )\n{indent}    for row in rows\n{indent}]"
