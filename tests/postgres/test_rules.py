"""Every rule finds its bad example and lets its good one pass, on every server: what its page says is true."""

# ruff: noqa: E501  # a row of a table is a line

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from runner.review.review import judge
from runner.review.rules import RULES
from runner.review.rules.rule import Severity
from runner.review.sizes import Sizes, TableSize
from tests.conftest import ON_ONE_SERVER, new_database
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

SETUP = """
CREATE TABLE t (id bigint PRIMARY KEY, a int, b int, c text, schema text, rename text);
CREATE UNIQUE INDEX t_a_idx ON t (a);
CREATE INDEX t_b_idx ON t (b);
CREATE TABLE p (id bigint PRIMARY KEY, t_id bigint REFERENCES t (id), v int CONSTRAINT p_v_check CHECK (v > 0));
CREATE INDEX p_t_id_idx ON p (t_id);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE VIEW ones AS SELECT one() AS n;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE SEQUENCE numbers;
CREATE SCHEMA app;
CREATE TABLE app.users (id bigint PRIMARY KEY, age int);
CREATE TABLE app.kid (id bigint, t_id bigint REFERENCES t);
CREATE TABLE serials (id serial PRIMARY KEY, x text);
CREATE TABLE ev (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (10);
CREATE TABLE par (id int NOT NULL);
CREATE TABLE chi (own int) INHERITS (par);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE kinds (m mood, p positive, many int[], bits bit(3), few bit varying(5));
"""
ABROAD = """
DROP FOREIGN DATA WRAPPER IF EXISTS nowhere CASCADE;
CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE abroad (x int) SERVER nowhere;
"""
UNENFORCED = "ALTER TABLE p ALTER CONSTRAINT p_t_id_fkey NOT ENFORCED;"
CASES = [
    # A constraint that is dropped and added again under its name.
    ("ALTER TABLE p DROP CONSTRAINT p_t_id_fkey, ADD CONSTRAINT p_t_id_fkey FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE", "foreign-key-scan"),
    ("ALTER TABLE p DROP CONSTRAINT p_t_id_fkey, ADD CONSTRAINT p_t_id_fkey FOREIGN KEY (t_id) REFERENCES t (id)", "scan-blocking"),
    ("ALTER TABLE p DROP CONSTRAINT p_v_check, ADD CONSTRAINT p_v_check CHECK (v > 1)", "check-scan"),
    ("ALTER TABLE p DROP CONSTRAINT p_v_check, ADD CONSTRAINT p_v_check CHECK (v > 1) NOT VALID", ""),
    ("ALTER TABLE p DROP CONSTRAINT p_pkey, ADD CONSTRAINT p_pkey PRIMARY KEY (id, t_id)", "unique-blocking"),
    ("ALTER TABLE p DROP CONSTRAINT p_pkey, ADD CONSTRAINT p_pkey PRIMARY KEY (id)", "unique-blocking"),
    ("ALTER TABLE p RENAME COLUMN t_id TO u_id", "rename"),
    ("ALTER TABLE t RENAME COLUMN id TO key", "rename"),
    ("ALTER TABLE app.kid RENAME CONSTRAINT kid_t_id_fkey TO kid_of_t", ""),
    # Changes of rows.
    ("MERGE INTO t USING (SELECT 1 AS id WHERE true) AS s ON t.id = s.id WHEN MATCHED THEN DELETE", ""),
    ("UPDATE t SET a = (SELECT v FROM p WHERE p.id = t.id)", "full-table-dml"),
    ("UPDATE t SET a = p.v FROM (SELECT v, id FROM p WHERE v > 1) AS p WHERE p.id = t.id", ""),
    ("WITH x AS (SELECT 1 WHERE true) UPDATE t SET a = 1", "full-table-dml"),
    ("WITH x AS (SELECT 1 AS id) UPDATE t SET a = 1 FROM x WHERE x.id = t.id", ""),
    ("WITH x AS (DELETE FROM t RETURNING *) SELECT count(*) FROM x WHERE a = 1", "full-table-dml"),
    ("WITH x AS (DELETE FROM t WHERE a = 1 RETURNING *) SELECT count(*) FROM x", ""),
    ('UPDATE ONLY "app"."users" AS u SET age = 1', "full-table-dml"),
    ("SET LOCAL search_path TO app, public;\nDELETE FROM users", "full-table-dml"),
    ("DELETE FROM users", "statement-fails"),
    ("DO $$ BEGIN UPDATE t SET a = 2; END $$", "full-table-dml"),
    ("DO $x$ BEGIN UPDATE t SET a = 2 WHERE id = 1; PERFORM 1 FROM t FOR UPDATE; END $x$", ""),
    ("CREATE TEMP TABLE t (a int) ON COMMIT DROP;\nUPDATE t SET a = 1", ""),
    ("TRUNCATE t CASCADE", "truncate cascade"),
    ("TRUNCATE ev CASCADE", "truncate"),
    ("CREATE TABLE made (a int);\nTRUNCATE made", ""),
    ("INSERT INTO t (id) SELECT 7 WHERE NOT EXISTS (SELECT 1 FROM t WHERE id = 7)", ""),
    ("ALTER TABLE p ADD COLUMN q int;\nINSERT INTO t (id) SELECT 7 WHERE NOT EXISTS (SELECT FROM t WHERE id = 7)", ""),
    ("ALTER TABLE p ADD COLUMN q int;\nINSERT INTO t (id) SELECT id FROM p", "lock-held-long"),
    # What is gone, and what is not.
    ("ALTER TABLE t DROP COLUMN c, ENABLE ROW LEVEL SECURITY", "drop-column-or-table trigger-policy-rule"),
    ("ALTER TABLE t DROP COLUMN c, SET (fillfactor=70)", "drop-column-or-table"),
    ("ALTER TABLE serials DROP COLUMN x, SET UNLOGGED", "drop-column-or-table table-rewrite"),
    ("ALTER TABLE t DROP COLUMN schema", "drop-column-or-table"),
    ("ALTER TABLE t DROP COLUMN rename", "drop-column-or-table"),
    ("DROP SEQUENCE numbers", "drop-column-or-table"),
    ("ALTER SEQUENCE numbers RENAME TO digits", ""),
    ("ALTER SEQUENCE numbers OWNED BY t.id", ""),
    ("DROP FUNCTION fired()", ""),
    ("DROP FUNCTION two()", "drop-column-or-table"),
    ("DROP FUNCTION two();\nCREATE FUNCTION two() RETURNS bigint LANGUAGE sql AS 'SELECT 2'", ""),
    ("DROP VIEW v;\nCREATE VIEW v AS SELECT a FROM t", ""),
    ("DROP TABLE app.users;\nCREATE TABLE app.users (id bigint)", "drop-column-or-table"),
    ("ALTER VIEW v RENAME COLUMN a TO aa", "rename"),
    # What only seems to come.
    ("ALTER TABLE p ADD COLUMN schema text NOT NULL", "not-null-without-default"),
    ("ALTER TABLE ev DETACH PARTITION ev_1", "partition-locks-parent"),
    ("ALTER TABLE chi NO INHERIT par", ""),
    ("ALTER FOREIGN TABLE abroad ADD COLUMN y int NOT NULL", ""),
    ("ALTER TABLE serials RENAME TO counted", "rename"),
    ("CREATE TABLE made (id serial PRIMARY KEY);\nALTER TABLE made RENAME TO renamed", "type-choice"),
    ("ALTER TABLE app.kid SET SCHEMA public", "rename"),
    ("ALTER SCHEMA app RENAME TO application", "rename"),
    ("ALTER TYPE mood RENAME TO feeling", "rename"),
    # Types.
    ("ALTER TABLE kinds ALTER COLUMN p TYPE int", ""),
    ("ALTER TABLE kinds ALTER COLUMN p TYPE smallint", "table-rewrite depends-on-rows"),
    ("ALTER TABLE kinds ALTER COLUMN many TYPE bigint[]", "table-rewrite"),
    ("ALTER TABLE kinds ALTER COLUMN many TYPE smallint[]", "table-rewrite depends-on-rows"),
    ("ALTER TABLE kinds ALTER COLUMN bits TYPE bit varying", ""),
    ("ALTER TABLE kinds ALTER COLUMN few TYPE bit varying(3)", "table-rewrite depends-on-rows"),
    # Partitions.
    ("CREATE INDEX ON ev (k)", "index-blocking"),
    ("ALTER TABLE ev ADD PRIMARY KEY (k)", "unique-blocking"),
    ("ALTER TABLE ev ADD UNIQUE (k)", "unique-blocking"),
    # CASCADE.
    ("DROP FUNCTION one() CASCADE", "drop-column-or-table cascade"),
    ("ALTER TABLE p DROP COLUMN v CASCADE", "drop-column-or-table"),
    ("ALTER TABLE t DROP COLUMN b CASCADE", "drop-column-or-table cascade"),
    ("ALTER TABLE p DROP COLUMN v, ADD COLUMN w bigint REFERENCES t (id) ON DELETE CASCADE", "drop-column-or-table foreign-key-without-index"),
    # Several statements.
    ("ALTER TABLE p VALIDATE CONSTRAINT p_one;\nALTER TABLE p VALIDATE CONSTRAINT p_two", ""),
    ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "statement-fails"),
]  # fmt: skip
"""A file of one statement or two, and the rules that find more than a note in it."""
MORE = "ALTER TABLE p ADD CONSTRAINT p_one CHECK (id > 1) NOT VALID, ADD CONSTRAINT p_two CHECK (id > 2) NOT VALID;"
UNCOUNTED = LARGE_AND_BUSY._replace(rows=0, table_bytes=13 * 2**20, reads=0, writes=0, published=False)
EMPTY = UNCOUNTED._replace(table_bytes=8192)


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


