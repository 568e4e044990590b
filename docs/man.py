"""The manual page, migrate(1), from the same source as the page of commands: click's own help."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

import click

from runner.cli import main
from runner.config import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_AT_BLANKS: Any = {"break_long_words": False, "break_on_hyphens": False}
# No date and no version: a page that is made from the code changes when the code does, and not with a release.
_HEAD = """\
.\\" Made from the commands' own help by `make docs`.
.TH MIGRATE 1 "" "migrate" "User Commands"
.SH NAME
migrate \\- numbered SQL files for PostgreSQL, each applied exactly once
.SH SYNOPSIS
.B migrate
.I COMMAND
.RI [ OPTIONS "] [" ARGUMENTS ]
"""
_DATABASE = """\
.TP
.BR MIGRATE_DATABASE_URL ", " DATABASE_URL
The database; the first that is set.
Without both, PGHOST, PGDATABASE, PGSERVICE and the other variables of libpq.
"""
_TAIL = """\
.SH FILES
.TP
.I sql/migrations/NNNN_name.sql
The migrations, in the order of their numbers.
.TP
.I pyproject.toml
Settings, in its table [tool.migrate].
.SH SEE ALSO
.BR psql (1)
"""


def man_page(statuses: Path) -> str:
    """The page in roff; `statuses` is the page with the table of exit statuses."""
    commands = "".join(_command(name, command) for name, command in _leaves(main, ""))
    description = f".SH DESCRIPTION\n{_text((main.help or '').split('Exit status:')[0])}"
    return "".join((_HEAD, description, ".SH COMMANDS\n", commands, _exit_status(statuses), _environment(), _TAIL))


def _leaves(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its words, in the order of the group."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _leaves(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    arguments = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    records = (record for each in command.params if (record := each.get_help_record(context)))
    options = "".join(f".TP\n.B {_escape(flags)}\n{_text(text)}" for flags, text in records)
    return f'.SS "{_escape(" ".join(["migrate", name, *arguments]))}"\n{_text(command.help)}{options}'


def _exit_status(page: Path) -> str:
    """The first two columns of the table."""
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", page.read_text(), re.MULTILINE)
    return ".SH EXIT STATUS\n" + "".join(f".TP\n.B {status}\n{_text(meaning)}" for status, meaning in rows)


def _environment() -> str:
    rows = (
        f".TP\n.B {setting.environment}\nAs {_escape(setting.flag)}"
        + (f"; {_escape(setting.default)} unless set.\n" if setting.default else ".\n")
        for setting in SETTINGS.values()
        if setting.environment
    )
    return f".SH ENVIRONMENT\n{_DATABASE}{''.join(rows)}"


def _text(text: str | None) -> str:
    """Paragraphs, in lines of at most 79."""
    paragraphs = re.split(r"\n\s*\n", (text or "").strip())
    return ".PP\n".join("".join(map(_line, textwrap.wrap(_escape(each), 79, **_AT_BLANKS))) for each in paragraphs)


def _line(text: str) -> str:
    """A line of text, protected if it begins as a request does."""
    return ("\\&" if text.startswith((".", "'")) else "") + text + "\n"


def _escape(text: str) -> str:
    """The text as roff shows it: backslashes, and hyphens that are copied into a shell."""
    plain = " ".join(text.split()).replace("`", "").replace("…", "...")
    return plain.replace("\\", "\\e").replace("-", "\\-")
