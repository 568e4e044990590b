"""An index is built while nobody can write to its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import built_for
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        indexes = built_for(subject.trace, statement, "INDEX")
        if blocked := subject.blocked(statement, subject.tables_of(indexes), Effort.SCAN):
            message = f"The index is built on {subject.named(blocked.tables)} {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


RULE = Rule(
    name="index-blocking",
    summary="An index is built while nobody can write to its table.",
    condition="CREATE INDEX, without CONCURRENTLY, builds an index on a table of before the file.",
    effect="""\
SHARE is held while the table is read, the rows are sorted and the index is written: writes wait, reads go on. What
the file locked before stays locked for as long.""",
    safe="""\
Build it CONCURRENTLY, alone in its file. The table is read twice and older transactions are waited for, under SHARE
UPDATE EXCLUSIVE, which lets reads and writes pass:

```sql
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id);
```

A partitioned table has no CONCURRENTLY: make the index `ON ONLY` the parent, build one CONCURRENTLY on each
partition, and attach them with `ALTER INDEX ... ATTACH PARTITION`.""",
    setup="CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);",
    bad="CREATE INDEX orders_user_id_idx ON orders (user_id);",
    good=("-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id);",),
    check=_check,
)
