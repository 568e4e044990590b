"""Files as another revision of the repository has them, read through git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import NoRevision

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_revision(revision: str, folder: Path) -> Mapping[str, bytes]:
    """The `.sql` files of a folder in a revision, by the paths that they have here. Raises NoRevision."""
    _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", revision=revision)
    here = _relative(folder)
    listed = _git("ls-tree", "-z", "--name-only", revision, f"{here}/", revision=revision).decode()
    names = [path.rpartition("/")[2] for path in listed.split("\0") if path.endswith(".sql")]
    return {
        f"{folder}/{name}": _git("show", f"{revision}:{_dotted(here)}/{name}", revision=revision)
        for name in sorted(names)
    }


def _relative(folder: Path) -> str:
    """The folder as git takes it: relative to where we are."""
    return Path(os.path.relpath(folder.resolve(), Path.cwd().resolve())).as_posix()


def _dotted(path: str) -> str:
    return path if path.startswith(".") else f"./{path}"


def _git(*arguments: str, revision: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=True)  # noqa: S603, S607  # git, by its name
    except FileNotFoundError as error:
        raise NoRevision(
            "git is not installed", hint="Its command is what --from reads other revisions with."
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise NoRevision(
            f"git does not know the revision {revision} here",
            detail=said or None,
            hint="A branch, tag or commit of the repository that this folder is in; CI may have to fetch it first.",
        ) from error
    return done.stdout
