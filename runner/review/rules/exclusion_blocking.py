"""The index of an exclusion constraint is built while nobody can use its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import built_for
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        indexes = built_for(subject.trace, statement, "EXCLUDE")
        if blocked := subject.blocked(statement, subject.tables_of(indexes), Effort.SCAN):
            message = f"The exclusion constraint's index is built on {subject.named(blocked.tables)} {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


RULE = Rule(
    name="exclusion-blocking",
    summary="An exclusion constraint builds its index while nobody can read or write the table.",
    condition="ADD CONSTRAINT ... EXCLUDE comes to a table of before the file.",
    effect="""\
ACCESS EXCLUSIVE is held while the index is built and every row is held against the others: reads and writes wait.
Two rows that exclude each other, and the statement fails.""",
    safe="""\
PostgreSQL has neither NOT VALID nor CONCURRENTLY nor USING INDEX for it. Make a new table with the constraint, keep
it filled by a trigger, copy the old rows in batches, and swap the names. Where the table is small enough, allow the
rule with that reason:

```sql
CREATE TABLE bookings_new (id bigint PRIMARY KEY, during tstzrange, EXCLUDE USING gist (during WITH &&));
```""",
    setup="CREATE TABLE bookings (id bigint PRIMARY KEY, during tstzrange);",
    bad="ALTER TABLE bookings ADD CONSTRAINT bookings_during_excl EXCLUDE USING gist (during WITH &&);",
    good=("CREATE TABLE bookings_new (id bigint PRIMARY KEY, during tstzrange, EXCLUDE USING gist (during WITH &&));",),
    check=_check,
)
