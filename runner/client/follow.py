"""Queries that run today, followed over the migrations that are to come: what each does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.client.compare import QueryFinding, compare, names
from runner.client.describe import describe
from runner.server.connect import connected, fetch_rows, translated
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from runner.client.described import Description, Refused
    from runner.client.queries import Query
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.server.connect import Connection


class Follower:
    """Looks at the same queries again after each migration; one that breaks is not looked at any more.

    Each state is compared with the first: a migration that takes back what another did is no news for who runs today.
    """

    def __init__(self, session: Session, first: Description) -> None:
        self.session, self.first, self.before = session, first, first
        self.origin = {each.query.name: each for each in first.accepted}
        self.told: set[tuple[str, str]] = set()

    @classmethod
    async def begin(cls, session: Session, queries: Sequence[Query]) -> Follower:
        """The queries before the first migration; `refused` has those that do not work even then."""
        return cls(session, await described_now(session, queries))

    @property
    def refused(self) -> list[QueryFinding]:
        """The queries that the server did not accept before the first migration."""
        return [finding_of(each, None) for each in self.first.refused]

    async def after(self, migration: Migration) -> list[QueryFinding]:
        """What the migration does, which has just been applied to the session's database."""
        async with _again(self.session) as connection:
            columns = await fetch_rows(connection, load_sql("client", "columns"))
        # The client that runs has its stars written out, so that is what has to go on working.
        running = [each.query._replace(sql=each.sql, embeds=()) for each in self.before.accepted]
        after = await described_now(self.session, running)
        known = {each.query.name: each for each in self.before.accepted}
        there = {f"{relation}.{column}" for relation, column in columns}
        relations = {relation for relation, _ in columns}  # of one that is gone the server itself says so
        findings = []
        for each in after.refused:
            was = known[each.query.name]
            lost = set(names((*was.reads, *was.writes))) - there
            gone = sorted(name for name in lost if name.rpartition(".")[0] in relations)
            findings.append(finding_of(each, migration, gone))
        changed = {
            (described.query.name, change.text): QueryFinding(
                described.query, described.query.place, migration, change.text, change.breaks
            )
            for described in after.accepted
            for change in compare(self.origin[described.query.name], described, self.first.types, after.types)
        }
        findings += [finding for key, finding in changed.items() if key not in self.told]
        self.before, self.told = after, set(changed)
        return findings


async def described_now(session: Session, queries: Sequence[Query]) -> Description:
    """On a connection of its own: what it remembers of types is of no use after a migration."""
    async with _again(session) as connection:
        with translated():
            return await describe(connection, queries)


def _again(session: Session) -> AbstractAsyncContextManager[Connection]:
    config = session.config
    return connected(
        config.database_url, wait_ms=config.wait_ms, tell=session.listener.waiting, database=config.database
    )


def finding_of(refused: Refused, migration: Migration | None, gone: Sequence[str] = ()) -> QueryFinding:
    """A query that the server refuses, as a finding; `gone` are the columns that it used and that are no more."""
    query, error = refused
    text = error.message.removeprefix(f"{query.name}: ")
    if gone:
        text = f"{text} (it uses {', '.join(gone)}, which {'is' if len(gone) == 1 else 'are'} gone)"
    place = error.place if error.place and migration is None else query.place  # else the text is not that of the file
    return QueryFinding(query, place, migration, text, breaks=True, hint=error.hint)
