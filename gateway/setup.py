"""The two ways to a store: with the migrations applied first, or with a schema that has to be there."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import runner
from gateway.errors import SchemaTooOld, StaleClient
from gateway.options import Options
from gateway.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from runner import Migration

_log = logging.getLogger("gateway")
_HERE = Path(__file__).parent
_SQL = next(folder for folder in (_HERE / "sql", _HERE.parent / "sql") if folder.is_dir())
PARTITIONS = ("spend_logs_p2*", "spend_log_payloads_p2*", "daily_rollups_p2*", "audit_events_p2*")
"""The tables that ensure_partitions makes, of which the migrations know nothing."""
_DEFAULTS = Options()


class _Told(runner.Listener):
    """What the runner has to say, in the log."""

    def waiting(self, why: str) -> None:
        _log.info("migrations: %s", why)

    def warning(self, text: str) -> None:
        _log.warning("migrations: %s", text)

    def applied(self, migration: Migration, entry: object) -> None:  # noqa: ARG002  # as the runner tells it
        _log.info("migrations: applied %s", migration.title)


async def setup_database(url: str | None, options: Options = _DEFAULTS, *, development: bool = False) -> Store:
    """A store whose database has all migrations, each applied exactly once, however many instances start at once.

    In `development` a client that is not of the queries and the schema is written anew first; elsewhere it is refused.

    If the database cannot be reached within `options.within` seconds, the store is stateless; it migrates and becomes
    ready by itself when the database is there. Without a `url` it stays stateless.

    Raises StaleClient; runner.MigrateError for what waiting does not mend, such as a wrong password or a migration
    that fails; SpoolUnusable.
    """
    await _check_client(options, development=development)
    return await _open(url, options, _migrate)


async def connect(url: str | None, options: Options = _DEFAULTS) -> Store:
    """The same without migrating: for instances whose database is migrated by a job of its own.

    Raises SchemaTooOld where a migration that this build knows is not applied; a newer schema is served. What else it
    raises, and how it goes on without the database, is as in setup_database.
    """
    await _check_client(options, development=False)
    return await _open(url, options, _require)


async def _open(url: str | None, options: Options, prepare: Callable[[runner.Config], Awaitable[None]]) -> Store:
    config = _config(url, options)
    newest = max(migration.version for migration in runner.load_folder(config.folder))
    return await Store(url, options, prepare=partial(prepare, config), schema_version=newest).open()


def _config(url: str | None, options: Options) -> runner.Config:
    return runner.Config(
        folder=_SQL / "migrations",
        schema=options.schema,
        database_url=options.direct_url or url,
        tenant=options.search_path is not None,
        wait_ms=round(options.within * 1000),
        ignore=PARTITIONS,
        declared_file=_SQL / "schema.sql",
        queries=_SQL / "queries",
        client=_HERE / "client",
    )


async def _check_client(options: Options, *, development: bool) -> None:
    config = _config(None, options)
    stale = runner.check_generated(config).stale
    if not stale:
        return
    if development:
        await runner.generate(config)
        raise StaleClient("the client has just been written anew from the queries and migrations: start again")
    raise StaleClient(f"{'; '.join(stale)}. Run migrate generate")


async def _migrate(config: runner.Config) -> None:
    await runner.up(config, listener=_Told())


async def _require(config: runner.Config) -> None:
    pending = (await runner.status(config, listener=_Told())).pending
    if pending:
        titles = [row.migration.title for row in pending if row.migration]
        raise SchemaTooOld(
            f"the database has not all migrations that this build needs: {len(pending)} are pending, from {titles[0]} "
            f"to {titles[-1]}. Run migrate up, or let setup_database do it"
        )
