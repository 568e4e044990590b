"""`generate`: the typed client, from the queries and the schema that the migrations make."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from runner.client.describe import describe
from runner.client.package import SHARED, find_stale, sources, with_headers, write_package
from runner.client.queries import parse_files, read_folder
from runner.client.render import render_module, render_shared
from runner.client.types import Types
from runner.errors import FileError, MigrateError, QueryError
from runner.ledger.session import Listener, open_session
from runner.migrations.folder import load_if_any
from runner.rebuild import schema_of
from runner.results import GenerateCheck, GenerateResult
from runner.server.connect import translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from typing import NoReturn

    from runner.client.described import Described
    from runner.client.queries import QueryFile
    from runner.config import Config
    from runner.migrations.migration import Migration
    from runner.server.connect import Connection

    Show = Callable[[GenerateResult | MigrateError], None]

_SILENT = Listener()
_LOOK_EVERY = 0.3  # seconds


async def generate(config: Config, *, live: bool = False, listener: Listener = _SILENT) -> GenerateResult:
    """Writes the client. The schema is built from the migrations on a scratch server, or is that of the database.

    Raises a QueryError for the first query that is wrong, with the others in its `others`; nothing is written then.
    """
    texts, migrations = read_folder(config.queries), load_if_any(config.folder)
    files = parse_files(texts)  # what is wrong with the files themselves is told before a server is made
    async with _schema(config, migrations, listener, live=live) as connection:
        return await _generate(connection, config, files, sources(texts, migrations), listener)


async def _generate(
    connection: Connection,
    config: Config,
    files: Sequence[QueryFile],
    made: Mapping[str, tuple[str, str]],
    listener: Listener,
) -> GenerateResult:
    """The same on a database that holds the schema; `made` is what each module is made from."""
    with translated():
        described, refused, types = await describe(connection, [query for file in files for query in file.queries])
    if refused:
        _raise_all([each.error for each in refused])
    known, modules = Types(types), dict[str, str]()
    errors: list[QueryError] = []
    for file in files:
        try:
            own = [each for each in described if each.query.place.path == file.path]
            modules[file.module] = render_module(file, own, known)
        except QueryError as error:
            errors.append(error)
    if errors:
        _raise_all(errors)
    modules[SHARED] = render_shared(known)
    written = write_package(config.client, with_headers(modules, made))
    _warn(described, listener)
    return GenerateResult(str(config.client), tuple(described), written)


def _raise_all(errors: Sequence[QueryError]) -> NoReturn:
    first, *others = errors
    first.others = tuple(others)
    raise first


def _warn(described: Sequence[Described], listener: Listener) -> None:
    for each in described:
        for access in each.missing:
            columns = ", ".join(access.columns)
            listener.warning(f"{each.query.place}: {each.query.name} gives no value to {access.relation} ({columns})")


@asynccontextmanager
async def _schema(
    config: Config, migrations: Sequence[Migration], listener: Listener, *, live: bool
) -> AsyncIterator[Connection]:
    """A connection to a database with the schema: a scratch one, or the one that the settings name."""
    if live:
        async with open_session(config, listener, None) as session:
            yield session.connection
        return
    async with schema_of(config, migrations, listener) as session:
        yield session.connection


def check_generated(config: Config) -> GenerateCheck:
    """Whether the client on disk is what `generate` would write, told by its hashes: no server is asked."""
    texts, migrations = read_folder(config.queries), load_if_any(config.folder)
    return GenerateCheck(str(config.client), len(texts), find_stale(config.client, sources(texts, migrations)))


async def watch(config: Config, show: Show, *, listener: Listener = _SILENT) -> NoReturn:
    """Generates, and again whenever a query or migration changes, until a signal comes; shows results and errors.

    The scratch database stays while the migrations do.
    """
    while True:
        before = _state(config)
        try:
            migrations = load_if_any(config.folder)
            async with _schema(config, migrations, listener, live=False) as connection:
                await _follow(connection, config, migrations, show, listener)
        except MigrateError as error:
            show(error)
            await _until_changed(config, before)


async def _follow(
    connection: Connection, config: Config, migrations: Sequence[Migration], show: Show, listener: Listener
) -> None:
    """Generates after each change of a query; comes back when a migration has changed."""
    while True:
        before = _state(config)
        try:
            texts = read_folder(config.queries)
            made = sources(texts, migrations)
            show(await _generate(connection, config, parse_files(texts), made, listener))
        except (QueryError, FileError) as error:
            show(error)
        await _until_changed(config, before)
        if load_if_any(config.folder) != migrations:
            return


async def _until_changed(config: Config, before: object) -> None:
    import asyncio

    while _state(config) == before:  # noqa: ASYNC110  # files tell nobody that they change
        await asyncio.sleep(_LOOK_EVERY)


def _state(config: Config) -> list[tuple[str, int]]:
    """What the folders hold: names and times of change."""
    found = []
    for path in (path for folder in (config.queries, config.folder) for path in sorted(folder.glob("[!.]*.sql"))):
        with suppress(FileNotFoundError):  # an editor saves by renaming
            found.append((str(path), path.stat().st_mtime_ns))
    return found
