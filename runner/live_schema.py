"""The live schema as migrations: what brings an empty database, or what our files make, to it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from runner.catalog.difference import as_lines, compare
from runner.catalog.draft import draft
from runner.catalog.render import body
from runner.errors import NotRebuilt
from runner.migrations.folder import load_file
from runner.rebuild import reaches_beyond, read_now, rebuild
from runner.server.connect import fetch_rows
from runner.server.scratch import Near, Scratch, scratch_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from runner.catalog.arrange import File
    from runner.catalog.catalog import Catalog
    from runner.config import Config
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration


_UNCHANGED = "\nSELECT 1; -- the schema stayed as it was\n"


class _Replay(NamedTuple):
    """A scratch server with the settings under which schemas are built on it."""

    scratch: Scratch
    config: Config
    search_path: str | None

    async def made(self, migrations: Sequence[Migration]) -> Catalog:
        """What the migrations make of an empty database."""
        return await rebuild(self.scratch, self.config, migrations, search_path=self.search_path)


async def bodies_of_live(session: Session, ran: Sequence[Migration], *, ignore: Sequence[str]) -> list[str]:
    """The texts of migrations that bring what `ran` makes to the live schema; tried on a scratch database.

    `ignore` are patterns of what is no part of it, besides those of the settings. Raises NotRebuilt if the texts do not
    give the live schema, and what building raises.
    """
    config = session.config._replace(ignore=(*session.config.ignore, *ignore))
    live = await read_now(session._replace(config=config))
    async with _replay(session, config, ran) as replay:
        files = draft(await replay.made(ran), live)
        changes = [each for file in files for each in file.changes]
        bodies = _bodies(files) if ran or not changes else ["\n" + body(changes)]
        await _try(replay, ran, bodies, live)
    return bodies if files else [_UNCHANGED]


def _bodies(files: Iterable[File]) -> list[str]:
    """A text for each drafted file; what would lose something stands there, too, as it is lost already."""
    return [
        ("-- migrate: no-transaction\n\n" if file.concurrent else "\n")
        + body([each._replace(destroys=None) for each in file.changes])
        for file in files
    ]


@asynccontextmanager
async def _replay(session: Session, config: Config, ran: Sequence[Migration]) -> AsyncIterator[_Replay]:
    near = Near(session.url, session.connection, session.facts, session.reachable and not reaches_beyond(ran))
    [(search_path,)] = await fetch_rows(session.connection, "SELECT pg_catalog.current_setting('search_path')")
    async with scratch_server(
        config.scratch_url, near, wait_ms=config.wait_ms, tell=session.listener.waiting
    ) as scratch:
        yield _Replay(scratch, config, search_path)


async def _try(replay: _Replay, ran: Sequence[Migration], bodies: Sequence[str], live: Catalog) -> None:
    """Raises NotRebuilt if the texts, after what ran, do not give the live schema."""
    with TemporaryDirectory(prefix="migrate-") as folder:
        first = max((each.version for each in ran), default=0) + 1
        made = await replay.made([*ran, *_migrations(Path(folder), first, bodies)])
    if differences := compare(live, made):
        raise NotRebuilt(
            "the live schema cannot be written down as SQL that gives it again",
            detail="\n".join(as_lines(differences)),
            hint="What is told here has to be put right by hand: leave it out with --ignore, or write the file "
            "yourself, see docs/how-to/adopt.md, and record it with migrate baseline.",
        )


def _migrations(folder: Path, first: int, bodies: Sequence[str]) -> list[Migration]:
    found = []
    for version, text in enumerate(bodies, first):
        path = folder / f"{version}.sql"
        path.write_text(text, encoding="utf-8")
        found.append(load_file(str(path), version=version, label=f"{version:04d}", name="live_schema"))
    return found
