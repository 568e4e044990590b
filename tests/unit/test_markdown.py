"""A review as a comment on a pull request: what is in it, what is left out, and that nobody else writes in it."""

from __future__ import annotations

import re

import pytest

from runner.report.markdown import LONGEST, MARKER, markdown
from runner.review.locks import LockMode
from runner.review.rules.rule import Severity
from tests.unit.pages import finding, lock, review, reviewed

LOCKED = {1: {"locks": (lock(LockMode.ACCESS_EXCLUSIVE, "orders"),)}}
DROP = "ALTER TABLE orders DROP COLUMN note;"


def test_a_comment_has_the_verdict_the_table_the_findings_and_the_sql() -> None:
    comment = markdown(review(reviewed(DROP, LOCKED, findings=[finding(1), finding(0, Severity.NOTE, "type-choice")])))
    assert comment.startswith(f"{MARKER}\n### migrate review: 1 pending migration: 1 error, 1 note\n")
    assert "| `0002_change` | 1 | ACCESS EXCLUSIVE on `orders` |  |  |  | 1 error, 1 note |" in comment
    assert "- **error** `table-rewrite` at `sql/0002_change.sql:1`: it is written anew\n" in comment
    assert f"{DROP}\n--   ^ ACCESS EXCLUSIVE on orders: reads and writes wait\n" in comment
    assert comment.count("<summary>The safe shape</summary>") == 2


def test_each_safe_shape_stands_once_a_file() -> None:
    comment = markdown(review(reviewed(f"{DROP}{DROP}", findings=[finding(1), finding(2)])))
    assert comment.count("<summary>The safe shape</summary>") == 1


@pytest.mark.parametrize(
    ("files", "findings", "characters"),
    [
        pytest.param(1_000, 0, 40, id="a thousand files"),
        pytest.param(1, 3_000, 40, id="three thousand findings"),
        pytest.param(50, 1, 20_000, id="a megabyte of SQL"),
    ],
)
def test_a_comment_ends_where_github_ends_it_and_keeps_the_worst(files: int, findings: int, characters: int) -> None:
    notes = [finding(1, Severity.NOTE, "type-choice", message=f"note {n} {'x' * 40}") for n in range(findings)]
    many = [
        reviewed(f"SELECT '{'x' * characters}';", findings=notes, title=f"{n:04}_{'a_long_name' * 6}")
        for n in range(2, files + 2)
    ]
    comment = markdown(review(*many, reviewed(DROP, LOCKED, findings=[finding(1)], title="9999_last")))
    assert len(comment) < LONGEST
    assert comment.startswith(MARKER)
    assert "- **error** `table-rewrite` at `sql/9999_last.sql:1`" in comment
    assert "Left out, as a comment has an end: " in comment


def test_what_a_server_says_is_no_markup_and_calls_nobody() -> None:
    words = "[click](http://example.org)\n# head\n```\n</details> @all *b* _c_ a_b | x"
    comment = markdown(review(reviewed(DROP, findings=[finding(1, message=words)])))
    [line] = [line for line in comment.splitlines() if line.startswith("- **error**")]
    said = line.partition(": ")[2]
    assert said == (
        "\\[click\\](http://example.org) # head \\`\\`\\` &lt;/details> @\u200ball \\*b\\* \\_c\\_ a_b \\| x"
    )


def test_a_name_cannot_leave_its_cell_or_its_code() -> None:
    hostile = '"![i](http://x/y.png) | `a` ``b``"'
    comment = markdown(review(reviewed(DROP, {1: {"locks": (lock(LockMode.ACCESS_EXCLUSIVE, hostile),)}})))
    [row] = [line for line in comment.splitlines() if line.startswith("| `0002_change`")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 8
    assert '``` "![i](http://x/y.png) \\| `a` ``b``" ```' in row
