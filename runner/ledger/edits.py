"""Files that were edited after they ran, beside the text that the ledger kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.ledger.integrity import edited
from runner.ledger.ledger import fetch
from runner.migrations.script import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.ledger.entry import Ledger
    from runner.ledger.session import Session
    from runner.migrations.migration import Migration


class Edit(NamedTuple):
    """A file's text as it ran, None if it was too long to be kept, and as it is."""

    migration: Migration
    old: str | None
    new: str

    @property
    def formatting_alone(self) -> bool:
        """Whether only comments and white space differ."""
        from runner.migrations.statements import essence

        return self.old is not None and essence(self.old) == essence(self.new)

    @property
    def diff(self) -> tuple[str, ...]:
        """The edit as a unified diff, without its two lines of file names; empty if the old text was not kept."""
        import difflib

        if self.old is None:
            return ()
        return tuple(difflib.unified_diff(self.old.splitlines(), self.new.splitlines(), n=2, lineterm=""))[2:]


async def read_edits(session: Session, migrations: Sequence[Migration], ledger: Ledger) -> Mapping[int, Edit]:
    """The edits by version; one query for each."""
    found = {}
    for migration in edited(migrations, ledger):
        [(text,)] = await fetch(session, "text", version=migration.version)
        found[migration.version] = Edit(migration, text, read_text(migration))
    return found


def reformatted(edits: Mapping[int, Edit]) -> frozenset[int]:
    """The versions whose files were edited in comments and white space alone."""
    return frozenset(version for version, edit in edits.items() if edit.formatting_alone)
