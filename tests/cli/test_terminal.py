"""What a terminal shows while files run: a last line with a bar, which leaves nothing behind."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Project

RETURN = "\r\x1b[K"


def on_a_terminal(project: Project, **variables: str) -> str:
    """All that the command writes to a terminal, control characters and all."""
    terminal, end = pty.openpty()
    environment = {**project.variables(), "TERM": "xterm", "PYTHONIOENCODING": "utf-8", **variables}
    command = [sys.executable, "-m", "runner", "up"]
    with subprocess.Popen(command, cwd=project.root, env=environment, stdin=end, stdout=end, stderr=end) as process:
        os.close(end)
        written = b""
        with suppress(OSError):  # what Linux says when the last writer has gone
            while piece := os.read(terminal, 65536):
                written += piece
    os.close(terminal)
    assert process.returncode == 0, written
    return written.decode()


def shown_in_the_end(written: str) -> list[str]:
    """The lines that stay: what was there before a return to the line's beginning is wiped out."""
    return [line.rpartition(RETURN)[2].strip() for line in written.split("\n")]


def write_many(project: Project) -> None:
    project.write_many({f"{number:04d}_make": f"CREATE TABLE t{number} ();" for number in range(1, 50)})
    project.write("0050_fill", "INSERT INTO t1 DEFAULT VALUES;\n" * 40_000)


def test_a_bar_shows_how_many_files_are_done_and_how_far_a_long_one_is(project: Project) -> None:
    write_many(project)

    written = on_a_terminal(project)

    assert re.search("0021_make ━+─+ 21 of 50", written), written
    assert re.search(r"0050_fill ━+─+ \d+% \(50 of 50\)", written), written
    lines = shown_in_the_end(written)
    assert lines[0].startswith("0001_make  ")
    assert lines[-2].startswith("applied 50 migrations in ")
    assert not any("━" in line for line in lines)


def test_a_dumb_terminal_gets_plain_lines(project: Project) -> None:
    write_many(project)

    written = on_a_terminal(project, TERM="dumb")

    assert "\x1b" not in written
    assert "━" not in written


def test_a_terminal_that_knows_no_lines_gets_plain_characters(project: Project) -> None:
    write_many(project)

    assert re.search("0021_make #+-+ 21 of 50", on_a_terminal(project, PYTHONIOENCODING="ascii"))
