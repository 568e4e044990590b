"""Columns in the text of keys and indexes: those of a foreign key, where it leads, what an index begins with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.ddl import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = r'(?:"(?:[^"]|"")+"|[^\s",().]+)'
_LIST = rf"\(((?:(?:PERIOD )?{_NAME}(?: WITHOUT OVERLAPS)?(?:, )?)+)\)"
_FOREIGN_KEY = re.compile(rf"FOREIGN KEY {_LIST} REFERENCES (?:({_NAME})\.)?({_NAME}){_LIST}")
_KEY = re.compile(rf"(PRIMARY KEY|UNIQUE(?: NULLS NOT DISTINCT)?) {_LIST}")
_COLUMN = re.compile(rf"(?:PERIOD )?({_NAME})(?: WITHOUT OVERLAPS)?")
_BEGINNING = re.compile(r" USING \w+ \(")
_INDEXED = re.compile(rf"({_NAME})(?: [^,()]*)?(?=(, |\)))")


class ForeignKey(NamedTuple):
    """A foreign key; `parent` is schema and name of the table that it refers to, quoted as SQL wants them."""

    columns: tuple[str, ...]
    parent: tuple[str, str]
    referenced: tuple[str, ...]


def foreign_key(definition: str) -> ForeignKey | None:
    """The foreign key that the definition of a constraint is, if it is one."""
    match = _FOREIGN_KEY.match(definition)
    return ForeignKey(columns_in(match[1]), (match[2] or HOME, match[3]), columns_in(match[4])) if match else None


def unique_columns(definition: str) -> tuple[str, ...]:
    """The columns of a primary key or unique constraint; none for another constraint."""
    match = _KEY.match(definition)
    return columns_in(match[2]) if match else ()


def columns_in(names: str) -> tuple[str, ...]:
    """The columns of a list like `a, "b c"`."""
    return tuple(_COLUMN.findall(names))


def indexed_columns(definition: str) -> tuple[str, ...]:
    """The columns that an index begins with, up to its first expression; none if it leaves out rows that matter.

    A partial index may do without the rows that lack a value: nobody looks for those by value.
    """
    head, _, condition = definition.partition(" WHERE ")
    if condition and not re.fullmatch(rf"\(?{_NAME} IS NOT NULL\)?", condition):
        return ()
    start = _BEGINNING.search(head)
    return tuple(_indexed(head, start.end())) if start else ()


def _indexed(text: str, position: int) -> Iterator[str]:
    while match := _INDEXED.match(text, position):
        yield match[1]
        if match[2] == ")":
            return
        position = match.end() + len(match[2])
