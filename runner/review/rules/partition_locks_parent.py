"""A partition comes or goes, and the whole partitioned table is locked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Table
from runner.review.locks import LockMode
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        parents = _parents(observed)
        for relation, mode in subject.trace.held(observed).items():
            if str(relation) in parents and mode is LockMode.ACCESS_EXCLUSIVE:
                yield RULE.found(
                    observed,
                    subject.severity(relation, mode, Effort.BRIEF),
                    f"A partition comes or goes under {mode} on {relation}, all of it: reads and writes wait.",
                )


def _parents(observed: Observed) -> set[str]:
    """The tables of which a partition is new, gone, attached or detached."""
    sides = [side for each in observed.differences for side in (each.expected, each.actual)]
    return {side.partition_of for side in sides if isinstance(side, Table) and side.partition_of}


RULE = Rule(
    name="partition-locks-parent",
    summary="A partition is made, detached or dropped under a lock on the whole partitioned table.",
    condition="CREATE TABLE … PARTITION OF, DETACH PARTITION, or DROP TABLE of a partition.",
    effect="""\
ACCESS EXCLUSIVE on the partitioned table, for a moment: the statement waits for every reader of any partition, and all
who come later wait behind it. ATTACH PARTITION takes SHARE UPDATE EXCLUSIVE there, and ACCESS EXCLUSIVE on the new
partition alone.""",
    safe="""\
Make the partition as a table of its own, and attach it: readers and writers of the others go on. To take one away,
DETACH … CONCURRENTLY, alone in a `-- migrate: no-transaction` file.

```sql
CREATE TABLE events_2027 (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
```""",
    setup="CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);",
    bad="CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
    good=(
        """\
CREATE TABLE events_2027 (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');""",
    ),
    check=_check,
)
