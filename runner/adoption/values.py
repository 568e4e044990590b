"""What every tool's history and files come down to: values that the plan is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from runner.migrations.folder import decode
from runner.migrations.migration import normalize

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping, Sequence

    from runner.errors import AdoptionError

    Row = Mapping[str, Any]


class File(NamedTuple):
    """A file of another tool: its path as the user would name it, its path within the source folder, its bytes."""

    path: str
    within: str
    raw: bytes

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.within.rpartition("/")[2]

    @property
    def text(self) -> str:
        """Its text with LF line ends and no byte-order mark. Raises NulByte or NotUtf8."""
        return decode(normalize(self.raw), self.path)


class Theirs(NamedTuple):
    """One migration of another tool.

    `id` is what tells it apart for good, `words` what its file of ours can be called, `label` its own number as digits,
    empty if it has none. `sql` is what it runs on the way up, each line where it stands in the file, so that an error
    can name it; None if there is no SQL to copy, and then `without` says why. `file` None: there is only the row.
    `fault` is what stands in the way of copying it: an applied file that is gone or was edited.
    """

    id: str
    words: str
    file: File | None
    sql: str | None
    label: str = ""
    applied: bool = False
    no_transaction: bool = False
    without: str = ""
    fault: AdoptionError | None = None

    @property
    def path(self) -> str:
        """The file in which it stands."""
        return self.file.path if self.file else self.id

    @property
    def shown(self) -> str:
        """What people know it by: its file, and which part of it, if there are several."""
        within = self.file.within if self.file else ""
        return f"{self.path}{self.id.removeprefix(within)}" if self.id.startswith(f"{within}::") else self.path


class Tool(NamedTuple):
    """How one tool keeps its history and its files.

    `columns` are those by which its table is known, `companions` patterns for the other tables that are its own, in
    which {schema} and {table} are where it was found. Of the
    files in the first of the `folders` that is there, `wanted` finds those that matter, by their path within. `read`
    makes its migrations from rows and files, in the order in which they run; it raises HalfApplied if one stopped
    half-way. `checks` says what it compares applied files by, or why nothing is compared. `deep`: files lie in folders
    below; `code`: its migrations are a program, whose SQL is known when it runs.
    """

    name: str
    table: str
    columns: frozenset[str]
    folders: tuple[str, ...]
    wanted: re.Pattern[str]
    read: Callable[[Sequence[Row], Sequence[File]], Sequence[Theirs]]
    checks: str
    companions: tuple[str, ...] = ()
    deep: bool = False
    code: bool = False
