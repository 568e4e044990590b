"""The tutorial, done as a reader does it: its files are written, its commands run, and they print what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.server.binaries import all_binaries, find_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not list(all_binaries()), reason="no PostgreSQL programs on this machine")

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
FILE = re.compile(r"`([^`\n]+)`:\n\n```(?:sql|python|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
HERE = "/srv/library"
MARK = "~~~ the next command ~~~"
DIFFERS = (
    (r" +\d+(\.\d+)? m?s\b", " N ms"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\dZ?", "DATE"),
    (r"\b[0-9a-f]{12}\b", "HASH"),
    (r"PostgreSQL \d+(\.\d+)?", "PostgreSQL N"),
)
"""What is not the same on two machines or two days."""


@pytest.fixture
def library(scratch: Path) -> Iterator[Path]:
    """The reader's folder; a path that is short enough for the server's socket."""
    folder = scratch / "library"
    folder.mkdir()
    yield folder
    subprocess.run(
        ["sh", "-c", "kill -INT $(head -1 .migrate/postgres/postmaster.pid)"],
        cwd=folder,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def test_the_tutorial_is_real(library: Path) -> None:
    page = PAGE.read_text()

    done = followed(page, library)

    if os.environ.get("GOLDEN"):
        PAGE.write_text(done)
    assert timeless(done) == timeless(page)


def followed(page: str, folder: Path) -> str:
    """The page with what its commands print here, in one shell; files are written when the reader comes to them."""
    sessions = SESSION.findall(page)
    variables = {name: text for name, text in os.environ.items() if not name.startswith(("PG", "MIGRATE", "DATABASE"))}
    path = [str(Path(sys.executable).parent), os.environ["PATH"], str(find_binaries().folder)]
    run = subprocess.run(
        ["sh", "-c", script(page)],
        cwd=folder,
        env={**variables, "NO_COLOR": "1", "PATH": os.pathsep.join(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    out = re.sub(r"\S+/bin/psql '", "…/bin/psql '", run.stdout.replace(str(folder), HERE))
    printed = iter(out.split(f"{MARK}\n")[1:])
    seen = [[f"$ {command}\n{next(printed)}" for command in COMMAND.findall(session)] for session in sessions]
    texts = iter("".join(each) for each in seen)
    return SESSION.sub(lambda _: f"```console\n{next(texts)}```", page)


def script(page: str) -> str:
    """All that a reader does, in the order of the page."""
    steps = [(match.start(), written(match[1], match[2])) for match in FILE.finditer(page)]
    steps += [(match.start(), typed(match[1])) for match in SESSION.finditer(page)]
    return "".join(text for _, text in sorted(steps))


def typed(session: str) -> str:
    """The commands of a session, each after a mark."""
    return "".join(f"echo '{MARK}'\n{command}\n" for command in COMMAND.findall(session))


def written(name: str, text: str) -> str:
    """The shell's words that write a file."""
    return f"mkdir -p $(dirname {name})\ncat > {name} <<'END OF FILE'\n{text}END OF FILE\n"


def timeless(text: str) -> str:
    """The text without what differs by the day and the machine."""
    for pattern, instead in DIFFERS:
        text = re.sub(pattern, instead, text)
    return text
