"""What stays the same while one command works: connection, facts, settings, and who listens."""

from __future__ import annotations

import os
import platform
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from runner.server.connect import connected, read_facts, translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from runner.config import Config
    from runner.ledger.entry import LedgerEntry
    from runner.migrations.migration import Migration
    from runner.server.connect import Connection, ServerFacts


class Listener:
    """Hears what happens while it happens; a report overrides what it wants to show."""

    def waiting(self, why: str) -> None:
        """The command waits, for the reason given."""

    def server(self, text: str) -> None:
        """A server of our own is running; the text says where."""

    def warning(self, text: str) -> None:
        """Something is not as it should be, and the command goes on."""

    def notice(self, migration: Migration, text: str) -> None:
        """The server said something while a file ran (RAISE NOTICE and the like)."""

    def began(self, migration: Migration) -> None:
        """A file begins to run."""

    def applied(self, migration: Migration, entry: LedgerEntry) -> None:
        """A file is applied: it is in the ledger, and the ledger is committed."""


class Session(NamedTuple):
    """A connection with what the rest of the ledger's room needs beside it."""

    connection: Connection
    config: Config
    facts: ServerFacts
    listener: Listener

    @property
    def schema(self) -> str:
        """The ledger's schema."""
        return self.config.schema

    @property
    def applied_by(self) -> str:
        """Role, host and process, as the ledger keeps them."""
        return f"{self.facts.user} from {platform.node()} pid {os.getpid()}"


@asynccontextmanager
async def open_session(config: Config, listener: Listener, connection: Connection | None) -> AsyncIterator[Session]:
    """A session on the given connection, on the embedded server, or on the database that the settings name."""
    async with _connection(config, listener, connection) as open_connection:
        with translated():
            facts = await read_facts(open_connection, config.schema)
            yield Session(open_connection, config, facts, listener)


@asynccontextmanager
async def _connection(config: Config, listener: Listener, connection: Connection | None) -> AsyncIterator[Connection]:
    if connection is not None:
        yield connection
    elif config.embedded is not None:
        from runner.server.embedded import running

        with running(config.embedded, keep=config.keep_running, tell=listener.server) as url:
            async with connected(url, wait_ms=config.wait_ms, tell=listener.waiting) as made:
                yield made
    else:
        async with connected(config.database_url, wait_ms=config.wait_ms, tell=listener.waiting) as made:
            yield made
