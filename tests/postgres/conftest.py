"""Databases with the gateway's schema, each made from one template a server."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner import Config, up
from tests.conftest import Database, with_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Server

MIGRATIONS = Path(__file__).parents[2] / "sql/migrations"


@pytest.fixture(scope="session")
def gateway_template(server: Server) -> Iterator[str]:
    """The name of a database with the gateway's schema, to which nobody is connected."""
    admin = Database(server.url, "postgres", server)
    if admin.value("SELECT current_setting('server_version_num')::integer") < 150000:
        pytest.skip("the gateway's schema needs PostgreSQL 15")
    name = f"template_{uuid.uuid4().hex[:12]}"
    admin.execute(f"CREATE DATABASE {name}")
    asyncio.run(up(Config(folder=MIGRATIONS, database_url=with_database(server.url, name))))
    yield name
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def gateway_database(server: Server, gateway_template: str) -> Iterator[Database]:
    """A database of one test, with the gateway's schema and nothing in it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = Database(server.url, "postgres", server)
    admin.execute(f"CREATE DATABASE {name} TEMPLATE {gateway_template}")
    yield Database(with_database(server.url, name), name, server)
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
