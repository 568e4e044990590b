"""The file of twenty-six hazards: each is found by its rule, and nothing is said of what only looks like one."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.config import Config
from runner.report.form import shown
from runner.review.rules.rule import Severity
from runner.reviewing import review

if TYPE_CHECKING:
    from runner.results import ReviewResult
    from tests.conftest import Server

FOLDER = Path(__file__).parent / "hazards"
_MARK = re.compile(r"^-- (?:hazard: (?P<rule>[a-z-]+)|decoy)$", re.MULTILINE)


@pytest.fixture(scope="module")
def reviewed(server: Server) -> ReviewResult:
    return asyncio.run(review(Config(folder=FOLDER, scratch_url=server.url), every=True, live=False))


def marks() -> list[tuple[int, str | None]]:
    """The line of each marked statement, and the rule that has to find it; None for a decoy."""
    text = (FOLDER / "0002_hazards.sql").read_text()
    return [(text.count("\n", 0, mark.end()) + 2, mark["rule"]) for mark in _MARK.finditer(text)]


def test_every_hazard_is_found_and_no_decoy(reviewed: ReviewResult) -> None:
    file = reviewed.files[-1]
    found = {
        (file.subject.statements[finding.number - 1].place.line, finding.rule): finding.severity
        for finding in file.findings
        if finding.number
    }
    hazards = [(line, rule) for line, rule in marks() if rule]
    decoys = {line for line, rule in marks() if rule is None}

    assert len(hazards) == 26
    assert len(decoys) == 6
    assert [hazard for hazard in hazards if hazard not in found] == []
    assert [each for each in found if each[0] in decoys and found[each] > Severity.NOTE] == []


def test_every_form_tells_the_worst_of_it(reviewed: ReviewResult) -> None:
    for form in ("text", "json", "markdown", "html", "sarif"):
        told = shown("review", reviewed, form)

        assert "table-rewrite" in told
        assert "customers" in told
