"""The connection is cut at every message between client and server: afterwards each file is there once."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from runner import Config, MigrateError, resolve, up
from runner.errors import Unfinished
from runner.ledger.resolve import Decision

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import Database


class Cut(Enum):
    """Where the cut falls: the message is lost, or it arrives and its answer is lost."""

    BEFORE = "before the message"
    AFTER = "after the message"


class Proxy:
    """Passes a connection on and cuts the first one at the n-th message of the client, hard."""

    def __init__(self, upstream: int, number: int, cut: Cut) -> None:
        self.upstream, self.number, self.cut = upstream, number, cut
        self.was_cut = False
        self.count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        back = asyncio.ensure_future(self.answers(server_reader, writer))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self.messages(reader, server_writer)
        back.cancel()
        writer.transport.abort()
        server_writer.transport.abort()

    async def messages(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        """The start-up packet has no type; every other message has one, then its length."""
        head = await reader.readexactly(4)
        server.write(head + await reader.readexactly(struct.unpack("!i", head)[0] - 4))
        while True:
            head = await reader.readexactly(5)
            message = head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)
            self.count += not self.was_cut
            cut_here = not self.was_cut and self.count == self.number
            if not cut_here or self.cut is Cut.AFTER:
                server.write(message)
                await server.drain()
            if cut_here:
                self.was_cut = True
                return

    async def answers(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await server.read(65536):
                client.write(data)
                await client.drain()
            client.transport.abort()


@asynccontextmanager
async def proxied(database: Database, number: int, cut: Cut) -> AsyncIterator[tuple[Proxy, str]]:
    proxy = Proxy(database.server.tcp, number, cut)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield proxy, f"postgresql://postgres@127.0.0.1:{port}/{database.name}?sslmode=disable"


RUNS = "CREATE TABLE runs (version int)"
ALONE = "-- migrate: no-transaction\n"
# None of the statements of the file `alone` can run twice, or ends as it should if it did not run at all.
SCENARIOS = {
    "transactional": {
        "0001_create_runs": f"{RUNS}; SELECT 1;",
        "0002_run": "INSERT INTO runs VALUES (2);\nSELECT 1;\nINSERT INTO runs VALUES (2);",
        "0003_run": "INSERT INTO runs VALUES (3);\nSELECT 1;",
    },
    "light": {"0001_create_runs": RUNS, "0002_a": "CREATE TABLE a ();", "0003_b": "CREATE TABLE b ();"},
    "index": {
        "0001_create_runs": RUNS,
        "0002_index": f"{ALONE}CREATE INDEX CONCURRENTLY runs_idx ON runs (version);",
        "0003_reindex": f"{ALONE}REINDEX INDEX CONCURRENTLY runs_idx;",
    },
    "no-transaction": {
        "0001_create_runs": RUNS,
        "0002_run": f"{ALONE}INSERT INTO runs VALUES (2);\nINSERT INTO runs VALUES (2);",
        "0003_run": "INSERT INTO runs VALUES (3);",
    },
    "alone": {
        "0001_create_runs": f"""
            {RUNS};
            CREATE INDEX runs_idx ON runs (version);
            CREATE TYPE mood AS ENUM ('sad');
            CREATE TABLE parts (version int) PARTITION BY RANGE (version);
            CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
            CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM runs;
            CREATE UNIQUE INDEX sums_key ON sums (count);
        """,
        "0002_alone": f"""{ALONE}
            DROP INDEX CONCURRENTLY runs_idx;
            ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY;
            ALTER TYPE mood ADD VALUE 'calm';
            INSERT INTO runs VALUES (2);
            REFRESH MATERIALIZED VIEW CONCURRENTLY sums;
            VACUUM runs;
            ALTER SYSTEM RESET application_name;
        """,
        "0003_run": "INSERT INTO runs SELECT 3 FROM sums WHERE count = 1 AND 'calm'::mood > 'sad';",
    },
    "procedure": {
        "0001_create_runs": f"""
            {RUNS};
            CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO runs VALUES (2); COMMIT; INSERT INTO runs VALUES (2); END $$;
        """,
        "0002_call": f"{ALONE}CALL fill();",
        "0003_run": "INSERT INTO runs VALUES (3);",
    },
}
EXPECTED = {"light": [], "index": [], "alone": [2, 3]}
ASKS_A_PERSON = {"procedure"}


async def empty(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    await connection.close()


async def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(database.url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def cut_and_finish(database: Database, folder: Path, number: int, cut: Cut) -> tuple[bool, bool]:
    """Whether there was a message to cut, and whether a person was asked; afterwards everything is applied."""
    await empty(database)
    async with proxied(database, number, cut) as (proxy, url):
        with suppress(MigrateError):
            await up(Config(folder=folder, database_url=url, wait_ms=10_000))
    direct = Config(folder=folder, database_url=database.url)
    try:
        await up(direct)
    except Unfinished:
        [(ran,)] = await rows(database, "SELECT count(*)::int FROM runs WHERE version = 2")
        await resolve(direct, 2, Decision.APPLIED if ran else Decision.RETRY, reason="looked")
        await up(direct)
        return proxy.was_cut, True
    return proxy.was_cut, False


@pytest.mark.parametrize("cut", list(Cut), ids=lambda cut: cut.value)
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_a_cut_at_any_message_leaves_each_file_applied_once(
    database: Database, tmp_path: Path, scenario: str, cut: Cut
) -> None:
    if not database.server.tcp:
        pytest.skip("needs a server on the loopback address")
    for name, text in SCENARIOS[scenario].items():
        (tmp_path / f"{name}.sql").write_text(text)

    number, more, asked = 0, True, False
    while more:
        number += 1
        more, person = asyncio.run(cut_and_finish(database, tmp_path, number, cut))
        asked |= person

        runs = [version for (version,) in database.rows("SELECT version FROM runs ORDER BY 1")]
        assert runs == EXPECTED.get(scenario, [2, 2, 3])
        assert database.ledger() == [(1, "applied"), (2, "applied"), (3, "applied")]
        assert database.rows("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []
        assert database.rows("SELECT relname FROM pg_class WHERE relname ~ '_cc(new|old)'") == []

    assert number > 8
    assert asked == (scenario in ASKS_A_PERSON)
