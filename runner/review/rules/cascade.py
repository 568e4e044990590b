"""CASCADE takes more along than the statement names."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from runner.review.rules.objects import called, gone, is_named
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Key
    from runner.review.observed import Observed
    from runner.review.rules.rule import Finding, Subject


_PARTS = ("index", "constraint", "sequence")


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        if _cascades(observed) and (taken := _taken(subject, observed)):
            text = f"CASCADE takes along what the statement does not name: {', '.join(taken)}."
            yield RULE.found(observed, Severity.WARNING, text)


def _cascades(observed: Observed) -> bool:
    """Whether it says CASCADE for itself, and not for the rows of a foreign key (ON DELETE CASCADE)."""
    return any(word == "cascade" and before not in ("delete", "update") for before, word in pairwise(observed.words))


def _taken(subject: Subject, observed: Observed) -> list[str]:
    """What goes, or is emptied, without being named in the statement."""
    match observed.verb:
        case "truncate":
            return [f"the rows of {each}" for each in observed.emptied if not is_named(subject.trace, observed, each)]
        case "drop" | "alter":
            named = {word.strip('"') for word in observed.words}
            return [called(key) for key in gone(subject.trace, observed) if not _names(named, key)]
        case _:
            return []


def _names(named: set[str], key: Key) -> bool:
    """Whether the statement names it, or the table with whose column it would go without CASCADE, too."""
    names = {(key.name or key.relation).partition("(")[0], key.relation if key.kind in _PARTS else ""}
    return any(name and name.strip('"') in named for name in names)


RULE = Rule(
    name="cascade",
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
