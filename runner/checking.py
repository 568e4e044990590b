"""`check-queries`: whether the queries that run in production survive the migrations that are to come."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runner.client.compare import QueryFinding, names
from runner.client.follow import Follower, described_now, finding_of
from runner.client.queries import parse_files, read_folder
from runner.client.revision import read_revision
from runner.errors import Edited, EmptyQueries, FileGone, Place
from runner.ledger.edits import Edit
from runner.ledger.session import Listener, open_session
from runner.migrations.folder import decode, load_if_any
from runner.migrations.migration import normalize
from runner.migrations.script import read_text
from runner.rebuild import apply_to, schema_of
from runner.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.client.queries import Query
    from runner.config import Config
    from runner.migrations.migration import Migration

_SILENT = Listener()


async def check_queries(config: Config, *, revision: str | None, listener: Listener = _SILENT) -> CheckResult:
    """What the migrations that a revision does not have change for the queries that it has.

    Without a revision: whether the queries of the folder work on what all migrations make. Everything happens on a
    scratch server. Raises NoRevision, QueryError for a file that cannot be read, and what building raises.
    """
    now = load_if_any(config.folder)
    if revision is None:
        queries = folder_queries(config)
        async with schema_of(config, now, listener) as session:
            accepted, refused, _ = await described_now(session, queries)
        findings = [finding_of(each, None) for each in refused] + [
            QueryFinding(
                each.query, each.query.place, None, f"it gives no value to {name}, which must have one", breaks=False
            )
            for each in accepted
            for name in names(each.missing)
        ]
        return CheckResult(None, len(queries), 0, tuple(findings))
    queries = queries_of(revision, config)
    if not queries:
        raise EmptyQueries(f"{revision} has no queries there", place=Place(str(config.queries)))
    with deployed_files(revision, config, now) as (deployed, pending):
        async with schema_of(config, deployed, listener) as session:
            follower = await Follower.begin(session, queries)
            findings = follower.refused
            for migration in pending:
                async with open_session(session.config, Listener(), None) as again:
                    await apply_to(again, [*deployed, *pending], to=migration.version)
                findings += await follower.after(migration)
    return CheckResult(revision, len(queries), len(pending), tuple(findings))


def queries_of(revision: str, config: Config) -> list[Query]:
    """The queries that a revision of the repository has in the folder of queries. Raises NoRevision, QueryError."""
    return _queries(
        {path: decode(normalize(raw), path) for path, raw in read_revision(revision, config.queries).items()}
    )


def folder_queries(config: Config) -> list[Query]:
    """The queries of the folder. Raises QueryError."""
    return _queries(read_folder(config.queries))


def _queries(texts: Mapping[str, str]) -> list[Query]:
    return [query for file in parse_files(texts) for query in file.queries]


@contextmanager
def deployed_files(
    revision: str, config: Config, now: Sequence[Migration]
) -> Iterator[tuple[Sequence[Migration], Sequence[Migration]]]:
    """The migrations of a revision, where they can be read meanwhile, and those that only the folder has.

    Raises NoRevision, FileGone if the folder lacks one of them, and Edited if it has one with another text.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path, raw in read_revision(revision, config.folder).items():
            (Path(folder) / Path(path).name).write_bytes(raw)
        deployed = load_if_any(Path(folder))
        yield deployed, _pending(deployed, now, revision)


def _pending(deployed: Sequence[Migration], now: Sequence[Migration], revision: str) -> list[Migration]:
    known = {migration.version for migration in deployed}
    here = {migration.version: migration for migration in now}
    for migration in deployed:
        if migration.version not in here:
            raise FileGone(
                f"{revision} has {migration.title}, and the folder has not",
                hint="Merge it first: what is applied stays in the folder.",
            )
        if _differs(migration, here[migration.version]):
            raise Edited(
                f"{migration.title} is not what it is in {revision}",
                place=Place(here[migration.version].path),
                hint="What is applied stays as it is: restore it, and put the change into a new file (migrate new …).",
            )
    return [migration for migration in now if migration.version not in known]


def _differs(old: Migration, new: Migration) -> bool:
    """Whether a file was edited in more than comments and white space."""
    return old.checksum != new.checksum and not Edit(new, read_text(old), read_text(new)).formatting_alone
