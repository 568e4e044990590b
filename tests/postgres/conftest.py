"""Databases with the gateway's schema, each made from one template a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner import Config, up
from tests.conftest import new_database, require_gateway_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database, Server

MIGRATIONS = Path(__file__).parents[2] / "sql/migrations"


@pytest.fixture(scope="session")
def gateway_template(server: Server) -> Iterator[str]:
    """The name of a database with the gateway's schema, to which nobody is connected."""
    require_gateway_server(server)
    with new_database(server) as template:
        asyncio.run(up(Config(folder=MIGRATIONS, database_url=template.url)))
        yield template.name


@pytest.fixture
def gateway_database(server: Server, gateway_template: str) -> Iterator[Database]:
    """A database of one test, with the gateway's schema and nothing in it."""
    with new_database(server, template=gateway_template) as made:
        yield made
