"""What stays the same while one command works: connection, facts, settings, and who listens."""

from __future__ import annotations

import os
import platform
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import InTransaction
from runner.server.connect import connected, read_facts, translated
from runner.server.sql import quote_identifier
from runner.server.wait import Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from runner.catalog.difference import Difference
    from runner.catalog.introspect import Scope
    from runner.config import Config
    from runner.ledger.entry import LedgerEntry
    from runner.migrations.migration import Migration
    from runner.server.connect import Connection, ServerFacts

_SHARE_OF_A_WAIT = 0.1  # so the lock is free for a tenth of the time that it was held, at most


class Listener:
    """Hears what happens while it happens; a report overrides what it wants to show."""

    def waiting(self, why: str) -> None:
        """The command waits, for the reason given."""

    def server(self, text: str) -> None:
        """A server of our own is running; the text says where."""

    def warning(self, text: str) -> None:
        """Something is not as it should be, and the command goes on."""

    def drifted(self, differences: Sequence[Difference] | None) -> None:
        """Somebody changed the schema by hand since the last migration; None if only that is known, and not what."""

    def notice(self, migration: Migration, text: str) -> None:
        """The server said something while a file ran (RAISE NOTICE and the like)."""

    def planned(self, count: int) -> None:
        """So many files are still to be applied."""

    def began(self, migration: Migration) -> None:
        """A file begins to run."""

    def doing(self, migration: Migration, text: str, share: float | None = None) -> None:
        """A statement takes its time: what it does, if that is known, and which share is done; or whom it waits for."""

    def ran(self, migration: Migration, share: float) -> None:
        """Some statements of a file are done: which share of its text."""

    def applied(self, migration: Migration, entry: LedgerEntry) -> None:
        """A file is applied: it is in the ledger, and the ledger is committed."""


class Session(NamedTuple):
    """A connection with what the rest of the ledger's room needs beside it; `turn` is the waiting for the lock.

    `url` is where a second connection would go, None for libpq's environment; `reachable` is False for a connection
    that was given, whose address nobody knows.
    """

    connection: Connection
    config: Config
    facts: ServerFacts
    listener: Listener
    turn: Patience
    url: str | None = None
    reachable: bool = True

    @property
    def schema(self) -> str:
        """The ledger's schema."""
        return self.config.schema

    @property
    def scope(self) -> Scope:
        """Which objects of the schema count when it is compared."""
        from runner.catalog.introspect import Scope, pattern

        tenant = self.config.tenant
        ignored = pattern(self.config.ignore, only=self.schema if tenant else None)
        return Scope(self.schema, ignored, self.facts.version, tenant)

    @property
    def applied_by(self) -> str:
        """Role, host and process, as the ledger keeps them."""
        return f"{self.facts.user} from {platform.node()} pid {os.getpid()}"


@asynccontextmanager
async def open_session(config: Config, listener: Listener, connection: Connection | None) -> AsyncIterator[Session]:
    """A session on the given connection, on the embedded server, or on the database that the settings name."""
    if connection is not None:
        if connection.is_in_transaction():
            raise InTransaction(
                "the connection that was given is in a transaction",
                hint="Each migration has a transaction of its own; give a connection that is in none.",
            )
        async with _on(connection, config, listener) as session:
            yield session._replace(reachable=False)
        return
    async with (
        address(config, listener) as url,
        connected(
            url,
            wait_ms=config.wait_ms,
            tell=listener.waiting,
            database=config.database,
            search_path=quote_identifier(config.schema) if config.tenant else None,
        ) as made,
        _on(made, config, listener) as session,
    ):
        yield session._replace(url=url)


@asynccontextmanager
async def _on(connection: Connection, config: Config, listener: Listener) -> AsyncIterator[Session]:
    with translated():
        facts = await read_facts(connection, config.schema)
        turn = Patience(config.lock_wait_ms, listener.waiting, share=_SHARE_OF_A_WAIT)
        yield Session(connection, config, facts, listener, turn)


@asynccontextmanager
async def address(config: Config, listener: Listener) -> AsyncIterator[str | None]:
    """The URL of the database; that of the embedded server while it runs."""
    if config.embedded is None:
        yield config.database_url
        return
    from runner.server.embedded import running

    async with running(config.embedded, keep=config.keep_running, tell=listener.server) as url:
        yield url
