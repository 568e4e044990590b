"""An index is built anew while nobody can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if blocked := subject.blocked(statement, statement.rebuilt, Effort.SCAN):
            tables = subject.named(subject.tables_of(blocked.tables))
            indexes = ", ".join(str(index) for index in blocked.tables)
            message = f"The statement builds {indexes} on {tables} anew, with the index {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


RULE = Rule(
    name="reindex-blocking",
    summary="REINDEX locks the index, which every query of its table looks at.",
    condition="""\
REINDEX, without CONCURRENTLY, or ALTER INDEX ... SET TABLESPACE builds an index of before the file anew.""",
    effect="""\
SHARE is held on the table, and ACCESS EXCLUSIVE on the index. Writes wait, and nearly every read, too: to plan a
query the server opens all indexes of its table, whether it will use them or not.""",
    safe="""\
Since PostgreSQL 12 there is CONCURRENTLY, alone in its file: a second index is built beside the first, under SHARE
UPDATE EXCLUSIVE, which lets reads and writes pass. It needs the room for both.

```sql
-- migrate: no-transaction
REINDEX INDEX CONCURRENTLY users_name_idx;
```""",
    setup="""\
CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE INDEX users_name_idx ON users (name);""",
    bad="REINDEX INDEX users_name_idx;",
    good=("-- migrate: no-transaction\nREINDEX INDEX CONCURRENTLY users_name_idx;",),
    check=_check,
)
