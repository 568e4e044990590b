"""From one schema to another: the files of the next migration, the SQL of a repair, the declared schema as a dump."""

from __future__ import annotations

from collections import defaultdict
from enum import IntEnum
from typing import TYPE_CHECKING

from runner.catalog import ddl
from runner.catalog.arrange import File, arrange
from runner.catalog.catalog import Catalog, Column, Constraint, Key, Parts, Sequence, Table
from runner.catalog.changes import Change, alteration, column_line, creation, owner, removal, reset
from runner.catalog.needs import ABOUT, TYPES, homes, is_foreign_key, is_generated, shared_name, users
from runner.catalog.order import order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


# What PostgreSQL does not let stand on a column whose type changes.
_FRAGILE = (
    "view",
    "materialized view",
    "rule",
    "policy",
    "trigger",
    "function",
    "procedure",
    "publication",
    "statistics",
)
_LONG = ("CHECK (", "FOREIGN KEY (", "UNIQUE (", "EXCLUDE ")
_WIDEST = 114


class Fate(IntEnum):
    """What becomes of an object; the more it takes, the higher."""

    CREATE = 0
    DROP = 1
    ALTER = 2
    RESET = 3  # of a column: its default is taken off and put back
    RETYPE = 4  # of a column: it is text for as long as its type is not there
    SWAP = 5  # of an index: the new one is built beside the old one
    REPLACE = 6


_GONE = (Fate.DROP, Fate.REPLACE, Fate.SWAP)


def draft(have: Catalog, want: Catalog) -> list[File]:
    """The files that bring a database with the one schema to the other, in the order in which they have to run."""
    have = _with_moved_sequences(have, want)
    return arrange(_changes(have, want, _fates(have, want)), have, want)


def _with_moved_sequences(have: Catalog, want: Catalog) -> Catalog:
    """What is there, where a sequence that changes hands has the key that it will have: it is not another one."""
    wanted = {shared_name(key): key for key in want.objects if key.kind == "sequence"}
    moved = {
        key: there
        for key in have.objects
        if key.kind == "sequence" and (there := wanted.get(shared_name(key), key)) != key
    }
    objects = {moved.get(key, key): _disowned(parts) if key in moved else parts for key, parts in have.objects.items()}
    needs = {
        moved.get(key, key): frozenset(moved.get(each, each) for each in needed) for key, needed in have.needs.items()
    }
    return have._replace(objects=objects, needs=needs)


def _disowned(parts: Parts) -> Parts:
    """A sequence whose owner is another table's: no column of the table that it goes to has an empty name."""
    return parts._replace(column="") if isinstance(parts, Sequence) and not parts.identity else parts


def _fates(have: Catalog, want: Catalog) -> dict[Key, Fate]:
    """What becomes of each object that is not the same in both, or stands on one that is replaced."""
    fates: dict[Key, Fate] = {}
    for key in have.objects.keys() | want.objects.keys():
        old, new = have.objects.get(key), want.objects.get(key)
        if old == new:
            continue
        if old is None or new is None:
            fates[key] = Fate.CREATE if old is None else Fate.DROP
        else:
            changes = alteration(key, old, new, want)
            swapped = any(change.name == "swap" for change in changes or ())
            fates[key] = Fate.REPLACE if changes is None else Fate.SWAP if swapped else Fate.ALTER
    _spread(fates, have, want)
    return fates


def _spread(fates: dict[Key, Fate], have: Catalog, want: Catalog) -> None:
    """Replaces what stands on something replaced or retyped, and so on; PostgreSQL would not let that go otherwise."""
    using, parts, whole = users(have), _parts(have, want), homes(have)
    todo = list(fates)
    while todo:
        key = todo.pop()
        fate = fates[key]
        found: dict[Key, Fate | None] = {}
        if fate is Fate.REPLACE and not key.name:
            found = dict.fromkeys(parts[key.parent], Fate.REPLACE)
        home = whole.get(key.parent, key)
        if key.kind == "attribute" and (
            fate in _GONE or any(each.kind in ("column", "domain") for each in using[home])
        ):
            found[home] = Fate.REPLACE
        if fate in _GONE:
            found |= {user: _on_gone(user, key, have, want) for user in using[key]}
        elif fate is Fate.RETYPE or _is_retyped(key, have, want):
            found |= {user: _on_retyped(user, key, have, want, fate) for user in using[key]}
        for user, spread in found.items():
            both = user in want.objects and user in have.objects
            if both and spread and fates.get(user, Fate.CREATE) < spread:
                fates[user] = spread
                todo.append(user)


