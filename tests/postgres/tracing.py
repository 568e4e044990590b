"""Traces of migrations that tests write as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner import Config
from runner.client.follow import Follower
from runner.client.queries import parse_files
from runner.ledger.session import Listener, open_session
from runner.migrations.header import parse_header
from runner.migrations.migration import Migration
from runner.migrations.script import parse_script
from runner.review.rules.rule import Subject
from runner.review.trace import trace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.client.queries import Query
    from runner.ledger.session import Session
    from runner.review.observed import Trace

_EMPTY = """
RESET ALL;
SET client_min_messages = error;
DO $$
DECLARE each name;
BEGIN
    FOR each IN SELECT pubname FROM pg_publication LOOP
        EXECUTE format('DROP PUBLICATION %I', each);
    END LOOP;
    FOR each IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', each);
    END LOOP;
END
$$;
CREATE SCHEMA public;
"""


async def subjects(url: str, setup: str, files: Iterable[str], queries: str = "") -> list[Subject]:
    """What each of the files does after the others, in a database that had nothing but the setup."""
    async with open_session(Config(database_url=url), Listener(), None) as session:
        await session.connection.execute(_EMPTY + setup)
        follower = await Follower.begin(session, _parsed(queries)) if queries else None
        found = []
        for text in files:
            traced = await trace_text(session, text)
            broken = await follower.after(traced.migration) if follower else ()
            found.append(Subject(traced, queries=tuple(broken)))
        return [each._replace(outcome=found[-1].trace.after) for each in found]


async def trace_text(session: Session, text: str, *, setup: str | None = None) -> Trace:
    """The trace of one file; after a setup, what was there before it is gone."""
    if setup is not None:
        await session.connection.execute(_EMPTY + setup)
    header = parse_header(text, "0001_example.sql")
    migration = Migration(1, "0001", "example", "0001_example.sql", "", header)
    return await trace(session, migration, parse_script(text, migration.path, header.mode))


def _parsed(text: str) -> list[Query]:
    return [query for file in parse_files({"example.sql": text}) for query in file.queries]
