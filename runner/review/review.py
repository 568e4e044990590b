"""The judgement on one pending migration: every rule is asked, and what the file allows is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.review.rules import RULES
from runner.review.rules.rule import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.review.rules.rule import Subject

UNKNOWN_RULE, OUT_OF_ORDER = "unknown-rule", "out-of-order"
"""What is found in a file rather than in what it does: a directive without a rule, a version that comes too late."""


class Reviewed(NamedTuple):
    """A pending migration, all that is known of it, and what was found: in the order of its statements, worst first."""

    subject: Subject
    findings: tuple[Finding, ...]

    @property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that the file does not allow."""
        return tuple(finding for finding in self.findings if finding.allowed is None)

    @property
    def worst(self) -> Severity | None:
        """The worst severity among those that count; None if there is none."""
        return max((finding.severity for finding in self.counted), default=None)


def counts(files: Iterable[Reviewed]) -> Mapping[Severity, int]:
    """How many findings count in some files, by severity, worst first."""
    counted = [finding.severity for each in files for finding in each.counted]
    return {severity: counted.count(severity) for severity in sorted(Severity, reverse=True)}


def judge(subject: Subject) -> Reviewed:
    """What the rules find in a migration."""
    reasons = dict(subject.trace.migration.header.allowed)
    known = {OUT_OF_ORDER, *(rule.name for rule in RULES)}
    findings = [
        Finding(UNKNOWN_RULE, Severity.WARNING, 0, f'the file allows "{name}", and there is no such rule')
        for name in reasons
        if name not in known
    ]
    if subject.late:
        late = "a migration of a higher version is applied already: `up` refuses this one; give it the next free number"
        findings.append(Finding(OUT_OF_ORDER, Severity.ERROR, 0, late, reasons.get(OUT_OF_ORDER)))
    for rule in RULES:
        findings += [each._replace(allowed=reasons.get(each.rule)) for each in rule.check(subject)]
    return Reviewed(subject, tuple(sorted(findings, key=lambda each: (each.number, -each.severity))))
