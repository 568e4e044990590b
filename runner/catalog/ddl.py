"""Objects to SQL: how each is created and dropped, and how it is shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from runner.catalog.catalog import (
    Aggregate,
    Collation,
    Column,
    Constraint,
    Definition,
    Domain,
    Enumeration,
    EventTrigger,
    Fired,
    Grant,
    Index,
    Key,
    Policy,
    Presence,
    Publication,
    Range,
    Sequence,
    Server,
    Statistics,
    Table,
    Text,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.catalog.catalog import Parts

HOME = "public"
_AGGREGATE_KINDS = {"n": "", "o": " ORDER BY ", "h": " ORDER BY "}
_BOUNDS = {  # of sequences that count up: minimum, maximum
    "smallint": (1, 2**15 - 1),
    "integer": (1, 2**31 - 1),
    "bigint": (1, 2**63 - 1),
}


def qualified(key: Key) -> str:
    """The name of the relation, or of what stands alone, as it is written where `public` is the search path."""
    return within(key, key.relation or key.name)


def within(key: Key, name: str) -> str:
    """A name in the schema of a key."""
    return name if key.schema in (HOME, "") else f"{key.schema}.{name}"


def described(key: Key) -> str:
    """What stands between COMMENT ON and IS, between DROP and the end."""
    match key.kind:
        case "column" | "attribute" | "view default":
            return f"COLUMN {qualified(key)}.{key.name}"
        case "constraint" | "trigger" | "rule" | "policy":
            return f"{key.kind.upper()} {key.name} ON {qualified(key)}"
        case "domain constraint":
            return f"CONSTRAINT {key.name} ON DOMAIN {qualified(key)}"
        case "index":
            return f"INDEX {within(key, key.name)}"
        case "sequence":
            return f"SEQUENCE {within(key, key.name or key.relation)}"
        case "enum" | "range" | "composite type":
            return f"TYPE {qualified(key)}"
        case "statistics":
            return f"STATISTICS {key.name}"
        case "comment":
            return f"COMMENT ON {key.name}"
        case _:
            return f"{key.kind.upper()} {qualified(key)}"


def shown(key: Key, parts: Parts) -> str:
    """An object as people read it in a difference: its SQL, without the table where that is told above it."""
    match key.kind, parts:
        case "column" | "attribute", Column():
            proven = "" if parts.not_null in (None, "NOT NULL") else f" {parts.not_null}"
            storage = f" STORAGE {parts.storage}" if parts.storage else ""
            return (
                column(key.name, parts)
                + proven
                + storage
                + (f" STATISTICS {parts.statistics}" if parts.statistics else "")
            )
        case "constraint", Constraint():
            state = " -- its triggers are disabled: it is not enforced" if parts.disabled else ""
            return "\n".join((constraint(key.name, parts) + state, *_index_settings(key, parts)))
        case "sequence", Sequence(column=str(owner), identity=False):
            return f"{created(key, parts)[0]} OWNED BY {qualified(key)}.{owner};"
        case _:
            return finished(created(key, parts))


def finished(statements: Iterable[str]) -> str:
    """Statements as lines, with their semicolons."""
    return "\n".join(each if each.startswith("--") else f"{each};" for each in statements)


def created(key: Key, parts: Parts) -> list[str]:
    """The statements that create an object; a table without its columns, an index without CONCURRENTLY."""
    match parts:
        case Table():
            return table(key, parts, ())
        case Column():
            kind = "TYPE" if key.kind == "attribute" else "TABLE"
            word = "ATTRIBUTE" if key.kind == "attribute" else "COLUMN"
            added = f"ALTER {kind} {qualified(key)} ADD {word} {column(key.name, parts)}"
            return [added, *column_settings(key, parts)]
        case Constraint():
            return [f"ALTER TABLE {qualified(key)} ADD {constraint(key.name, parts)}", *_index_settings(key, parts)]
        case Index():
            state = [] if parts.valid else [f"-- {key.name} is not valid: an index that was not built to its end"]
            return [*state, index_definition(parts), *_index_settings(key, parts)]
        case Sequence():
            return [f"CREATE {_word(parts.persistence)}SEQUENCE {_sequence_name(key)} {counting(parts)}"]
        case View():
            return [_view(key, parts)]
        case Definition():
            added = f"ALTER DOMAIN {qualified(key)} ADD CONSTRAINT {key.name} {parts.text}"
            return [added if key.kind == "domain constraint" else routine(key, parts)]
        case Aggregate():
            return [_aggregate(key, parts)]
        case Fired():
            return [parts.definition.rstrip(";"), *fired_state(key, parts)]
        case Policy():
            return [_policy(key, parts)]
        case Enumeration() | Domain() | Range():
            return [_type(key, parts)]
        case Statistics():
            target = f"ALTER {described(key)} SET STATISTICS {parts.target}"
            return [parts.definition, *([target] if parts.target is not None else [])]
        case _:
            return _created_apart(key, parts)


def routine(key: Key, parts: Definition) -> str:
    """A function or procedure as the server writes it out, in the search path."""
    text = parts.text.strip()
    return text.replace(f" {HOME}.", " ", 1) if key.schema == HOME else text


def _created_apart(
    key: Key, parts: Publication | Collation | EventTrigger | Server | Grant | Text | Presence
) -> list[str]:
    """What stands beside tables, types and code."""
    match parts:
        case Publication():
            return [_publication(key, parts)]
        case Collation():
            deterministic = "" if parts.deterministic else ", deterministic = false"
            locale = f"provider = {parts.provider}, locale = {literal(parts.locale)}"
            return [f"CREATE COLLATION {qualified(key)} ({locale}{deterministic})"]
        case EventTrigger():
            tags = f" WHEN TAG IN ({parts.tags})" if parts.tags else ""
            created = f"CREATE EVENT TRIGGER {key.name} ON {parts.event}{tags} EXECUTE FUNCTION {parts.function}"
            return [created, *([f"ALTER EVENT TRIGGER {key.name} {parts.enabled}"] if parts.enabled else [])]
        case Server():
            version = (f" TYPE {literal(parts.type)}" if parts.type else "") + (
                f" VERSION {literal(parts.version)}" if parts.version else ""
            )
            wrapper = f" FOREIGN DATA WRAPPER {parts.wrapper}{foreign_options(parts.options)}"
            return [f"CREATE SERVER {key.name}{version}{wrapper}"]
        case Grant():
            return [granted(key, parts)]
        case Text():
            return [_text(key, parts)]
        case Presence():
            if key.kind == "composite type":
                return [f"CREATE TYPE {qualified(key)} AS ()"]
            return [f"CREATE {described(key)}"]
        case _ as never:
            assert_never(never)


def dropped(key: Key, parts: Parts) -> str:
    """The statement that drops an object."""
    match key.kind:
        case "column" | "constraint":
            return f"ALTER TABLE {qualified(key)} DROP {key.kind.upper()} {key.name}"
        case "attribute":
            return f"ALTER TYPE {qualified(key)} DROP ATTRIBUTE {key.name}"
        case "domain constraint":
            return f"ALTER DOMAIN {qualified(key)} DROP CONSTRAINT {key.name}"
        case "view default":
            return f"ALTER VIEW {qualified(key)} ALTER COLUMN {key.name} DROP DEFAULT"
        case "comment":
            return f"COMMENT ON {key.name} IS NULL"
        case "table" if isinstance(parts, Table) and parts.persistence == "FOREIGN":
            return f"DROP FOREIGN TABLE {qualified(key)}"
        case "grant" | "revoke" | "default privileges" if isinstance(parts, Grant):
            return granted(key, parts, undo=True)
        case _:
            return f"DROP {described(key)}"


def table(key: Key, parts: Table, lines: Iterable[str]) -> list[str]:
    """CREATE TABLE with the lines between its parentheses, and what can only be said after it."""
    body = ",\n    ".join(lines)
    head = f"CREATE {_word(parts.persistence)}TABLE {qualified(key)}"
    if parts.partition_of:
        head += f" PARTITION OF {parts.partition_of}" + (f" (\n    {body}\n)" if body else "") + f" {parts.bound}"
    elif parts.of_type:
        head += f" OF {parts.of_type}" + (f" (\n    {body}\n)" if body else "")
    else:
        head += f" (\n    {body}\n)" if body else " ()"
    clauses = [
        f"INHERITS ({parts.inherits})" if parts.inherits else "",
        f"PARTITION BY {parts.partitioned_by}" if parts.partitioned_by else "",
        f"USING {parts.method}" if parts.method else "",
        f"SERVER {parts.server}{foreign_options(parts.server_options)}" if parts.server else "",
        f"WITH ({parts.options})" if parts.options else "",
        f"TABLESPACE {parts.tablespace}" if parts.tablespace else "",
    ]
    return [" ".join((head, *filter(None, clauses))), *table_settings(key, parts)]


def table_settings(key: Key, parts: Table) -> list[str]:
    """What CREATE TABLE cannot say."""
    alter = f"ALTER TABLE {qualified(key)}"
    return [
        *([f"{alter} ENABLE ROW LEVEL SECURITY"] if parts.row_security else []),
        *([f"{alter} FORCE ROW LEVEL SECURITY"] if parts.forced else []),
        *([f"{alter} REPLICA IDENTITY {parts.replica_identity}"] if parts.replica_identity else []),
    ]


def column(name: str, parts: Column, *, identity: str = "") -> str:
    """A column as CREATE TABLE has it; `identity` are the options of its identity."""
    words = [name, parts.type]
    words += [f"COMPRESSION {parts.compression}"] if parts.compression else []
    words += [f"COLLATE {parts.collation}"] if parts.collation else []
    words += ["NOT NULL"] if parts.not_null == "NOT NULL" else []
    if parts.generated:
        words.append(f"GENERATED ALWAYS AS ({parts.default}) {parts.generated}")
    elif parts.identity:
        words.append(f"GENERATED {parts.identity} AS IDENTITY{f' ({identity})' if identity else ''}")
    elif parts.default is not None:
        words.append(f"DEFAULT {parts.default}")
    return " ".join(words) + foreign_options(parts.options)


def column_settings(key: Key, parts: Column) -> list[str]:
    """What a column's definition cannot say."""
    alter = f"ALTER TABLE {qualified(key)} ALTER COLUMN {key.name}"
    unproven = parts.not_null not in (None, "NOT NULL")
    return [
        *([f"ALTER TABLE {qualified(key)} ADD NOT NULL {key.name} NOT VALID"] if unproven else []),
        *([f"{alter} SET STORAGE {parts.storage}"] if parts.storage else []),
        *([f"{alter} SET STATISTICS {parts.statistics}"] if parts.statistics is not None else []),
    ]


