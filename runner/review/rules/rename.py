"""Something that queries call by its name gets another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.objects import called, gone, renames
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Key
    from runner.review.observed import Observed
    from runner.review.rules.rule import Finding, Subject


_HOLDERS = ("enum", "view", "materialized view")


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        if renames(observed) and (old := gone(subject.trace, observed) or _relabelled(observed)):
            names = ", ".join(called(key) for key in old)
            text = f"Running programs know the old name alone: {names}."
            yield RULE.found(observed, Severity.WARNING, text)


def _relabelled(observed: Observed) -> list[Key]:
    """What stays, and has a label or a column with another name."""
    return [each.key for each in observed.differences if each.key.kind in _HOLDERS and each.expected and each.actual]


RULE = Rule(
    name="rename",
    summary="A table, column, view, type, label or schema is renamed, or moved to another schema.",
    condition="""\
The statement says RENAME or SET SCHEMA, and something of before that queries call by its name has another. Indexes,
constraints, triggers and sequences may be renamed: nobody calls them.""",
    effect="""\
The program that runs today fails in every statement with the old name, and the next one would have failed before. There
is no moment in which both work. The lock is ACCESS EXCLUSIVE, held for a moment.""",
    safe="""\
A column: add the new one, write both (in the program, or by a trigger), copy the old rows in batches, read the new one,
drop the old. A table can have its old name as a view in the same transaction, as a simple view takes writes, too:

```sql
-- migrate: allow rename the old name stays as a view until release 2.3
ALTER TABLE users RENAME TO accounts;
CREATE VIEW users AS SELECT * FROM accounts;
```""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY, email text);",
    bad="ALTER TABLE users RENAME COLUMN email TO address;",
    good=("ALTER TABLE users ADD COLUMN address text;",),
    check=_check,
)
