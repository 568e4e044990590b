"""An UPDATE or DELETE of many rows in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.dml import target
from runner.review.rules.rule import Finding, Rule, Severity
from runner.review.sizes import LARGE_ROWS, SMALL_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Subject

_NAME = "full-table-dml"
_VERBS = frozenset({"update", "delete", "merge"})


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        relation = target(subject, observed) if observed.verb in _VERBS else None
        if relation is None:
            continue
        rows = subject.estimates.get(observed.number)
        size = subject.size(relation)
        if rows is None and "where" in observed.words:
            continue
        known = rows if rows is not None else size.rows if size else None
        severity = _severity(known)
        if severity is not Severity.NOTE or rows is None:
            how_many = f"about {known:,} rows" if known is not None else "every row"
            text = f"{observed.verb.upper()} changes {how_many} of {relation} in one transaction."
            yield Finding(_NAME, severity, observed.number, text)


def _severity(rows: int | None) -> Severity:
    if rows is None:
        return Severity.WARNING
    return Severity.NOTE if rows < SMALL_ROWS else Severity.WARNING if rows < LARGE_ROWS else Severity.ERROR


RULE = Rule(
    name=_NAME,
    summary="An UPDATE or DELETE changes very many rows at once.",
    condition="""\
The planner of the live database expects an UPDATE, DELETE or MERGE of the file to change 10,000 rows or more; or
nothing is known of that, and it has no WHERE. From a million rows on it is an error.""",
    effect="""\
ROW EXCLUSIVE, so others go on, but each changed row is locked until the file has ended: whoever wants to change one of
them waits. All of them are written again, with WAL for each, replicas fall behind, and the dead versions stay until
VACUUM has been there.""",
    safe="""\
Change the rows in batches of some thousands, each in a transaction of its own: in the application, in a job, or in a
`-- migrate: no-transaction` file, which goes on where it stopped:

```sql
-- migrate: no-transaction
DO $$
BEGIN
    LOOP
        UPDATE parcels SET weight = 0 WHERE id IN (SELECT id FROM parcels WHERE weight IS NULL LIMIT 5000);
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END
$$;
```""",
    setup="CREATE TABLE parcels (id bigint PRIMARY KEY, weight numeric);",
    bad="UPDATE parcels SET weight = 0;",
    good=("UPDATE parcels SET weight = 0 WHERE id = 7;",),
    check=_check,
)
