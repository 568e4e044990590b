"""The server refuses a statement of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.migrations.migration import Mode
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Refusal, Trace
    from runner.review.rules.rule import Finding, Subject


_NEEDS_NO_TRANSACTION = frozenset({"25001", "2D000"})
_TOLD_ELSEWHERE = "55P04"  # by enum-label-in-transaction
_OF_ROWS = ("21", "22", "23", "P0")  # classes of errors that tell of the rows


def refused_in_transaction(trace: Trace, refusal: Refusal, verb: str) -> bool:
    """Whether the statement was refused because of the file's transaction, so that it would run without."""
    within = verb in ("do", "call", "select", "set")
    return (
        trace.migration.header.mode is Mode.TRANSACTION
        and refusal.sqlstate in _NEEDS_NO_TRANSACTION
        # No statement of a function can be on its own, and SET TRANSACTION would come to nothing.
        and not (within and refusal.sqlstate == "25001")
    )


def _check(subject: Subject) -> Iterator[Finding]:
    before, skipped = 0, 0
    for statement in subject.statements:
        refusal = statement.refusal
        skipped = skipped or (statement.number if statement.skipped else 0)
        if refusal is None or refusal.sqlstate == _TOLD_ELSEWHERE:
            continue
        if refused_in_transaction(subject.trace, refusal, statement.verb):
            continue
        words = f"The server refuses the statement: {refusal.message} (SQLSTATE {refusal.sqlstate})."
        hint = f" {refusal.hint.rstrip('.')}." if refusal.hint else ""
        if skipped:
            words, severity = f"{words}{hint} Statement {skipped} was not run before it.", Severity.WARNING
        elif refusal.sqlstate.startswith(_OF_ROWS):
            words, severity = f"{words}{hint} The scratch database has the rows of migrations alone.", Severity.WARNING
        else:
            words, severity = f"{words}{hint}", Severity.ERROR
        yield RULE.found(statement, severity, words + (f" Statement {before} failed before it." if before else ""))
        before = before or statement.number


RULE = Rule(
    name="statement-fails",
    summary="The server refuses a statement of the file.",
    condition="""\
Every statement runs on a scratch database that has the schema of all earlier migrations, and the server refused this
one. It is a warning where the error tells of rows (SQLSTATE classes 21, 22, 23 and P0): the scratch database has
only those that migrations wrote, and the live one may have what the statement needs. Otherwise it is an error. What
merely has to run outside a transaction is told by `concurrently-in-transaction`.""",
    effect="""\
`migrate up` stops at the statement. A transactional file leaves nothing behind; a `no-transaction` file keeps what
its earlier statements did. The statements after it ran without its work, so that they may fail for that reason
alone.""",
    safe="""\
Correct the statement. Where the server's major version matters (new syntax, for instance), review on the version
that the live database has.""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY);",
    bad="ALTER TABLE users ADD COLUMN name text, ADD COLUMN name text;",
    good=("ALTER TABLE users ADD COLUMN name text;",),
    check=_check,
)