@ON_ONE_SERVER
@pytest.mark.parametrize(("text", "rules"), CASES, ids=[text for text, _ in CASES])
def test_what_is_found(text: str, rules: str, examples: Examples) -> None:
    assert {finding.rule for finding in warnings(traced(examples, f"{text};"))} == set(rules.split())


@ON_ONE_SERVER
@pytest.mark.parametrize(
    "text",
    [
        "ALTER INDEX t_a_idx RENAME TO t_a_key",
        "ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE USING INDEX t_a_idx",
        "ALTER TABLE p RENAME CONSTRAINT p_pkey TO p_key",
    ],
)
def test_what_is_unique_already_cannot_fail(text: str, examples: Examples) -> None:
    assert "depends-on-rows" not in {finding.rule for finding in judge(traced(examples, f"{text};")).findings}


def test_a_foreign_key_that_is_enforced_from_now_on_reads_its_table(examples: Examples) -> None:
    before, enforced = asyncio.run(subjects(examples.url, SETUP, [UNENFORCED, UNENFORCED.replace("NOT ", "")]))
    if before.trace.before.major < 18:
        pytest.skip("PostgreSQL 18 has it")
    assert {finding.rule for finding in warnings(enforced)} == {"foreign-key-scan"}


@ON_ONE_SERVER
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("DROP FUNCTION one() CASCADE", "does not name: view ones."),
        ("ALTER TABLE t DROP COLUMN b CASCADE", "does not name: view v."),
        ("ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE", "constraint kid_t_id_fkey, constraint p_t_id_fkey."),
        ("DO $$ BEGIN CREATE INDEX made ON t (c); END $$", "it changed index made, and locked t."),
        ("ALTER TABLE p DROP CONSTRAINT p_v_check, ADD CONSTRAINT p_v_check CHECK (v > 0)", "reads p from end to end"),
    ],
)
def test_what_is_said(text: str, says: str, examples: Examples) -> None:
    assert says in " ".join(finding.message for finding in warnings(traced(examples, f"{text};")))


