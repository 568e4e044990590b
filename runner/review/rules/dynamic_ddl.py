"""DDL that stands in no statement of the file, but in a DO block or a function that it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.objects import called
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed, Relation
    from runner.review.rules.rule import Finding, Subject

_VERBS = frozenset({"do", "call", "select", "with", "insert", "update", "delete", "merge"})


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        if observed.verb in _VERBS and (observed.differences or _strong(observed)):
            touched = _strong(observed)
            severity = Severity.WARNING if touched else Severity.NOTE
            did = ", ".join(sorted({called(each.key) for each in observed.differences})[:5]) or "nothing in the schema"
            on = f", and locked {', '.join(map(str, touched))}" if touched else ""
            text = (
                f"What {observed.verb.upper()} does is not in its text. On the scratch database it changed {did}{on}."
            )
            yield RULE.found(observed, severity, text)


def _strong(observed: Observed) -> list[Relation]:
    """The tables of before that it locked as only DDL does."""
    return [lock.relation for lock in observed.locks if lock.mode.blocks_writes and lock.relation.holds_rows]


RULE = Rule(
    name="dynamic-ddl",
    summary="A DO block, a function or a procedure did DDL.",
    condition="""\
A DO, CALL or SELECT changed the schema. It is a warning if it locked a table of before as DDL does, and a note if all
that it touched is new.""",
    effect="""\
The trace shows what happened on the scratch database, which is empty. Code that looks at rows, settings or names may do
something else on the live one, and nobody who reads the file can tell.""",
    safe="""\
Write the statements themselves. A condition such as "if it is not there yet" is the ledger's work. Where a loop over
partitions or tenants is needed, keep it, and say so:

```sql
-- migrate: allow dynamic-ddl one loop over the partitions, which all look alike
```""",
    setup="CREATE TABLE visits (id bigint PRIMARY KEY);",
    bad="""\
DO $$
BEGIN
    EXECUTE 'ALTER TABLE visits ' || 'ADD COLUMN referrer text';
END
$$;""",
    good=("ALTER TABLE visits ADD COLUMN referrer text;",),
    check=_check,
)
