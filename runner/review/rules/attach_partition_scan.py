"""A partition is attached or made, and the server reads whole tables to see that the rows fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Table
from runner.review.rules.made import name_of
from runner.review.rules.rule import Effort, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        new = _new_partitions(statement)
        read = [table for table in statement.scanned if new]
        # Who reads through the parent does not know the new partition yet, but every query knows the default one.
        others = [table for table in read if name_of(table) not in new]
        if blocked := subject.blocked(statement, others or read, Effort.SCAN):
            message = f"The server reads {subject.named(blocked.tables)} to see that the rows fit, {blocked.under}."
            severity = blocked.severity if others else min(blocked.severity, Severity.WARNING)
            yield RULE.found(statement, severity, message)


def _new_partitions(statement: Observed) -> set[tuple[str, str]]:
    return {
        difference.key.parent
        for difference in statement.differences
        if isinstance(difference.actual, Table) and difference.actual.partition_of
        if not (isinstance(difference.expected, Table) and difference.expected.partition_of)
    }


RULE = Rule(
    name="attach-partition-scan",
    summary="A new partition makes the server read a whole table: the one that is attached, or the default partition.",
    condition="""\
ATTACH PARTITION reads the table that is attached, as no validated CHECK proves that its rows fit; or ATTACH
PARTITION or CREATE TABLE ... PARTITION OF reads the default partition, whose rows might belong to the new one. For
the table that is attached it is a warning at most: queries of the parent do not know it yet.""",
    effect="""\
The table that is read is held in ACCESS EXCLUSIVE during the scan; the parent in SHARE UPDATE EXCLUSIVE by ATTACH,
and in ACCESS EXCLUSIVE by CREATE. Every query that looks at the default partition waits.""",
    safe="""\
Prove it first, by a validated CHECK that says what the bounds say (and NOT NULL for a column of the key); then
nothing is read. For the default partition the CHECK says that no row is within the new bounds.

```sql
-- 0007_check_bounds.sql
ALTER TABLE events_2026 ADD CONSTRAINT events_2026_bounds
    CHECK (at IS NOT NULL AND at >= '2026-01-01' AND at < '2027-01-01') NOT VALID;

-- 0008_validate_bounds.sql
ALTER TABLE events_2026 VALIDATE CONSTRAINT events_2026_bounds;

-- 0009_attach_events_2026.sql
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE events_2026 DROP CONSTRAINT events_2026_bounds;
```""",
    setup="""\
CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2026 (at date NOT NULL);""",
    bad="ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
    good=(
        """\
ALTER TABLE events_2026 ADD CONSTRAINT events_2026_bounds
    CHECK (at IS NOT NULL AND at >= '2026-01-01' AND at < '2027-01-01') NOT VALID;""",
        "ALTER TABLE events_2026 VALIDATE CONSTRAINT events_2026_bounds;",
        """\
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE events_2026 DROP CONSTRAINT events_2026_bounds;""",
    ),
    check=_check,
)
