"""A trigger, policy or rule of a table changes, or its row security."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.catalog import Table
from runner.review.rules.objects import relation_of
from runner.review.rules.rule import Effort, Rule, waits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.difference import Difference
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        held = subject.trace.held(observed)
        for each in filter(_is_one, observed.differences):
            relation = relation_of(subject, each.key)
            if relation and (mode := held.get(relation)) and mode.blocks_writes:
                what = "row security" if each.key.kind == "table" else f"the {each.key.kind} {each.key.name}"
                text = (
                    f"{what} of {relation} changes under {mode}: {waits(mode)} while the statement waits for its turn."
                )
                severity = subject.severity(relation, mode, Effort.BRIEF)
                yield RULE.found(observed, severity, text[0].upper() + text[1:])


def _is_one(difference: Difference) -> bool:
    match difference.expected, difference.actual:
        case Table() as before, Table() as after:
            return (before.row_security, before.forced) != (after.row_security, after.forced)
        case _:
            return difference.key.kind in ("trigger", "policy", "rule")


RULE = Rule(
    name="trigger-policy-rule",
    summary="A trigger, policy, rule or the row security of a table that is in use changes.",
    condition="One of them comes, goes or changes on a table that existed before. A note, unless the table is busy.",
    effect="""\
CREATE TRIGGER takes SHARE ROW EXCLUSIVE: writes wait. DROP TRIGGER, CREATE and DROP POLICY, CREATE and DROP RULE, and
ENABLE ROW LEVEL SECURITY take ACCESS EXCLUSIVE: reads wait, too. It is done in a moment, once it has the lock; behind a
long transaction everybody waits with it.""",
    safe="""\
`migrate up` gives up after `lock_timeout` (1 s) and tries again, so nobody waits longer than that. On a busy table, put
the statement into a file of its own, with a shorter time:

```sql
-- migrate: lock-timeout=200ms
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
```""",
    setup="CREATE TABLE messages (id bigint PRIMARY KEY, body text);",
    bad="CREATE POLICY own_messages ON messages USING (body IS NOT NULL);",
    good=("CREATE TABLE notes (id bigint PRIMARY KEY);\nCREATE POLICY own_notes ON notes USING (id > 0);",),
    check=_check,
)
