"""A domain gets a rule, and every table that has a column of it is read to check its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.review.rules.rule import Effort, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed
    from runner.review.rules.rule import Finding, Subject


def _check(subject: Subject) -> Iterator[Finding]:
    for observed in subject.statements:
        held = subject.trace.held(observed)
        scanned = [each for each in observed.scanned if each in held] if _is_about_domain(observed) else []
        if scanned:
            severity = max(subject.severity(each, held[each], Effort.SCAN) for each in scanned)
            tables = ", ".join(f"{each} under {held[each]}" for each in scanned)
            text = f"Every table with a column of the domain is read from end to end: {tables}. Writes wait."
            yield RULE.found(observed, severity, text)


def _is_about_domain(observed: Observed) -> bool:
    return any(each.key.kind in ("domain", "domain constraint") for each in observed.differences)


RULE = Rule(
    name="domain-constraint-scan",
    summary="A constraint is added to a domain that tables use.",
    condition="ALTER DOMAIN … ADD CONSTRAINT or SET NOT NULL, and a table of before is scanned for it.",
    effect="SHARE on every table with a column of the domain, while each of them is read from end to end: writes wait.",
    safe="""\
Add it NOT VALID, which looks at no row: what is written from then on is checked. To validate it takes SHARE and a scan
again, so it is for tables that are small or at rest. For a large one, a CHECK on the column itself can be validated
under SHARE UPDATE EXCLUSIVE, while writes go on.

```sql
ALTER DOMAIN short_text ADD CONSTRAINT short_text_check CHECK (length(VALUE) < 100) NOT VALID;
```""",
    setup="CREATE DOMAIN short_text AS text;\nCREATE TABLE labels (id bigint PRIMARY KEY, text short_text);",
    bad="ALTER DOMAIN short_text ADD CONSTRAINT short_text_check CHECK (length(VALUE) < 100);",
    good=("ALTER DOMAIN short_text ADD CONSTRAINT short_text_check CHECK (length(VALUE) < 100) NOT VALID;",),
    check=_check,
)
