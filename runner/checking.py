"""`check-queries`: whether the queries that run in production survive the migrations that are to come."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runner.client.compare import compare, names
from runner.client.describe import describe
from runner.client.queries import parse_files, read_folder
from runner.client.revision import read_revision
from runner.errors import EmptyQueries, FileGone, Place
from runner.ledger.session import Listener, open_session
from runner.migrations.folder import decode, load_if_any
from runner.migrations.migration import normalize
from runner.rebuild import apply_to, schema_of
from runner.results import CheckResult, QueryFinding
from runner.server.connect import connected, fetch_rows, translated
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.client.described import Description, Refused
    from runner.client.queries import Query
    from runner.config import Config
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration

_SILENT = Listener()


async def check_queries(config: Config, *, revision: str | None, listener: Listener = _SILENT) -> CheckResult:
    """What the migrations that a revision does not have change for the queries that it has.

    Without a revision: whether the queries of the folder work on what all migrations make. Everything happens on a
    scratch server. Raises NoRevision, QueryError for a file that cannot be read, and what building raises.
    """
    now = load_if_any(config.folder)
    if revision is None:
        queries = _queries(read_folder(config.queries))
        async with schema_of(config, now, listener) as session:
            accepted, refused, _ = await _describe(session, queries)
        findings = [_finding(each, None) for each in refused] + [
            QueryFinding(
                each.query, each.query.place, None, f"it gives no value to {name}, which must have one", breaks=False
            )
            for each in accepted
            for name in names(each.missing)
        ]
        return CheckResult(None, len(queries), 0, tuple(findings))
    texts = {path: decode(normalize(raw), path) for path, raw in read_revision(revision, config.queries).items()}
    if not texts:
        raise EmptyQueries(f"{revision} has no queries there", place=Place(str(config.queries)))
    queries = _queries(texts)
    with tempfile.TemporaryDirectory() as folder:
        deployed = _deployed(revision, config, Path(folder))
        pending = _pending(deployed, now, revision)
        async with schema_of(config, deployed, listener) as session:
            findings = await _follow(session, queries, [*deployed, *pending], pending)
    return CheckResult(revision, len(queries), len(pending), tuple(findings))


def _queries(texts: Mapping[str, str]) -> list[Query]:
    return [query for file in parse_files(texts) for query in file.queries]


def _deployed(revision: str, config: Config, folder: Path) -> Sequence[Migration]:
    """The migrations of a revision, written where they can be read while they are applied."""
    for path, raw in read_revision(revision, config.folder).items():
        (folder / Path(path).name).write_bytes(raw)
    return load_if_any(folder)


def _pending(deployed: Sequence[Migration], now: Sequence[Migration], revision: str) -> list[Migration]:
    known = {migration.version for migration in deployed}
    here = {migration.version for migration in now}
    for migration in deployed:
        if migration.version not in here:
            raise FileGone(
                f"{revision} has {migration.title}, and the folder has not",
                hint="Merge it first: what is applied stays in the folder.",
            )
    return [migration for migration in now if migration.version not in known]


async def _follow(
    session: Session, queries: Sequence[Query], migrations: Sequence[Migration], pending: Sequence[Migration]
) -> list[QueryFinding]:
    """What each pending migration does to the queries; one that it breaks is not looked at again.

    Each state is compared with the first: a migration that takes back what another did is no news for who runs today.
    """
    first = before = await _describe(session, queries)
    origin = {each.query.name: each for each in first.accepted}
    told: set[tuple[str, str]] = set()
    findings = [_finding(each, None) for each in before.refused]
    for migration in pending:
        async with open_session(session.config, Listener(), None) as again:
            await apply_to(again, migrations, to=migration.version)
            columns = await fetch_rows(again.connection, load_sql("client", "columns"))
        # The client that runs has its stars written out, so that is what has to go on working.
        running = [each.query._replace(sql=each.sql, embeds=()) for each in before.accepted]
        after = await _describe(session, running)
        known = {each.query.name: each for each in before.accepted}
        there = {f"{relation}.{column}" for relation, column in columns}
        for each in after.refused:
            was = known[each.query.name]
            gone = sorted(set(names((*was.reads, *was.writes))) - there)
            findings.append(_finding(each, migration, gone))
        changed = {
            (described.query.name, change.text): QueryFinding(
                described.query, described.query.place, migration, change.text, change.breaks
            )
            for described in after.accepted
            for change in compare(origin[described.query.name], described, first.types, after.types)
        }
        findings += [finding for key, finding in changed.items() if key not in told]
        before, told = after, set(changed)
    return findings


async def _describe(session: Session, queries: Sequence[Query]) -> Description:
    """On a connection of its own: what it remembers of types is of no use after a migration."""
    config = session.config
    async with connected(
        config.database_url, wait_ms=config.wait_ms, tell=session.listener.waiting, database=config.database
    ) as connection:
        with translated():
            return await describe(connection, queries)


def _finding(refused: Refused, migration: Migration | None, gone: Sequence[str] = ()) -> QueryFinding:
    query, error = refused
    text = error.message.removeprefix(f"{query.name}: ")
    if gone:
        text = f"{text} (it uses {', '.join(gone)}, which {'is' if len(gone) == 1 else 'are'} gone)"
    place = error.place if error.place and migration is None else query.place  # else the text is not that of the file
    return QueryFinding(query, place, migration, text, breaks=True, hint=error.hint)