@ON_ONE_SERVER
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ALTER TABLE t ADD COLUMN x int NOT NULL", "not-null-without-default"),
        ("ALTER TABLE t DROP COLUMN c", "drop-column-or-table"),
        ("DELETE FROM t", "full-table-dml"),
        ("TRUNCATE app.kid", "truncate"),
    ],
)
def test_a_table_whose_rows_nobody_counted_is_not_empty(text: str, rule: str, examples: Examples) -> None:
    subject = traced(examples, f"{text};")
    found = {
        name: max(
            each.severity for each in judge(subject._replace(sizes=sized(subject, size))).findings if each.rule == rule
        )
        for name, size in (("uncounted", UNCOUNTED), ("empty", EMPTY))
    }
    assert found["uncounted"] >= Severity.WARNING
    assert found["empty"] == Severity.NOTE


@ON_ONE_SERVER
def test_a_query_uses_a_column_if_it_names_that_one(examples: Examples) -> None:
    queries = "-- name: OfA :many\nSELECT a FROM t;\n-- name: Other :many\nSELECT c FROM t;\n"
    text = "ALTER TABLE t DROP COLUMN c, ADD COLUMN a_c int; ALTER TABLE kinds DROP COLUMN m;"
    [subject] = asyncio.run(subjects(examples.url, SETUP, [text], queries))
    first, second = (each.message for each in judge(subject).findings if each.rule == "drop-column-or-table")
    assert (first, second) == ("Gone for good: column t.c. Other still uses it.", "Gone for good: column kinds.m.")


def traced(examples: Examples, text: str) -> Subject:
    [subject] = asyncio.run(subjects(examples.url, SETUP + MORE + ABROAD, [text]))
    return subject


def sized(subject: Subject, size: TableSize) -> Sizes:
    """A database where all tables are of one size."""
    tables = {str(relation): size for relation in subject.trace.existing}
    return Sizes("live", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", 170_000, "UTC", None, tables)


def live(subject: Subject) -> Sizes:
    """A database where all tables are large and busy: even a lock of a moment is felt."""
    return sized(subject, LARGE_AND_BUSY)


def warnings(subject: Subject) -> list[Finding]:
    return [finding for finding in judge(subject).counted if finding.severity >= Severity.WARNING]


def worst(rule: Rule, subject: Subject) -> int:
    return max((finding.severity for finding in rule.check(subject)), default=0)
