"""A foreign key is proven at once, which reads the whole table while it locks two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.made import name_of, new_links
from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for statement in subject.statements:
        if proven_on(statement) and (blocked := subject.blocked(statement, statement.scanned, Effort.SCAN)):
            parents = [table for table in _parents(subject, statement) if table not in blocked.tables]
            beside = f"; {subject.named(parents)} is locked for as long" if parents else ""
            message = f"The foreign key reads {subject.named(blocked.tables)} from end to end {blocked.under}{beside}."
            yield RULE.found(statement, blocked.severity, message)


def proven_on(statement: Observed) -> bool:
    """Whether the statement makes a foreign key and reads a table of before to prove it."""
    proven = any(link.proven for link in new_links(statement))
    return proven and bool(statement.scanned) and not statement.rewritten


def _parents(subject: Subject, statement: Observed) -> list[Relation]:
    names = {link.parent for link in new_links(statement)}
    return [table for table in subject.trace.held(statement) if name_of(table) in names]


RULE = Rule(
    name="foreign-key-scan",
    summary="A foreign key reads the whole table while nobody can write to it, nor to the table that it refers to.",
    condition="""\
A foreign key comes to a table of before the file, and the server looks up the value of every row. If the same
statement rewrites the table, `table-rewrite` speaks instead.""",
    effect="""\
SHARE ROW EXCLUSIVE is held on both tables during the scan: writes to either wait. With a new column, `ADD COLUMN ...
DEFAULT ... REFERENCES`, the table itself is locked in ACCESS EXCLUSIVE, and its reads wait, too. One value without
its row, and the statement fails.""",
    safe="""\
Two files. The first takes SHARE ROW EXCLUSIVE on both tables for a moment and reads nothing; the second reads under
SHARE UPDATE EXCLUSIVE, and ROW SHARE on the table that is referred to, which let reads and writes pass:

```sql
-- 0007_refer_to_users.sql
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;

-- 0008_validate_orders_user_id.sql
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;
```""",
    setup="""\
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);
CREATE INDEX orders_user_id_idx ON orders (user_id);""",
    bad="ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id);",
    good=(
        "ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;",
    ),
    check=_check,
)
