"""A column, table or view goes, and what it held goes with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.catalog.catalog import Definition
from runner.catalog.ddl import qualified
from runner.review.rules.objects import called, gone, moved, relation_of, renames
from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.catalog.catalog import Key
    from runner.review.observed import Observed
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        dropped = [] if renames(observed) else _dropped(subject, observed)
        if dropped:
            severity = Severity.NOTE if all(_is_empty(subject, key) for key in dropped) else Severity.WARNING
            text = f"Gone for good: {', '.join(map(called, dropped))}.{_users(subject, dropped)}"
            yield RULE.found(observed, severity, text)


def _dropped(subject: Subject, observed: Observed) -> list[Key]:
    """What is gone and somebody may miss."""
    return [key for key in gone(subject.trace, observed) if _is_lost(subject, observed, key)]


def _is_lost(subject: Subject, observed: Observed, key: Key) -> bool:
    match key.kind:
        case "table":
            return True
        case "column":
            return key.parent not in moved(observed)
        case "sequence":  # not one that goes with its column, or that gets another name or owner
            return key.name == "" and observed.verb == "drop"
        case "view" | "materialized view" | "function" | "procedure" | "aggregate":
            return key not in subject.trace.after.objects and not _is_fired(subject, key)
        case _:
            return False


def _is_fired(subject: Subject, key: Key) -> bool:
    """Whether it is a function that triggers alone can call."""
    parts = subject.trace.before.objects[key]
    return isinstance(parts, Definition) and re.search(r"\bRETURNS (event_)?trigger\b", parts.text) is not None


def _is_empty(subject: Subject, key: Key) -> bool:
    """Whether nobody can miss it: its table has no row on the live database."""
    relation = relation_of(subject, key)
    size = subject.size(relation) if relation else None
    return size is not None and relation is not None and relation.holds_rows and size.empty and not size.writes


def _users(subject: Subject, dropped: list[Key]) -> str:
    """The queries that break and name it."""
    broken = {
        each.query.name for each in subject.queries if each.breaks and any(_says(each.text, key) for key in dropped)
    }
    return f" {', '.join(sorted(broken))} still {'uses' if len(broken) == 1 else 'use'} it." if broken else ""


def _says(text: str, key: Key) -> bool:
    """Whether the text has the name as a whole; that of a column with its table, as others may have one like it."""
    name = f"{qualified(key)}.{key.name}" if key.kind == "column" else (key.relation or key.name).partition("(")[0]
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None


RULE = Rule(
    name="drop-column-or-table",
    summary="A column, table, view, sequence or function is dropped.",
    condition="""\
A column, table, view, materialized view, sequence or function that existed before the file is gone after a statement,
and was not renamed. A view or function that the file makes again is not gone, and a function for triggers is called by
nobody else. Where the live database says that its table is empty, it is a note.""",
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
