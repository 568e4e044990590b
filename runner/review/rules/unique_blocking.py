"""The index of a unique constraint or primary key is built while nobody can use its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import built_for
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        indexes = built_for(subject.trace, statement, "UNIQUE", "PRIMARY KEY")
        if blocked := subject.blocked(statement, subject.tables_of(indexes), Effort.SCAN):
            message = f"The constraint's index is built on {subject.named(blocked.tables)} {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


RULE = Rule(
    name="unique-blocking",
    summary="A unique constraint or primary key builds its index while nobody can read or write the table.",
    condition="""\
ADD UNIQUE, ADD PRIMARY KEY or ADD COLUMN ... UNIQUE builds an index on a table of before the file. CREATE UNIQUE
INDEX is told by `index-blocking`: it holds a weaker lock.""",
    effect="""\
ACCESS EXCLUSIVE is held while the index is built: reads and writes wait. One value twice, and the statement fails.""",
    safe="""\
Build a unique index CONCURRENTLY, then make the constraint out of it, which takes ACCESS EXCLUSIVE for a moment. The
columns of a primary key have to be NOT NULL before (`primary-key-nulls`):

```sql
-- 0007_index_users_email.sql
-- migrate: no-transaction
CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);

-- 0008_make_users_email_unique.sql
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;
```""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY, email text);",
    bad="ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);",
    good=(
        "-- migrate: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);",
        "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;",
    ),
    check=_check,
)
