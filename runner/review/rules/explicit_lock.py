"""LOCK TABLE, held to the end of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.rule import Effort, Rule, waits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        for relation, mode in observed.locks if observed.verb == "lock" else ():
            if mode.blocks_writes and relation.holds_rows:
                text = (
                    f"{mode} on {relation} until the file has ended: {waits(mode)}, whatever the rest of the file does."
                )
                yield RULE.found(observed, subject.severity(relation, mode, Effort.SCAN), text)


RULE = Rule(
    name="explicit-lock",
    summary="A table is locked by name, for the rest of the file.",
    condition="LOCK TABLE of a table of before, in SHARE mode or a stronger one.",
    effect="""\
It is held until the transaction ends, so for all that follows in the file, and it waits for every transaction
that uses the table. SELECT waits for ACCESS EXCLUSIVE alone, writes for all of these modes.""",
    safe="""\
Leave it out: each statement takes what it needs. To keep writers out while rows are copied, copy in batches, and
catch what changes meanwhile by a trigger.""",
    setup="CREATE TABLE ratings (id bigint PRIMARY KEY, stars integer);",
    bad="LOCK TABLE ratings IN ACCESS EXCLUSIVE MODE;",
    good=("ALTER TABLE ratings ADD COLUMN note text;",),
    check=_check,
)
