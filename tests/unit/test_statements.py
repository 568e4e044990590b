"""The lexer, by itself and against PostgreSQL's own parser."""

from __future__ import annotations

import re
from pathlib import Path

import postgast
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import PsqlCommand, Unterminated
from runner.migrations.statements import essence, split
from runner.server.binaries import all_binaries


def statements(text: str) -> list[str]:
    return [text[each.start : each.end] for each in split(text, "x.sql")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"], id="two statements"),
        pytest.param(";;SELECT 1;;", ["SELECT 1"], id="lone semicolons are nothing"),
        pytest.param("-- only this\n/* and this */", [], id="comments alone are nothing"),
        pytest.param("SELECT 'a;''b;'; x", ["SELECT 'a;''b;'", "x"], id="quotes"),
        pytest.param(r"SELECT E'a\';b'; x", [r"SELECT E'a\';b'", "x"], id="escape string"),
        pytest.param("SELECT E'a'\n  'b\\';'; x", ["SELECT E'a'\n  'b\\';'", "x"], id="continued escape string"),
        pytest.param(r"SELECT '\'; x", [r"SELECT '\'", "x"], id="a backslash in a plain string is a character"),
        pytest.param("SELECT namee'x;'; x", ["SELECT namee'x;'", "x"], id="a word that ends in e is no escape string"),
        pytest.param(r"SELECT U&'\0441;'; x", [r"SELECT U&'\0441;'", "x"], id="unicode string"),
        pytest.param(r'SELECT U&"d;"; x', [r'SELECT U&"d;"', "x"], id="unicode identifier"),
        pytest.param('SELECT "a;""b;"; x', ['SELECT "a;""b;"', "x"], id="quoted identifier"),
        pytest.param("SELECT $$a;$b$;$$; x", ["SELECT $$a;$b$;$$", "x"], id="dollar quote"),
        pytest.param("SELECT $a$;$b$;$a$; x", ["SELECT $a$;$b$;$a$", "x"], id="tagged dollar quote"),
        pytest.param("SELECT $é$;$é$; x", ["SELECT $é$;$é$", "x"], id="dollar quote with a letter beyond ASCII"),
        pytest.param("SELECT a$b$c; x$y$", ["SELECT a$b$c", "x$y$"], id="dollar signs in names"),
        pytest.param("SELECT $1; x", ["SELECT $1", "x"], id="parameter"),
        pytest.param("SELECT 1 /* a; /* b; */ c; */; x", ["SELECT 1 /* a; /* b; */ c; */", "x"], id="nested comment"),
        pytest.param("SELECT 1 -- a; b\n; x", ["SELECT 1 -- a; b\n", "x"], id="line comment"),
        pytest.param("SELECT 1 - -2 / 3; x", ["SELECT 1 - -2 / 3", "x"], id="operators that begin like comments"),
        pytest.param(
            "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); x",
            ["CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)", "x"],
            id="rule with two actions",
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; x",
            ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "x"],
            id="atomic body",
        ),
        pytest.param(
            "CREATE OR REPLACE /* c */ PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN a THEN CASE WHEN b THEN 1 END END; "
            "SELECT 2 AS end; SELECT t.end FROM t; END; x",
            [
                (
                    "CREATE OR REPLACE /* c */ PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN a THEN CASE WHEN b THEN 1 "
                    "END END; SELECT 2 AS end; SELECT t.end FROM t; END"
                ),
                "x",
            ],
            id="atomic body with nested CASE and columns called end",
        ),
        pytest.param(
            "CREATE FUNCTION f(begin int) RETURNS int LANGUAGE sql AS $$ SELECT 1; $$; x",
            ["CREATE FUNCTION f(begin int) RETURNS int LANGUAGE sql AS $$ SELECT 1; $$", "x"],
            id="a parameter called begin",
        ),
        pytest.param("SELECT ((1; SELECT 2", ["SELECT ((1", "SELECT 2"], id="an open parenthesis hides nothing"),
    ],
)
def test_a_script_is_cut_at_its_semicolons(text: str, expected: list[str]) -> None:
    assert statements(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        pytest.param("SELECT 1;\nSELECT 'abc", 2, 8, id="string"),
        pytest.param("SELECT E'abc\\'; SELECT 2", 1, 8, id="escape string"),
        pytest.param('SELECT "abc;', 1, 8, id="identifier"),
        pytest.param("SELECT 1;\n\n  SELECT $a$ b $b$", 3, 10, id="dollar quote"),
        pytest.param("SELECT 1 /* a /* b */", 1, 10, id="comment"),
    ],
)
def test_a_quote_that_never_ends_is_named_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(Unterminated) as caught:
        statements(text)

    assert caught.value.place
    assert (caught.value.place.line, caught.value.place.column) == (line, column)


