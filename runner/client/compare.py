"""One query before and after a migration: what breaks the code that runs, and what only changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.client.shapes import Shape
from runner.client.types import Types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.client.described import Access, Described, Parameter
    from runner.client.facts import Type
    from runner.client.queries import Query
    from runner.client.shapes import Field
    from runner.errors import Place
    from runner.migrations.migration import Migration

    TypesById = Mapping[int, Type]


class Change(NamedTuple):
    """What is different; `breaks` if the code that runs today fails by it."""

    text: str
    breaks: bool


class QueryFinding(NamedTuple):
    """What a migration does to a query; `migration` None if the query does not work as it is."""

    query: Query
    place: Place
    migration: Migration | None
    text: str
    breaks: bool
    hint: str | None = None


def compare(before: Described, after: Described, types_before: TypesById, types_after: TypesById) -> list[Change]:
    """What a migration changes for a query that the server still accepts."""
    changes = [
        Change(f"it gives no value to {name}, which must have one now", breaks=True) for name in _new(before, after)
    ]
    for old, new in zip(before.columns, after.columns, strict=True):
        changes += _column(old, new, types_before, types_after)
    for given, wanted in zip(before.parameters, after.parameters, strict=True):
        changes += _parameter(given, wanted, types_before, types_after)
    if before.target and not after.target:
        changes.append(Change("it writes by COPY, which cannot go there now", breaks=True))
    if before.one_row and not after.one_row:
        changes.append(Change("it may give no row now", breaks=False))
    return changes


def _new(before: Described, after: Described) -> list[str]:
    return sorted(set(names(after.missing)) - set(names(before.missing)))


def names(accesses: Sequence[Access]) -> Iterator[str]:
    """The columns as table.column."""
    return (f"{access.relation}.{column}" for access in accesses for column in access.columns)


def _column(old: Field, new: Field, types_before: TypesById, types_after: TypesById) -> Iterator[Change]:
    yield from _type(f"column {old.name}", old.shape, new.shape, types_before, types_after)
    if new.nullable and not old.nullable:
        yield Change(f"column {old.name} can be NULL now", breaks=False)
    unknown = _labels(new.shape.oid, types_after) - _labels(old.shape.oid, types_before)
    if unknown:
        yield Change(f"column {old.name} can be {_listed(unknown)} now", breaks=False)
    if len(old.shape.fields) == len(new.shape.fields):
        for before, after in zip(old.shape.fields, new.shape.fields, strict=True):
            yield from (
                change._replace(text=change.text.replace("column ", f"column {old.name}.", 1))
                for change in _column(before, after, types_before, types_after)
            )


def _parameter(old: Parameter, new: Parameter, types_before: TypesById, types_after: TypesById) -> Iterator[Change]:
    yield from _type(f"parameter {old.name}", Shape(old.type), Shape(new.type), types_before, types_after)
    if old.nullable and not new.nullable:
        yield Change(f"parameter {old.name} must not be NULL now", breaks=True)
    gone = _labels(old.type, types_before) - _labels(new.type, types_after)
    if gone:
        yield Change(f"parameter {old.name} cannot be {_listed(gone)} any more", breaks=True)


def _listed(labels: set[str]) -> str:
    return ", ".join(map(repr, sorted(labels)))


def _type(what: str, old: Shape, new: Shape, types_before: TypesById, types_after: TypesById) -> Iterator[Change]:
    """A type that is another one; it breaks if Python sees another one, too."""
    was, becomes = _called(old.oid, types_before), _called(new.oid, types_after)
    if was != becomes or len(old.fields) != len(new.fields):
        same = Types(types_before).annotation(old) == Types(types_after).annotation(new)
        yield Change(f"{what} was {was} and is {becomes} now", breaks=not same)
    elif _attributes(old.oid, types_before) != _attributes(new.oid, types_after):
        yield Change(f"{what} is a {becomes}, which has other fields now", breaks=True)


def _core(oid: int, types: TypesById) -> Type | None:
    """The type that an array or domain is made of."""
    found = types.get(oid)
    return _core(found.element, types) if found and (found.is_array or found.kind == "d") else found


def _attributes(oid: int, types: TypesById) -> list[tuple[str, str]]:
    found = _core(oid, types)
    return [(name, _called(field, types)) for name, field in found.fields] if found else []


def _called(oid: int, types: TypesById) -> str:
    """The name of a type, as people write it."""
    found = types.get(oid)
    if found is None:
        return "unknown"
    if found.is_array:
        return f"{_called(found.element, types)}[]"
    return found.name if found.schema in ("pg_catalog", "public") else f"{found.schema}.{found.name}"


def _labels(oid: int, types: TypesById) -> set[str]:
    found = _core(oid, types)
    return set(found.labels) if found else set()
