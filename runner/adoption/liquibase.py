"""Liquibase: `databasechangelog`, and changesets in formatted SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.adoption.checks import fitting, gone, half_applied, kept_lines, only
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.adoption.values import File, Row

_FORMATTED = re.compile(r"\s*--\s*liquibase\s+formatted\s+sql\b", re.IGNORECASE)
_CHANGESET = re.compile(
    r"^[ \t]*--[ \t]*changeset[ \t]+(?P<author>\"[^\"\n]*\"|[^\s:]+):(?P<id>\"[^\"\n]*\"|\S+)(?P<attributes>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ATTRIBUTE = re.compile(r"(\w+):(\"[^\"]*\"|\S+)")
_OTHERS = re.compile(r"\s*--\s*(rollback|liquibase|ignoreLines|precondition)", re.IGNORECASE)
_ROLLBACK_BLOCK = re.compile(r"/\*\s*liquibase\s+rollback\b.*?\*/", re.IGNORECASE | re.DOTALL)
_HEAD = 256  # bytes, in which the first line is
_PROPERTY = re.compile(r"\$\{[^}\n]*\}")


class _Changeset(NamedTuple):
    """A changeset of a formatted file; `sql` has each line where it is."""

    author: str
    id: str
    file: File
    sql: str
    attributes: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path that the history knows its file by."""
        return self.attributes.get("logicalfilepath", self.file.within)


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The changesets that ran, as they ran, then those of the formatted files that did not."""
    found = [each for file in sorted(files, key=lambda file: file.within) for each in changesets(file)]
    applied: list[Theirs] = []
    for row in sorted(rows, key=lambda row: int(row["orderexecuted"])):
        if row["exectype"] == "FAILED":
            raise half_applied("Liquibase", _name(row), repair="Liquibase itself")
        changeset = _of(row, found)
        applied.append(_applied(row, changeset))
        found = [each for each in found if each is not changeset]
    return [*applied, *(_theirs(each) for each in found if _is_ours(each))]


def changesets(file: File) -> list[_Changeset]:
    """The changesets of a file; none if it is not formatted SQL."""
    if b"liquibase" not in file.raw[:_HEAD].lower() or not _FORMATTED.match(text := file.text):
        return []
    common, marks = _attributes(text.partition("\n")[0]), list(_CHANGESET.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    parts = [only(text, mark.end(), end) for mark, end in zip(marks, ends, strict=True)]
    return [_changeset(file, mark, part, common) for mark, part in zip(marks, parts, strict=True)]


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


def _changeset(file: File, mark: re.Match[str], text: str, common: Mapping[str, str]) -> _Changeset:
    attributes = {**common, **_attributes(mark["attributes"])}
    text = _ROLLBACK_BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    sql = kept_lines(text, lambda line: not _OTHERS.match(line))
    return _Changeset(mark["author"].strip('"'), mark["id"].strip('"'), file, sql, attributes)


def _of(row: Row, found: Sequence[_Changeset]) -> _Changeset | None:
    """The changeset of a row: the same author and id, in the file of that name, wherever the source folder begins."""
    path = re.sub(r"^(classpath:)?/*", "", str(row["filename"]))
    same = [each for each in found if (each.author, each.id) == (row["author"], row["id"])]
    return next((each for each in same if _ends_alike(path, each.path)), None)


def _ends_alike(one: str, other: str) -> bool:
    return f"/{one}".endswith(f"/{other}") or f"/{other}".endswith(f"/{one}")


def _name(row: Row) -> str:
    return f"{row['filename']}::{row['id']}::{row['author']}"


def _applied(row: Row, changeset: _Changeset | None) -> Theirs:
    if changeset and row["exectype"] == "MARK_RAN":
        return _theirs(changeset._replace(sql="-- Liquibase marked it as run, and did not run it."))._replace(
            applied=True
        )
    if changeset:
        return _theirs(changeset)._replace(applied=True)
    if str(row["filename"]).endswith(".sql"):
        return gone("Liquibase", _name(row))
    without = "its changelog is no formatted SQL, and its SQL is known when it runs"
    return Theirs(_name(row), fitting(str(row["id"])), None, None, applied=True, without=without)


def _theirs(changeset: _Changeset) -> Theirs:
    attributes, file = changeset.attributes, changeset.file
    words = fitting(f"{file.name.removesuffix('.sql')}_{changeset.id}")
    found = Theirs(f"{file.within}::{changeset.id}::{changeset.author}", words, file, None)
    if fills := _PROPERTY.search(changeset.sql):
        return found._replace(without=f"Liquibase fills in {fills[0]} when it runs")
    if attributes.get("enddelimiter", ";") != ";":
        return found._replace(without=f'its statements end in "{attributes["enddelimiter"]}" and not in a semicolon')
    alone = attributes.get("runintransaction", "true").lower() == "false"
    return found._replace(sql=changeset.sql, no_transaction=alone)


def _is_ours(changeset: _Changeset) -> bool:
    """Whether a pending changeset is for PostgreSQL, and not switched off."""
    databases = [each.strip().lower() for each in changeset.attributes.get("dbms", "postgresql").split(",")]
    wanted = {"postgresql", "all"} & set(databases) or all(each.startswith("!") for each in databases)
    return bool(wanted) and "!postgresql" not in databases and changeset.attributes.get("ignore", "").lower() != "true"


TOOL = Tool(
    name="liquibase",
    table="databasechangelog",
    columns=frozenset({"id", "author", "filename", "orderexecuted", "exectype", "md5sum"}),
    folders=("src/main/resources/db/changelog", "db/changelog", "changelog"),
    wanted=re.compile(r".*\.(sql|xml|ya?ml|json)"),
    read=read,
    deep=True,
    checks="nothing: Liquibase's MD5 is of its own parse of a changeset, in several versions",
    companions=("databasechangeloglock",),
)
