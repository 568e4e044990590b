"""From one object to another: the statements, in the shapes that lock least (docs/how-to/declared-schema.md).

A change to a table that is in use is cut in parts that run in files of their own: what locks for a moment, what scans
under a weaker lock, and what builds an index beside the traffic.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog import ddl
from runner.catalog.catalog import (
    Column,
    Constraint,
    Definition,
    Domain,
    Enumeration,
    Fired,
    Grant,
    Index,
    Key,
    Presence,
    Publication,
    Sequence,
    Statistics,
    Table,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence as Several

    from runner.catalog.catalog import Catalog, Parts

_LONGEST_NAME = 63
_FIRST_WITH_STORAGE_DEFAULT = 16
_UNIQUE = re.compile(
    r"(UNIQUE|PRIMARY KEY)( NULLS NOT DISTINCT)? (\((?:[^()\"]|\"[^\"]*\")*\))( INCLUDE \([^()]*\))?(.*)"
)
_LOSES_TABLE = "the rows of the table are lost"
_LOSES_COLUMN = "the values of the column are lost"
_MAY_LOSE = "values may not fit the new type, or lose precision, and the table may be rewritten"
_BUILT_AT_ONCE = "A partitioned table knows no CONCURRENTLY: writes wait until it is built on all partitions"
_CHECKED_AT_ONCE = "Writes wait until all rows are checked: this cannot be added NOT VALID"
_REWRITES = (
    "This writes the table anew, and nobody reads or writes it meanwhile; for a large one, fill a new column instead"
)
_WIDER = {
    "smallint": ("integer", "bigint", "numeric"),
    "integer": ("bigint", "numeric"),
    "bigint": ("numeric",),
    "real": ("double precision",),
}
# Types that PostgreSQL casts to each other; others go through text.
_FAMILIES = (
    ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    ("text", "character varying", "character", "name"),
    ("date", "timestamp", "time", "interval"),
)
_SIZED = re.compile(r"(character varying|character|numeric|bit varying)(?:\((\d+)(?:,(\d+))?\))?")


_BY_HAND = "migrate knows of its kind only that it is there; write it by hand"


class Stage(IntEnum):
    """When a change can run at the earliest: even ones in a transaction, odd ones concurrently, alone in a file."""

    ENUM = -2
    MAIN = 0
    CONCURRENT = 1


class Change(NamedTuple):
    """Statements that belong together. `name` tells the changes of one object apart.

    `later` are the names of changes of the same object that must be in an earlier file; `covers` are other objects
    that the change makes or alters too, `drops` are those that are gone after it; `destroys` is why the statements are
    drafted as a comment, `note` a line for whoever reads the draft.
    """

    key: Key
    name: str
    statements: tuple[str, ...]
    stage: int = Stage.MAIN
    later: tuple[str, ...] = ()
    covers: tuple[Key, ...] = ()
    drops: tuple[Key, ...] = ()
    destroys: str | None = None
    note: str | None = None

    @property
    def makes(self) -> tuple[Key, ...]:
        """What is as it should be after the change; nothing if it only clears the way."""
        return () if self.key in self.drops else (self.key, *self.covers)


def creation(key: Key, parts: Parts, want: Catalog, *, in_use: bool) -> list[Change]:
    """The changes that create an object; `in_use`: its table is there already, and may have rows and traffic."""
    match parts:
        case Column() if key.kind == "column":
            return _new_column(key, parts, want)
        case Constraint() if in_use:
            return _new_constraint(key, parts, partitioned=_is_partitioned(key, want))
        case Index() if in_use and not _is_partitioned(key, want):
            return [_concurrently(key, ddl.index_definition(parts)), *_rest(key, ddl.created(key, parts)[1:])]
        case Index() if in_use:
            return [Change(key, "create", tuple(ddl.created(key, parts)), note=_BUILT_AT_ONCE)]
        case Definition() if key.kind != "domain constraint":
            text = ddl.routine(key, parts).replace("CREATE OR REPLACE ", "CREATE ", 1)
            return [Change(key, "create", (text,))]
        case Presence() if key.kind not in ("schema", "composite type"):
            return [Change(key, "create", tuple(ddl.created(key, parts)), destroys=_BY_HAND)]
        case _:
            return [Change(key, "create", tuple(ddl.created(key, parts)))]


def _rest(key: Key, statements: Several[str]) -> list[Change]:
    return [Change(key, "settings", tuple(statements), later=("create",))] if statements else []


def _concurrently(key: Key, definition: str, name: str = "create") -> Change:
    statement = re.sub(r"^CREATE (UNIQUE )?INDEX ", r"CREATE \1INDEX CONCURRENTLY ", definition)
    return Change(key, name, (statement,), Stage.CONCURRENT)


def _new_column(key: Key, parts: Column, want: Catalog) -> list[Change]:
    empty = parts.default is None and not parts.identity
    if not (parts.not_null and empty):
        added = f"ALTER TABLE {ddl.qualified(key)} ADD COLUMN {column_line(key, parts, want)}"
        return [Change(key, "create", (added, *ddl.column_settings(key, parts)))]
    return [Change(key, "create", tuple(ddl.created(key, parts._replace(not_null=None)))), *_not_null(key)]


def column_line(key: Key, parts: Column, want: Catalog) -> str:
    """A column as CREATE TABLE has it, with the options of its identity."""
    return ddl.column(key.name, parts, identity=_identity_options(key, want) if parts.identity else "")


def _identity_options(key: Key, want: Catalog) -> str:
    usual = _name(key.relation, key.name, "seq")
    for name in (usual, *(each.name for each in want.objects if each.kind == "sequence" and each.parent == key.parent)):
        sequence = want.objects.get(Key("sequence", key.schema, key.relation, name))
        if isinstance(sequence, Sequence) and sequence.identity and sequence.column == key.name:
            named = "" if name == usual else f"SEQUENCE NAME {ddl.within(key, name)} "
            return (named + ddl.counting(sequence, typed=False)).strip()
    return ""


def _not_null(key: Key) -> list[Change]:
    """NOT NULL without a scan under ACCESS EXCLUSIVE: a validated check proves it."""
    table, check = ddl.qualified(key), _name(key.relation, key.name, "not_null_check")
    update = f"UPDATE {table} SET {key.name} = … WHERE {key.name} IS NULL"  # noqa: S608  # a note for people
    fill = f"Rows that are there already need a value first: {update}"
    return [
        Change(
            key,
            "check",
            (f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({key.name} IS NOT NULL) NOT VALID",),
        ),
        Change(key, "validate", (f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}",), later=("check",), note=fill),
        Change(
            key,
            "not null",
            (
                f"ALTER TABLE {table} ALTER COLUMN {key.name} SET NOT NULL",
                f"ALTER TABLE {table} DROP CONSTRAINT {check}",
            ),
            later=("validate",),
        ),
    ]


def _name(*words: str) -> str:
    """A name of those words, as long as PostgreSQL keeps; quoted if one of them is."""
    head, tail = "_".join(word.strip('"') for word in words[:-1]), words[-1].strip('"')
    plain = f"{head[: _LONGEST_NAME - len(tail) - 1]}_{tail}"
    return f'"{plain}"' if any(word.startswith('"') for word in words) else plain


def _new_constraint(key: Key, parts: Constraint, *, partitioned: bool) -> list[Change]:
    table, definition = ddl.qualified(key), parts.definition
    unique = _UNIQUE.fullmatch(definition)
    if unique and not (partitioned or parts.options or parts.tablespace or "WITHOUT OVERLAPS" in definition):
        kind, nulls, columns, include, timing = unique.groups()
        index = f"CREATE UNIQUE INDEX {key.name} ON {table} {columns}{include or ''}{nulls or ''}"
        added = f"ALTER TABLE {table} ADD CONSTRAINT {key.name} {kind} USING INDEX {key.name}{timing}"
        settings = ddl.created(key, parts)[1:]
        return [_concurrently(key, index, "index"), Change(key, "create", (added, *settings), later=("index",))]
    validated = not definition.endswith((" NOT VALID", " NOT ENFORCED"))
    checked = definition.startswith("CHECK") or (definition.startswith("FOREIGN KEY") and not partitioned)
    if not (checked and validated):
        return [Change(key, "create", tuple(ddl.created(key, parts)), note=_CHECKED_AT_ONCE if validated else None)]
    unproven = parts._replace(definition=f"{definition} NOT VALID")
    validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {key.name}"
    return [
        Change(key, "create", tuple(ddl.created(key, unproven))),
        Change(key, "validate", (validate,), later=("create",)),
    ]


def removal(key: Key, parts: Parts, have: Catalog, *, in_use: bool) -> list[Change]:
    """The changes that drop an object."""
    destroys = None
    match key.kind:
        case "table":
            destroys = _LOSES_TABLE
        case "column" if not (isinstance(parts, Column) and parts.generated):
            destroys = _LOSES_COLUMN
        case "attribute":
            destroys = _LOSES_COLUMN
        case "schema" | "extension":
            destroys = "all that is in it is lost"
    statement = ddl.dropped(key, parts)
    if isinstance(parts, Table) and parts.partition_of:
        detach = f"ALTER TABLE {parts.partition_of} DETACH PARTITION {ddl.qualified(key)}"
        return [Change(key, "drop", (detach, statement), destroys=destroys)]
    if isinstance(parts, Index) and in_use and not _is_partitioned(key, have):
        return [Change(key, "drop", (statement.replace("DROP INDEX", "DROP INDEX CONCURRENTLY", 1),), Stage.CONCURRENT)]
    return [Change(key, "drop", (statement,), destroys=destroys)]


def alteration(key: Key, old: Parts, new: Parts, want: Catalog) -> list[Change] | None:
    """The changes that make one object of the other in place; None if it has to be dropped and created again."""
    match old, new:
        case Table(), Table():
            return _altered_table(key, old, new, want)
        case Column(), Column() if key.kind == "column":
            return _altered_column(key, old, new, want)
        case Column(), Column():
            collation = f" COLLATE {new.collation}" if new.collation else ""
            statement = f"ALTER TYPE {ddl.qualified(key)} ALTER ATTRIBUTE {key.name} TYPE {new.type}{collation}"
            return [Change(key, "alter", (statement,), destroys=_MAY_LOSE)]
        case Constraint(), Constraint() if old.definition == f"{new.definition} NOT VALID":
            return [Change(key, "alter", (f"ALTER TABLE {ddl.qualified(key)} VALIDATE CONSTRAINT {key.name}",))]
        case Constraint(), Constraint() if old._replace(disabled=new.disabled) == new:
            verb = "DISABLE" if new.disabled else "ENABLE"
            return [Change(key, "alter", (f"ALTER TABLE {ddl.qualified(key)} {verb} TRIGGER ALL",))]
        case Index(), Index():
            return _altered_index(key, old, new, want)
        case Sequence(), Sequence():
            return _altered_sequence(key, old, new)
        case Definition(), Definition() if key.kind != "domain constraint" and _head(old) == _head(new):
            return [Change(key, "alter", (ddl.routine(key, new),))]
        case Fired(), Fired() if old.definition == new.definition:
            state = ddl.fired_state(key, new) or [
                f"ALTER TABLE {ddl.qualified(key)} ENABLE {key.kind.upper()} {key.name}"
            ]
            return [Change(key, "alter", tuple(state))]
        case Enumeration(), Enumeration():
            return _more_labels(key, old.labels, new.labels)
        case Domain(), Domain() if (old.type, old.collation) == (new.type, new.collation):
            return [Change(key, "alter", tuple(_altered_domain(key, old, new)))]
        case Grant(), Grant():
            return [Change(key, "alter", (ddl.granted(key, old, undo=True), ddl.granted(key, new)))]
        case Text(), Text() if key.kind == "extension":
            return [Change(key, "alter", (f"ALTER EXTENSION {key.name} SET SCHEMA {new.text}",))]
        case Text(), Text():
            return [Change(key, "alter", tuple(ddl.created(key, new)))]
        case Statistics(), Statistics() if old.definition == new.definition:
            target = -1 if new.target is None else new.target
            return [Change(key, "alter", (f"ALTER STATISTICS {key.name} SET STATISTICS {target}",))]
        case Publication(), Publication() if (new.tables or new.schemas) and not (old.all_tables or new.all_tables):
            return [Change(key, "alter", tuple(_altered_publication(key, new)))]
        case _:
            return None


_FIXED = ("partitioned_by", "inherits", "server", "server_options")  # what ALTER TABLE cannot change, or not safely


def _altered_table(key: Key, old: Table, new: Table, want: Catalog) -> list[Change] | None:
    foreign = "FOREIGN" in (old.persistence, new.persistence)
    if foreign or any(getattr(old, part) != getattr(new, part) for part in _FIXED):
        return None
    if bool(old.partition_of) != bool(new.partition_of):
        return None
    alter = f"ALTER TABLE {ddl.qualified(key)}"
    said = _moved_partition(key, old, new) + _altered_options(alter, old.options, new.options)
    told = bool(new.replica_identity) or not _by_index(key, want)
    said += [
        f"{alter} {sql}"
        for differs, sql in (
            (old.of_type != new.of_type, f"OF {new.of_type}" if new.of_type else "NOT OF"),
            (old.method != new.method, f"SET ACCESS METHOD {new.method or 'heap'}"),
            (old.tablespace != new.tablespace, f"SET TABLESPACE {new.tablespace or 'pg_default'}"),
            (old.row_security != new.row_security, f"{'EN' if new.row_security else 'DIS'}ABLE ROW LEVEL SECURITY"),
            (old.forced != new.forced, f"{'' if new.forced else 'NO '}FORCE ROW LEVEL SECURITY"),
            (
                told and old.replica_identity != new.replica_identity,
                f"REPLICA IDENTITY {new.replica_identity or 'DEFAULT'}",
            ),
        )
        if differs
    ]
    changes = [Change(key, "alter", tuple(said))] if said else []
    if old.persistence != new.persistence:
        changes.append(Change(key, "persistence", (f"{alter} SET {new.persistence or 'LOGGED'}",)))
    return changes


def _moved_partition(key: Key, old: Table, new: Table) -> list[str]:
    if (old.partition_of, old.bound) == (new.partition_of, new.bound):
        return []
    return [
        f"ALTER TABLE {old.partition_of} DETACH PARTITION {ddl.qualified(key)}",
        f"ALTER TABLE {new.partition_of} ATTACH PARTITION {ddl.qualified(key)} {new.bound}",
    ]


def _by_index(key: Key, want: Catalog) -> bool:
    """Whether an index tells the rows of a table apart for replicas."""
    return any(
        each.parent == key.parent and isinstance(parts, (Index, Constraint)) and parts.replica_identity
        for each, parts in want.objects.items()
    )


def _altered_options(alter: str, old: str | None, new: str | None) -> list[str]:
    before, after = (dict(option.split("=", 1) for option in (text or "").split(", ") if option) for text in (old, new))
    gone = ", ".join(sorted(before.keys() - after.keys()))
    set_to = ", ".join(f"{name}={value}" for name, value in sorted(after.items()) if before.get(name) != value)
    return [*([f"{alter} RESET ({gone})"] if gone else []), *([f"{alter} SET ({set_to})"] if set_to else [])]


def _altered_column(key: Key, old: Column, new: Column, want: Catalog) -> list[Change] | None:
    if old.generated != new.generated or (new.generated and old.default != new.default):
        return None
    alter = f"ALTER TABLE {ddl.qualified(key)} ALTER COLUMN {key.name}"
    changes = []
    if old.identity and not new.identity:
        changes.append(Change(key, "drop identity", (f"{alter} DROP IDENTITY",)))
    if (old.type, old.collation) != (new.type, new.collation):
        changes.append(_retyped(key, old, new))
        old = _unset(old)._replace(default=new.default)
    if said := _column_settings(old, new, want.major):
        changes.append(Change(key, "alter", tuple(f"{alter} {sql}" for sql in said)))
    proven = not new.not_null or bool(old.not_null)
    changes += [] if proven else _not_null(key)
    if new.identity and not old.identity:
        options = _identity_options(key, want)
        added = f"{alter} ADD GENERATED {new.identity} AS IDENTITY" + (f" ({options})" if options else "")
        changes.append(Change(key, "identity", (added,), later=() if proven else ("not null",)))
    return changes


def _unset(column: Column) -> Column:
    """A column whose type has changed: PostgreSQL takes back how it was stored, so that has to be said again."""
    return column._replace(storage=column.storage and "", compression=column.compression and "")


def _column_settings(old: Column, new: Column, major: int) -> list[str]:
    """What stands after ALTER COLUMN and its name."""
    default = "DROP DEFAULT" if new.default is None else f"SET DEFAULT {new.default}"
    return [
        sql
        for differs, sql in (
            (old.not_null and not new.not_null, "DROP NOT NULL"),
            (old.default != new.default, default),
            (new.identity and old.identity and old.identity != new.identity, f"SET GENERATED {new.identity}"),
            (old.storage != new.storage, f"SET STORAGE {new.storage or _usual_storage(new.type, major)}"),
            (old.compression != new.compression, f"SET COMPRESSION {new.compression or 'default'}"),
            (
                old.statistics != new.statistics,
                f"SET STATISTICS {-1 if new.statistics is None else new.statistics}",
            ),
        )
        if differs
    ]


def _usual_storage(type_name: str, major: int) -> str:
    if major >= _FIRST_WITH_STORAGE_DEFAULT:
        return "DEFAULT"
    return "MAIN" if type_name.startswith("numeric") else "EXTENDED"


def reset(key: Key, old: Parts, want: Catalog, *, retype: bool) -> list[Change]:
    """The changes of a column whose default, or type, stands on something that is replaced: it goes and comes back."""
    new = want.objects[key]
    if not (isinstance(old, Column) and isinstance(new, Column)):
        raise TypeError(key)
    alter = f"ALTER TABLE {ddl.qualified(key)} ALTER COLUMN {key.name}"
    said = [f"{alter} DROP DEFAULT"] if old.default is not None else []
    said += [f"{alter} TYPE text USING {key.name}::text"] if retype else []
    between = old._replace(default=None)
    between = _unset(between)._replace(type="text", collation=None) if retype else between
    gone = Change(key, "reset", tuple(said), destroys=_MAY_LOSE if retype else None)
    back = _altered_column(key, between, new, want) or []
    return [gone, *back] if back else [gone._replace(name="type")]  # it is as it should be at once


def _retyped(key: Key, old: Column, new: Column) -> Change:
    """ALTER COLUMN TYPE, with the default taken off and put back: it has to fit both types otherwise."""
    alter = f"ALTER TABLE {ddl.qualified(key)} ALTER COLUMN {key.name}"
    collation = f" COLLATE {new.collation}" if new.collation else ""
    said = [f"{alter} DROP DEFAULT"] if old.default is not None else []
    safe = old.collation == new.collation and _is_wider(old.type, new.type)
    using = "" if safe else f" USING {key.name}{_through(old.type, new.type)}::{new.type}"
    said.append(f"{alter} TYPE {new.type}{collation}{using}")
    said += [f"{alter} SET DEFAULT {new.default}"] if new.default is not None else []
    note = _REWRITES if safe and not _stays_in_place(old.type, new.type) else None
    return Change(key, "type", tuple(said), destroys=None if safe else _MAY_LOSE, note=note)


def _through(old: str, new: str) -> str:
    """The cast between two casts: to text, where PostgreSQL may know none from the one type to the other."""
    near = new.startswith(_FAMILIES[1]) or any(old.startswith(names) and new.startswith(names) for names in _FAMILIES)
    return "" if near and not new.endswith("[]") and not old.endswith("[]") else "::text"


def _stays_in_place(old: str, new: str) -> bool:
    """Whether PostgreSQL takes the values as they are, without a new copy of the table."""
    before, after = _SIZED.fullmatch(old), _SIZED.fullmatch(new)
    if before and after and before[1] == after[1] != "character":
        return after[2] is None or (before[3] or "0") == (after[3] or "0")
    return old == new or bool(before and before[1] == "character varying" and new == "text")


def _is_wider(old: str, new: str) -> bool:
    """Whether every value of the old type is one of the new type, unchanged."""
    if new in _WIDER.get(old, ()):
        return True
    before, after = _SIZED.fullmatch(old), _SIZED.fullmatch(new)
    if before and before[1] in ("character varying", "character") and new == "text":
        return True
    if not (before and after and before[1] == after[1]) or before[1] == "character":
        return old == new
    if after[2] is None:
        return True
    if before[2] is None:
        return False
    scale = int(after[3] or 0) - int(before[3] or 0)
    return scale >= 0 and int(after[2]) - int(before[2]) >= scale


def _altered_index(key: Key, old: Index, new: Index, want: Catalog) -> list[Change] | None:
    if ddl.index_definition(old) == ddl.index_definition(new) and old.valid:
        table = want.objects.get(Key("table", key.schema, key.relation, ""))
        whole = isinstance(table, Table) and table.replica_identity
        alter, said = f"ALTER TABLE {ddl.qualified(key)}", ddl.created(key, new)[1:]
        said += [f"{alter} SET WITHOUT CLUSTER"] if old.clustered and not new.clustered else []
        released = old.replica_identity and not (new.replica_identity or whole)
        said += [f"{alter} REPLICA IDENTITY DEFAULT"] if released else []
        return [Change(key, "alter", tuple(said))] if said else []
    if _is_partitioned(key, want):
        return None
    fresh, swap = _name(key.name, "new"), ddl.within(key, key.name)
    definition = ddl.index_definition(new).replace(f"INDEX {key.name} ON", f"INDEX {fresh} ON", 1)
    renamed = (f"DROP INDEX {swap}", f"ALTER INDEX {ddl.within(key, fresh)} RENAME TO {key.name}")
    return [
        _concurrently(key, definition, "build"),
        Change(key, "swap", (*renamed, *ddl.created(key, new)[1:]), later=("build",)),
    ]


def _altered_sequence(key: Key, old: Sequence, new: Sequence) -> list[Change] | None:
    if bool(old.identity) != bool(new.identity):
        return None
    before = dict(ddl.sequence_options(old))
    said = [sql for name, sql in ddl.sequence_options(new) if before[name] != sql]
    alter = f"ALTER {ddl.described(key)}"
    changes = [Change(key, "alter", (f"{alter} {' '.join(said)}",))] if said else []
    if old.persistence != new.persistence:
        changes.append(Change(key, "persistence", (f"{alter} SET {new.persistence or 'LOGGED'}",)))
    if old.column != new.column:
        changes.append(owner(key, new))
    return changes


def owner(key: Key, parts: Sequence) -> Change:
    """The change that gives a sequence to the column that owns it."""
    column = f"{ddl.qualified(key)}.{parts.column}" if parts.column else "NONE"
    return Change(key, "owner", (f"ALTER {ddl.described(key)} OWNED BY {column}",))


def _head(parts: Definition) -> str:
    """What CREATE OR REPLACE cannot change: a function's name, arguments and result."""
    return parts.text.split("\n LANGUAGE ", 1)[0]


