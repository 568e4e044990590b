"""A lock is kept while the file goes on with other work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.migrations.migration import Mode
from runner.review.locks import LockMode
from runner.review.rules.dml import changes_many
from runner.review.rules.made import proves
from runner.review.rules.rule import Rule, Severity, waits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    if subject.trace.migration.header.mode is Mode.NO_TRANSACTION:
        return
    for before, statement in zip(subject.statements, subject.statements[1:], strict=False):
        own = _worked_on(subject, statement)
        kept = {table: mode for table, mode in _held(subject, before).items() if table not in own}
        if kept and not proves(statement) and _is_long(subject, statement, own):
            yield _finding(subject, statement, kept)
            return
    yield from _several(subject)


def _finding(subject: Subject, statement: Observed, kept: Mapping[Relation, LockMode]) -> Finding:
    mode, idle = max(kept.values()), all(subject.busy(table) is False for table in kept)
    message = (
        f"The statement works while {mode} is held on {subject.named(kept)}, which an earlier statement took: "
        f"{waits(mode)} until the file commits."
    )
    return RULE.found(statement, Severity.NOTE if idle else Severity.WARNING, message)


def _held(subject: Subject, statement: Observed) -> dict[Relation, LockMode]:
    """The tables whose users wait after the statement; an index that was just built has a finding of its own."""
    held = subject.trace.held(statement).items()
    return {
        table: mode for table, mode in held if table.holds_rows and mode.blocks_writes and mode is not LockMode.SHARE
    }


def _worked_on(subject: Subject, statement: Observed) -> set[Relation]:
    """The tables that DDL reads or writes from end to end: what waits for those is told by the rule about that."""
    copied = set(statement.rewritten) - set(statement.emptied)
    return {*copied, *statement.scanned, *subject.tables_of((*statement.built, *statement.rebuilt))}


def _is_long(subject: Subject, statement: Observed, own: set[Relation]) -> bool:
    return any(not subject.small(table) for table in own) or changes_many(subject, statement)


def _several(subject: Subject) -> Iterator[Finding]:
    """A finding for two tables that different statements lock against everybody, unless both are idle."""
    locked: list[Relation] = []
    for statement in subject.statements:
        new = [lock.relation for lock in statement.locks if lock.mode is LockMode.ACCESS_EXCLUSIVE]
        used = [table for table in new if table.holds_rows and subject.busy(table) is not False]
        if locked and used:
            together = [*locked, *used]
            busy = all(subject.busy(table) for table in together)
            message = (
                f"ACCESS EXCLUSIVE on {subject.named(together)} is held together until the file commits: who uses "
                "them in another order may end in a deadlock."
            )
            yield RULE.found(statement, Severity.WARNING if busy else Severity.NOTE, message)
            return
        locked += used


RULE = Rule(
    name="lock-held-long",
    summary="A lock is kept to the end of the file while the file goes on with work that takes its time.",
    condition="""\
In one transaction an earlier statement took a lock that stops writes (ACCESS EXCLUSIVE, EXCLUSIVE or SHARE ROW
EXCLUSIVE), and a later one reads, rewrites or indexes another table, or changes rows of any table. It is a note if
the locked tables are known to be idle, and nothing if the work is known to be small.

It is also a note if different statements lock two tables in ACCESS EXCLUSIVE, and a warning if both are busy ones.""",
    effect="""\
A lock is held until the transaction ends, so that a change of a moment stops users for as long as the rest of the
file takes. Two tables that are locked one after the other can end in a deadlock with a transaction that uses them in
another order.""",
    safe="""\
One purpose a file: the change of the table first, and the long work in a file of its own.

```sql
-- 0007_add_users_active.sql
ALTER TABLE users ADD COLUMN active boolean;

-- 0008_fill_users_active.sql
UPDATE users SET active = true WHERE last_seen > now() - interval '1 year';
```""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY, last_seen timestamptz);",
    bad="""\
ALTER TABLE users ADD COLUMN active boolean;
UPDATE users SET active = true WHERE last_seen > now() - interval '1 year';""",
    good=("ALTER TABLE users ADD COLUMN active boolean;\nCOMMENT ON COLUMN users.active IS 'seen within a year';",),
    check=_check,
)
