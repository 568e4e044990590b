"""A table is written anew, with all its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import built_again, name_of
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Finding, Subject


_REWRITING = frozenset({"alter", "cluster", "vacuum"})


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        again = built_again(subject.trace, statement)
        if blocked := subject.blocked(statement, _copied(statement), Effort.REWRITE):
            message = f"The statement writes {subject.named(blocked.tables)} anew {blocked.under}."
        elif blocked := subject.blocked(statement, subject.tables_of(again), Effort.SCAN):
            indexes = ", ".join(map(str, again))
            message = f"The statement builds {indexes} on {subject.named(blocked.tables)} anew {blocked.under}."
        else:
            continue
        yield RULE.found(statement, blocked.severity, message)


def _copied(statement: Observed) -> list[Relation]:
    """The tables whose rows are copied: TRUNCATE and REFRESH give new storage, too, and change no definition."""
    defined = {difference.key.parent for difference in statement.differences}
    return [table for table in statement.rewritten if statement.verb in _REWRITING or name_of(table) in defined]


RULE = Rule(
    name="table-rewrite",
    summary="A table is written anew, with all its indexes, while nobody can read or write it.",
    condition="""\
A table of before the file gets new storage that holds the same rows. Most often it is a change of a column's type, a
new column with a volatile default (`random()`, `gen_random_uuid()`, `clock_timestamp()`), with `serial`, as
identity, as `GENERATED ... STORED`, or of a domain that has a constraint. `SET UNLOGGED`, `SET LOGGED`, `SET ACCESS
METHOD`, `SET TABLESPACE`, `CLUSTER` and `VACUUM FULL` do it, too. The rule also speaks where a change of type or
collation leaves the table and builds its indexes anew.

No rewrite: `varchar(n)` to a longer one or to `text`, `numeric(10, 2)` to `numeric(12, 2)` or `numeric`, a domain to
its base type, a default that is constant or stable (`now()`), a `VIRTUAL` column (PostgreSQL 18), and `timestamp` to
`timestamptz` if the session's TimeZone is UTC.""",
    effect="""\
ACCESS EXCLUSIVE is held while every row is copied and every index built: reads and writes wait. A second copy of the
table needs its room on the disk, and all of it goes through the WAL to the replicas. If the column has a foreign
key, the table that it refers to is locked in ACCESS EXCLUSIVE, too.""",
    safe="""\
Add a column of the new kind, keep it filled from now on, copy the old rows in batches, and swap. A column that has a
volatile default gets the default after it is there, which is for new rows alone:

```sql
ALTER TABLE users ADD COLUMN token uuid;
ALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();
```

Then fill the old rows in batches. Instead of `VACUUM FULL` and `CLUSTER`, pg_repack does the work beside the table.
A table that is small may be rewritten: allow the rule with that reason.""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY);",
    bad="ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    good=(
        "ALTER TABLE users ADD COLUMN token uuid;\nALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();",
    ),
    check=_check,
)
