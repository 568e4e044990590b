"""The runner's own SQL: in `.sql` files that psql could run, filled in with psql's own rules of quoting."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_VARIABLE = re.compile(r":(['\"])([a-z_]+)\1|(?<!:):([a-z_]+)$", re.MULTILINE)


def load_sql(room: str, file: str, /, **values: object) -> str:
    """The text of `runner/ROOM/sql/FILE.sql` with its variables filled in.

    `:'x'` becomes a literal (NULL for None), `:"x"` an identifier, and `:x` alone at the end of a line is put in as
    it is, for SQL that the runner made itself.
    """

    def filled(match: re.Match[str]) -> str:
        value = values[match[2] or match[3]]
        if match[3]:
            return str(value)
        return quote_literal(value) if match[1] == "'" else quote_identifier(str(value))

    return _VARIABLE.sub(filled, _read(room, file))


@cache
def _read(room: str, file: str) -> str:
    """Comments stay in the files: a server's log is read by people who look for the statement."""
    text = (_PACKAGE / room / "sql" / f"{file}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


def quote_identifier(name: str) -> str:
    """The name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: object) -> str:
    """A literal that is right whatever `standard_conforming_strings` says; dollar quotes where there is a quote."""
    if value is None:
        return "NULL"
    text = str(value)
    if "'" not in text and "\\" not in text:
        return f"'{text}'"
    tag, number = "$migrate$", 0
    while tag[:-1] in text:
        number += 1
        tag = f"$migrate{number}$"
    return f"{tag}{text}{tag}"
