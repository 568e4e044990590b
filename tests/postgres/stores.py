"""What the tests of the store share: stores on the database of a test, and someone who acts."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from gateway import Actor, Options, setup_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gateway import Store
    from tests.conftest import Database

ME = Actor("system", "test")
PATIENT = Options(within=10.0)


@asynccontextmanager
async def opened(database: Database, options: Options = PATIENT) -> AsyncIterator[Store]:
    """A store that is ready."""
    async with await setup_database(database.url, options) as store:
        await store.link.until_ready()
        yield store


async def until(true: Callable[[], Any], seconds: float = 20) -> None:
    """Returns as soon as something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def until_heard(*stores: Store) -> None:
    """Returns when all of them hear notices."""
    for store in stores:
        await until(lambda store=store: store.health.hears)  # type: ignore[misc]
