"""What is dropped has a foreign key, and the table at its other end is locked with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import lost_links, name_of
from runner.review.rules.rule import Effort, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if blocked := subject.blocked(statement, _unnamed(statement), Effort.BRIEF):
            message = f"What goes has a foreign key, so that {subject.named(blocked.tables)} is locked {blocked.under}."
            yield RULE.found(statement, Severity.NOTE if _is_least(statement) else blocked.severity, message)


def _is_least(statement: Observed) -> bool:
    """Whether nothing goes but a foreign key, which cannot be had for less."""
    return all(each.key.kind == "constraint" and each.actual is None for each in statement.differences)


def _unnamed(statement: Observed) -> list[Relation]:
    """The tables at an end of a foreign key that goes: those that stay, and that the statement does not name."""
    ends = {end for link in lost_links(statement) for end in (link.child, link.parent)}
    gone = {each.key.parent for each in statement.differences if each.key.kind == "table" and each.actual is None}
    return [
        lock.relation
        for lock in statement.locks
        if name_of(lock.relation) in ends - gone and lock.relation.name not in statement.words
    ]


RULE = Rule(
    name="drop-locks-parent",
    summary="A foreign key is dropped with its table, column or constraint, and locks the table at its other end.",
    condition="""\
DROP TABLE, DROP COLUMN, DROP CONSTRAINT or a CASCADE takes a foreign key away, and the table at the other end stays.
It is a warning, and a note if that table is known not to be a busy one, or if nothing goes but the foreign key: that
cannot be had for less.""",
    effect="""\
ACCESS EXCLUSIVE is taken on a table that the statement does not name: the foreign key has triggers on both. Its
reads and writes wait until the file commits, and while the lock is waited for, they queue behind it.""",
    safe="""\
Drop the foreign key first, alone in its file: it needs the same locks, for the shortest time, and is tried again if
it cannot have them (`lock-timeout`). What comes later needs one table alone:

```sql
-- 0007_forget_users.sql
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;

-- 0008_drop_orders.sql
DROP TABLE orders;
```""",
    setup="""\
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint CONSTRAINT orders_user_id_fkey REFERENCES users (id));
CREATE INDEX orders_user_id_idx ON orders (user_id);""",
    bad="DROP TABLE orders;",
    good=("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;",),
    check=_check,
)
