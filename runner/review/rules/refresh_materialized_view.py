"""A materialized view is made anew inside the migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        for relation, mode in subject.trace.held(observed).items() if observed.verb == "refresh" else ():
            if relation.kind == "materialized view" and mode.blocks_reads:
                severity = subject.severity(relation, mode, Effort.REWRITE)
                text = (
                    f"The view {relation} is made anew under {mode}: readers wait until its query has run to the end."
                )
                yield RULE.found(observed, severity, text)


RULE = Rule(
    name="refresh-materialized-view",
    summary="A materialized view is refreshed while its readers wait.",
    condition="REFRESH MATERIALIZED VIEW without CONCURRENTLY, of one that existed before.",
    effect="ACCESS EXCLUSIVE on it for as long as its query takes, and to the end of the file: every reader waits.",
    safe="""\
CONCURRENTLY takes EXCLUSIVE, and readers go on; it needs a unique index on the view. Best of all, leave it to the job
that refreshes it anyway: a migration is about the schema.

```sql
REFRESH MATERIALIZED VIEW CONCURRENTLY daily_sales;
```""",
    setup="""\
CREATE TABLE sales (day date, amount numeric);
CREATE MATERIALIZED VIEW daily_sales AS SELECT day, sum(amount) FROM sales GROUP BY day;
CREATE UNIQUE INDEX daily_sales_day_idx ON daily_sales (day);""",
    bad="REFRESH MATERIALIZED VIEW daily_sales;",
    good=("REFRESH MATERIALIZED VIEW CONCURRENTLY daily_sales;",),
    check=_check,
)
