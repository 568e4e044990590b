"""Fixtures for pytest: a database for each test that has all migrations, as a copy of a template that is made once.

pytest loads them by itself where migrate-runner is installed. `migrated_database` is the URL of a database of the
test's own. The server is the one of MIGRATE_TEST_URL, whose role may create databases, else an embedded one in
`.migrate/tests`. The files are those of `[tool.migrate]`, or of the project's own fixture `migrate_config`.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from runner.config import Config

_FOLDER = Path(".migrate/tests")
_PREFIX = "migrate_test_"
_IN_A_HURRY = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")  # nothing here lasts


class MigratedTemplate(NamedTuple):
    """A database with all migrations that nobody connects to, and the server's URL."""

    url: str
    name: str


@pytest.fixture(scope="session")
def migrate_config() -> Config:
    """The settings of the project; a fixture of the same name in a conftest.py takes its place."""
    from runner.config import load_config

    return load_config({}, needs_database=False)


@pytest.fixture(scope="session")
def migrated_template(migrate_config: Config) -> Iterator[MigratedTemplate]:
    """The template, made once a session by applying all migrations."""
    from runner.commands import up

    with asyncio.Runner() as loop:
        stack = AsyncExitStack()
        url = loop.run(stack.enter_async_context(_server()))
        try:
            with _database(loop, url, "template0") as name:
                loop.run(up(migrate_config._replace(database_url=url, embedded=None, database=name)))
                yield MigratedTemplate(url, name)
        finally:
            loop.run(stack.aclose())


@pytest.fixture
def migrated_database(migrated_template: MigratedTemplate) -> Iterator[str]:
    """The URL of a database of the test's own, with all migrations; it is dropped after the test."""
    with asyncio.Runner() as loop, _database(loop, migrated_template.url, migrated_template.name) as name:
        yield with_database(migrated_template.url, name)


def with_database(url: str, name: str) -> str:
    """The URL with another database in it."""
    return re.sub(r"^(\w+://[^/?]*)(?:/[^?]*)?", rf"\1/{name}", url)


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    if url := os.environ.get("MIGRATE_TEST_URL"):
        yield url
        return
    from runner.server.embedded import running

    async with running(_FOLDER, keep=False, tell=lambda _: None, options=_IN_A_HURRY) as own:
        yield own


@contextmanager
def _database(loop: asyncio.Runner, url: str, template: str) -> Iterator[str]:
    """The name of a new database that is a copy of the template; dropped at the end, whoever is still inside."""
    name = f"{_PREFIX}{secrets.token_hex(6)}"
    loop.run(_execute(url, f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield name
    finally:
        loop.run(_execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def _execute(url: str, sql: str) -> None:
    from runner.server.connect import connected

    async with connected(url, wait_ms=60_000, tell=lambda _: None) as connection:
        await connection.execute(sql)
