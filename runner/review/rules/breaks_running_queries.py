"""A query that runs today fails, or gives something else, after the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for each in subject.queries:
        severity = Severity.ERROR if each.breaks else Severity.NOTE
        verb = "breaks" if each.breaks else "changes"
        yield RULE.found(None, severity, f"The query {each.query.name} ({each.place}) {verb}: {each.text}.")


RULE = Rule(
    name="breaks-running-queries",
    summary="A query of the running program breaks.",
    condition="""\
A query of the revision of `--from`, or of the folder of queries, works before the file and is refused after it, or
takes or gives other types, or its INSERT lacks a value that must be there now. What only changes, such as a column that
may be NULL now, is a note.""",
    effect="Between the migration and the last restart of a replica, every call of the query is an error for somebody.",
    safe="""\
Expand, then contract: add the new beside the old, deploy the program that uses the new, and take the old away in a
later release. A column that gets another type is a new column; a column that gets another name is one, too.""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY, email text);",
    bad="ALTER TABLE users RENAME COLUMN email TO address;",
    good=("ALTER TABLE users ADD COLUMN address text;",),
    check=_check,
    queries="-- name: Emails :many\nSELECT email FROM users;\n",
)
