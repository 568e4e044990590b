"""A table that is sent to subscribers changes its columns; subscribers get rows, and no DDL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.catalog.catalog import Publication
from runner.review.rules.objects import called, changed, relation_of
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Relation
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        for each in changed(subject.trace, observed, "column"):
            relation = relation_of(subject, each.key)
            if relation and each.actual is not None and _is_published(subject, relation):
                text = f"A publication sends the rows of {relation}, and no DDL: {called(each.key)} is new or changed."
                yield RULE.found(observed, Severity.WARNING, text)


def _is_published(subject: Subject, relation: Relation) -> bool:
    """Whether the live database, or the migrations, send its changes to subscribers."""
    size = subject.sizes.tables.get(str(relation)) if subject.sizes else None
    if size and size.published:
        return True
    return any(
        parts.all_tables
        or relation.schema in (parts.schemas or "").split(", ")
        or re.search(rf"(?:^|, ){re.escape(str(relation))}(?:,| |$)", parts.tables or "")
        for parts in subject.trace.before.objects.values()
        if isinstance(parts, Publication)
    )


RULE = Rule(
    name="replication",
    summary="A published table gets or changes a column, which logical replication does not tell.",
    condition="""\
A column comes or changes in a table of before that is in a publication: on the live database, or by the migrations
(PostgreSQL 15 and later).""",
    effect="""\
Logical replication sends rows and no DDL. As soon as a row with the new column is written, the subscriber stops with an
error, keeps its slot, and the WAL of the publisher piles up until somebody adds the column there.""",
    safe="""\
Run the file on the subscriber first, then on the publisher: a column too many there does no harm, as long as it may be
NULL or has a default. Dropping goes the other way round.

```sql
-- migrate: allow replication the subscribers have the column since yesterday
```""",
    setup="CREATE TABLE orders (id bigint PRIMARY KEY);\nCREATE PUBLICATION changes FOR TABLE orders;",
    bad="ALTER TABLE orders ADD COLUMN note text;",
    good=("CREATE TABLE notes (id bigint PRIMARY KEY, note text);",),
    check=_check,
)
