"""The picture of an error, and the other lines that people read."""

from __future__ import annotations

import pytest

from runner.durations import format_duration, parse_duration
from runner.errors import Place, StatementFailed
from runner.report.text import error_text


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def picture(source: str, column: int) -> list[str]:
    return error_text(StatementFailed("wrong", place=Place("a.sql", 7, column, source))).splitlines()


def test_an_error_has_all_the_parts_that_it_can_have() -> None:
    error = StatementFailed(
        'column "emial" does not exist',
        place=Place("sql/migrations/0007_add_email_index.sql", 4, 39, "CREATE INDEX user_email_idx ON users (emial);"),
        sqlstate="42703",
        detail="first\nsecond",
        context="PL/pgSQL function f() line 3",
        hint='Perhaps you meant to reference the column "users.email".',
        state="0006 is applied; 0007 was rolled back; 0008 and 0009 were not tried.",
    )

    assert error_text(error) == (
        'error[apply.statement-failed]: column "emial" does not exist (SQLSTATE 42703)\n'
        "  --> sql/migrations/0007_add_email_index.sql:4:39\n"
        "   4 | CREATE INDEX user_email_idx ON users (emial);\n"
        "     |                                       ^\n"
        "  detail: first\n"
        "    second\n"
        "  context: PL/pgSQL function f() line 3\n"
        '  hint: Perhaps you meant to reference the column "users.email".\n'
        "  state: 0006 is applied; 0007 was rolled back; 0008 and 0009 were not tried."
    )


def test_the_caret_stands_under_its_column_behind_a_tab() -> None:
    assert picture("\tSELECT x;", 9)[2:] == ["   7 | \tSELECT x;", "     | \t       ^"]


def test_the_caret_stands_under_its_column_behind_wide_characters() -> None:
    assert picture("SELECT '漢字', x;", 14)[2:] == ["   7 | SELECT '漢字', x;", "     |" + " " * 16 + "^"]


def test_a_very_long_line_is_cut_around_the_column() -> None:
    shown, caret = picture("a" * 5000 + "X" + "b" * 5000, 5001)[2:]

    assert len(shown) < 130
    assert shown[caret.index("^")] == "X"


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500ms", 500), ("5s", 5000), ("2min", 120_000), ("1h", 3_600_000), (" 3 s ", 3000)],
)
def test_durations_are_read(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "5", "5m", "-1s", "1.5s", "s", "1d", "0x5s"])
def test_what_is_no_duration_is_not_read(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (61_000, "1 min 1 s"), (3_725_000, "62 min 5 s")],
)
def test_durations_are_shown_short(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text