def _more_labels(key: Key, old: tuple[str, ...], new: tuple[str, ...]) -> list[Change] | None:
    """ALTER TYPE … ADD VALUE, if all that is there stays, in its order."""
    if [label for label in new if label in old] != list(old):
        return None
    said, present = [], list(old)
    for number, label in enumerate(new):
        if label in present:
            continue
        after = f" AFTER {ddl.literal(new[number - 1])}" if number else f" BEFORE {ddl.literal(present[0])}"
        at_end = number and new[number - 1] == present[-1]
        said.append(f"ALTER TYPE {ddl.qualified(key)} ADD VALUE {ddl.literal(label)}{'' if at_end else after}")
        present.insert(number, label)
    return [Change(key, "labels", tuple(said), Stage.ENUM)]


def _altered_domain(key: Key, old: Domain, new: Domain) -> list[str]:
    alter, said = f"ALTER DOMAIN {ddl.qualified(key)}", []
    if old.default != new.default:
        said.append(f"{alter} DROP DEFAULT" if new.default is None else f"{alter} SET DEFAULT {new.default}")
    if old.not_null != new.not_null:
        said.append(f"{alter} {'SET' if new.not_null else 'DROP'} NOT NULL")
    return said


def _altered_publication(key: Key, new: Publication) -> list[str]:
    objects = ddl.published(new)
    root = "true" if new.via_root else "false"
    said = [f"ALTER PUBLICATION {key.name} SET (publish = '{new.publish}', publish_via_partition_root = {root})"]
    return [*said, *([f"ALTER PUBLICATION {key.name} SET {objects}"] if objects else [])]


def _is_partitioned(key: Key, catalog: Catalog) -> bool:
    table = catalog.objects.get(Key("table", key.schema, key.relation, ""))
    return isinstance(table, Table) and table.partitioned_by is not None
