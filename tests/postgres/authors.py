"""Queries by chance over the schema of the corpus: whatever a person could write, and much that nobody would.

An author makes text only. What the server refuses is no loss; there is always a next query.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random


_T = TypeVar("_T")


class Value(NamedTuple):
    """An expression and its type; what stands in FROM offers such, and so does a query."""

    sql: str
    kind: str


Values = list[Value]
INT, TEXT, BOOL, DATE, JSON, TEXTS, INTS = "integer", "text", "boolean", "date", "jsonb", "text[]", "integer[]"
_KINDS = (INT, INT, INT, TEXT, TEXT, BOOL, BOOL, DATE, JSON, TEXTS, INTS)
_PERSON = (
    "id:i team_id:i boss_id:i name:t nick:t score:i points:i active:b born:d tags:T skills:T extra:j name_length:i"
)
_TABLES = {
    "team": "id:i name:t motto:t founded:d settings:j",
    "person": f"{_PERSON} double_score:i",
    "task": "person_id:i reviewer_id:i title:t done:b due:d kind:t phone:t mail:t",
    "nothing": "id:i name:t note:t",
    "seat": "room:t number:i color:t",
    "booking": "id:i room:t number:i",
    "guarded": "id:i note:t amount:i",
    "animal": "id:i name:t noise:t",
    "ONLY animal": "id:i name:t",
    "event": "id:i at:d what:t note:t",
    "shard": "id:i what:t",
    "team_name": "id:i name:t motto:t",
    "roster": "team_id:i team:t motto:t person_id:i person:t score:i",
    "full_roster": "team_id:i team:t person_id:i person:t score:i",
    "team_total": "team_id:i",
    "overall": "best:i",
    "scored": "id:i name:t score:i",
    "scored_checked": "id:i name:t score:i",
    "tricked": "id:i name:t",
    "best": "team:t person:t points:i",
    "members(1)": f"{_PERSON}",
    "ghosts()": f"{_PERSON}",
}
_WRITTEN = (
    "nothing",
    "guarded",
    "seat",
    "booking",
    "event",
    "shard",
    "scored",
    "scored_checked",
    "team_name",
    "tricked",
)
_LETTERS = {"i": INT, "t": TEXT, "b": BOOL, "d": DATE, "j": JSON, "T": TEXTS}
# By type: expressions, in which {i} {t} {b} {d} {j} {T} {I} stand for values of the types, and {it:query} for a query.
_FORMS = {
    INT: (
        "0|1|2|NULL::integer|@n::integer|{i} + {i}|{i} - {i}|{i} * {i}|abs({i})|length({t})|coalesce({i}, {i})"
        "|coalesce({i}, {i}, 0)|nullif({i}, {i})|greatest({i}, {i})|least({i}, 1)|cardinality({T})"
        "|array_length({T}, 1)|lost({i})|CASE WHEN {b} THEN {i} ELSE {i} END|CASE WHEN {b} THEN {i} END"
        "|CASE {i} WHEN {i} THEN {i} ELSE {i} END|({I})[1]|array_position({T}, {t})|length({j} ->> 'a')"
        "|total({i}, {i})|extract(year FROM {d})::integer|extract(day FROM {d})::integer|{d} - {d}"
        "|upper(int4range({i}, 9))|strpos({t}, {t})|CASE WHEN {i} IS NULL THEN 0 ELSE {i} END"
        "|CASE WHEN {i} IS NOT NULL THEN {i} ELSE 1 END|num_nulls({i}, {t})|{i:scalar}|{i:scalar}"
    ),
    TEXT: (
        "''|'a'|NULL::text|@word::text|{t} || {t}|upper({t})|lower({t})|coalesce({t}, {t})|coalesce({t}, 'x')"
        "|nullif({t}, {t})|concat({t}, {i})|concat_ws({t}, {t}, {t})|substr({t}, 1, 1)|{i}::text|{d}::text"
        "|{b}::text|split_part({t}, 'a', 1)|CASE WHEN {b} THEN {t} ELSE {t} END|{j} ->> 'a'|{j} ->> 0"
        "|array_to_string({T}, ',')|({T})[1]|blank({t})::text|jsonb_typeof({j})|to_char({d}, 'YYYY')"
        "|substring({t} from 'a')|regexp_replace({t}, 'a', 'b')|quote_nullable({t})|format('%s', {t})|{t:scalar}"
        "|{t:scalar}"
    ),
    BOOL: (
        "true|NULL::boolean|{i} = {i}|{i} < {i}|{i} <> {i}|{t} = {t}|{t} > {t}|{d} <= {d}|{i} === {i}|{j} = {j}"
        "|{T} && {T}|{i} IS NULL|{t} IS NULL|{i} IS NOT NULL|{t} IS NOT NULL|{d} IS NOT NULL|{j} IS NOT NULL"
        "|{i} IS DISTINCT FROM {i}|{t} IS NOT DISTINCT FROM {t}|({b}) AND ({b})|({b}) OR ({b})|NOT ({b})"
        "|({b}) AND ({b})|({b}) OR ({b})|({b}) IS TRUE|({b}) IS NOT TRUE|({b}) IS FALSE|({b}) IS NOT FALSE"
        "|({b}) IS UNKNOWN|({b}) IS NOT UNKNOWN|{i} IN ({i}, {i})|{i} NOT IN ({i}, 1)|{t} IN ('a', {t})"
        "|{i} = ANY ({I})|{i} <> ALL ({I})|{t} = ANY ({T})|{i} = ANY (ARRAY[ARRAY[{i}], ARRAY[{i}]])"
        "|{i} <> ALL (ARRAY[1, {i}])|{i} = ANY ('{1,2}')|{i} BETWEEN {i} AND {i}|{t} LIKE 'a%'|blank({t})"
        "|starts_with({t}, 'a')|({i}, {t}) = ({i}, {t})|({i}, {i}) < (1, {i})|ROW({i}, {t}) IS NOT NULL"
        "|ROW({i}, {t}) IS NULL|coalesce({b}, {b})|coalesce({b}, false)|{j} ? 'a'|{j} @> '{}'|{i} + {i} > 0"
        "|coalesce({i}, {i}) = 1|upper({t}) = 'A'|CASE WHEN {b} THEN {b} ELSE {b} END|lost({i}) = 'found'"
        "|EXISTS ({any})|{i} IN ({i:query})|{t} NOT IN ({t:query})|{i} = ALL ({i:query})|{i} < ANY ({i:query})"
        "|({i}, {t}) IN ({it:query})|{i} = {i:scalar}"
    ),
    DATE: (
        "'2024-01-01'::date|'infinity'::date|NULL::date|{d} + {i}|coalesce({d}, {d})|greatest({d}, {d})"
        "|{d:scalar}|date_trunc('year', {d})::date|make_date(2024, 1, 1 + ({i}) % 2)"
        "|CASE WHEN {b} THEN {d} ELSE {d} END"
    ),
    JSON: (
        "'{}'::jsonb|'null'::jsonb|NULL::jsonb|to_jsonb({i})|to_jsonb({t})|{j} -> 'a'|{j} -> 0"
        "|jsonb_build_object('a', {i})|jsonb_build_array({t})|coalesce({j}, {j})|{j} || {j}"
        "|jsonb_strip_nulls({j})|to_jsonb({T})|jsonb_set({j}, '{a}', {j})|{j} - 'a'|{j:scalar}"
    ),
    TEXTS: (
        "'{}'::text[]|'{a,NULL}'::text[]|NULL::text[]|ARRAY[{t}, {t}]|ARRAY({t:query})|array_append({T}, {t})"
        "|{T} || {T}|string_to_array({t}, 'a')|coalesce({T}, {T})|array_remove({T}, {t})|{T} || {t}|({T})[1:1]"
        "|regexp_match({t}, '(a)?')"
    ),
    INTS: (
        "'{}'::integer[]|ARRAY[{i}, {i}]|ARRAY[{i}]|ARRAY({i:query})|array_append({I}, {i})|{I} || {I}"
        "|array_positions({T}, {t})"
    ),
}
_AGGREGATES = {
    INT: (
        "count(*)::integer|count({i})::integer|sum({i})::integer|min({i})|max({i})|max({i} + {i})|bit_and({i})"
        "|first_of({i})|total_of({i})"
    ),
    TEXT: "min({t})|max({t})|string_agg({t}, ',')|string_agg({t}, {t})|max(upper({t}))",
    BOOL: "bool_and({b})|bool_or({b})|every({b})",
    DATE: "min({d})|max({d})",
    JSON: "jsonb_agg({i})|jsonb_agg({t})|jsonb_object_agg(concat({i}), {t})",
    TEXTS: "array_agg({t})",
    INTS: "array_agg({i})",
}
_WINDOWS = {
    INT: (
        "row_number()|rank()|count(*)|count({i})|lag({i})|lag({i}, 1, {i})|lead({i}, 0, 1)|first_value({i})"
        "|last_value({i})|nth_value({i}, 2)|sum({i})|max({i})|min({i})|ntile(2)"
    ),
    TEXT: "lag({t})|lead({t}, 1, 'x')|first_value({t})|last_value({t})|max({t})|min({t})|string_agg({t}, '')",
}
_FRAMES = (
    "",
    " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
    " ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
    " ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING",
    " ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
    " RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING",
    " RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
    " GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW",
    " GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING EXCLUDE TIES",
    " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE GROUP",
)
_LETTER_OF = {INT: "i", TEXT: "t", BOOL: "b", DATE: "d", JSON: "j", TEXTS: "T", INTS: "I"}
_KIND_OF = {letter: kind for kind, letter in _LETTER_OF.items()}


_PLACEHOLDER = re.compile(r"\{([itbdjTI]+)(?::(\w+))?\}|\{(any)\}")
_CONSTANTS = {
    INT: "1",
    TEXT: "'a'::text",
    BOOL: "true",
    DATE: "'2024-01-01'::date",
    JSON: "'[1]'::jsonb",
    TEXTS: "'{a}'::text[]",
    INTS: "'{1}'::integer[]",
}
_ROWS = (
    ("generate_series(1, {i})", INT),
    ("generate_series(0, 1)", INT),
    ("unnest({I})", INT),
    ("unnest({T})", TEXT),
    ("regexp_split_to_table({t}, 'a')", TEXT),
    ("nicknames()", TEXT),
    ("coalesce({i}, {i})", INT),
    ("jsonb_array_elements(CASE WHEN jsonb_typeof({j}) = 'array' THEN {j} END)", JSON),
    ("jsonb_object_keys(CASE WHEN jsonb_typeof({j}) = 'object' THEN {j} END)", TEXT),
)

_SETS = (
    "generate_series(1, {i})",
    "generate_series(1, 2) + generate_series(1, 3)",
    "unnest({I})",
    "generate_subscripts({T}, 1)",
    "abs(generate_series(0, 1)) + {i}",
)


class Author:
    """Writes queries; the same chance gives the same queries. `major` is the server's, whose features it uses."""

    def __init__(self, chance: Random, major: int) -> None:
        self.chance = chance
        self.major = major
        self.named = 0
        self.commons: list[tuple[str, Values]] = []

    def pick(self, choices: Sequence[_T]) -> _T:
        return choices[self.chance.randrange(len(choices))]

    def once_in(self, times: int) -> bool:
        return self.chance.randrange(times) == 0

    def name(self) -> str:
        self.named += 1
        return f"x{self.named}"

    def statement(self) -> str:
        """A whole query, of any kind."""
        self.commons = []
        common = self.common_tables()
        body = self.written()[0] if self.once_in(5) else self.query(None, [], 2)[0]
        return f"{common}{body}"

    # Expressions

    def value(self, kind: str, leaves: Values, depth: int) -> str:
        """An expression of a type over the values that are in sight."""
        found = [leaf.sql for leaf in leaves if leaf.kind == kind]
        if found and (depth <= 0 or not self.once_in(3)):
            return self.pick(found)
        if depth <= 0:
            return _CONSTANTS[kind]
        return self.filled(self.pick(_forms(_FORMS[kind])), leaves, depth - 1)

    def filled(self, form: str, leaves: Values, depth: int) -> str:
        def text(match: re.Match[str]) -> str:
            letters, what, anything = match.groups()
            if anything:
                return self.query(None, leaves, depth - 1)[0]
            kinds = [_KIND_OF[letter] for letter in letters]
            if what is None:
                return self.value(kinds[0], leaves, depth)
            query = self.query(kinds, leaves, depth - 1)[0]
            return (
                f"({query}{' LIMIT 1' if ' LIMIT ' not in query and self.once_in(2) else ''})"
                if what == "scalar"
                else query
            )

        return _PLACEHOLDER.sub(text, form)

    def condition(self, leaves: Values, depth: int = 2) -> str:
        return self.filled(self.pick(_forms(_FORMS[BOOL])), leaves, depth)

    # Queries

    def query(self, kinds: list[str] | None, outer: Values, depth: int) -> tuple[str, list[str]]:
        """A query and the types of its columns: those asked for, or any."""
        if depth > 0 and self.once_in(8):
            left, found = self.query(kinds, outer, depth - 1)
            right, _ = self.query(found, outer, depth - 1)
            operation = self.pick(
                ("UNION", "UNION ALL", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL")
            )
            return f"({left}) {operation} ({right})", found
        if self.once_in(16):
            found = kinds or [self.pick(_KINDS), self.pick(_KINDS)]
            rows = [", ".join(self.value(kind, outer, 1) for kind in found) for _ in range(self.chance.randint(1, 2))]
            return "VALUES " + ", ".join(f"({row})" for row in rows), found
        return self.select(kinds, outer, depth)

    def select(self, kinds: list[str] | None, outer: Values, depth: int) -> tuple[str, list[str]]:
        source, inner = ("", []) if self.once_in(12) else self.source(outer, depth)
        sight = inner * 2 + outer
        theme = self.theme(inner) if inner and self.once_in(3) else None
        where = f" WHERE {self.condition(sight)}" if self.once_in(3) else ""
        if theme:
            where += f"{' AND ' if where else ' WHERE '}{self.about(theme)}"
            inner, sight = inner + [theme] * 4, sight + [theme] * 4
        grouping, leaves = self.grouping(inner, sight)
        having = f" HAVING {self.condition(leaves, 1)}" if grouping is not None and self.once_in(3) else ""
        if self.once_in(6):
            leaves = leaves + [self.window(leaves) for _ in range(2)]
        columns = self.columns(kinds, leaves)
        listed = ", ".join(f"{column.sql} AS c{number}" for number, column in enumerate(columns, start=1))
        distinct = "DISTINCT " if self.once_in(10) else ""
        tail = self.pick(("", "", "", "", "", " LIMIT 1", " ORDER BY 1", " ORDER BY 1 OFFSET 1"))
        found = [column.kind for column in columns]
        return f"SELECT {distinct}{listed}{source and ' FROM ' + source}{where}{grouping or ''}{having}{tail}", found

    def theme(self, inner: Values) -> Value:
        """An expression that the query comes back to, in conditions, groups and columns."""
        kind = self.pick((INT, TEXT, BOOL))
        return Value(f"({self.value(kind, inner, 1)})", kind)

    def about(self, theme: Value) -> str:
        """A condition on it."""
        return self.pick(
            (f"{theme.sql} IS NOT NULL", f"{theme.sql} = {_CONSTANTS[theme.kind]}", f"{theme.sql} IS NOT UNKNOWN")
        )

    def columns(self, kinds: list[str] | None, leaves: Values) -> Values:
        if kinds is not None:
            return [Value(self.value(kind, leaves, 2), kind) for kind in kinds]
        found = [self.pick(leaves) for _ in range(self.chance.randint(1, 4))] if leaves else []
        found += [Value(self.filled(self.pick(_SETS), leaves, 0), INT)] if self.once_in(12) else []
        return found + [Value(self.value(kind, leaves, 2), kind) for kind in (self.pick(_KINDS), self.pick(_KINDS))]

    def grouping(self, inner: Values, sight: Values) -> tuple[str | None, Values]:
        """GROUP BY, None if the query is not grouped at all, and what is in sight after it."""
        if not inner or not self.once_in(3):
            return None, sight
        keys = [self.key(inner) for _ in range(self.chance.randint(0, 3))]
        leaves = keys * 2 + [self.aggregate(inner * 2) for _ in range(3)]
        if not keys:
            return "", leaves
        if self.once_in(2):
            return f" GROUP BY {', '.join(each.sql for each in keys)}", leaves
        first, rest = keys[0].sql, ", ".join(each.sql for each in keys)
        form = self.pick(
            (
                "ROLLUP ({1})",
                "CUBE ({1})",
                "GROUPING SETS (({1}), ({0}))",
                "GROUPING SETS ((), ({0}))",
                "{0}, ROLLUP ({1})",
            )
        )
        return " GROUP BY " + form.format(first, rest), leaves

    def key(self, inner: Values) -> Value:
        if not self.once_in(4):
            return self.pick(inner)
        kind = self.pick((INT, TEXT, BOOL))
        return Value(self.value(kind, inner, 1), kind)

    def aggregate(self, leaves: Values) -> Value:
        kind = self.pick(list(_AGGREGATES))
        form = self.pick(_forms(_AGGREGATES[kind]))
        if self.once_in(6) and form.endswith(")"):
            form += " FILTER (WHERE {b})"
        return Value(f"({self.filled(form, leaves, 0)})", kind)

    def window(self, leaves: Values) -> Value:
        kind = self.pick(list(_WINDOWS))
        call = self.filled(self.pick(_forms(_WINDOWS[kind])), leaves, 0)
        part = f"PARTITION BY {self.value(TEXT, leaves, 0)} " if self.once_in(3) else ""
        frame = self.pick(_FRAMES)
        return Value(f"({call} OVER ({part}ORDER BY {self.value(INT, leaves, 0)}{frame}))", kind)

    # What stands in FROM

    def source(self, outer: Values, depth: int) -> tuple[str, Values]:
        """A FROM list and the values that it offers."""
        parts, offered = self.joined(outer, depth)
        if self.once_in(6):
            more, values = self.joined(outer, depth - 1)
            return f"{parts}, {more}", offered + values
        return parts, offered

    def joined(self, outer: Values, depth: int) -> tuple[str, Values]:
        """An item, or a tree of joins."""
        sql, values = self.item(outer, depth)
        for _ in range(self.pick((0, 1, 1, 2, 3)) if depth >= 0 else 0):
            kind = self.pick(("", "LEFT", "LEFT", "LEFT", "LEFT", "RIGHT", "RIGHT", "FULL"))
            seen = outer + values if kind in ("", "LEFT") else outer
            if self.once_in(4) and depth > 0:
                right, offered = self.joined(seen, depth - 1)
                right = f"({right})" if " JOIN " in right else right
            else:
                right, offered = self.item(seen, depth - 1)
            shared = self.shared(values, offered) if " JOIN " not in sql + right else None
            if shared and self.once_in(2):
                name = self.name()
                sql = f"{sql} {kind} JOIN {right} USING ({shared.sql}) AS {name}"
                values = [Value(f"{name}.{shared.sql}", shared.kind), *values, *offered]
                continue
            sql = f"{sql} {kind} JOIN {right} ON {self.on(values, offered, outer, kind)}"
            values = values + offered
        return sql, values

    def shared(self, left: Values, right: Values) -> Value | None:
        """A column that both sides have, by its bare name."""
        names = {Value(value.sql.partition(".")[2], value.kind) for value in left}
        found = [each for value in right if (each := Value(value.sql.partition(".")[2], value.kind)) in names]
        found = [each for each in found if re.fullmatch(r"[a-z_0-9]+", each.sql)]
        return self.pick(found) if found else None

    def on(self, left: Values, right: Values, outer: Values, kind: str) -> str:
        if self.once_in(6) and kind != "FULL":
            return self.pick(("true", "true", "false"))
        same = self.pick((INT, INT, TEXT))
        sides = [[each for each in side if each.sql.replace(".", "").isalnum()] or side for side in (left, right)]
        equal = " = ".join(self.value(same, side, 0) for side in sides)
        if kind == "FULL" or not self.once_in(3):
            return equal
        return self.pick((f"{equal} AND {{0}}", f"{equal} OR {{0}}", "{0}")).format(
            self.condition(left + right + outer, 1)
        )

    def item(self, outer: Values, depth: int) -> tuple[str, Values]:
        """A table, a query, rows of constants or a function."""
        name = self.name()
        match self.chance.randrange(12):
            case 0 | 1 if depth > 0:
                lateral = self.once_in(2)
                query, kinds = self.query(None, outer if lateral else [], depth - 1)
                return f"{'LATERAL ' if lateral else ''}({query}) {name}", _columns(name, kinds)
            case 2 | 3 if self.commons:
                table, values = self.pick(self.commons)
                return f"{table} {name}", [Value(f"{name}.{value.sql}", value.kind) for value in values]
            case 4:
                kinds = [self.pick(_KINDS), self.pick(_KINDS)]
                rows = [
                    ", ".join(self.value(kind, outer, 1) for kind in kinds) for _ in range(self.chance.randint(1, 2))
                ]
                named = ", ".join(value.sql for value in _columns("", kinds))
                return f"LATERAL (VALUES {', '.join(f'({row})' for row in rows)}) {name}({named})", _columns(
                    name, kinds
                )
            case 5:
                return self.function(name, outer)
            case _:
                table = self.pick(list(_TABLES))
                return f"{table} {name}", [*_table(name, table), *self.whole(name)]

    def whole(self, name: str) -> Values:
        """A row as a value."""
        choices = (Value(f"({name} IS NOT NULL)", BOOL), Value(f"({name} IS NULL)", BOOL), Value(f"{name}::text", TEXT))
        return [self.pick((*choices, Value(f"to_jsonb({name})", JSON)))] if self.once_in(4) else []

    def function(self, name: str, outer: Values) -> tuple[str, Values]:
        calls = [self.pick(_ROWS) for _ in range(2 if self.once_in(4) else 1)]
        kinds = [kind for _, kind in calls]
        listed = ", ".join(self.filled(call, outer, 0) for call, _ in calls)
        ordinality = self.once_in(4)
        kinds += [INT] if ordinality else []
        named = ", ".join(value.sql for value in _columns("", kinds))
        text = f"ROWS FROM ({listed})" if len(calls) > 1 else listed
        return f"{text}{' WITH ORDINALITY' if ordinality else ''} {name}({named})", _columns(name, kinds)

    # WITH

    def common_tables(self) -> str:
        """WITH and its tables, which the rest of the query then knows; or nothing."""
        if not self.once_in(4):
            return ""
        made = [self.common_table() for _ in range(self.chance.randint(1, 3))]
        return f"WITH RECURSIVE {', '.join(made)} "

    def common_table(self) -> str:
        name = self.name()
        if self.once_in(3):
            return self.recursive(name)
        query, kinds = self.written() if self.once_in(5) else self.query(None, [], 1)
        values = _columns("", kinds)
        self.commons.append((name, values))
        return f"{name}({', '.join(value.sql for value in values)}) AS ({query})"

    def recursive(self, name: str) -> str:
        first, kinds = self.select(None, [], 0)
        values = [Value("n", INT), *_columns("", kinds)]
        sight = [Value(f"{name}.{value.sql}", value.kind) for value in values]
        join, more = "", Values()
        if self.once_in(2):
            other, more = self.item(sight, 0)
            join = f" {self.pick(('', 'LEFT'))} JOIN {other} ON {self.on(sight, more, [], '')}"
        steps = ", ".join(self.value(kind, sight + more, 1) for kind in kinds)
        self.commons.append((name, values))
        union = self.pick(("UNION", "UNION ALL"))
        return (
            f"{name}({', '.join(value.sql for value in values)}) AS (SELECT 0, x.* FROM ({first}) x "
            f"{union} SELECT {name}.n + 1, {steps} FROM {name}{join} WHERE {name}.n < 2)"
        )

    # What writes

    def written(self) -> tuple[str, list[str]]:
        """An INSERT, UPDATE, DELETE or MERGE with RETURNING."""
        name, table = self.name(), self.pick(_WRITTEN)
        own = _table(name, table)
        kinds = ["INSERT", "UPDATE", "UPDATE", "DELETE", *(["MERGE"] if self.major >= 17 else [])]
        kind = self.pick(kinds)
        others = Values()
        if kind == "INSERT":
            text = self.insert(name, table)
        elif kind == "MERGE":
            text, others = self.merge(name, table)
        else:
            source, others = self.source([], 1) if self.once_in(2) else ("", [])
            where = f" WHERE {self.condition(own * 3 + others, 1)}" if self.once_in(2) else ""
            first = (
                f"UPDATE {table} {name} SET {self.assignments(table, own + others)}"
                if kind == "UPDATE"
                else f"DELETE FROM {table} {name}"
            )
            text = f"{first}{source and (' FROM ' if kind == 'UPDATE' else ' USING ') + source}{where}"
        columns = self.columns(None, own * 3 + others)
        if self.major >= 18:  # alone: within a subquery, 18.6 can crash over them
            columns += [self.pick(_table(self.pick(("old", "new")), table)) for _ in range(2)]
        listed = ", ".join(f"{column.sql} AS c{number}" for number, column in enumerate(columns, start=1))
        return f"{text} RETURNING {listed}", [column.kind for column in columns]

    def assignments(self, table: str, sight: Values) -> str:
        columns = _table("", table)[1:]
        return (
            ", ".join(f"{each.sql} = {self.value(each.kind, sight, 1)}" for each in columns if not self.once_in(3))
            or f"{columns[0].sql} = DEFAULT"
        )

    def insert(self, name: str, table: str) -> str:
        columns = [each for each in _table("", table) if not self.once_in(8)]
        kinds = [each.kind for each in columns]
        if self.once_in(2):
            query = self.query(kinds, [], 1)[0]
        else:
            row = ", ".join(
                str(self.chance.randrange(80)) if each.sql == "id" else self.value(each.kind, [], 1) for each in columns
            )
            query = f"VALUES ({row})"
        conflict = ""
        if self.once_in(3):
            where = f" WHERE {self.condition(_table(name, table), 1)}" if self.once_in(3) else ""
            sight = _table(name, table) + _table("excluded", table)
            conflict = self.pick(
                (" ON CONFLICT DO NOTHING", f" ON CONFLICT (id) DO UPDATE SET {self.assignments(table, sight)}{where}")
            )
        return f"INSERT INTO {table} AS {name} ({', '.join(each.sql for each in columns)}) {query}{conflict}"

    def merge(self, name: str, table: str) -> tuple[str, Values]:
        source, others = self.item([], 1)
        own = _table(name, table)
        columns = _table("", table)
        values = ", ".join(self.value(each.kind, others, 1) for each in columns)
        actions = [
            f"WHEN MATCHED AND {self.condition(own + others, 1)} THEN DELETE",
            f"WHEN MATCHED THEN UPDATE SET {self.assignments(table, own + others)}",
            f"WHEN NOT MATCHED THEN INSERT ({', '.join(each.sql for each in columns)}) VALUES ({values})",
            f"WHEN NOT MATCHED BY SOURCE THEN UPDATE SET {self.assignments(table, own)}",
            "WHEN NOT MATCHED BY SOURCE THEN DELETE",
        ]
        chosen = [action for action in actions if self.once_in(2)] or actions[1:2]
        return (
            f"MERGE INTO {table} AS {name} USING {source} ON {self.on(own, others, [], '')} {' '.join(chosen)}",
            others,
        )


def _forms(text: str) -> list[str]:
    return re.split(r"(?<!\|)\|(?!\|)", text)


def _columns(name: str, kinds: Sequence[str]) -> Values:
    """The columns of what was named here; bare without a name."""
    return [Value(f"{name and name + '.'}c{number}", kind) for number, kind in enumerate(kinds, start=1)]


def _table(name: str, table: str) -> Values:
    pairs = [column.split(":") for column in _TABLES[table].split()]
    return [Value(f"{name and name + '.'}{column}", _LETTERS[letter]) for column, letter in pairs]