def constraint(name: str, parts: Constraint) -> str:
    """A constraint as CREATE TABLE has it."""
    options = f" WITH ({', '.join(parts.options)})" if parts.options else ""
    place = f" USING INDEX TABLESPACE {parts.tablespace}" if parts.tablespace else ""
    definition, deferrable, timing = parts.definition.partition(" DEFERRABLE")
    return f"CONSTRAINT {name} {definition}{options}{place}{deferrable}{timing}"


def index_definition(parts: Index) -> str:
    """CREATE INDEX, on the partitions too where the table has some; the usual method goes without saying."""
    definition = parts.definition.replace(" ON ONLY ", " ON ", 1).replace(" USING btree (", " (", 1)
    if not parts.tablespace:
        return definition
    head, where, condition = definition.partition(" WHERE ")
    return f"{head} TABLESPACE {parts.tablespace}{where}{condition}"


def _index_settings(key: Key, parts: Constraint | Index) -> list[str]:
    alter = f"ALTER TABLE {qualified(key)}"
    return [
        *([f"{alter} REPLICA IDENTITY USING INDEX {key.name}"] if parts.replica_identity else []),
        *([f"{alter} CLUSTER ON {key.name}"] if parts.clustered else []),
    ]


def sequence_options(parts: Sequence) -> list[tuple[str, str]]:
    """Each option of a sequence as (what it is, SQL), all of them."""
    return [
        ("type", f"AS {parts.type}"),
        ("increment", f"INCREMENT BY {parts.increment}"),
        ("minimum", f"MINVALUE {parts.minimum}"),
        ("maximum", f"MAXVALUE {parts.maximum}"),
        ("start", f"START WITH {parts.start}"),
        ("cache", f"CACHE {parts.cache}"),
        ("cycle", "CYCLE" if parts.cycle else "NO CYCLE"),
    ]


