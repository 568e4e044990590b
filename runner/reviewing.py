"""`review` and `stats`: what pending migrations will do, and how large the live database is."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.difference import compare as compare_catalogs
from runner.checking import deployed_files, folder_queries, queries_of
from runner.client.follow import Follower
from runner.errors import NoScratch
from runner.ledger.edits import read_edits, reformatted
from runner.ledger.ledger import read_ledger
from runner.ledger.plan import make_plan
from runner.ledger.session import Listener, open_session
from runner.migrations.folder import load_folder
from runner.migrations.script import read_script
from runner.rebuild import built, own_scratch, read_now
from runner.results import FailOn, ReviewResult, StatsResult
from runner.review.live import estimate, measure
from runner.review.review import judge
from runner.review.rules.rule import Subject
from runner.review.sizes import read_sizes
from runner.review.state import names_by_oid
from runner.review.trace import trace
from runner.server.sql import quote_literal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from pathlib import Path

    from runner.client.queries import Query
    from runner.config import Config
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script
    from runner.review.review import Reviewed
    from runner.review.sizes import Sizes
    from runner.server.scratch import Scratch

_SILENT = Listener()
_LONGEST_RUN = 1_000  # statements: more of them are one


class _Known(NamedTuple):
    """What is known before anything is traced; `estimates` are rows by version and statement number."""

    applied: Sequence[Migration]
    pending: Sequence[Migration]
    sizes: Sizes | None = None
    estimates: Mapping[int, Mapping[int, int]] = {}  # never changed


async def review(  # noqa: PLR0913  # a choice of the caller each
    config: Config,
    *,
    revision: str | None = None,
    every: bool = False,
    live: bool = True,
    stats: Path | None = None,
    fail_on: FailOn = FailOn.ERROR,
    listener: Listener = _SILENT,
) -> ReviewResult:
    """What each pending migration does, traced on a scratch database, and what the rules find in it.

    Pending is what a revision of the repository does not have, or `every` file, or else what the ledger of the
    database does not have. `live`: the sizes are those of the database; a file in `stats` comes before them. Nothing
    is written to any database but the scratch one. Raises NoRevision, QueryError, BadStatistics, and what building a
    schema raises.
    """
    migrations = load_folder(config.folder)
    with deployed_files(revision, config, migrations) if revision else nullcontext(((), migrations)) as (old, new):
        known = _Known(old, new)
        if live:
            known = await _with_live(config, known, listener, by_ledger=not (revision or every))
        if stats:
            known = known._replace(sizes=read_sizes(stats), estimates={})
        queries = queries_of(revision, config) if revision else [] if every else _queries(config)
        async with _scratch(config, known.sizes, listener) as scratch, built(scratch, config, known.applied) as session:
            before = await read_now(session)
            follower = await Follower.begin(session, queries) if queries else None
            files = await _follow(session, known, follower, private=scratch.private, listener=listener)
            after = await read_now(session)
    told = len(queries) - len(follower.refused) if follower else None
    changed = compare_catalogs(before, after)
    return ReviewResult(files, before, after, changed, before.major, known.sizes, revision, told, fail_on)


def _queries(config: Config) -> Sequence[Query]:
    """The queries of the folder, if there is one: a project may have none."""
    return folder_queries(config) if any(config.queries.glob("*.sql")) else ()


async def _with_live(config: Config, known: _Known, listener: Listener, *, by_ledger: bool) -> _Known:
    """What the live database says: what is pending, if its ledger is to tell, the sizes, the planner's estimates.

    Raises Edited and FileGone, as `up` would.
    """
    async with open_session(config, listener, None) as session:
        if by_ledger:
            ledger = await read_ledger(session)
            same = reformatted(await read_edits(session, known.pending, ledger))
            the_plan = make_plan(known.pending, ledger, allow_out_of_order=True, reformatted=same)
            pending = {step.migration.version for step in the_plan.steps}
            known = known._replace(
                applied=[each for each in known.pending if each.version not in pending],
                pending=[each for each in known.pending if each.version in pending],
            )
        sizes = await measure(session.connection)
        estimates = {each.version: await estimate(session.connection, _row_by_row(each)) for each in known.pending}
    return known._replace(sizes=sizes, estimates=estimates)


@asynccontextmanager
async def _scratch(config: Config, sizes: Sizes | None, listener: Listener) -> AsyncIterator[Scratch]:
    """A scratch server of the live database's major, if there is one to be had, else of another, with a warning."""
    async with AsyncExitStack() as stack:
        try:
            scratch = await stack.enter_async_context(own_scratch(config, listener, sizes.major if sizes else None))
        except NoScratch:
            if sizes is None:
                raise
            scratch = await stack.enter_async_context(own_scratch(config, listener))
            listener.warning(f"PostgreSQL {sizes.major} is not on this machine: traced on another major version")
        yield scratch


async def _follow(
    session: Session, known: _Known, follower: Follower | None, *, private: bool, listener: Listener
) -> tuple[Reviewed, ...]:
    """Each pending migration in turn, on what those before it left."""
    subjects = []
    live_names = await names_by_oid(session)
    _warn_of_absent(known.sizes, live_names.values(), listener)
    newest = max((migration.version for migration in known.applied), default=0)
    for migration in known.pending:
        async with open_session(session.config, Listener(), None) as again:
            await _as_live(again, known.sizes)
            names = await names_by_oid(again)
            traced = await trace(again, migration, _row_by_row(migration), private=private)
        broken = await follower.after(migration) if follower else ()
        subjects.append(
            Subject(
                traced,
                known.sizes,
                tuple(broken),
                known.estimates.get(migration.version, {}),
                session.config.throughput,
                renamed={names[oid]: name for oid, name in live_names.items() if names.get(oid, name) != name},
                came=frozenset(name for oid, name in names.items() if oid not in live_names),
                late=migration.version < newest,
            )
        )
    return tuple(judge(each._replace(outcome=subjects[-1].trace.after)) for each in subjects)


def _warn_of_absent(sizes: Sizes | None, names: Iterable[str], listener: Listener) -> None:
    """Tells of tables that applied migrations made and that have no size: it may be the wrong database."""
    absent = sorted(name for name in names if sizes and not sizes.find(name))
    if sizes and absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        listener.warning(f"{sizes.source} has no table {absent[0]}{more}: how large it is, is unknown")


async def _as_live(session: Session, sizes: Sizes | None) -> None:
    """Sets the live database's time zone: whether timestamp becomes timestamptz without a rewrite depends on it."""
    import asyncpg

    if sizes and sizes.timezone:
        with suppress(asyncpg.InvalidParameterValueError):  # one that this server does not know
            await session.connection.execute(f'SET "TimeZone" = {quote_literal(sizes.timezone)}')


def _row_by_row(migration: Migration) -> Script:
    """The script, with each UPDATE and DELETE of a run as a statement of its own; a run of INSERTs alone stays one."""
    script = read_script(migration)
    runs = ((statement, script.rows(statement)) for statement in script.statements)
    found = (
        rows if len(rows) <= _LONGEST_RUN and any(row.verb != "insert" for row in rows) else [statement]
        for statement, rows in runs
    )
    return replace(script, statements=[statement for statements in found for statement in statements])


async def stats(config: Config, *, listener: Listener = _SILENT) -> StatsResult:
    """How large and how busy the tables of the database are, for a review by those who may not connect to it."""
    async with open_session(config, listener, None) as session:
        return StatsResult(await measure(session.connection))
