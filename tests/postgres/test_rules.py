"""Every rule finds its bad example and lets its good one pass, on every server: what its page says is true."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from runner.review.review import judge
from runner.review.rules import RULES
from runner.review.rules.rule import Severity
from runner.review.sizes import Sizes, TableSize
from tests.conftest import new_database
from tests.postgres.tracing import subjects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.rules.rule import Finding, Rule, Subject
    from tests.conftest import Server

LARGE_AND_BUSY = TableSize(50_000_000, 20 * 2**30, 9 * 2**30, 3, reads=10**9, writes=10**8, published=True)
TOGETHER = {
    "breaks-running-queries": {"breaks-running-queries", "rename"},
    "drop-locks-parent": {"drop-locks-parent", "drop-column-or-table"},
    "cascade": {"cascade", "drop-column-or-table"},
    "depends-on-rows": {"depends-on-rows", "table-rewrite"},
    "several-passes": {"several-passes", "table-rewrite"},
}
"""Bad examples that have more than one hazard: each has to be avoided in its own way."""
EVERY_RULE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


class Examples:
    """The examples of rules, tried in one database that is emptied between them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tried: dict[str, tuple[Subject, list[Subject]]] = {}

    def of(self, rule: Rule) -> tuple[Subject, list[Subject]]:
        """The bad file, and the good ones."""
        if rule.name not in self.tried:
            [bad] = asyncio.run(subjects(self.url, rule.setup, [rule.bad], rule.queries))
            self.tried[rule.name] = bad, asyncio.run(subjects(self.url, rule.setup, rule.good, rule.queries))
        return self.tried[rule.name]


@pytest.fixture(scope="session")
def examples(server: Server) -> Iterator[Examples]:
    with new_database(server) as database:
        yield Examples(database.url)


@EVERY_RULE
def test_a_rule_finds_its_bad_example(rule: Rule, examples: Examples) -> None:
    bad, _ = examples.of(rule)
    assert worst(rule, bad) >= Severity.NOTE
    assert worst(rule, bad._replace(sizes=live(bad))) >= Severity.WARNING


@EVERY_RULE
def test_no_rule_warns_of_a_good_example(rule: Rule, examples: Examples) -> None:
    _, good = examples.of(rule)
    assert [warnings(subject) for subject in good] == [[] for _ in good]


@EVERY_RULE
def test_one_hazard_is_one_finding(rule: Rule, examples: Examples) -> None:
    bad, _ = examples.of(rule)
    assert {finding.rule for finding in warnings(bad)} <= TOGETHER.get(rule.name, {rule.name})


@EVERY_RULE
def test_the_server_accepts_good_examples(rule: Rule, examples: Examples) -> None:
    _, good = examples.of(rule)
    assert [statement.refusal for subject in good for statement in subject.statements if statement.refusal] == []


def live(subject: Subject) -> Sizes:
    """A database where all tables are large and busy: even a lock of a moment is felt."""
    tables = {str(relation): LARGE_AND_BUSY for relation in subject.trace.existing}
    return Sizes("live", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", 170_000, "UTC", None, tables)


def warnings(subject: Subject) -> list[Finding]:
    return [finding for finding in judge(subject).counted if finding.severity >= Severity.WARNING]


def worst(rule: Rule, subject: Subject) -> int:
    return max((finding.severity for finding in rule.check(subject)), default=0)
