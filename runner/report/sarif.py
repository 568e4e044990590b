"""A review as SARIF 2.1.0 (OASIS standard): what code scanners show beside the lines of a pull request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runner import __version__
from runner.review.rules import RULES
from runner.review.rules.rule import Severity

if TYPE_CHECKING:
    from runner.results import ReviewResult
    from runner.review.observed import Trace
    from runner.review.rules.rule import Finding, Rule

_LEVELS = {Severity.NOTE: "note", Severity.WARNING: "warning", Severity.ERROR: "error"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(result: ReviewResult) -> str:
    """One log with one run: the rules that found something, and their findings; an allowed one is suppressed."""
    found = {finding.rule for each in result.files for finding in each.findings}
    rules = [rule for rule in RULES if rule.name in found]
    results = [_result(each.subject.trace, finding) for each in result.files for finding in each.findings]
    driver = {"name": "migrate", "version": __version__, "rules": [_rule(rule) for rule in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": f"{rule.condition}\n\n{rule.effect}"},
        "help": {"text": rule.safe, "markdown": rule.safe},
    }


def _uri(path: str) -> str:
    """Where the file is in its repository, as code scanners want it; outside of one, where it is on this machine."""
    file = Path(path).absolute()
    root = next((each for each in file.parents if (each / ".git").exists()), None)
    return quote(file.relative_to(root).as_posix()) if root else file.as_uri()


def _result(trace: Trace, finding: Finding) -> dict[str, Any]:
    # A finding about the whole file stands at its first line, as SARIF's viewers want a line.
    place = trace.statements[finding.number - 1].place if finding.number else None
    region = {"startLine": place.line, "startColumn": place.column} if place else {"startLine": 1}
    parts: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": _uri(trace.migration.path)}, "region": region}},
        ],
    }
    if finding.allowed is not None:
        parts["suppressions"] = [{"kind": "inSource", "justification": finding.allowed}]
    return parts
