"""Small pure pieces: quoting, batches, headers, the names of concurrent indexes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.ledger.indexes import ConcurrentIndex, concurrent_index, may_run_again
from runner.ledger.light import is_light
from runner.ledger.lock import lock_key
from runner.migrations.header import parse_header
from runner.migrations.migration import Header, Migration, Mode, checksum, normalize
from runner.migrations.script import batches, parse_script
from runner.server.connect import redacted
from runner.server.sql import quote_identifier, quote_literal


def test_a_literal_is_quoted_so_that_nothing_in_it_counts() -> None:
    assert quote_literal(None) == "NULL"
    assert quote_literal(7) == "'7'"
    assert quote_literal("it's") == "$migrate$it's$migrate$"
    assert quote_literal("it's $migrate$") == "$migrate1$it's $migrate$$migrate1$"
    assert quote_identifier('a"b') == '"a""b"'


@given(st.text(alphabet="ab$'\\migrate1", max_size=40))
def test_a_dollar_quoted_literal_ends_where_it_should(text: str) -> None:
    literal = quote_literal(text)

    if literal.startswith("$"):
        tag = literal[: literal.index("$", 1) + 1]
        assert literal.index(tag, len(tag)) == len(literal) - len(tag)


@given(st.binary(max_size=50))
def test_normalizing_twice_is_normalizing_once(raw: bytes) -> None:
    assert normalize(normalize(raw)) == normalize(raw)


def test_a_checksum_names_its_algorithm() -> None:
    assert checksum(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_lock_of_each_schema_has_a_key_of_its_own() -> None:
    assert lock_key("public") != lock_key("tenant_1")
    assert -(2**63) <= lock_key("public") < 2**63


def test_a_header_holds_the_directives_of_the_comment_block() -> None:
    text = (
        "/* licence */\n-- What.\n\n--migrate:no-transaction\n  -- migrate:  lock-timeout = 2s\n"
        "-- migrate: statement-timeout=30min\n-- migrate: allow drop-column unread since 2.1\nSELECT 1;"
    )

    assert parse_header(text, "x.sql") == Header(
        Mode.NO_TRANSACTION, 2000, 1_800_000, (("drop-column", "unread since 2.1"),)
    )


def test_words_that_only_mention_the_tool_are_no_directive() -> None:
    assert parse_header("-- See: migrate: up\nSELECT 'migrate: x';", "x.sql") == Header()


def test_runs_of_data_statements_are_sent_together_and_others_alone() -> None:
    script = parse_script("INSERT INTO a VALUES (1); DELETE FROM a; SELECT 1; SELECT 2; UPDATE a SET b = 1;", "x.sql")

    assert [tuple(span) for span in batches(script)] == [(0, 2), (2, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize(
    ("sql", "light"),
    [
        ("CREATE TABLE a (id int); CREATE UNIQUE INDEX a_idx ON a (id); COMMENT ON TABLE a IS 'x';", True),
        ("CREATE TABLE s.a (id int); CREATE INDEX ON s.a USING gin (id);", True),
        ("CREATE VIEW v AS SELECT 1; CREATE TYPE t AS ENUM ('a'); CREATE FUNCTION f() RETURNS int RETURN 1;", True),
        ("CREATE TABLE s.a (id int); CREATE INDEX ON s.b (id);", False),
        ("CREATE INDEX a_idx ON a (id);", False),
        ("CREATE TABLE a AS SELECT 1;", False),
        ("CREATE TABLE a AS VALUES (1);", False),
        ("CREATE TEMP TABLE a (id int);", False),
        ("CREATE TABLE IF NOT EXISTS a (id int);", False),
        ("CREATE TABLE a (id int); INSERT INTO a VALUES (1);", False),
        ("SELECT 1;", False),
        ("SET search_path = x; CREATE TABLE a (id int);", False),
        ("ALTER TABLE a ADD COLUMN b int;", False),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1;", False),
    ],
)
def test_only_files_of_new_and_empty_things_are_light(sql: str, light: bool) -> None:  # noqa: FBT001
    migration = Migration(1, "0001", "a", "0001_a.sql", "sha256:", Header())

    assert is_light(migration, parse_script(sql, "0001_a.sql")) is light


def test_a_batch_has_a_limit() -> None:
    script = parse_script("INSERT INTO a VALUES (1);\n" * 10, "x.sql")

    assert [tuple(span) for span in batches(script, limit=60)] == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("CREATE INDEX CONCURRENTLY a_idx ON a (b)", ConcurrentIndex("a_idx", "a")),
        (
            "create unique index concurrently if not exists a_idx on only s.a using gin (b)",
            ConcurrentIndex("a_idx", "s . a"),
        ),
        ('CREATE INDEX CONCURRENTLY "A x" ON "S"."T y" (b)', ConcurrentIndex('"A x"', '"S" . "T y"')),
        ("CREATE INDEX CONCURRENTLY -- why\n a_idx /* so */ ON a (b)", ConcurrentIndex("a_idx", "a")),
        ("CREATE INDEX a_idx ON a (b)", None),
        ("CREATE INDEX CONCURRENTLY ON a (b)", None),
        ("REINDEX INDEX CONCURRENTLY a_idx", None),
    ],
)
def test_the_index_that_a_statement_builds_concurrently_is_known(sql: str, index: ConcurrentIndex | None) -> None:
    assert concurrent_index(sql) == index


@pytest.mark.parametrize(
    ("sql", "safe"),
    [
        ("CREATE INDEX CONCURRENTLY a_idx ON a (b)", True),
        ("REINDEX (VERBOSE) TABLE CONCURRENTLY a", True),
        ("CREATE INDEX CONCURRENTLY ON a (b)", False),
        ("INSERT INTO a VALUES (1)", False),
        ("CALL backfill()", False),
    ],
)
def test_only_a_few_statements_may_run_again_by_themselves(sql: str, safe: bool) -> None:  # noqa: FBT001
    assert may_run_again(sql) is safe


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h:1/d", "postgresql://u@h:1/d"),
        ("postgresql://u:p@x/y:z@h/d", "postgresql://u@h/d"),
        ("postgresql://h/d?user=u&password=p&sslmode=require", "postgresql://h/d?user=u&password=…&sslmode=require"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        (None, "the database of the PG… environment"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str | None, shown: str) -> None:
    assert redacted(url) == shown
