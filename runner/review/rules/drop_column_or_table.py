"""A column, table or view goes, and what it held goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.objects import called, gone, relation_of, renames
from runner.review.rules.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Key
    from runner.review.rules.rule import Subject

_NAME = "drop-column-or-table"
_KINDS = ("column", "table", "view", "materialized view")


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        moved = {each.key.parent for each in observed.differences if each.key.kind == "table" and each.actual}
        # The columns of a table that becomes a partition, or a child, are told with its parent from then on.
        dropped = [
            key
            for key in gone(subject.trace, observed)
            if key.kind in _KINDS and not (key.kind == "column" and key.parent in moved)
        ]
        if dropped and not renames(observed):
            severity = Severity.NOTE if all(_is_empty(subject, key) for key in dropped) else Severity.WARNING
            text = f"Gone for good: {', '.join(map(called, dropped))}.{_users(subject, dropped)}"
            yield Finding(_NAME, severity, observed.number, text)


def _is_empty(subject: Subject, key: Key) -> bool:
    """Whether nobody can miss it: its table has no row on the live database."""
    relation = relation_of(subject, key)
    size = subject.size(relation) if relation else None
    return size is not None and relation is not None and relation.holds_rows and not size.rows and not size.writes


def _users(subject: Subject, dropped: list[Key]) -> str:
    """The queries that break and name it."""
    names = {key.name or key.relation for key in dropped}
    broken = {each.query.name for each in subject.queries if each.breaks and any(name in each.text for name in names)}
    return f" {', '.join(sorted(broken))} still {'uses' if len(broken) == 1 else 'use'} it." if broken else ""


RULE = Rule(
    name=_NAME,
    summary="A column, table or view is dropped.",
    condition="""\
A column, table, view or materialized view that existed before the file is gone after a statement, and was not renamed.
Where the live database says that its table is empty, it is a note.""",
    effect="""\
The program that runs today fails in every statement that names it, until the next version is out everywhere. The data
cannot be had back but from a backup. The lock is ACCESS EXCLUSIVE, held for a moment.""",
    safe="""\
Stop using it, deploy that, and drop it in a later release. `migrate review --from REVISION` names the queries that
still use it. When nobody does, say so:

```sql
-- migrate: allow drop-column-or-table nobody has read it since release 2.1
ALTER TABLE users DROP COLUMN nickname;
```""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY, nickname text);",
    bad="ALTER TABLE users DROP COLUMN nickname;",
    good=("COMMENT ON COLUMN users.nickname IS 'Not used since release 2.1; goes with 2.3.';",),
    check=_check,
)
