"""SET NOT NULL reads the whole table to see that no value is null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import new_constraints, sets_not_null
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if not sets_not_null(statement) or statement.rewritten or new_constraints(statement, "PRIMARY KEY"):
            continue
        if blocked := subject.blocked(statement, statement.scanned, Effort.SCAN):
            message = f"SET NOT NULL reads {subject.named(blocked.tables)} from end to end {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


RULE = Rule(
    name="set-not-null-scan",
    summary="SET NOT NULL reads the whole table while nobody can read or write it.",
    condition="""\
A column that was there before becomes NOT NULL, and no validated CHECK proves that it has no null: the server reads
the table. If the same statement rewrites the table, `table-rewrite` speaks instead.""",
    effect="ACCESS EXCLUSIVE is held during the scan: reads and writes wait. One null, and the statement fails.",
    safe="""\
Prove it first, under a lock that lets reads and writes pass. The files have to be three, as each lock is kept to the
end of its file:

```sql
-- 0007_check_email.sql: ACCESS EXCLUSIVE for a moment, no scan
ALTER TABLE users ADD CONSTRAINT users_email_not_null CHECK (email IS NOT NULL) NOT VALID;

-- 0008_validate_email.sql: the scan, under SHARE UPDATE EXCLUSIVE
ALTER TABLE users VALIDATE CONSTRAINT users_email_not_null;

-- 0009_set_email_not_null.sql: no scan, as the constraint proves it
ALTER TABLE users ALTER COLUMN email SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_email_not_null;
```

PostgreSQL 18 has it in two: `ADD CONSTRAINT users_email_not_null NOT NULL email NOT VALID`, then `VALIDATE
CONSTRAINT`.""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY, email text);",
    bad="ALTER TABLE users ALTER COLUMN email SET NOT NULL;",
    good=(
        "ALTER TABLE users ADD CONSTRAINT users_email_not_null CHECK (email IS NOT NULL) NOT VALID;",
        "ALTER TABLE users VALIDATE CONSTRAINT users_email_not_null;",
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL;\nALTER TABLE users DROP CONSTRAINT users_email_not_null;",
    ),
    check=_check,
)