def _parts(have: Catalog, want: Catalog) -> Mapping[tuple[str, str], list[Key]]:
    """What belongs to each table, view or type in either schema."""
    found: defaultdict[tuple[str, str], list[Key]] = defaultdict(list)
    for key in have.objects.keys() | want.objects.keys():
        if key.name and key.relation and key.kind != "sequence":
            found[key.parent].append(key)
    return found


def _is_retyped(key: Key, have: Catalog, want: Catalog) -> bool:
    old, new = have.objects.get(key), want.objects.get(key)
    if not (isinstance(old, Column) and isinstance(new, Column)):
        return False
    return (old.type, old.collation) != (new.type, new.collation)


def _on_gone(user: Key, key: Key, have: Catalog, want: Catalog) -> Fate | None:
    """What becomes of an object when one that it needs is dropped."""
    parts, new = have.objects[user], want.objects.get(user)
    if isinstance(parts, Sequence):
        return Fate.REPLACE if key == Key("column", *user.parent, parts.column or "") else None
    reused = shared_name(key) in {shared_name(each) for each in want.objects if each.parent == key.parent}
    if key not in want.objects and new != parts and user.kind != "column" and not reused:
        return None
    if isinstance(parts, Table):
        return Fate.REPLACE if key.kind == "table" or key.parent == user.parent else None
    if not isinstance(parts, Column) or parts.generated or user.kind == "attribute":
        return Fate.REPLACE
    if key.kind in (*TYPES, "collation"):
        return Fate.RETYPE
    return Fate.RESET if parts.default is not None and key.kind in ("function", "sequence") else None


def _on_retyped(user: Key, key: Key, have: Catalog, want: Catalog, fate: Fate) -> Fate | None:
    """What becomes of an object when the type of a column that it needs changes."""
    parts = have.objects[user]
    including = isinstance(parts, Constraint) and " INCLUDE (" in parts.definition
    fragile = user.kind in _FRAGILE or including or is_generated(user, have) or is_foreign_key(user, have)
    changed = fate is Fate.RETYPE or parts != want.objects.get(user)
    built = user.kind in ("index", "constraint") and changed
    partitioned = user.kind == "table" and user.parent == key.parent
    return Fate.REPLACE if fragile or built or partitioned else None


def _changes(have: Catalog, want: Catalog, fates: Mapping[Key, Fate]) -> list[Change]:
    """All changes, in no order. What CREATE TABLE says of a new table, or goes with a dropped one, has none."""
    changes: list[Change] = []
    inside, carriers, whole = _inside(want, fates), _carriers(have, want, fates), homes(want)
    said = {key for keys in inside.values() for key in keys}
    for key, fate in sorted(fates.items()):
        in_use = fates.get(whole.get(key.parent, key), Fate.ALTER) is Fate.ALTER
        if fate in (Fate.DROP, Fate.REPLACE) and key not in carriers:
            changes += removal(key, have.objects[key], have, in_use=in_use)
        if fate is Fate.DROP or key in said:
            continue
        new = want.objects[key]
        if fate in (Fate.ALTER, Fate.SWAP):
            changes += alteration(key, have.objects[key], new, want) or ()
        elif fate in (Fate.RESET, Fate.RETYPE):
            changes += reset(key, have.objects[key], want, retype=fate is Fate.RETYPE)
        elif isinstance(new, Table):
            changes.append(_new_table(key, new, inside[key], want))
        elif isinstance(new, Sequence):
            changes += _new_sequence(key, new)
        else:
            changes += creation(key, new, want, in_use=in_use)
    return _with_carried(changes, carriers)


def _with_carried(changes: list[Change], carriers: Mapping[Key, Key]) -> list[Change]:
    """The changes, with all that goes with what they drop."""
    carried: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in carriers:
        last = key
        while last in carriers:
            last = carriers[last]
        carried[last].append(key)
    found = []
    for change in changes:
        gone = [change.key] if change.name in ("drop", "drop identity", "reset") else []
        if change.name in ("drop", "drop identity"):
            gone += carried[change.key]
        found.append(change._replace(drops=tuple(gone)))
    return found


def _inside(catalog: Catalog, fates: Mapping[Key, Fate]) -> dict[Key, list[Key]]:
    """For each new table the columns and constraints between its parentheses.

    A foreign key is among them if its table can be made after the one that it refers to.
    """
    tables = {key for key, fate in fates.items() if key.kind == "table" and fate in (Fate.CREATE, Fate.REPLACE)}
    inside: dict[Key, list[Key]] = {key: [] for key in tables}
    for key, parts in catalog.objects.items():
        table = Key("table", *key.parent, "")
        if table in tables and (key.kind == "column" or (isinstance(parts, Constraint) and not _is_later(parts))):
            inside[table].append(key)
    for table in _circular(inside, catalog):
        inside[table] = [key for key in inside[table] if not is_foreign_key(key, catalog)]
    for keys in inside.values():
        keys.sort(key=lambda key: (_line_rank(key, catalog), catalog.positions.get(key, 0), key.name))
    return inside


