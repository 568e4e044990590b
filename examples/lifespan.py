"""A web application whose migrations are applied before it takes its first request."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from runner import Config, up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    """Migrates, then opens the pool: its connections see the schema that the queries need."""
    url = os.environ["DATABASE_URL"]
    await up(Config(database_url=url))
    async with asyncpg.create_pool(url) as pool:
        yield {"pool": pool}


async def books(request: Request) -> JSONResponse:
    """The titles of all books."""
    rows = await request.state.pool.fetch("SELECT title FROM books ORDER BY title")
    return JSONResponse([row["title"] for row in rows])


app = Starlette(routes=[Route("/books", books)], lifespan=lifespan)
