"""Django: `django_migrations`, and files of Python in each application."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.adoption.checks import PYTHON, fitting
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.adoption.values import File, Row

_NAME = re.compile(r"(?:.*/)?([^/]+)/migrations/([^/]+)\.py")


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """What is applied, of every application; then what the project's own applications have beyond that."""
    ordered = sorted(rows, key=lambda row: int(row["id"]))
    applied = {f"{row['app']}.{row['name']}": None for row in ordered}
    there = {f"{match[1]}.{match[2]}": each for each in files if (match := _NAME.fullmatch(each.within))}
    known = {str(row["app"]) for row in rows}
    pending = [name for name in sorted(there) if name not in applied and name.partition(".")[0] in known]
    return [
        Theirs(name, fitting(name), there.get(name), None, applied=name in applied, without=PYTHON)
        for name in (*applied, *pending)
    ]


TOOL = Tool(
    name="django",
    table="django_migrations",
    columns=frozenset({"id", "app", "name", "applied"}),
    folders=(".",),
    wanted=re.compile(r"(.*/)?[^/]+/migrations/(?!__)[^/]+\.py"),
    read=read,
    companions=("{schema}.{table}_id_seq",),
    deep=True,
    checks="nothing: Django keeps no checksums",
    code=True,
)
