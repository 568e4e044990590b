"""A new column must have a value, and the rows that are there have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Column
from runner.review.rules.objects import called, changed, relation_of, renames
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        if renames(observed):
            continue
        for each in changed(subject.trace, observed, "column"):
            relation = relation_of(subject, each.key)
            if relation and relation.kind == "foreign table":  # its rows are elsewhere
                continue
            if each.expected is None and isinstance(each.actual, Column) and _lacks_value(each.actual):
                size = subject.size(relation) if relation else None
                severity = Severity.NOTE if size is not None and size.empty else Severity.ERROR
                text = f"With one row in the table it fails: {called(each.key)} is NOT NULL and has no default."
                yield RULE.found(observed, severity, text)


def _lacks_value(column: Column) -> bool:
    return bool(column.not_null) and not (column.default or column.identity or column.generated)


RULE = Rule(
    name="not-null-without-default",
    summary="A column is added as NOT NULL without a default.",
    condition="""\
A table of before gets a column that is NOT NULL and has neither default nor identity, and is not generated. Where the
live database says that the table is empty, it is a note.""",
    effect="""\
The server refuses it as soon as there is one row (SQLSTATE 23502). And where it works, every INSERT of the program that
runs today fails, as it gives no value.""",
    safe="""\
With a constant default it is done in a moment, on a table of any size, and running INSERTs go on. Where there is no
constant that is right, let it be NULL, fill it in batches, and require it then:

```sql
-- 0007_add_region.sql
ALTER TABLE users ADD COLUMN region text;
-- 0008_require_region.sql, after the rows have been filled
ALTER TABLE users ADD CONSTRAINT users_region_check CHECK (region IS NOT NULL) NOT VALID;
```""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY);",
    bad="ALTER TABLE users ADD COLUMN region text NOT NULL;",
    good=("ALTER TABLE users ADD COLUMN region text NOT NULL DEFAULT 'eu';",),
    check=_check,
)