def counting(parts: Sequence, *, typed: bool = True) -> str:
    """The options of a sequence, but for those that it has by default; an identity has its column's type."""
    low, high = _BOUNDS[parts.type]
    if parts.increment < 0:
        low, high = -high - 1, -1
    usual: dict[str, object] = {
        "increment": 1,
        "minimum": low,
        "maximum": high,
        "start": parts.minimum if parts.increment > 0 else parts.maximum,
        "cache": 1,
        "cycle": False,
    }
    usual |= {} if typed else {"type": parts.type}
    return " ".join(sql for name, sql in sequence_options(parts) if getattr(parts, name) != usual.get(name))


def _sequence_name(key: Key) -> str:
    return within(key, key.name or key.relation)


def _view(key: Key, parts: View) -> str:
    options = f" WITH ({parts.options})" if parts.options else ""
    method = f" USING {parts.method}" if parts.method else ""
    place = f" TABLESPACE {parts.tablespace}" if parts.tablespace else ""
    return f"CREATE {described(key)}{method}{options}{place} AS\n{parts.query.rstrip(';')}"


def _aggregate(key: Key, parts: Aggregate) -> str:
    options = [f"SFUNC = {_bare(parts.transition)}", f"STYPE = {parts.state}"]
    options += [f"FINALFUNC = {_bare(parts.final)}"] if parts.final else []
    options += [f"COMBINEFUNC = {_bare(parts.combine)}"] if parts.combine else []
    options += [f"INITCOND = {literal(parts.initial)}"] if parts.initial is not None else []
    options += ["HYPOTHETICAL"] if parts.kind == "h" else []
    options += [f"PARALLEL = {'safe' if parts.parallel == 's' else 'restricted'}"] if parts.parallel != "u" else []
    return f"CREATE AGGREGATE {qualified(key)} (\n    {(',' + chr(10) + '    ').join(options)}\n)"


