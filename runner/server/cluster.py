"""A server of our own: made by initdb, started and stopped with PostgreSQL's own programs, reached by a socket."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from runner.errors import StartFailed
from runner.server.demote import Identity, choose_identity, preparation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.server.binaries import Binaries

PORT = 5432
_SOCKET_LIMIT = 107  # bytes of sun_path on Linux; less elsewhere, where the fallback is taken earlier
_PATIENCE = 60.0
_BUILTIN_LOCALE = 17  # the first major with a locale provider of its own


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder and the programs that serve it."""

    data: Path
    binaries: Binaries
    port: int = PORT

    @property
    def sockets(self) -> Path:
        """The folder of the socket: the data folder, or a short one if that path is too long for a socket."""
        if len(os.fsencode(self.data / f".s.PGSQL.{self.port}")) <= _SOCKET_LIMIT:
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"migrate-{digest}"

    def url(self, database: str = "postgres") -> str:
        """The address for psql, asyncpg and the rest."""
        host = quote(str(self.sockets), safe="/")
        return f"postgresql:///{quote(database, safe='')}?host={host}&port={self.port}&user=postgres"

    @property
    def identity(self) -> Identity:
        """Who runs the server."""
        return choose_identity(self.data, self.binaries.folder)

    def is_initialized(self) -> bool:
        """Whether initdb has finished here."""
        return (self.data / "PG_VERSION").exists()

    def is_accepting(self) -> bool:
        """Whether a server listens on the socket."""
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.connect(str(self.sockets / f".s.PGSQL.{self.port}"))
            return True
        return False

    def initialize(self, *, sync: bool = True) -> None:
        """Makes the data folder, beside its place first: a kill half-way leaves nothing that looks finished."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        identity = self.identity
        if identity.user:
            os.chown(draft, identity.user.pw_uid, identity.user.pw_gid)
        locale = ["--no-locale"]
        if self.binaries.major >= _BUILTIN_LOCALE:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = ["-D", str(draft), "-U", "postgres", "--auth=trust", "--encoding=UTF8", *locale]
        self._run("initdb", [*command, *([] if sync else ["--no-sync"])], identity)
        try:
            draft.rename(self.data)
        except OSError as error:
            raise StartFailed(f"{self.data} is there and is no data folder: {error.strerror}") from error

    def _run(self, program: str, arguments: Sequence[str], identity: Identity) -> None:
        try:
            run = subprocess.run(  # noqa: S603  # PostgreSQL's own program
                [self.binaries.folder / program, *arguments],
                preexec_fn=preparation(identity, dies_with_parent=True),  # no thread runs here
                capture_output=True,
                text=True,
                env=_environment(),
                cwd="/",
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise StartFailed(f"{program} could not be started: {error}", hint=_hint(identity, self.data)) from error
        if run.returncode:
            raise StartFailed(f"{program} failed: {run.stderr.strip()}", hint=_hint(identity, self.data))

    def start(self, options: Sequence[str] = (), *, dies_with_parent: bool) -> subprocess.Popen[bytes]:
        """The running server's process, once it accepts connections. Raises StartFailed with the end of its log."""
        identity = self.identity
        self._make_sockets(identity)
        log = self.data / "server.log"
        arguments = ["-D", str(self.data), "-k", str(self.sockets), "-p", str(self.port), "-c", "listen_addresses="]
        arguments += ["-c", "lc_messages=C", *options]
        with log.open("ab") as output:
            try:
                process = subprocess.Popen(  # noqa: S603  # PostgreSQL's own program
                    [self.binaries.folder / "postgres", *arguments],
                    preexec_fn=preparation(identity, dies_with_parent=dies_with_parent),  # noqa: PLW1509
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=_environment(),
                    cwd="/",
                    start_new_session=True,  # so that Ctrl-C reaches the command alone
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise StartFailed(f"postgres could not be started: {error}", hint=_hint(identity, self.data)) from error
        self._await_ready(process, log)
        return process

    def _make_sockets(self, identity: Identity) -> None:
        if self.sockets == self.data:
            return
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if identity.user:
            os.chown(self.sockets, identity.user.pw_uid, identity.user.pw_gid)

    def _await_ready(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """Reads what the server writes into postmaster.pid: cheaper and sooner than asking pg_ctl."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            with suppress(OSError):
                lines = (self.data / "postmaster.pid").read_text().split("\n")
                if lines[0] == str(process.pid) and len(lines) > 7 and lines[7].strip() == "ready":  # noqa: PLR2004
                    return
            if process.poll() is not None:
                break
            time.sleep(0.01)
        raise StartFailed(
            f"the server in {self.data} did not start",
            detail="\n".join(log.read_text(errors="replace").splitlines()[-5:]),
            hint=f"Its log is {log}.",
        )

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Stops the server: open transactions are rolled back, everything committed is on disk."""
        process.send_signal(signal.SIGINT)
        process.wait(timeout=_PATIENCE)


def _environment() -> dict[str, str]:
    """Nothing of PG… reaches the server: PGPORT and PGDATA would change what it does."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}


def _hint(identity: Identity, data: Path) -> str:
    who = identity.user.pw_name if identity.user else "you"
    return f"Can {who} read and write {data}? Another folder can be named: --embedded DIR"
