"""A statement that runs only outside a transaction stands in a transactional file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.rule import Rule, Severity
from runner.review.rules.statement_fails import refused_in_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        refusal = statement.refusal
        if refusal and refused_in_transaction(subject.trace, refusal, statement.verb):
            message = f"The server refuses the statement: {refusal.message}. The file needs -- migrate: no-transaction."
            yield RULE.found(statement, Severity.ERROR, message)


RULE = Rule(
    name="concurrently-in-transaction",
    summary="A statement that PostgreSQL runs only outside a transaction stands in a file that is one.",
    condition="""\
The server refused the statement with SQLSTATE 25001 or 2D000. Most often it is CREATE, DROP or REINDEX INDEX
CONCURRENTLY, or DETACH PARTITION ... CONCURRENTLY; VACUUM, ALTER SYSTEM, CREATE DATABASE and a procedure that
commits are others.""",
    effect="`migrate up` fails at the statement, and nothing of the file is applied.",
    safe="""\
Put the statement alone into a file whose header has the directive `no-transaction`. The runner counts the statements
of such a file in its ledger, so that it knows where to go on after a stop:

```sql
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id);
```""",
    setup="CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);",
    bad="CREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id);",
    good=("-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id);",),
    check=_check,
)
