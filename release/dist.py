"""Builds wheel and sdist of the last commit into dist/, the same bytes each time, and prints their sha256.

What a build takes from the machine is taken away: the files come from the commit, with its time and the modes of umask
022; setuptools is the one that pyproject.toml pins. The wheel then is the same by itself, and the sdist's archive is
packed anew, as setuptools writes the time of the build and the builder's own name into it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(tree: Path, into: Path, *, epoch: int) -> list[Path]:
    """The wheel and the sdist of a tree, in a folder that is made; `epoch` is the time of all that is in them."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(into), str(tree)]
    run = subprocess.run(  # noqa: S603  # our own interpreter
        command, env=environment, umask=0o022, check=False, capture_output=True, text=True
    )
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    for sdist in into.glob("*.tar.gz"):
        sdist.write_bytes(repack(sdist.read_bytes(), epoch=epoch))
    return sorted(into.iterdir())


def repack(archive: bytes, *, epoch: int) -> bytes:
    """The same files, in the order of their names, of nobody, with one time."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as old,
        gzip.GzipFile("", "wb", fileobj=packed, mtime=epoch) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            # A new one: it has no owner's name, and none of the old one's PAX headers, which hold its time in full.
            plain = tarfile.TarInfo(member.name)
            plain.size, plain.mode, plain.type, plain.mtime = member.size, member.mode, member.type, epoch
            new.addfile(plain, old.extractfile(member))
    return packed.getvalue()


def export(commit: str, into: Path) -> int:
    """The time of a commit, whose files are written into a folder."""
    archive = _git("-c", "tar.umask=0022", "archive", "--format=tar", commit)
    subprocess.run(["tar", "-x", "-C", into], input=archive, check=True, umask=0o022)  # noqa: S603, S607
    return int(_git("log", "-1", "--format=%ct", commit))


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True).stdout  # noqa: S603, S607


def main() -> None:
    """Builds HEAD into dist/, which is emptied first."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        epoch = export("HEAD", Path(folder))
        for path in build(Path(folder), dist, epoch=epoch):
            print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  dist/{path.name}")  # noqa: T201


if __name__ == "__main__":
    main()
