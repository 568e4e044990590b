"""The targets of a fleet: databases by their URLs, databases of one server, or schemas of one database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import BadTargets, Place
from runner.ledger.session import Listener, open_session
from runner.server.connect import fetch_rows, redacted
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from runner.config import Config

_LINE = re.compile(r"(?:(?P<name>[^\s:/=]+)\s+)?(?P<url>\S+)")


class Target(NamedTuple):
    """One database, or one schema of a database, with a ledger of its own; `name` is what reports call it."""

    name: str
    config: Config


def targets_in(text: str, path: str, config: Config) -> tuple[Target, ...]:
    """The targets in a text: a line each, its URL, or a name and its URL; blank lines and those with # do not count.

    Raises BadTargets for a line that is neither, for a name that comes twice, and if there is no target.
    """
    found: dict[str, Target] = {}
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        target = _target(content, Place(path, number), config)
        if target.name in found:
            raise BadTargets(
                f'"{target.name}" is there twice',
                place=Place(path, number),
                hint="Each database once; a name before the URL tells two of them apart.",
            )
        found[target.name] = target
    if not found:
        raise BadTargets("there is no target", place=Place(path), hint="One URL a line, or a name and a URL.")
    return tuple(found.values())


def _target(content: str, place: Place, config: Config) -> Target:
    match = _LINE.fullmatch(content)
    if not match or "://" not in match["url"]:
        raise BadTargets(
            "the line is no target",
            place=place,
            hint="One URL a line, postgresql://user@host/name, or a name, a blank and the URL.",
        )
    name = match["name"] or re.sub(r"^\w+://(?:[^@/]*@)?/*|\?.*$", "", redacted(match["url"]))
    return Target(name, config._replace(database_url=match["url"], embedded=None))


def targets_in_file(path: Path, config: Config) -> tuple[Target, ...]:
    """The targets in a file; `-` is stdin. Raises BadTargets."""
    import sys

    if str(path) == "-":
        return targets_in(sys.stdin.read(), "stdin", config)
    try:
        return targets_in(path.read_text(encoding="utf-8"), str(path), config)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise BadTargets(f"the file cannot be read: {reason}", place=Place(str(path))) from None


def targets_of_command(command: str, config: Config) -> tuple[Target, ...]:
    """The targets that a command prints; it is run by the shell. Raises BadTargets if it fails."""
    import subprocess

    run = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602  # as asked for
    if run.returncode:
        raise BadTargets(
            f"the command that names the targets failed with status {run.returncode}",
            detail=run.stderr.strip() or None,
            context=command,
        )
    return targets_in(run.stdout, "the command's output", config)


async def schemas(config: Config, pattern: str, listener: Listener) -> tuple[Target, ...]:
    """The schemas of the database whose names are LIKE the pattern. Raises BadTargets if there is none."""
    names = await _names(config, "schemas", pattern, listener)
    return tuple(Target(name, config._replace(schema=name, tenant=True)) for name in names)


async def databases(config: Config, pattern: str, listener: Listener) -> tuple[Target, ...]:
    """The databases of the server whose names are LIKE the pattern. Raises BadTargets if there is none."""
    names = await _names(config, "databases", pattern, listener)
    return tuple(Target(name, config._replace(database=name)) for name in names)


async def _names(config: Config, kind: str, pattern: str, listener: Listener) -> Sequence[str]:
    async with open_session(config, listener, None) as session:
        found = await fetch_rows(session.connection, load_sql("fleet", kind, pattern=pattern))
    if not found:
        raise BadTargets(
            f'no {kind.removesuffix("s")} is LIKE "{pattern}"',
            hint="The pattern is one of SQL's LIKE: % stands for any characters, _ for one.",
        )
    return [name or "" for (name,) in found]
