"""goose: `goose_db_version`, and 00001_words.sql with `-- +goose` annotations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.checks import all_gone, fitting
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row

_NAME = re.compile(r"([0-9]+)_(.*)\.(sql|go)")
_ANNOTATION = re.compile(r"--\s*\+goose\s+(.*?)\s*", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The up parts; a version is applied if the last of its rows says so."""
    last = {int(row["version_id"]): bool(row["is_applied"]) for row in sorted(rows, key=lambda row: int(row["id"]))}
    applied = {version for version, is_applied in last.items() if is_applied and version > 0}
    named = {
        int(match[1]): (match, each)
        for each in files
        if (match := _NAME.fullmatch(each.name)) and not each.name.endswith("_test.go")
    }
    lost = all_gone("goose", map(str, sorted(applied)), set(map(str, named)))
    return [*lost, *(_theirs(*named[version], applied=version in applied) for version in sorted(named))]


def _theirs(match: re.Match[str], file: File, *, applied: bool) -> Theirs:
    found = Theirs(file.name, fitting(match[2]), file, None, match[1], applied=applied, without="it is Go")
    if match[3] == "go":
        return found
    sql, annotations = up_part(file.text)
    if "envsub on" in annotations and _VARIABLE.search(sql):
        return found._replace(without="goose fills in variables of the environment when it runs")
    return found._replace(sql=sql, without="", no_transaction="no transaction" in annotations)


def up_part(text: str) -> tuple[str, set[str]]:
    """The lines of the up part where they are, without annotations; and the annotations in lower case."""
    kept, annotations, down = [], set(), False
    for line in text.split("\n"):
        match = _ANNOTATION.fullmatch(line)
        if match:
            annotation = " ".join(match[1].lower().split())
            down = annotation == "down" or (down and annotation != "up")
            annotations.add(annotation)
        kept.append("" if match or down else line)
    return "\n".join(kept), annotations


TOOL = Tool(
    name="goose",
    table="goose_db_version",
    columns=frozenset({"id", "version_id", "is_applied"}),
    folders=("migrations", "db/migrations", "sql/migrations", "."),
    wanted=re.compile(r"[0-9]+_[^/]*\.(sql|go)"),
    read=read,
    companions=("{schema}.{table}_id_seq",),
    checks="nothing: goose keeps no checksums",
)
