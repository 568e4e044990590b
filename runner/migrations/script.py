"""A migration's text, cut into statements and checked: what a runner is ready to send."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import ChangedMeanwhile, CopyData, NoStatement, Place, SessionControl, TransactionControl
from runner.migrations.migration import SPACE, Migration, Mode, checksum, read_bytes
from runner.migrations.statements import Statement, place_at, split, words

if TYPE_CHECKING:
    from collections.abc import Sequence

_DATA_VERBS = frozenset({"insert", "update", "delete"})
_LONGEST_BATCH = 256 * 1024  # characters
_CONTROL_VERBS = frozenset({"begin", "commit", "rollback", "end", "abort", "start", "prepare"})
_OPEN = {("begin",), ("begin", "work"), ("begin", "transaction"), ("start", "transaction")}
_CLOSE = {(verb, *noise) for verb in ("commit", "end") for noise in ((), ("work",), ("transaction",))}
_WRAPS = {(opening, closing) for opening in _OPEN for closing in _CLOSE}
_CONTROL_HINT = {
    Mode.TRANSACTION: "The file runs in one transaction together with its ledger row; remove the statement. "
    "Only one plain BEGIN … COMMIT around the whole file is accepted.",
    Mode.NO_TRANSACTION: "A no-transaction file runs each statement on its own; remove the statement.",
}


@dataclass(frozen=True, slots=True)
class Script:
    """The text that will run and its statements as offsets into it; offsets, as a data file can be large.

    `source` is the text as it is in the file: only a BEGIN … COMMIT around all of it makes the two differ.
    """

    path: str
    source: str
    text: str
    statements: Sequence[Statement]

    @property
    def count(self) -> int:
        """How many statements there are, those in runs too."""
        return sum(statement.run for statement in self.statements)

    def sql(self, statement: Statement) -> str:
        """The text of one statement."""
        return self.text[statement.start : statement.end]

    def rows(self, statement: Statement) -> Sequence[Statement]:
        """The statements of a run, one by one."""
        if statement.run == 1:
            return [statement]
        found = split(self.sql(statement), self.path)
        return [each._replace(start=statement.start + each.start, end=statement.start + each.end) for each in found]

    def words(self, statement: Statement, *, most: int | None = 12) -> tuple[str, ...]:
        """The leading words of one statement in lower case: enough to tell what kind it is; all of them for None."""
        return tuple(islice(words(self.text, statement.start, statement.end), most))

    def place(self, offset: int) -> Place:
        """Line and column of an offset into the text."""
        return place_at(self.text, offset, self.path)


class Span(NamedTuple):
    """Consecutive statements that go to the server in one message: `statements[first:last]` of a script."""

    first: int
    last: int


def read_script(migration: Migration) -> Script:
    """The checked script of a migration.

    Raises a FileError that names line and column: for text that changed since the folder was read, for what only
    psql understands, for statements that would end the runner's transaction, and for a file without a statement.
    """
    return parse_script(read_text(migration), migration.path, migration.header.mode)


def read_text(migration: Migration) -> str:
    """The text whose checksum the migration has. Raises ChangedMeanwhile if the file has another one by now."""
    raw = read_bytes(migration.path)
    if checksum(raw) != migration.checksum:
        raise ChangedMeanwhile(
            "the file changed while the command was running",
            place=Place(migration.path),
            hint="Run the command again.",
        )
    text = raw.decode()
    del raw  # a data file can be large
    return text.rstrip(SPACE.decode())


def parse_script(text: str, path: str, mode: Mode = Mode.TRANSACTION) -> Script:
    """The checked script of a text; see `read_script` for the errors."""
    found = split(text, path, longest_run=_LONGEST_BATCH if mode is Mode.TRANSACTION else 0)
    script = Script(path, text, text, [_no_copy_data(text, path, each) for each in found])
    if mode is Mode.TRANSACTION:
        script = _unwrapped(script)
    if not script.statements:
        raise NoStatement(
            "the file has no statement", place=Place(path), hint="Write one, or delete the file if it was a mistake."
        )
    for statement in script.statements:
        _refuse_control(script, statement, mode)
        if mode is Mode.NO_TRANSACTION:
            _refuse_session_control(script, statement)
    return script


def batches(script: Script, *, limit: int = _LONGEST_BATCH) -> list[Span]:
    """How the statements are sent: each alone, but runs of INSERT, UPDATE, DELETE together up to `limit` characters."""
    spans: list[Span] = []
    first = 0
    for index, statement in enumerate(script.statements):
        before = script.statements[index - 1]
        together = (
            index > first
            and statement.verb in _DATA_VERBS
            and before.verb in _DATA_VERBS
            and statement.end - script.statements[first].start <= limit
        )
        if not together and index > first:
            spans.append(Span(first, index))
            first = index
    spans.append(Span(first, len(script.statements)))
    return spans


def _unwrapped(script: Script) -> Script:
    """The script without the one BEGIN … COMMIT that wraps all of it; blanks keep every line and column in place."""
    statements = script.statements
    if len(statements) < 2 or (script.words(statements[0]), script.words(statements[-1])) not in _WRAPS:  # noqa: PLR2004
        return script
    text = script.text
    for statement in (statements[0], statements[-1]):
        end = statement.end + text.startswith(";", statement.end)
        text = text[: statement.start] + " " * (end - statement.start) + text[end:]
    return Script(script.path, script.source, text, statements[1:-1])


def _refuse_control(script: Script, statement: Statement, mode: Mode) -> None:
    if statement.verb not in _CONTROL_VERBS:
        return
    leading = script.words(statement)
    if leading[0] == "prepare" and leading[1:2] != ("transaction",):
        return
    if leading[0] == "rollback" and "to" in leading[1:3]:
        return
    raise TransactionControl(
        f"{' '.join(leading[:2]).upper()} at top level: the runner owns the transaction",
        place=script.place(statement.start),
        hint=_CONTROL_HINT[mode],
    )


def _refuse_session_control(script: Script, statement: Statement) -> None:
    """Outside a transaction the session holds the lock, and the role that it has writes the ledger."""
    match script.words(statement):
        case (
            ["discard", "all"]
            | ["reset", "all"]
            | ["set", "role", *_]
            | ["set", "session" | "local", "role" | "authorization", *_]
        ):
            refused = True
        case words:
            refused = "pg_advisory_unlock_all" in words
    if refused:
        raise SessionControl(
            f"{script.sql(statement)[:40]}: the runner owns the session of a no-transaction file",
            place=script.place(statement.start),
            hint="It holds the lock, and its role writes the ledger. Set roles in a transactional file, "
            "or run migrate as the role that is needed.",
        )


def _no_copy_data(text: str, path: str, statement: Statement) -> Statement:
    """The statement; refused at once if rows follow it, before they are taken for SQL."""
    if statement.verb == "copy":
        found = words(text, statement.start, statement.end)
        if any(pair in {("from", "stdin"), ("to", "stdout")} for pair in pairwise(found)):
            raise CopyData(
                "COPY through the client has no place in a migration",
                place=place_at(text, statement.start, path),
                hint="Write the rows as INSERT; long runs of them are sent in batches and are quick.",
            )
    return statement
