"""A constraint is validated under the lock of an earlier statement of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import proves
from runner.review.rules.rule import Effort, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if not proves(statement):
            continue
        if blocked := subject.blocked(statement, statement.scanned, Effort.SCAN):
            message = f"VALIDATE reads {subject.named(blocked.tables)} while the file holds it {blocked.under}."
            yield RULE.found(statement, min(blocked.severity, Severity.WARNING), message)


RULE = Rule(
    name="validate-same-transaction",
    summary="VALIDATE CONSTRAINT runs in the transaction that holds a stronger lock than it needs.",
    condition="""\
VALIDATE CONSTRAINT reads a table that an earlier statement of the same file locked against writes, most often ADD
CONSTRAINT ... NOT VALID itself.""",
    effect="""\
VALIDATE alone holds SHARE UPDATE EXCLUSIVE. But the lock of ADD CONSTRAINT ... NOT VALID (ACCESS EXCLUSIVE for a
CHECK or NOT NULL, SHARE ROW EXCLUSIVE on both tables for a foreign key) is held until the transaction ends, and so
during the scan: nothing is won by the two steps.""",
    safe="""\
Two files, so that the first lock is gone before the scan begins:

```sql
-- 0007_check_total.sql
ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;

-- 0008_validate_total.sql
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;
```""",
    setup="CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
    bad="""\
ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;""",
    good=(
        "ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;",
    ),
    check=_check,
)
