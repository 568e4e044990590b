"""A CHECK constraint is proven at once, which reads the whole table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import new_constraints
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if statement.rewritten or not new_constraints(statement, "CHECK"):
            continue
        if blocked := subject.blocked(statement, statement.scanned, Effort.SCAN):
            message = f"The CHECK reads {subject.named(blocked.tables)} from end to end {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


RULE = Rule(
    name="check-scan",
    summary="A CHECK constraint reads the whole table while nobody can read or write it.",
    condition="""\
A CHECK constraint comes to a table of before the file, by ADD CONSTRAINT or with a new column, and the server reads
the table to prove it; or a column of it gets another type, and it is proven again. If the same statement rewrites the
table, `table-rewrite` speaks instead.""",
    effect="""\
ACCESS EXCLUSIVE is held during the scan: reads and writes wait. One row that breaks it, and the statement fails.""",
    safe="""\
Two files: the first makes the constraint hold for what is written from now on, the second proves it for the rows
that are there, under SHARE UPDATE EXCLUSIVE, which lets reads and writes pass:

```sql
-- 0007_check_total.sql
ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;

-- 0008_validate_total.sql
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;
```""",
    setup="CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
    bad="ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0);",
    good=(
        "ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;",
    ),
    check=_check,
)
