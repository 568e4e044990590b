"""A primary key is made out of an index, and its columns are not known to have no null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import new_constraints
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if statement.built or statement.rewritten or not new_constraints(statement, "PRIMARY KEY"):
            continue
        if blocked := subject.blocked(statement, statement.scanned, Effort.SCAN):
            message = f"The primary key reads {subject.named(blocked.tables)} for nulls {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


RULE = Rule(
    name="primary-key-nulls",
    summary="A primary key out of an index reads the whole table for nulls while nobody can read or write it.",
    condition="""\
ADD PRIMARY KEY USING INDEX builds nothing, but a column of the index is not NOT NULL yet, so that the server makes
it so and reads the table.""",
    effect="ACCESS EXCLUSIVE is held during the scan: reads and writes wait. One null, and the statement fails.",
    safe="""\
Make the columns NOT NULL first, as `set-not-null-scan` has it; then the primary key takes ACCESS EXCLUSIVE for a
moment and reads nothing:

```sql
-- after the files that make id NOT NULL
ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_pkey;
```""",
    setup="""\
CREATE TABLE orders (id bigint);
CREATE UNIQUE INDEX orders_pkey ON orders (id);""",
    bad="ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_pkey;",
    good=(
        "ALTER TABLE orders ADD CONSTRAINT orders_id_not_null CHECK (id IS NOT NULL) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_id_not_null;",
        "ALTER TABLE orders ALTER COLUMN id SET NOT NULL;\nALTER TABLE orders DROP CONSTRAINT orders_id_not_null;",
        "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_pkey;",
    ),
    check=_check,
)
