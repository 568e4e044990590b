"""How two catalogs differ: the one comparison that drift, the declared schema and drafts share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.catalog import Column, Key, Sequence, Table
from runner.catalog.ddl import described, finished, qualified, shown, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.catalog.catalog import Catalog, Parts

_QUALIFIER = re.compile(r'\b[a-z_]\w*\.|"[^"]+"\.')
_SHORT = 4  # lines of a text that needs nothing around a change to be understood
_SPACE = re.compile(r"\s+")
_WHOLE = ("table", "view", "materialized view", "composite type", "enum", "domain", "range", "sequence")


class Difference(NamedTuple):
    """One object that is not in both catalogs as it should be; None where it is not there at all.

    `lines` is what stands between the parentheses of a table that only one of them has.
    """

    key: Key
    expected: Parts | None
    actual: Parts | None
    lines: tuple[str, ...] = ()

    def text(self, parts: Parts | None) -> str:
        """One of its sides as people read it."""
        if parts is None or not isinstance(parts, Table):
            return "" if parts is None else shown(self.key, parts)
        if self.expected is not None and self.actual is not None:
            return finished(table(self.key, parts, ("…",))).replace("(\n    …\n)", "(…)")
        return finished(table(self.key, parts, self.lines))


def compare(expected: Catalog, actual: Catalog) -> tuple[Difference, ...]:
    """The differences, in the order of schemas, relations and names.

    What comes and goes with another object (the columns of a table, the comment on a column) is not told beside it.
    Where different majors of PostgreSQL wrote the texts, the way in which they qualify names does not count.
    """
    weak = expected.major != actual.major
    keys = expected.objects.keys() | actual.objects.keys()
    found = {
        key: Difference(key, expected.objects.get(key), actual.objects.get(key))
        for key in keys
        if not _equal(expected.objects.get(key), actual.objects.get(key), weak=weak)
    }
    told = [each for each in found.values() if not _goes_with_another(each, found)]
    return tuple(sorted((_with_lines(each, found) for each in told), key=_place))


def _with_lines(difference: Difference, found: Mapping[Key, Difference]) -> Difference:
    if difference.key.kind != "table" or not _one_sided(difference):
        return difference
    inside = [
        shown(each.key, parts)
        for each in sorted(found.values(), key=_place)
        if each.key.kind in ("column", "constraint")
        and each.key.parent == difference.key.parent
        and (parts := each.expected or each.actual) is not None
    ]
    return difference._replace(lines=tuple(inside))


def _equal(one: Parts | None, other: Parts | None, *, weak: bool) -> bool:
    if one == other:
        return True
    if not weak or one is None or other is None:
        return False
    return [_weakened(part) for part in one] == [_weakened(part) for part in other]


def _weakened(part: object) -> object:
    """A part without white space, and without qualifiers: a view of PostgreSQL 15 has more of them."""
    return _SPACE.sub("", _QUALIFIER.sub("", part)) if isinstance(part, str) else part


def _goes_with_another(difference: Difference, found: dict[Key, Difference]) -> bool:
    """Whether the object is only here, or only gone, because one that it belongs to is."""
    key = difference.key
    if difference.expected is not None and difference.actual is not None:
        return False
    if key.relation and any(
        _one_sided(found.get(Key(kind, key.schema, key.relation, ""))) and key.kind != kind for kind in _WHOLE
    ):
        return True
    parts = difference.expected or difference.actual
    match key.kind, parts:
        case "sequence", Sequence(column=str(column), identity=True):
            owner = found.get(Key("column", key.schema, key.relation, column))
            return owner is not None and _identity(owner.expected) != _identity(owner.actual)
        case "comment" | "grant" | "revoke", _:
            return any(_one_sided(each) and _is_about(key, each.key) for each in found.values())
        case _:
            return False


def _is_about(key: Key, other: Key) -> bool:
    target = described(other)
    return key.name == target or key.name.startswith((f"{target} TO ", f"{target} FROM "))


def _one_sided(difference: Difference | None) -> bool:
    return difference is not None and (difference.expected is None) != (difference.actual is None)


def _identity(parts: Parts | None) -> str | None:
    return parts.identity if isinstance(parts, Column) else None


def _place(difference: Difference) -> tuple[str, str, int, str, str]:
    """Tables with all that belongs to them, then what stands alone."""
    key = difference.key
    ranks = {kind: number for number, kind in enumerate((*_WHOLE, "column", "attribute", "constraint", "index"))}
    return key.schema, key.relation or "~", ranks.get(key.kind, len(ranks)), key.kind, key.name


def as_lines(differences: Iterable[Difference]) -> list[str]:
    """The differences for people: what each group is of, then `- ` what was expected and `+ ` what is."""
    lines: list[str] = []
    group = ""
    for each in differences:
        title = _title(each.key)
        if title != group:
            lines.append(title)
            group = title
        lines += [f"  {line}" for line in change_lines(each)]
    return lines


def _title(key: Key) -> str:
    """`users` for what belongs to it, `function touch()` for what stands alone, `schema billing` for a grant on it."""
    if key.relation:
        return qualified(key)
    match key.kind:
        case "grant" | "revoke" | "comment":
            word, _, name = key.name.partition(" TO ")[0].partition(" FROM ")[0].partition(" ")
            return "default privileges" if word == "DEFAULT" else f"{word.lower()} {name}"
        case "default privileges":
            return key.kind
        case _:
            return f"{key.kind} {qualified(key)}"


def change_lines(difference: Difference) -> list[str]:
    """One difference as the lines of a diff; of a long text only what changed, and a line around it."""
    expected = difference.text(difference.expected).splitlines()
    actual = difference.text(difference.actual).splitlines()
    around = 1 if min(len(expected), len(actual)) > _SHORT else 0
    import difflib

    lines = list(difflib.unified_diff(expected, actual, n=around, lineterm=""))[3:]
    gap = ["  …"] if around else []
    return [out for line in lines for out in (gap if line.startswith("@@ ") else [f"{line[0]} {line[1:]}"])]
