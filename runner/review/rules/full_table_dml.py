"""An UPDATE or DELETE of many rows in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.dml import changes
from runner.review.rules.rule import Rule, Severity
from runner.review.sizes import LARGE_ROWS, SMALL_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Relation
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        expected = subject.estimates.get(observed.number)
        # The planner has counted what WHERE leaves.
        change = next((each for each in changes(subject, observed) if each.every or expected is not None), None)
        if change is None:
            continue
        rows = expected if expected is not None else _counted(subject, change.table)
        severity = _severity(rows, small=subject.small(change.table))
        if severity is not Severity.NOTE or expected is None:
            how_many = f"about {rows:,} rows" if rows is not None else "every row"
            text = f"{change.verb.upper()} changes {how_many} of {change.table} in one transaction."
            yield RULE.found(observed, severity, text)


def _counted(subject: Subject, table: Relation) -> int | None:
    """The rows of the live table, if it is known that somebody has counted them."""
    size = subject.size(table)
    return size.rows if size and (size.rows or size.empty) else None


def _severity(rows: int | None, *, small: bool) -> Severity:
    if rows is None:
        return Severity.NOTE if small else Severity.WARNING
    return Severity.NOTE if rows < SMALL_ROWS else Severity.WARNING if rows < LARGE_ROWS else Severity.ERROR


RULE = Rule(
    name="full-table-dml",
    summary="An UPDATE or DELETE changes very many rows at once.",
    condition="""\
The planner of the live database expects an UPDATE, DELETE or MERGE of the file to change 10,000 rows or more; or
nothing is known of that, and it has no WHERE. One within WITH or in the body of a DO counts, too. From a million rows
on it is an error.""",
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
