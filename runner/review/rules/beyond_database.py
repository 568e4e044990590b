"""A statement changes more than the database that the file is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.migrations.reach import concerns_roles, goes_beyond
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if goes_beyond(statement.words, statement.sql):
            severity = Severity.NOTE if concerns_roles(statement.words) else Severity.WARNING
            skipped = " It was not run for this review." if statement.skipped else ""
            yield RULE.found(statement, severity, f"The statement changes more than this database.{skipped}")


RULE = Rule(
    name="beyond-database",
    summary="A statement changes the server, a role or another database.",
    condition="""\
ALTER SYSTEM, CREATE, ALTER or DROP of a role, database, tablespace or subscription, GRANT and REVOKE of a membership,
REASSIGN OWNED, or a DO block that may do one of these. For roles and memberships it is a note.""",
    effect="""\
Every database of the server feels it. The ledger is that of one database: another database of the same server runs the
file again, and fails as the role is there already; a copy or a dump of the database does not have what the file did. A
review does not run such a statement, but for roles on a scratch server of its own; so what it locks is not told.""",
    safe="""\
Let roles, settings and databases be made by what makes the servers, and let the migrations grant rights to roles that
are there:

```sql
GRANT SELECT ON orders TO reporting;
```""",
    setup="CREATE TABLE orders (id bigint PRIMARY KEY);",
    bad="-- migrate: no-transaction\nALTER SYSTEM SET work_mem = '64MB';",
    good=("GRANT SELECT ON orders TO PUBLIC;",),
    check=_check,
)
