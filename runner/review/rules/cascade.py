"""CASCADE takes more along than the statement names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.objects import called, gone
from runner.review.rules.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed
    from runner.review.rules.rule import Subject

_NAME = "cascade"


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        if "cascade" in observed.words and (taken := _taken(subject, observed)):
            text = f"CASCADE takes along what the statement does not name: {', '.join(taken)}."
            yield Finding(_NAME, Severity.WARNING, observed.number, text)


def _taken(subject: Subject, observed: Observed) -> list[str]:
    """What goes, or is emptied, without being named in the statement."""
    named = {word.strip('"') for word in observed.words}
    match observed.verb:
        case "truncate":
            return [f"the rows of {each}" for each in observed.rewritten if each.name.strip('"') not in named]
        case "drop" | "alter":
            return [
                called(key)
                for key in gone(subject.trace, observed)
                if (key.name or key.relation).strip('"') not in named
            ]
        case _:
            return []


RULE = Rule(
    name=_NAME,
    summary="CASCADE drops or empties what the statement does not name.",
    condition="DROP, ALTER … DROP or TRUNCATE with CASCADE, and something goes that the statement does not name.",
    effect="""\
Views, foreign keys of other tables, functions and columns go, or rows of other tables, and nobody reads it in the file.
What goes on the live database may be more than here, if somebody made something by hand. Each table that loses a
foreign key is locked in ACCESS EXCLUSIVE.""",
    safe="""\
Name what goes, in the order in which it can go. Then the file says all of it, and fails where there is more than that:

```sql
DROP VIEW adults;
ALTER TABLE users DROP COLUMN age;
```""",
    setup="""\
CREATE TABLE users (id bigint PRIMARY KEY, age integer);
CREATE VIEW adults AS SELECT id FROM users WHERE age >= 18;""",
    bad="ALTER TABLE users DROP COLUMN age CASCADE;",
    good=("-- migrate: allow drop-column-or-table nobody asks for it any more\nDROP VIEW adults;",),
    check=_check,
)
