"""A proxy between client and server that is asked at every message of the client what to do with it."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.conftest import Database


class Verdict(Enum):
    """What becomes of a message, and of the connection that it came over."""

    ON = "passed on"
    CUT_BEFORE = "before the message"
    CUT_AFTER = "after the message"


class Proxy:
    """Passes connections on, message by message, and cuts them hard where it is told to."""

    def __init__(self, upstream: int, decide: Callable[[], Awaitable[Verdict]]) -> None:
        self.upstream, self.decide = upstream, decide

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
            verdict = await self.decide()
            if verdict is not Verdict.CUT_BEFORE:
                server.write(message)
                await server.drain()
            if verdict is not Verdict.ON:
                return

    async def answers(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await server.read(65536):
                client.write(data)
                await client.drain()
            client.transport.abort()


@asynccontextmanager
async def proxied(database: Database, decide: Callable[[], Awaitable[Verdict]]) -> AsyncIterator[str]:
    """The URL of the database through a proxy."""
    listener = await asyncio.start_server(Proxy(database.server.tcp, decide).serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield f"postgresql://postgres@127.0.0.1:{port}/{database.name}?sslmode=disable"
