"""Projects with queries, and repositories made of them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project


def put(project: Project, name: str, text: str) -> Path:
    """Writes a file of queries."""
    path = project.root / f"sql/queries/{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def git(project: Project, *arguments: str) -> None:
    """Runs a command of git in the project's folder."""
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=project.root, check=True, capture_output=True)


def committed(project: Project) -> None:
    """Makes the project a repository whose first commit has all of it."""
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=deployed")
