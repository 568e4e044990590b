"""yoyo: `_yoyo_migration`, and files of SQL or Python that say what they depend on."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from runner.adoption.checks import PYTHON, all_gone, fitting, kept_lines
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.adoption.values import File, Row

_DIRECTIVE = re.compile(r"^\s*--\s*(transactional|depends)\s*:\s*(.*)$", re.MULTILINE)
_NUMBER = re.compile(r"([0-9]{1,18})[._-](?![0-9]+[._-])(.+)")
_WORDS = re.compile(r"[0-9]{8}_[0-9]+_\w{5}-(.+)")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The migrations, each after those that it depends on."""
    applied = {str(row["migration_id"]) for row in rows}
    named = {
        each.name.rpartition(".")[0]: each
        for each in files
        if not each.name.endswith(".rollback.sql") and not each.name.startswith("post-apply")
    }
    found = [_theirs(name, named[name], applied=name in applied) for name in _ordered(named)]
    labels = [each.label for each in found]
    rising = all(labels) and [int(each) for each in labels] == sorted({int(each) for each in labels})
    lost = all_gone("yoyo", sorted(applied), named)
    return [*lost, *(found if rising else (each._replace(label="") for each in found))]


def _ordered(named: Mapping[str, File]) -> list[str]:
    """The names in the order of what they depend on, otherwise as they sort."""
    sorter = TopologicalSorter({name: _depends(named[name]) & named.keys() for name in sorted(named)})
    ordered: list[str] = []
    try:
        sorter.prepare()
    except CycleError:
        return sorted(named)
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += ready
        sorter.done(*ready)
    return ordered


def _depends(file: File) -> set[str]:
    return {name for word, value in _DIRECTIVE.findall(file.text) if word == "depends" for name in value.split()}


def _theirs(name: str, file: File, *, applied: bool) -> Theirs:
    number, words = _NUMBER.fullmatch(name), _WORDS.fullmatch(name)
    label, title = (number[1], number[2]) if number else ("", words[1] if words else name)
    found = Theirs(name, fitting(title), file, None, label, applied=applied)
    if file.name.endswith(".py"):
        return found._replace(without=PYTHON)
    alone = any(word == "transactional" and value.strip().lower() != "true" for word, value in _directives(file))
    return found._replace(sql=kept_lines(file.text, lambda line: not _DIRECTIVE.match(line)), no_transaction=alone)


def _directives(file: File) -> list[tuple[str, str]]:
    return _DIRECTIVE.findall(file.text)


TOOL = Tool(
    name="yoyo",
    table="_yoyo_migration",
    columns=frozenset({"migration_hash", "migration_id"}),
    folders=("migrations", "db/migrations"),
    wanted=re.compile(r"[^/_.][^/]*\.(sql|py)"),
    read=read,
    checks="nothing: yoyo keeps a hash of the name alone",
    companions=("_yoyo_log", "_yoyo_version", "yoyo_lock"),
)
