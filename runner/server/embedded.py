"""The embedded server: one data folder, shared by the commands that use it at the same time."""

from __future__ import annotations

import fcntl
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import StartFailed
from runner.server.binaries import find_binaries
from runner.server.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from subprocess import Popen

_POLL = 0.05  # seconds


@asynccontextmanager
async def running(
    folder: Path, *, keep: bool, tell: Callable[[str], None], major: int | None = None, options: Sequence[str] = ()
) -> AsyncIterator[str]:
    """The URL of the server in the folder: made if it is not there, of that major, and started if it does not run.

    `options` are those of `postgres`, for one that is started here.

    The command that started it stops it, when the last command that uses it has ended; with `keep`, nobody does.
    Raises an EmbeddedError.
    """
    folder = folder.absolute()  # noqa: ASYNC240  # starting a server takes longer anyway
    with _lock_file(folder, "users") as users, _lock_file(folder, "starting") as starting:
        await _lock(starting, fcntl.LOCK_EX)
        await _lock(users, fcntl.LOCK_SH)
        cluster = _cluster(folder, major)
        process = None if cluster.is_accepting() else cluster.start(options, dies_with_parent=not keep)
        fcntl.flock(starting, fcntl.LOCK_UN)
        tell(_greeting(cluster, process, keep=keep))
        try:
            yield cluster.url()
        finally:
            if process and process.poll() is None and not keep:
                await _stop_when_unused(cluster, process, starting, users)


async def _stop_when_unused(cluster: Cluster, process: Popen[bytes], starting: int, users: int) -> None:
    """Waits for the commands inside; whoever comes while nobody holds `starting` is one of them."""
    import asyncio

    try:
        while not (_try_lock(starting, fcntl.LOCK_EX) and _try_lock(users, fcntl.LOCK_EX)):
            fcntl.flock(starting, fcntl.LOCK_UN)
            _try_lock(users, fcntl.LOCK_SH)
            await asyncio.sleep(_POLL)
    finally:  # a signal does not wait: it ends the server, and the others see a lost connection
        cluster.stop(process)


def _cluster(folder: Path, major: int | None) -> Cluster:
    version = folder / "PG_VERSION"
    cluster = Cluster(folder, find_binaries(int(version.read_text()) if version.exists() else major))
    if not cluster.is_initialized():
        cluster.initialize()
    return cluster


@contextmanager
def _lock_file(folder: Path, name: str) -> Iterator[int]:
    path = Path(f"{folder}.{name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise StartFailed(f"no server can be made in {folder}: {error.strerror}") from error
    with file:
        yield file.fileno()


async def _lock(file: int, kind: int) -> None:
    """Asks and pauses, as a call that blocks would be deaf to signals."""
    import asyncio

    while not _try_lock(file, kind):  # noqa: ASYNC110  # the other end is another process
        await asyncio.sleep(_POLL)


def _try_lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _greeting(cluster: Cluster, process: Popen[bytes] | None, *, keep: bool) -> str:
    at = f"embedded PostgreSQL {cluster.binaries.version} at {cluster.url()}"
    if process and not keep:
        return f"{at}\nit stops with this command; to look inside, add --keep-running"
    look = f"{cluster.binaries.folder / 'psql'} '{cluster.url()}'"
    return f"{at}\nlook inside: {look}\nstop it: kill -INT $(head -1 {cluster.data / 'postmaster.pid'})"
