"""One command: a PostgreSQL of its own unless one is named, the proxy on it, and what is needed for a first request."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click
import httpx2
import uvicorn
from starlette.routing import Mount

from examples.gateway.app import proxy
from examples.gateway.chat import Chat, WhenUnknown
from examples.gateway.first_steps import first_steps
from examples.gateway.upstream import provider
from gateway import GatewayError, Options, setup_database
from runner import MigrateError, running

_GRACE = 10  # seconds for the requests under way when the process is told to end


@click.command(epilog="Environment: GATEWAY_ADMIN_KEY, GATEWAY_ENCRYPTION_KEY (32 bytes in base64), UPSTREAM_KEY.")
@click.option("--database-url", envvar="DATABASE_URL", help="The database. Without it: one in the folder.")
@click.option(
    "--folder", type=Path, default=".migrate", show_default=True, help="For the database, the spool, the key."
)
@click.option("--port", default=8000, show_default=True)
@click.option("--upstream", envvar="UPSTREAM_URL", help="Where requests go that no model says. Else: to a fake one.")
@click.option(
    "--when-unknown",
    type=click.Choice(WhenUnknown, case_sensitive=False),
    default="refuse",
    show_default=True,
    help="What becomes of a request whose key cannot be looked up, as the database is away.",
)
def main(**options: Any) -> None:
    """An OpenAI-compatible proxy with keys, limits, budgets and spend."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # which uvicorn raises again when it has ended
    try:
        asyncio.run(serve(**options))
    except (MigrateError, GatewayError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


async def serve(
    *, database_url: str | None, folder: Path, port: int, upstream: str | None, when_unknown: WhenUnknown
) -> None:
    """Serves until a signal ends it. Raises MigrateError and GatewayError where the database cannot be used."""
    here = f"http://127.0.0.1:{port}"
    fake = [] if upstream else [Mount("/fake", provider())]
    async with AsyncExitStack() as stack:
        database_url = database_url or await stack.enter_async_context(
            running(folder / "postgres", keep=False, tell=lambda text: click.echo(text.partition("\n")[0]))
        )
        store = await setup_database(database_url, _options(folder))
        http = httpx2.AsyncClient(limits=httpx2.Limits())  # as many connections as there are requests
        secret = partial(os.environ.get, "UPSTREAM_KEY")
        app = proxy(Chat(store, http, upstream or f"{here}/fake/v1", secret, when_unknown), beside=fake)
        config = uvicorn.Config(app, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=_GRACE)
        steps = asyncio.create_task(first_steps(store, here, demo=not upstream))
        await uvicorn.Server(config).serve()
        steps.cancel()


def _options(folder: Path) -> Options:
    """The spool is what makes spend outlive this process, and the key what the database must not know."""
    given = os.environ.get("GATEWAY_ENCRYPTION_KEY")
    key = base64.b64decode(given) if given else _key_of(folder / "encryption.key")
    return Options(spool=folder / "spool", encryption_keys={1: key}, version="example")


def _key_of(path: Path) -> bytes:
    """The key in a file, made where there is none. Several machines need the same: give it by the environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(os.urandom(32))
    return path.read_bytes()


if __name__ == "__main__":
    main()
