"""A table is read or written from end to end more than once by one file."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from runner.review.rules.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Relation
    from runner.review.rules.rule import Subject

_NAME = "several-passes"


def _check(subject: Subject) -> Iterator[Finding]:
    passes: defaultdict[Relation, list[int]] = defaultdict(list)
    for observed in subject.statements:
        if observed.verb == "alter":
            for relation in {*observed.rewritten, *observed.scanned}:
                passes[relation].append(observed.number)
    for relation, numbers in passes.items():
        if len(numbers) > 1:
            severity = Severity.NOTE if subject.small(relation) else Severity.WARNING
            text = f"{len(numbers)} statements of this file read or write {relation} from end to end."
            yield Finding(_NAME, severity, numbers[1], f"{text} One ALTER TABLE with commas needs one pass.")


RULE = Rule(
    name=_NAME,
    summary="Several ALTER TABLE, each of which reads or writes the whole table.",
    condition="Two or more ALTER TABLE of the file scan or rewrite the same table of before.",
    effect="The table is gone through once for each of them, under the lock that the first one took.",
    safe="""\
One ALTER TABLE with commas goes through it once. Better still: the shape that does not go through it at all, which the
rule for each of them names.

```sql
ALTER TABLE products ALTER COLUMN price TYPE bigint, ALTER COLUMN stock TYPE bigint;
```""",
    setup="CREATE TABLE products (id bigint PRIMARY KEY, price integer, stock integer);",
    bad="ALTER TABLE products ALTER COLUMN price TYPE bigint;\nALTER TABLE products ALTER COLUMN stock TYPE bigint;",
    good=("ALTER TABLE products ADD COLUMN price_cents bigint, ADD COLUMN stock_units bigint;",),
    check=_check,
)