def _bare(function: str) -> str:
    """A function without its arguments."""
    return function.partition("(")[0]


def fired_state(key: Key, parts: Fired) -> list[str]:
    """How a trigger or rule fires, if not in the usual way."""
    if not parts.enabled:
        return []
    verb, _, how = parts.enabled.partition(" ")
    words = (verb, how, key.kind.upper(), key.name)
    return [f"ALTER TABLE {qualified(key)} {' '.join(filter(None, words))}"]


def _policy(key: Key, parts: Policy) -> str:
    clauses = [
        f"AS {parts.restrictive}" if parts.restrictive else "",
        f"FOR {parts.command}" if parts.command else "",
        f"TO {parts.roles}" if parts.roles != "PUBLIC" else "",
        f"USING ({parts.using})" if parts.using else "",
        f"WITH CHECK ({parts.check})" if parts.check else "",
    ]
    return " ".join((f"CREATE {described(key)}", *filter(None, clauses)))


def _type(key: Key, parts: Enumeration | Domain | Range) -> str:
    match parts:
        case Enumeration():
            return f"CREATE TYPE {qualified(key)} AS ENUM ({', '.join(map(literal, parts.labels))})"
        case Domain():
            words = [f"CREATE DOMAIN {qualified(key)} AS {parts.type}"]
            words += [f"COLLATE {parts.collation}"] if parts.collation else []
            words += [f"DEFAULT {parts.default}"] if parts.default is not None else []
            words += ["NOT NULL"] if parts.not_null else []
            return " ".join(words)
        case Range():
            options = [f"SUBTYPE = {parts.subtype}"]
            options += [f"SUBTYPE_OPCLASS = {parts.opclass}"] if parts.opclass else []
            options += [f"COLLATION = {parts.collation}"] if parts.collation else []
            options += [f"SUBTYPE_DIFF = {_bare(parts.difference)}"] if parts.difference else []
            options += [f"MULTIRANGE_TYPE_NAME = {parts.multirange}"]
            return f"CREATE TYPE {qualified(key)} AS RANGE ({', '.join(options)})"
        case _ as never:
            assert_never(never)


