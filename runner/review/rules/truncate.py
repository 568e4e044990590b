"""A table is emptied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.objects import is_named
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if tables := _named(subject, statement):
            sizes = [subject.size(table) for table in tables]
            idle = all(size is not None and size.empty and not size.writes for size in sizes)
            message = (
                f"Gone for good: the rows of {subject.named(tables)}, whose reads and writes wait until it commits."
            )
            yield RULE.found(statement, Severity.NOTE if idle else Severity.WARNING, message)


def _named(subject: Subject, statement: Observed) -> list[Relation]:
    """The tables that are emptied; those that CASCADE empties besides are told by `cascade`."""
    return [
        each
        for each in statement.emptied
        if "cascade" not in statement.words or is_named(subject.trace, statement, each)
    ]


RULE = Rule(
    name="truncate",
    summary="A table is emptied.",
    condition="""\
TRUNCATE of a table that existed before the file. Where the live database says that the table is empty, it is a note.
What CASCADE empties besides is told by `cascade`.""",
    effect="""\
All rows are gone, and cannot be had back but from a backup. ACCESS EXCLUSIVE is held until the file commits: reads and
writes wait, and find an empty table. Triggers for DELETE do not fire.""",
    safe="""\
Delete the rows that nobody needs, in batches, in the application or in a job, and let the migration change the schema
alone. Where the rows are of no worth, say so:

```sql
-- migrate: allow truncate the cache is filled again within the hour
TRUNCATE prices;
```""",
    setup="CREATE TABLE prices (id bigint PRIMARY KEY, price numeric);",
    bad="TRUNCATE prices;",
    good=("DELETE FROM prices WHERE id = 7;",),
    check=_check,
)
