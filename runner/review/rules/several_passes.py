"""A table is read or written from end to end more than once by one file."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    passes: defaultdict[Relation, list[Observed]] = defaultdict(list)
    for observed in subject.statements:
        held = subject.trace.held(observed)
        for relation in {*observed.rewritten, *observed.scanned} if observed.verb == "alter" else ():
            if relation in held and held[relation].blocks_writes:
                passes[relation].append(observed)
    for relation, statements in passes.items():
        if len(statements) > 1:
            severity = Severity.NOTE if subject.small(relation) else Severity.WARNING
            text = f"{len(statements)} statements of this file read or write {relation} from end to end."
            yield RULE.found(statements[1], severity, f"{text} One ALTER TABLE with commas needs one pass.")


RULE = Rule(
    name="several-passes",
    summary="Several ALTER TABLE, each of which reads or writes the whole table.",
    condition="Two or more ALTER TABLE of the file scan or rewrite the same table of before while its writes wait.",
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
