"""What the tests of the example share: gateways as real processes, their clients, and wires that can be cut."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from openai import OpenAI

from tests.conftest import free_port
from tests.outages import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

ROOT = Path(__file__).parents[2]
ADMIN = "sk-admin-of-the-tests-0123456789abcdefghijkl"
GATEWAY = "gateway/00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A process of the example; `http` is a connection to it."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    http: httpx2.Client

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, key: str, *, max_retries: int = 0) -> OpenAI:
        """A client as any program has one; use it with `with`."""
        http = _http(f"{self.url}/v1")
        return OpenAI(base_url=http.base_url, api_key=key, max_retries=max_retries, http_client=http)

    def get(self, path: str) -> httpx2.Response:
        return self.http.get(path)

    def health(self) -> Any:
        """What it says of itself."""
        return self.get("/health/live").json()

    def admin(self, method: str, path: str, *, key: str = ADMIN, **body: Any) -> Any:
        """What the admin API answers."""
        response = self.ask_admin(method, path, key, body)
        assert response.is_success, (response.status_code, response.text)
        return response.json()

    def ask_admin(self, method: str, path: str, key: str, body: Any = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key}"}
        return self.http.request(method, f"/admin/{path}", json=body or None, headers=headers)

    def total(self, scope: str) -> dict[str, Any]:
        """The line of the spend report with the whole use of an entity; empty where it has none."""
        lines = self.admin("GET", f"spend/{scope}")
        return next((line for line in lines if line["dimension"] == "total"), {})

    def seen(self) -> list[dict[str, str]]:
        """What the fake provider in this process was asked."""
        seen: list[dict[str, str]] = self.get("/fake/seen").json()
        return seen

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def is_live(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with suppress(httpx2.TransportError):
            return self.get("/health/live").is_success
        return False

    def is_ready(self) -> bool:
        """Whether it has reached its database, and taken its first steps there."""
        return self.is_live() and self.ask_admin("GET", "organizations", ADMIN).is_success

    def is_degraded(self) -> bool:
        return bool(self.health()["state"] == "degraded")

    def hears(self) -> bool:
        """Whether it hears of changes that others make."""
        return bool(self.health()["hears"])

    def has_written(self) -> bool:
        """Whether no spend waits for the database."""
        return not self.health()["spend"]["waiting"]


@contextmanager
def started(folder: Path, *arguments: str, url: str | None, **environment: str) -> Iterator[Gateway]:
    """A gateway that begins to start, with its files in a folder; it is told to end at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    log, port = folder / "log", free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DATABASE", "UPSTREAM"))}
    named = ["--database-url", url] if url else []
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "examples.gateway", "--folder", folder, "--port", str(port), *named, *arguments],
            cwd=ROOT,
            env={**kept, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    with process, _http(f"http://127.0.0.1:{port}") as http:
        try:
            yield Gateway(process, port, log, http)
        finally:
            process.terminate()


def _http(base_url: str) -> httpx2.Client:
    """A client that reads no certificates, which would take most of the time of a test."""
    return httpx2.Client(base_url=base_url, verify=False, timeout=60)


@contextmanager
def running(
    folder: Path, *arguments: str, url: str | None, until: Callable[[Gateway], bool] = Gateway.is_ready
) -> Iterator[Gateway]:
    """A gateway, by default one that has reached its database."""
    with started(folder, *arguments, url=url, GATEWAY_ADMIN_KEY=ADMIN) as gateway:
        await_true(until, gateway)
        yield gateway


def await_true(true: Callable[..., Any], *of: Any, seconds: float = 60) -> None:
    """Returns as soon as something is true."""
    deadline = time.monotonic() + seconds
    while not true(*of):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Cable:
    """A Wire for tests that do not run in an event loop."""

    wire: Wire
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=60)

    def cut(self) -> None:
        self.do(self.wire.cut())

    def silence(self) -> None:
        self.loop.call_soon_threadsafe(self.wire.silence)

    def mend(self) -> None:
        self.do(self.wire.mend())


@contextmanager
def cable_to(port: int) -> Iterator[Cable]:
    """A cable to a server on this machine, mended."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    cable = Cable(Wire(port), loop)
    try:
        cable.mend()
        yield cable
    finally:
        cable.cut()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
