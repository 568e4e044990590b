"""The live schema as a migration: what brings an empty database, or what our files make, to it."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.difference import as_lines, compare
from runner.catalog.draft import draft
from runner.catalog.render import body
from runner.errors import NotRebuilt
from runner.migrations.folder import load_file
from runner.rebuild import reach_beyond, read_now, rebuild
from runner.server.connect import fetch_rows
from runner.server.scratch import Near, Scratch, scratch_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from runner.catalog.catalog import Catalog
    from runner.catalog.changes import Change
    from runner.config import Config
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration


_BESIDE_TRAFFIC = re.compile(r"^((?:CREATE (?:UNIQUE )?|DROP )INDEX) CONCURRENTLY")
_UNCHANGED = "\nSELECT 1; -- the schema stayed as it was\n"


class _Replay(NamedTuple):
    """A scratch server with the settings under which schemas are built on it."""

    scratch: Scratch
    config: Config
    search_path: str | None

    async def made(self, migrations: Sequence[Migration]) -> Catalog:
        """What the migrations make of an empty database."""
        return await rebuild(self.scratch, self.config, migrations, search_path=self.search_path)


async def body_of_live(session: Session, ran: Sequence[Migration], *, ignore: Sequence[str]) -> str:
    """The text of a migration that brings what `ran` makes to the live schema; tried on a scratch database.

    `ignore` are patterns of what is no part of it, besides those of the settings. Raises NotRebuilt if the text does
    not give the live schema, and what building raises.
    """
    config = session.config._replace(ignore=(*session.config.ignore, *ignore))
    live = await read_now(session._replace(config=config))
    async with _replay(session, config, ran) as replay:
        changes = [_plain(each) for file in draft(await replay.made(ran), live) for each in file.changes]
        if not changes:
            return _UNCHANGED
        text = "\n" + body(changes)
        await _try(replay, ran, text, live)
    return text


def _plain(change: Change) -> Change:
    """The change for a database without traffic; what would lose something runs, too, as it is lost already."""
    statements = tuple(_BESIDE_TRAFFIC.sub(r"\1", each) for each in change.statements)
    return change._replace(statements=statements, destroys=None)


@asynccontextmanager
async def _replay(session: Session, config: Config, ran: Sequence[Migration]) -> AsyncIterator[_Replay]:
    near = Near(session.url, session.connection, session.facts, session.reachable and not reach_beyond(ran))
    [(search_path,)] = await fetch_rows(session.connection, "SELECT pg_catalog.current_setting('search_path')")
    async with scratch_server(
        config.scratch_url, near, wait_ms=config.wait_ms, tell=session.listener.waiting
    ) as scratch:
        yield _Replay(scratch, config, search_path)


async def _try(replay: _Replay, ran: Sequence[Migration], text: str, live: Catalog) -> None:
    """Raises NotRebuilt if the text, after what ran, does not give the live schema."""
    version = max((each.version for each in ran), default=0) + 1
    with TemporaryDirectory(prefix="migrate-") as folder:
        path = Path(folder) / "live_schema.sql"
        path.write_text(text, encoding="utf-8")
        migration = load_file(str(path), version=version, label=f"{version:04d}", name="live_schema")
        made = await replay.made([*ran, migration])
    if differences := compare(live, made):
        raise NotRebuilt(
            "the live schema cannot be written down as SQL that gives it again",
            detail="\n".join(as_lines(differences)),
            hint="What is told here has to be put right by hand: leave it out with --ignore, or write the file "
            "yourself, see docs/how-to/adopt.md, and record it with migrate baseline.",
        )
