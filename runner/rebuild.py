"""Building a schema on a scratch database, from the migrations or from the declared schema, to see what comes out."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from runner.catalog.introspect import begin_reading, read_whole
from runner.config import OnDrift
from runner.errors import MigrateError, NoDeclared, Place, StatementFailed
from runner.ledger.apply import apply_pending
from runner.ledger.ledger import read_ledger
from runner.ledger.plan import make_plan
from runner.ledger.session import Listener, open_session
from runner.migrations.folder import load_file, load_if_any
from runner.migrations.reach import reaches_beyond
from runner.migrations.script import read_text
from runner.server.scratch import lacking_role, make_roles, scratch_database, scratch_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from runner.catalog.catalog import Catalog
    from runner.config import Config
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.server.scratch import Scratch

_NOT_THERE_YET = ("42P01", "42704", "42883", "3F000")  # table, type or role, function, schema
_IN_ORDER = "The file runs from top to bottom: what a statement needs has to stand above it."
_UNTOUCHED = "This was on a scratch database, which is gone; no other was touched."


def reach_beyond(migrations: Sequence[Migration]) -> bool:
    """Whether a file may change more than its database; then it must not run again on a server that it has run on."""
    return any(reaches_beyond(read_text(migration)) for migration in migrations)


async def rebuild(
    scratch: Scratch, config: Config, migrations: Sequence[Migration], *, search_path: str | None = None
) -> Catalog:
    """What the migrations make of an empty database: its catalog, with positions and needs. Raises as `built`."""
    async with built(scratch, config, migrations, search_path=search_path) as session:
        return await read_now(session)


async def read_now(session: Session) -> Catalog:
    """The catalog of a scratch database as it is now, with positions and needs."""
    await begin_reading(session.connection)
    try:
        return await read_whole(session.connection, session.scope)
    finally:
        await session.connection.execute("ROLLBACK")


def own_scratch(config: Config, listener: Listener, major: int | None = None) -> AbstractAsyncContextManager[Scratch]:
    """The scratch server that the settings name, else an embedded one, of a major: never that of the database."""
    return scratch_server(config.scratch_url, None, wait_ms=config.wait_ms, tell=listener.waiting, major=major)


@asynccontextmanager
async def schema_of(config: Config, migrations: Sequence[Migration], listener: Listener) -> AsyncIterator[Session]:
    """A session on a scratch database with what the migrations make. Raises as `built`."""
    alone = config._replace(tenant=False)  # a scratch database has no other tenants
    async with own_scratch(config, listener) as scratch, built(scratch, alone, migrations) as session:
        yield session


@asynccontextmanager
async def built(
    scratch: Scratch, config: Config, migrations: Sequence[Migration], *, search_path: str | None = None
) -> AsyncIterator[Session]:
    """A session on a new database, which the migrations were applied to; it is dropped at the end.

    `search_path` is that of the sessions that ran them, if it is not the usual one.

    Raises what applying them raises. On a server of the runner's own, roles that the files speak of are made.
    """
    roles: set[str] = set()
    while True:
        if scratch.private:
            await make_roles(scratch, roles)
        async with AsyncExitStack() as stack:
            name = await stack.enter_async_context(scratch_database(scratch, search_path))
            there = config._replace(database_url=scratch.url, database=name, embedded=None, on_drift=OnDrift.IGNORE)
            session = await stack.enter_async_context(open_session(there, Listener(), None))
            try:
                await apply_to(session, migrations)
            except StatementFailed as error:
                role = lacking_role(error.message)
                if not (scratch.private and role) or role in roles:
                    raise
                roles.add(role)
                continue
            yield session
            return


async def apply_to(session: Session, migrations: Sequence[Migration], *, to: int | None = None) -> None:
    """Applies what is pending in a scratch database, up to a version. Raises as `up`: nothing else was touched."""
    ledger = await read_ledger(session)
    try:
        await apply_pending(session, ledger, lambda known: make_plan(migrations, known, to=to, allow_out_of_order=True))
    except MigrateError as error:
        error.state = _UNTOUCHED
        if error.sqlstate in _NOT_THERE_YET and not error.hint:
            error.hint = _IN_ORDER
        raise


async def declared_and_made(config: Config, listener: Listener) -> tuple[Catalog, Catalog]:
    """What the declared schema makes, and what the migrations make, both on a scratch server."""
    migrations, declared = load_if_any(config.folder), load_declared(config.declared_file)
    async with own_scratch(config, listener) as scratch:
        return await rebuild(scratch, config, declared), await rebuild(scratch, config, migrations)


def load_declared(path: Path) -> Sequence[Migration]:
    """The declared schema, as the one migration that makes it. Raises NoDeclared, or a FileError as for migrations."""
    if not path.is_file():
        raise NoDeclared(
            "there is no declared schema",
            place=Place(str(path)),
            hint=f"Write it from the migrations with: migrate dump -o {path}. Another file: --declared-file",
        )
    return (load_file(str(path), version=1, label="1", name=path.stem),)
