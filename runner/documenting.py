"""`docs`: the schema that the migrations make, and which of them made what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.catalog.difference import compare
from runner.ledger.session import Listener
from runner.migrations.folder import load_folder
from runner.migrations.script import read_text
from runner.migrations.statements import line_comments, skip_blank
from runner.rebuild import apply_to, built, own_scratch, read_now
from runner.results import DocsResult, DocumentedFile

if TYPE_CHECKING:
    from runner.config import Config
    from runner.migrations.migration import Migration

_SILENT = Listener()
_DIRECTIVE = re.compile(r"\s*migrate:")


async def docs(config: Config, *, listener: Listener = _SILENT) -> DocsResult:
    """The schema, with the file that made each relation, built file by file on a scratch server.

    Raises what building a schema raises.
    """
    migrations = load_folder(config.folder)
    files: list[DocumentedFile] = []
    makers: dict[tuple[str, str], Migration] = {}
    async with own_scratch(config, listener) as scratch, built(scratch, config, ()) as session:
        catalog = await read_now(session)
        for migration in migrations:
            await apply_to(session, migrations, to=migration.version)
            before, catalog = catalog, await read_now(session)
            for key in catalog.objects.keys() - before.objects.keys():
                makers.setdefault(key.parent, migration)
            files.append(DocumentedFile(migration, _comment(migration), compare(before, catalog)))
    return DocsResult(catalog, tuple(files), makers)


def _comment(migration: Migration) -> str:
    """The text of the file's leading comment, without directives."""
    text = read_text(migration)
    body = skip_blank(text, 0, migration.path)
    lines = [comment.removeprefix("--").strip() for at, comment in line_comments(text, migration.path) if at < body]
    return "\n".join(line for line in lines if line and not _DIRECTIVE.match(line))
