"""A new foreign key locks the table that it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.foreign_key_scan import proven_on
from runner.review.rules.made import name_of, new_links
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        parents = {link.parent for link in new_links(statement)}
        locked = [lock.relation for lock in statement.locks if name_of(lock.relation) in parents]
        if proven_on(statement) or not (blocked := subject.blocked(statement, locked, Effort.BRIEF)):
            continue
        message = f"The foreign key locks {subject.named(blocked.tables)}, which it refers to, {blocked.under}."
        yield RULE.found(statement, blocked.severity, message)


RULE = Rule(
    name="foreign-key-locks-parent",
    summary="A foreign key locks the table that it refers to: nobody can write to it until the file commits.",
    condition="""\
A foreign key comes with a new table, with a new column, or as NOT VALID, and refers to a table of before the file.
It is a note, and a warning if the table that is referred to is a busy one. A foreign key that also has to read its
own table is told by `foreign-key-scan`.""",
    effect="""\
SHARE ROW EXCLUSIVE is taken on the table that is referred to, though the statement seems to be about another: its
writes wait until the file commits, and while the lock is waited for, they queue behind it.""",
    safe="""\
Make the table without the key, and add the key in a file of its own, which holds the lock for a moment and is tried
again if it cannot have it (`lock-timeout`):

```sql
-- 0007_create_orders.sql
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL);
CREATE INDEX orders_user_id_idx ON orders (user_id);

-- 0008_refer_to_users.sql
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;

-- 0009_validate_orders_user_id.sql
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;
```""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY);",
    bad="CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint UNIQUE REFERENCES users (id));",
    good=(
        """\
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL);
CREATE INDEX orders_user_id_idx ON orders (user_id);""",
        "ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;",
    ),
    check=_check,
)