def _circular(inside: Mapping[Key, list[Key]], catalog: Catalog) -> list[Key]:
    """The tables that refer to each other in a circle, or to one that does."""
    before = {
        table: {other for key in keys for other in _tables_of(key, catalog) if other in inside}
        for table, keys in inside.items()
    }
    return order(sorted(inside), before, rank=lambda table: table, group=lambda table: table).cycle


def _tables_of(key: Key, catalog: Catalog) -> set[Key]:
    """The other tables that a part of a table needs."""
    tables = {Key("table", *needed.parent, "") for needed in catalog.needs.get(key, ())}
    return tables - {Key("table", *key.parent, "")}


def _is_later(parts: Parts) -> bool:
    """Whether a constraint can only be said after CREATE TABLE."""
    return isinstance(parts, Constraint) and parts.definition.endswith(" NOT VALID")


def _line_rank(key: Key, want: Catalog) -> int:
    """Columns, then the primary key, unique ones, foreign keys, checks and exclusions."""
    parts = want.objects[key]
    if not isinstance(parts, Constraint):
        return 0
    kinds = ("PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK")
    return next((rank for rank, kind in enumerate(kinds, 1) if parts.definition.startswith(kind)), 9)


def _new_table(key: Key, parts: Table, inside: list[Key], want: Catalog) -> Change:
    """CREATE TABLE with what is inside, and what can only be said after it."""
    settings = [sql for each in inside for sql in ddl.created(each, want.objects[each])[1:]]
    made = ddl.table(key, parts, _lines(inside, want))
    return Change(key, "create", (*made, *settings), covers=tuple(inside))


def _lines(keys: Iterable[Key], want: Catalog) -> list[str]:
    lines = []
    for key in keys:
        match want.objects[key]:
            case Column() as column:
                lines.append(column_line(key, column, want))
            case Constraint() as constraint:
                lines.append(_broken(ddl.constraint(key.name, constraint)))
            case _:
                pass
    return lines


def _broken(line: str) -> str:
    """A long constraint in two lines: its name, and what it says."""
    head, kind, rest = next((line.partition(f" {kind}") for kind in _LONG if f" {kind}" in line), (line, "", ""))
    return f"{head}\n       {kind}{rest}" if len(line) > _WIDEST and kind else line


def _new_sequence(key: Key, parts: Sequence) -> list[Change]:
    """CREATE SEQUENCE, and its owner when that is there; an identity makes its own."""
    if parts.identity:
        return []
    made = Change(key, "create", tuple(ddl.created(key, parts)))
    return [made, owner(key, parts)] if parts.column else [made]


def _carriers(have: Catalog, want: Catalog, fates: Mapping[Key, Fate]) -> dict[Key, Key]:
    """For each object that goes with another, which that is. What makes a circle of tables goes by itself."""
    whole = homes(have)
    found = {key: _carrier(key, have, want, fates, whole) for key in have.objects}
    tables: dict[Key, list[Key]] = {key: [] for key in have.objects if key.kind == "table" and fates.get(key) in _GONE}
    for key, carrier in found.items():
        if carrier in tables and key.kind not in ("table", "column"):
            tables[carrier].append(key)
    circular = {
        key
        for table in _circular(tables, have)
        for key in tables[table]
        if not tables.keys().isdisjoint(_tables_of(key, have))
    }
    return {key: carrier for key, carrier in found.items() if carrier and key not in circular}


def _carrier(
    key: Key, have: Catalog, want: Catalog, fates: Mapping[Key, Fate], whole: Mapping[tuple[str, str], Key]
) -> Key | None:
    parts, home = have.objects[key], whole.get(key.parent)
    if isinstance(parts, Sequence):
        column = Key("column", key.schema, key.relation, parts.column or "")
        kept = want.objects.get(column)
        released = parts.identity and not (isinstance(kept, Column) and kept.identity)
        return column if released or fates.get(column) in _GONE else None
    needed = have.needs.get(key, frozenset())
    about = next((each for each in needed if fates.get(each) in _GONE), None) if key.kind in ABOUT else None
    if about or (key.name and home and fates.get(home) in _GONE):
        return about or home
    if isinstance(parts, Table) and parts.partition_of:
        return next(
            (each for each in needed if ddl.qualified(each) == parts.partition_of and fates.get(each) in _GONE), None
        )
    return None
