"""An index is dropped, for which nobody may use its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Index
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if blocked := subject.blocked(statement, _bereft(subject, statement), Effort.BRIEF):
            message = f"To drop the index, {subject.named(blocked.tables)} is locked {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


def _bereft(subject: Subject, statement: Observed) -> list[Relation]:
    """The tables that lose an index and stay as they are; not where a column goes, or an index comes."""
    lost = {each.key.parent for each in statement.differences if isinstance(each.expected, Index) and not each.actual}
    more = {each.key.parent for each in statement.differences if not isinstance(each.expected, Index) or each.actual}
    return [table for table in subject.trace.existing if (table.schema, table.name) in lost - more]


RULE = Rule(
    name="drop-index-blocking",
    summary="DROP INDEX locks the table of the index: nobody can read or write it until the file commits.",
    condition="""\
DROP INDEX, without CONCURRENTLY, takes an index from a table of before the file. It is a warning, and a note if the
table is known not to be a busy one. An index that goes with its column is not told: DROP COLUMN takes the same lock
anyway.""",
    effect="""\
ACCESS EXCLUSIVE is taken on the table as well as on the index: reads and writes wait until the file commits, and
while the lock is waited for, they queue behind it. The work itself is done in a moment.""",
    safe="""\
Drop it CONCURRENTLY, alone in its file: it waits for those who use the index, under SHARE UPDATE EXCLUSIVE, which
lets reads and writes pass. The index of a constraint goes with ALTER TABLE ... DROP CONSTRAINT and has no such way.

```sql
-- migrate: no-transaction
DROP INDEX CONCURRENTLY users_name_idx;
```""",
    setup="""\
CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE INDEX users_name_idx ON users (name);""",
    bad="DROP INDEX users_name_idx;",
    good=("-- migrate: no-transaction\nDROP INDEX CONCURRENTLY users_name_idx;",),
    check=_check,
)
