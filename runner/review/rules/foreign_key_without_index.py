"""A foreign key whose columns no index begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Constraint, Index, Key
from runner.catalog.ddl import qualified
from runner.catalog.references import ForeignKey, foreign_key, indexed_columns, unique_columns
from runner.review.rules.objects import maker, was_there
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Catalog
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    end = subject.outcome or subject.trace.after
    for key, found in _new_keys(subject):
        if key in end.objects and not any(_covers(columns, found) for columns in _indexed(end, key)):
            table, parent = qualified(key), qualified(Key("table", *found.parent, ""))
            text = (
                f"No index of {table} begins with {', '.join(found.columns)}: each DELETE in {parent} reads all of it."
            )
            yield RULE.found(maker(subject, key), Severity.WARNING, text)


def _new_keys(subject: Subject) -> Iterator[tuple[Key, ForeignKey]]:
    for key, parts in subject.trace.after.objects.items():
        if isinstance(parts, Constraint) and key not in subject.trace.before.objects and not was_there(subject, key):
            found = foreign_key(parts.definition)
            if found:
                yield key, found


def _indexed(catalog: Catalog, key: Key) -> Iterator[tuple[str, ...]]:
    """The columns that each index and key of the table begins with."""
    for other, parts in catalog.objects.items():
        if other.parent == key.parent:
            match parts:
                case Index(definition=text):
                    yield indexed_columns(text)
                case Constraint(definition=text):
                    yield unique_columns(text)


def _covers(columns: tuple[str, ...], found: ForeignKey) -> bool:
    return set(columns[: len(found.columns)]) == set(found.columns)


RULE = Rule(
    name="foreign-key-without-index",
    summary="No index begins with the columns of a new foreign key.",
    condition="""\
A foreign key comes with the file, and after all pending files no index or key of its table begins with its columns, in
any order. An index that leaves out the rows without a value counts.""",
    effect="""\
For each row that is deleted in the other table, or whose key changes, PostgreSQL looks for rows that refer to it.
Without an index that is a scan of the whole table, for each single row.""",
    safe="""\
Make the index first, so that the key is never without it; on a table that is in use, CONCURRENTLY and alone in a
`-- migrate: no-transaction` file:

```sql
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id);
```""",
    setup="""\
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);""",
    bad="""\
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;""",
    good=(
        "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id);",
        """\
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;""",
    ),
    check=_check,
)