def test_a_command_of_psql_is_refused_with_its_place() -> None:
    with pytest.raises(PsqlCommand, match=r"\\copy users from 'x'") as caught:
        statements("SELECT 1;\n  \\copy users from 'x'\nSELECT 2;")

    assert str(caught.value.place) == "x.sql:2:3"


def _shipped_sql() -> list[Path]:
    """The SQL that PostgreSQL itself ships: its catalogs' views, its functions with atomic bodies, its extensions."""
    shares = {binaries.folder.parent / "share" for binaries in all_binaries()}
    shares |= {Path("/usr/share/postgresql") / str(binaries.major) for binaries in all_binaries()}
    return sorted(path for share in shares if share.is_dir() for path in share.rglob("*.sql"))


def test_the_lexer_agrees_with_the_parser_of_postgresql_on_all_sql_that_postgresql_ships() -> None:
    checked = 0
    for path in _shipped_sql():
        text = re.sub(r"^\\.*$", "", path.read_text(), flags=re.MULTILINE).replace("@extschema@", "public")
        try:
            expected = postgast.split(text)
        except postgast.PgQueryError:
            continue  # a template of initdb, not SQL yet
        ours = statements(text)
        assert [essence(each) for each in ours] == [essence(each) for each in expected if essence(each)], path
        checked += len(ours)

    assert checked > 3000


_FRAGMENTS = st.sampled_from(
    [
        "SELECT 1",
        ";",
        "'a;b'",
        "''",
        "E'\\''",
        '"q;"',
        "$$ ; $$",
        "$t$ $$ ; $t$",
        "-- c;\n",
        "/* ; /* ; */ */",
        " ",
        "\n",
        "(",
        ")",
        "CREATE FUNCTION f() ",
        "BEGIN ATOMIC ",
        "CASE ",
        "END",
        "$1",
        "a$b",
        "é",
        "\t",
        "- ",
        "/ ",
        ".",
        "1e5",
    ]
)


@given(st.lists(_FRAGMENTS, max_size=30).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_statements_and_what_lies_between_them_are_the_script(text: str) -> None:
    end = 0
    for statement in split(text, "x.sql"):
        between = text[end : statement.start]
        assert not [each for each in essence(between) if each != ";"]
        assert statement.start < statement.end
        end = statement.end

    assert not [each for each in essence(text[end:]) if each != ";"]


@given(st.lists(st.sampled_from(["SELECT 1", "INSERT INTO t VALUES ('a;')", "DO $$ BEGIN END $$"]), min_size=1))
@settings(max_examples=50, deadline=None)
def test_joined_statements_are_cut_into_the_same_statements(parts: list[str]) -> None:
    assert statements(";\n-- between\n".join(parts)) == parts


def test_two_texts_that_differ_in_comments_and_space_have_one_essence() -> None:
    assert essence("SELECT  1 -- a\n;") == essence("/* b */ SELECT\n1;")
    assert essence("SELECT a < = b") != essence("SELECT a <= b")
    assert essence("SELECT 'a  b'") != essence("SELECT 'a b'")


_ROW_FRAGMENTS = st.sampled_from(  # of what a data file could hold
    "INSERT |update |DELETE |SELECT |COPY |x| |;\n|;\n|;|\n|'|''|'a'|\"|\\|E'|$$|$1|--|-|/*|*/|/|é".split("|"),  # noqa: SIM905  # shorter so
)


@given(st.lists(_ROW_FRAGMENTS, max_size=40).map("".join), st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_a_run_of_rows_is_the_rows_that_are_in_it(text: str, longest: int) -> None:
    try:
        alone = list(split(text, "x.sql"))
    except (PsqlCommand, Unterminated):
        return  # a script that cannot be cut has no runs, which is a test of its own

    runs = list(split(text, "x.sql", longest_run=longest))

    assert sum(run.run for run in runs) == len(alone)
    assert [text[each.start : each.end] for each in alone] == [
        text[run.start : run.end][each.start : each.end]
        for run in runs
        for each in split(text[run.start : run.end], "x.sql")
    ]


@given(st.lists(_ROW_FRAGMENTS, max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_a_script_that_cannot_be_cut_cannot_be_cut_into_runs_either(text: str) -> None:
    try:
        list(split(text, "x.sql"))
    except (PsqlCommand, Unterminated) as error:
        with pytest.raises(type(error)):
            list(split(text, "x.sql", longest_run=1000))


def test_a_data_file_is_cut_into_few_runs() -> None:
    text = "INSERT INTO t VALUES (1, 'a;b -- c \"d\" $e$ /* f', -1);\n" * 1000

    runs = list(split(text, "x.sql", longest_run=10_000))

    assert sum(run.run for run in runs) == 1000
    assert len(runs) < 10
