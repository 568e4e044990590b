"""A label of an enum is used in the transaction that adds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject

UNSAFE_USE = "55P04"


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        if observed.refusal and observed.refusal.sqlstate == UNSAFE_USE:
            text = f"The server refuses it ({UNSAFE_USE}): {observed.refusal.message}."
            yield RULE.found(observed, Severity.ERROR, f"{text} A new label has to be committed first.")


RULE = Rule(
    name="enum-label-in-transaction",
    summary="A new enum label is used before it is committed.",
    condition="A statement uses a label that an earlier one of the same file added to an enum of before.",
    effect="The server refuses it (SQLSTATE 55P04, unsafe use of new value), and the file is rolled back.",
    safe="""\
Add the label in a file of its own, and use it in the next. A label can never be taken away again; for a list that
changes, a table with a foreign key, or a text with a CHECK, is easier to live with.""",
    setup="CREATE TYPE mood AS ENUM ('sad', 'ok');\nCREATE TABLE people (id bigint PRIMARY KEY, mood mood);",
    bad="ALTER TYPE mood ADD VALUE 'happy';\nALTER TABLE people ALTER COLUMN mood SET DEFAULT 'happy';",
    good=("ALTER TYPE mood ADD VALUE 'happy';", "ALTER TABLE people ALTER COLUMN mood SET DEFAULT 'happy';"),
    check=_check,
)
