"""The scratch database: made for one comparison, and dropped after it. Nothing in it is anybody's."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import NoBinaries, NoScratch
from runner.server.connect import connected, fetch_rows
from runner.server.embedded import running
from runner.server.sql import load_sql, quote_identifier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from runner.server.connect import Connection, ServerFacts, Tell

_PREFIX = "migrate_scratch_"
_LEFT_AFTER_S = 24 * 3600
_NO_SUCH_ROLE = re.compile(r'role "(.+)" does not exist')
_NO_HURRY = "SET idle_session_timeout = 0"  # the connection waits while the files run
_FOLDER = Path(".migrate")
_MAY_NOT = {
    "42501": "ALTER ROLE … CREATEDB, or name another server with --scratch-url.",
    "25006": "The server or the role is read-only; name another with --scratch-url.",
}


def lacking_role(message: str) -> str | None:
    """The role of which the server says that it is not there; None if that is not what it says."""
    match = _NO_SUCH_ROLE.search(message)
    return match[1] if match else None


class Near(NamedTuple):
    """The database that a scratch database will be compared with; `safe` if its server may have one beside it."""

    url: str | None
    connection: Connection
    facts: ServerFacts
    safe: bool


class Scratch(NamedTuple):
    """A server on which scratch databases can be made; `private` if it is the runner's own and nobody else uses it."""

    url: str | None
    connection: Connection
    private: bool


@asynccontextmanager
async def scratch_server(
    url: str | None, near: Near | None, *, wait_ms: int, tell: Tell, major: int | None = None
) -> AsyncIterator[Scratch]:
    """A server for scratch databases: the one that the URL names, else the near one, else an embedded one.

    The near one is taken if it is safe and its role may create databases there; an embedded one has its major, or the
    one that is given. Raises NoScratch if no server can be had, and what connecting raises.
    """
    if url is None and near and await _may_create(near):
        await near.connection.execute(_NO_HURRY)
        yield Scratch(near.url, near.connection, private=False)
        return
    if url is not None:
        async with connected(url, wait_ms=wait_ms, tell=tell) as connection:
            await connection.execute(_NO_HURRY)
            yield Scratch(url, connection, private=False)
        return
    async with (
        _embedded(near.facts.major if near else major) as own,
        connected(own, wait_ms=wait_ms, tell=tell) as made,
    ):
        yield Scratch(own, made, private=True)


async def _may_create(near: Near) -> bool:
    if not near.safe or near.facts.pooled or near.facts.read_only or near.facts.standby:
        return False
    [(answer,)] = await fetch_rows(near.connection, load_sql("server", "may_create"))
    return answer == "t"


@asynccontextmanager
async def _embedded(major: int | None) -> AsyncIterator[str]:
    folder = _FOLDER / (f"scratch-{major}" if major else "scratch")
    try:
        async with running(folder, keep=False, tell=lambda _: None, major=major) as url:
            yield url
    except NoBinaries as error:
        raise NoScratch(
            "there is no server to build the schema on",
            detail=error.message,
            hint="Name one where the role may create databases: --scratch-url or MIGRATE_SCRATCH_URL. "
            "Or let migrate bring its own: pip install 'migrate-runner[embedded]'",
        ) from error


async def make_roles(scratch: Scratch, names: Iterable[str]) -> None:
    """Makes these the only roles of a private server: those that earlier files made would be in the way."""
    for (role,) in await fetch_rows(scratch.connection, load_sql("server", "roles")):
        with suppress(Exception):  # a scratch database of another command may need it
            await scratch.connection.execute(f"DROP ROLE {role}")
    for name in sorted(names):
        with suppress(Exception):
            await scratch.connection.execute(f"CREATE ROLE {quote_identifier(name)}")


@asynccontextmanager
async def scratch_database(scratch: Scratch, search_path: str | None = None) -> AsyncIterator[str]:
    """The name of a new, empty database on the server; dropped at the end. `search_path` as SHOW gives it."""
    name = f"{_PREFIX}{int(time.time())}_{secrets.token_hex(6)}"
    await _drop_left(scratch)
    try:
        await scratch.connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    except Exception as error:
        sqlstate = getattr(error, "sqlstate", None)
        if sqlstate not in _MAY_NOT:
            raise
        raise NoScratch(
            f"a scratch database cannot be created: {error}", sqlstate=sqlstate, hint=_MAY_NOT[sqlstate]
        ) from error
    try:
        if search_path:
            await scratch.connection.execute(f"ALTER DATABASE {name} SET search_path TO {search_path}")
        yield name
    finally:
        with suppress(Exception):
            await scratch.connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _drop_left(scratch: Scratch) -> None:
    """Drops the scratch databases of a day ago and more: those who made them were killed."""
    for (name,) in await fetch_rows(scratch.connection, load_sql("server", "scratches")):
        made = re.fullmatch(rf"{_PREFIX}(\d+)_[0-9a-f]+", name or "")
        if made and int(made[1]) < time.time() - _LEFT_AFTER_S:
            with suppress(Exception):  # whoever is inside keeps it
                await scratch.connection.execute(f"DROP DATABASE IF EXISTS {name}")
