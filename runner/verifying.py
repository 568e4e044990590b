"""`verify`: files against ledger, and the live schema against what the migrations left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.catalog.catalog import FORMAT
from runner.catalog.difference import compare as compare_catalogs
from runner.catalog.introspect import begin_reading, read_whole
from runner.catalog.snapshot import drift
from runner.errors import BadSetting, Busy
from runner.ledger.edits import read_edits, reformatted
from runner.ledger.entry import State
from runner.ledger.integrity import compare
from runner.ledger.ledger import cannot, read_ledger
from runner.ledger.lock import somebody_works
from runner.ledger.session import Listener, open_session
from runner.migrations.folder import load_folder
from runner.results import Against, DeclaredResult, SchemaCheck, VerifyResult
from runner.server.connect import fetch_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.catalog.catalog import Catalog
    from runner.catalog.snapshot import Snapshot
    from runner.config import Config
    from runner.ledger.entry import Ledger
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.server.connect import Connection

_SILENT = Listener()
_SHORTEST_HASH = 8
_REMEDY = "; the next migrate up takes one, and migrate verify --replay does without"


async def verify(
    config: Config,
    *,
    against: Against = Against.SNAPSHOT,
    expect: str | None = None,
    repair: bool = False,
    listener: Listener = _SILENT,
    connection: Connection | None = None,
) -> VerifyResult:
    """Files against ledger, and the live schema against what `against` says. Writes nothing.

    `expect` is the last history of another database, or its first characters; with `repair` the result has the SQL
    that brings the live schema back. Raises Busy if another runner is at work meanwhile.
    """
    if expect is not None and not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST_HASH},64}}", expect):
        raise BadSetting(
            f'--expect is "{expect}", which is no history',
            hint="`migrate status` ends with the history; give at least eight characters of it.",
        )
    migrations = load_folder(config.folder)
    async with open_session(config, listener, connection) as session:
        ledger = await read_ledger(session)
        edits = await read_edits(session, migrations, ledger)
        rows = compare(migrations, ledger, reformatted=reformatted(edits))
        check = await _check(session, migrations, ledger, against, repair=repair)
    return VerifyResult(rows, edits, ledger.history, expect, check)


async def _check(
    session: Session, migrations: Sequence[Migration], ledger: Ledger, against: Against, *, repair: bool
) -> SchemaCheck | None:
    """How the live schema differs; None if nobody asked, or if nothing ran here yet."""
    if against is Against.FILES or not ledger:
        return None
    if any(entry.state is State.STARTED for entry in ledger.values()):
        return SchemaCheck(against, None, "a migration stopped half-way; see migrate status")
    if against is Against.REPLAY or repair:
        ran = [each for each in migrations if each.version in ledger]
        if len(ran) < len(ledger):
            return SchemaCheck(Against.REPLAY, None, "the ledger has migrations whose files are not here")
        check = await _replayed(session, ran, repair=repair)
    else:
        check = await _kept(session)
    if (check.differences != () or check.reason) and await somebody_works(session):
        raise Busy(
            "another runner is at work, so the live schema is on its way from one migration to the next",
            hint="Verify again when it has ended.",
        )
    return check


async def _kept(session: Session) -> SchemaCheck:
    if not session.facts.catalog_exists:
        return SchemaCheck(Against.SNAPSHOT, None, f"no snapshot was taken yet{_REMEDY}")
    try:
        snapshot, differences = await drift(session.connection, session.scope)
    except Exception as error:
        raise cannot(session, "read", error) from error
    if snapshot and snapshot.current:
        return SchemaCheck(Against.SNAPSHOT, differences, None, snapshot.fingerprint)
    return SchemaCheck(Against.SNAPSHOT, None, _stale(snapshot))


def _stale(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return f"no snapshot was taken yet{_REMEDY}"
    if snapshot.format != FORMAT:
        return f"the snapshot was taken by another version of migrate{_REMEDY}"
    return f"the snapshot is of version {snapshot.version}, and the ledger has moved on since{_REMEDY}"


async def _replayed(session: Session, migrations: Sequence[Migration], *, repair: bool) -> SchemaCheck:
    from runner.rebuild import reach_beyond, rebuild
    from runner.server.scratch import Near, scratch_server

    safe = session.reachable and not reach_beyond(migrations)
    near = Near(session.url, session.connection, session.facts, safe)
    [(search_path,)] = await fetch_rows(session.connection, "SELECT pg_catalog.current_setting('search_path')")
    config = session.config
    async with scratch_server(
        config.scratch_url, near, wait_ms=config.wait_ms, tell=session.listener.waiting
    ) as scratch:
        expected = await rebuild(scratch, config, migrations, search_path=search_path)
    live = await _live(session)
    return SchemaCheck(
        Against.REPLAY, compare_catalogs(expected, live), None, None, _repair(live, expected, repair=repair)
    )


async def _live(session: Session) -> Catalog:
    await begin_reading(session.connection)
    try:
        return await read_whole(session.connection, session.scope)
    finally:
        await session.connection.execute("ROLLBACK")


def _repair(live: Catalog, expected: Catalog, *, repair: bool) -> str | None:
    if not repair:
        return None
    from runner.catalog.render import repair_sql

    return repair_sql(live, expected)


async def verify_declared(config: Config, *, listener: Listener = _SILENT) -> DeclaredResult:
    """The declared schema against what the migrations make, both built on a scratch server."""
    from runner.rebuild import declared_and_made

    wanted, made = await declared_and_made(config, listener)
    return DeclaredResult(str(config.declared_file), SchemaCheck(Against.DECLARED, compare_catalogs(wanted, made)))