def published(parts: Publication) -> str:
    """The tables and schemas that a publication names, as CREATE and ALTER have them."""
    objects = [f"TABLE {parts.tables}"] if parts.tables else []
    objects += [f"TABLES IN SCHEMA {parts.schemas}"] if parts.schemas else []
    return ", ".join(objects)


def _publication(key: Key, parts: Publication) -> str:
    objects = published(parts)
    target = " FOR ALL TABLES" if parts.all_tables else f" FOR {objects}" if objects else ""
    root = ", publish_via_partition_root = true" if parts.via_root else ""
    return f"CREATE PUBLICATION {key.name}{target} WITH (publish = '{parts.publish}'{root})"


def granted(key: Key, parts: Grant, *, undo: bool = False) -> str:
    """GRANT or REVOKE; `undo` takes back what it gives."""
    gives = (key.kind != "revoke") != undo
    target, _, role = key.name.rpartition(" FROM " if key.kind == "revoke" else " TO ")
    privileges, verb, preposition = parts.privileges, "GRANT" if gives else "REVOKE", "TO" if gives else "FROM"
    option = " WITH GRANT OPTION" if parts.grantable and gives else ""
    if key.kind == "default privileges":
        scope, _, objects = target.rpartition(" ON ")
        return f"ALTER DEFAULT PRIVILEGES {scope} {verb} {privileges} ON {objects} {preposition} {role}{option}"
    if target.startswith("DEFAULT "):
        objects, _, owner = target.removeprefix("DEFAULT ").partition(" OF ")
        return f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} {verb} {privileges} ON {objects} {preposition} {role}"
    if target.startswith("("):
        columns, _, target = target.partition(" ON ")
        privileges = ", ".join(f"{each} {columns}" for each in privileges.split(", "))
    return f"{verb} {privileges} ON {target} {preposition} {role}{option}"


def _text(key: Key, parts: Text) -> str:
    match key.kind:
        case "comment":
            return f"COMMENT ON {key.name} IS {literal(parts.text)}"
        case "extension":
            return f"CREATE EXTENSION {key.name} WITH SCHEMA {parts.text}"
        case _:
            return f"ALTER VIEW {qualified(key)} ALTER COLUMN {key.name} SET DEFAULT {parts.text}"


def foreign_options(options: Iterable[str] | None) -> str:
    """OPTIONS (…) of foreign things, from `name=value`."""
    if not options:
        return ""
    pairs = [option.partition("=") for option in options]
    return " OPTIONS (" + ", ".join(f"{name} {literal(value)}" for name, _, value in pairs) + ")"


def literal(text: object) -> str:
    """A literal as people write it; the runner's own statements have `server.sql.quote_literal`, for any server."""
    return "'" + str(text).replace("'", "''") + "'"


def _word(persistence: str | None) -> str:
    return f"{persistence} " if persistence else ""
