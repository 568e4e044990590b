"""The embedded server: one data folder, shared by the commands that use it at the same time."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import StartFailed
from runner.server.binaries import find_binaries
from runner.server.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import Popen


@contextmanager
def running(folder: Path, *, keep: bool, tell: Callable[[str], None]) -> Iterator[str]:
    """The URL of the server in the folder: made if it is not there, started if it does not run.

    The command that started it stops it, when the last command that uses it has ended; with `keep`, nobody does.
    Raises an EmbeddedError.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        (folder.parent / f"{folder.name}.users").touch()
    except OSError as error:
        raise StartFailed(f"no server can be made in {folder}: {error.strerror}") from error
    with _lock(folder, "users") as users:
        with _lock(folder, "starting") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            cluster = _cluster(folder)
            process = None if cluster.is_accepting() else cluster.start(dies_with_parent=not keep)
        tell(_greeting(cluster, process, keep=keep))
        try:
            yield cluster.url()
        finally:
            if process and process.poll() is None and not keep:
                _stop_when_unused(folder, cluster, process, users)


def _cluster(folder: Path) -> Cluster:
    version = folder / "PG_VERSION"
    cluster = Cluster(folder, find_binaries(int(version.read_text()) if version.exists() else None))
    if not cluster.is_initialized():
        cluster.initialize()
    return cluster


def _stop_when_unused(folder: Path, cluster: Cluster, process: Popen[bytes], users: int) -> None:
    """Nobody new comes in while `starting` is held, and those inside let go of `users` one by one."""
    with _lock(folder, "starting") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_EX)
        cluster.stop(process)


@contextmanager
def _lock(folder: Path, name: str) -> Iterator[int]:
    with Path(f"{folder}.{name}").open("w", encoding="utf-8") as file:
        yield file.fileno()


def _greeting(cluster: Cluster, process: Popen[bytes] | None, *, keep: bool) -> str:
    at = f"embedded PostgreSQL {cluster.binaries.version} at {cluster.url()}"
    if process and not keep:
        return f"{at}\nit stops with this command; to look inside, add --keep-running"
    look = f"{cluster.binaries.folder / 'psql'} '{cluster.url()}'"
    return f"{at}\nlook inside: {look}\nstop it: kill -INT $(head -1 {cluster.data / 'postmaster.pid'})"
