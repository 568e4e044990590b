"""Work on a whole table under a strong lock that no rule with a better word for it has told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules import (
    attach_partition_scan,
    check_scan,
    domain_constraint_scan,
    exclusion_blocking,
    foreign_key_scan,
    index_blocking,
    not_null_without_default,
    primary_key_nulls,
    refresh_materialized_view,
    set_not_null_scan,
    table_rewrite,
    unique_blocking,
    validate_same_transaction,
)
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed
    from runner.review.rules.rule import Blocked, Finding, Subject

_OTHERS = (
    attach_partition_scan.RULE,
    check_scan.RULE,
    domain_constraint_scan.RULE,
    exclusion_blocking.RULE,
    foreign_key_scan.RULE,
    index_blocking.RULE,
    not_null_without_default.RULE,
    primary_key_nulls.RULE,
    refresh_materialized_view.RULE,
    set_not_null_scan.RULE,
    table_rewrite.RULE,
    unique_blocking.RULE,
    validate_same_transaction.RULE,
)


def _check(subject: Subject) -> Iterator[Finding]:
    working = [(statement, works) for statement in subject.statements if (works := _works(subject, statement))]
    told = {finding.number for rule in _OTHERS if working for finding in rule.check(subject)}
    for statement, (deed, blocked) in working:
        if statement.number not in told:
            message = f"The statement {deed.format(subject.named(blocked.tables))} {blocked.under}."
            yield RULE.found(statement, blocked.severity, message)


def _works(subject: Subject, statement: Observed) -> tuple[str, Blocked] | None:
    """What the statement does to whole tables while their users wait, with a place for their names."""
    copied = set(statement.rewritten) - set(statement.emptied)
    if blocked := subject.blocked(statement, sorted(copied, key=str), Effort.REWRITE):
        return "writes {} anew", blocked
    if blocked := subject.blocked(statement, subject.tables_of(statement.built), Effort.SCAN):
        return "builds indexes on {}", blocked
    # Other statements may look for one row, which is a scan where a table is empty.
    read = statement.scanned if statement.verb == "alter" else ()
    blocked = subject.blocked(statement, read, Effort.SCAN)
    return ("reads {} from end to end", blocked) if blocked else None


RULE = Rule(
    name="scan-blocking",
    summary="A statement reads a whole table or builds an index while nobody can write, and no other rule has told it.",
    condition="""\
A statement was seen to read, index or write anew a table of before the file, under a lock that stops writes, and what
it changed in the schema does not say why. Most often a constraint is dropped and added again under its name: nothing is
another than before, and all of the table is read or indexed for it.""",
    effect="""\
The lock is held for as long as the work takes: writes wait, and under ACCESS EXCLUSIVE reads, too.""",
    safe="""\
Leave out what changes nothing. If the constraint has to be proven again, add it under another name as `NOT VALID`, and
validate it in a later file, under a lock that lets reads and writes pass:

```sql
-- 0007_check_total_again.sql
ALTER TABLE orders ADD CONSTRAINT orders_total_check1 CHECK (total >= 0) NOT VALID;

-- 0008_validate_total_again.sql
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check1;
```""",
    setup="CREATE TABLE orders (id bigint PRIMARY KEY, total numeric CHECK (total >= 0));",
    bad="""\
ALTER TABLE orders DROP CONSTRAINT orders_total_check,
    ADD CONSTRAINT orders_total_check CHECK (total >= 0);""",
    good=(
        "ALTER TABLE orders ADD CONSTRAINT orders_total_check1 CHECK (total >= 0) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check1;",
    ),
    check=_check,
)
