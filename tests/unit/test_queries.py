"""The dialect: what a file of queries says, without a server; with one, see tests/cli/test_generate.py."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from runner.client.queries import Command, Query, parse_files
from runner.client.stars import find_arms, hides_a_star
from runner.client.tree import read_tree, walk
from runner.errors import MigrateError


def parse(sql: str, head: str = "-- name: GetIt :one\n") -> Query:
    [file] = parse_files({"sql/queries/it.sql": head + sql})
    [query] = file.queries
    return query


def test_a_file_is_read_as_sqlc_reads_it() -> None:
    text = """-- About this file.

-- name: GetUser :one
-- One user.
-- Or none.
-- @sqlc-vet-disable
SELECT id FROM users WHERE id = @id; -- and a remark

/* name: listUsers :many */
SELECT ';' AS a;
"""
    [file] = parse_files({"sql/queries/users.sql": text})

    assert file.module == "users"
    assert [(query.name, query.function, query.command) for query in file.queries] == [
        ("GetUser", "get_user", Command.ONE),
        ("listUsers", "list_users", Command.MANY),
    ]
    assert file.queries[0].docs == ("One user.", "Or none.")
    assert file.queries[0].sql == "SELECT id FROM users WHERE id = $1"
    assert file.queries[1].sql == "SELECT ';' AS a"


@pytest.mark.parametrize(
    ("written", "sql", "parameters"),
    [
        ("a = @x", "a = $1", "x"),
        ("a=@x", "a=$1", "x"),
        ("a >=@x", "a >=$1", "x"),
        ("a = @x OR b = @y OR c = @x", "a = $1 OR b = $2 OR c = $1", "x y"),
        ("a = @x::uuid", "a = $1::uuid", "x"),
        ("a = @x?", "a = $1", "x?"),
        ("a = @x?::text", "a = $1::text", "x?"),
        ("a = @x AND b = @x?", "a = $1 AND b = $1", "x?"),
        ("a = sqlc.arg(x)", "a = $1", "x"),
        ("a = sqlc.arg('x')", "a = $1", "x"),
        ("a = SQLC . narg ( x )", "a = $1", "x?"),
        ("a = $2 AND b = $1", "a = $2 AND b = $1", "- -"),
        ("a @> b", "a @> b", ""),
        ("a <@ b AND a<@b", "a <@ b AND a<@b", ""),
        ("a @@ b AND a @? b AND c ? 'd'", "a @@ b AND a @? b AND c ? 'd'", ""),
        ("a ? @x", "a ? $1", "x"),
        ("@ -5 = a", "@ -5 = a", ""),
        ("a = '@x' AND b = \"@y\"", "a = '@x' AND b = \"@y\"", ""),
        ("a = $$ @x $$", "a = $$ @x $$", ""),
        ("a = E'it\\'s @x' /* @y */", "a = E'it\\'s @x' /* @y */", ""),
        ("a[1:n] = ANY (@x :: uuid[])", "a[1:n] = ANY ($1 :: uuid[])", "x"),
    ],
)
def test_parameters_are_found_and_operators_left_alone(written: str, sql: str, parameters: str) -> None:
    query = parse(f"SELECT {written};")

    assert query.sql == f"SELECT {sql}"
    found = [f"{each.name or '-'}{'?' if each.nullable else ''}" for each in query.parameters]
    assert " ".join(found) == parameters


BAD = {
    "unknown command": ("-- name: A :frobnicate\nSELECT 1;", "query.bad-annotation", "1:12", "there is no command"),
    "left out on purpose": ("-- name: A :batchone\nSELECT 1;", "query.bad-annotation", "1:12", "unnest"),
    "no command": ("-- name: A\nSELECT 1;", "query.bad-annotation", "1:1", "-- name: GetUser :one"),
    "no name": ("SELECT 1;", "query.bad-annotation", "1:1", "a statement has no name"),
    "a name twice": ("-- name: getKey :one\nSELECT 1;", "query.same-name", None, "is taken"),
    "a keyword as a name": ("-- name: Class :one\nSELECT 1;", "query.bad-name", "1:10", "Python function"),
    "a keyword as a parameter": (
        "-- name: A :one\nSELECT id FROM keys WHERE name = @from;",
        "query.bad-parameter",
        "2:34",
        '"from"',
    ),
    "a list macro": (
        "-- name: A :many\nSELECT id FROM keys WHERE id IN (sqlc.slice(ids));",
        "query.bad-parameter",
        "2:34",
        "= ANY(",
    ),
    "numbers beside names": (
        "-- name: A :one\nSELECT id FROM keys WHERE id = $1 AND name = @n;",
        "query.bad-parameter",
        "2:32",
        "Name them all",
    ),
    "a gap in the numbers": (
        "-- name: A :one\nSELECT id FROM keys WHERE id = $2;",
        "query.bad-parameter",
        "2:32",
        "$1",
    ),
    "an empty file": ("", "query.none", None, "no query"),
    "comments alone": ("-- nothing\n/* here */", "query.none", None, "no query"),
    "no statement": ("-- name: A :one\n-- nothing", "query.not-one-statement", "1:1", "no statement"),
    "two statements": ("-- name: A :one\nSELECT 1; SELECT 2;", "query.not-one-statement", "2:11", "2 statements"),
    "an open quote": ("-- name: A :one\nSELECT 'x;", "file.unterminated", "2:8", "never closed"),
    "a type that cannot be read": (
        "-- name: A :one\n-- json: x\nSELECT 1 AS x;",
        "query.bad-annotation",
        "2:1",
        "JSON",
    ),
    "a transaction": ("-- name: A :exec\nBEGIN;", "query.bad-command", "2:1", "connection.transaction()"),
}


@pytest.mark.parametrize(("text", "name", "place", "told"), BAD.values(), ids=BAD)
def test_a_bad_file_gets_one_clear_error_with_its_place(text: str, name: str, place: str | None, told: str) -> None:
    with pytest.raises(MigrateError) as caught:
        parse_files({"bad.sql": text, "keys.sql": "-- name: GetKey :one\nSELECT 1;\n"})

    assert caught.value.name == name
    assert told in f"{caught.value.message} {caught.value.hint}"
    assert place is None or str(caught.value.place) == f"bad.sql:{place}"


def test_an_offset_in_the_sql_leads_back_to_the_file() -> None:
    query = parse("SELECT @some_long_name,\n  sqlc.arg(y), here;")

    place = query.place_of(query.sql.index("here"))

    assert (place.line, place.column) == (3, 16)


@pytest.mark.parametrize(
    ("sql", "stars"),
    [
        ("SELECT * FROM a", [["*"]]),
        ("SELECT a.*, b.* FROM a, b", [["a.*", "b.*"]]),
        ('SELECT 1, s."T".* FROM s."T"', [["", 's."T".*']]),
        ("SELECT a * b, count(*), 2 * 3 FROM a", [["", "", ""]]),
        ("SELECT DISTINCT * FROM a", [["*"]]),
        ("SELECT DISTINCT ON (x) * FROM a", [["*"]]),
        ("SELECT (a) * b FROM a", [[""]]),
        ("SELECT a IS DISTINCT FROM b, * FROM a", [["", "*"]]),
        ("SELECT x FROM (SELECT * FROM a) AS y", [[""]]),
        ("WITH w AS (SELECT * FROM a) SELECT * FROM w", [["*"]]),
        ("SELECT * FROM a UNION ALL SELECT * FROM b", [["*"], ["*"]]),
        ("(SELECT * FROM a) EXCEPT (SELECT b.* FROM b)", [["*"], ["b.*"]]),
        ("INSERT INTO a SELECT * FROM b RETURNING *", [["*"], ["*"]]),
        ("UPDATE a SET x = 2 * 3 RETURNING a.*", [["a.*"]]),
    ],
)
def test_stars_are_told_from_multiplications(sql: str, stars: list[list[str]]) -> None:
    query = parse(f"{sql};")

    found = [[query.sql[star.start : star.end] if star else "" for star in arm] for arm in find_arms(query)]

    assert found == stars


@pytest.mark.parametrize(
    ("sql", "hides"),
    [
        ("TABLE a", True),
        ("WITH w AS (SELECT 1) TABLE w", True),
        ("WITH w AS (SELECT 1 AS n) (SELECT * FROM w)", True),
        ("WITH w AS (SELECT 1 AS n) SELECT n FROM w", False),
        ("VALUES ((SELECT count(*) FROM a))", False),
        ("WITH w AS (SELECT 1) VALUES (1, 2)", False),
        ("SHOW work_mem", False),
    ],
)
def test_a_star_may_hide(sql: str, hides: bool) -> None:  # noqa: FBT001
    assert hides_a_star(parse(f"{sql};")) is hides


def test_an_embedded_table_is_a_star_that_is_remembered() -> None:
    query = parse("SELECT sqlc.embed(u), sqlc.embed(p) FROM u, p;")

    assert query.sql == "SELECT u.*, p.* FROM u, p"
    assert [query.sql[offset] for offset in query.embeds] == ["*", "*"]


def test_a_tree_is_read_with_odd_names() -> None:
    tree = read_tree(
        '({QUERY :a <> :names ("x y" "" ) :list (1 2 3) :set (b 8 9) :flag true :sub {VAR :no 3 :name a\\ b}})'
    )

    assert tree is not None
    assert (tree.numbers("list"), tree.numbers("set"), tree.flag("flag"), tree.text("a")) == (
        [1, 2, 3],
        [8, 9],
        True,
        "",
    )
    assert [node.tag for node in walk(tree)] == ["QUERY", "VAR"]
    assert walk(tree) is not None
    sub = tree.node("sub")
    assert sub
    assert (sub.number("no"), sub.text("name")) == (3, "a b")


@given(
    strategies.lists(
        strategies.sampled_from(["@x", "'@x'", "/* @x */", "<@", "$$@x$$", '"@x"', "@>", "\n", " ", "y", "1"])
    )
)
def test_no_parameter_is_found_within_quotes_and_none_is_missed_outside(pieces: list[str]) -> None:
    query = parse(f"SELECT {' '.join(pieces)} 1;")

    assert query.sql.count("$1") == pieces.count("@x")
