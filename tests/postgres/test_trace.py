"""What the trace sees: the facts about locks, rewrites and scans that the rules stand on, on every server."""

# ruff: noqa: E501  # a row of a table is a line

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from runner import Config
from runner.ledger.session import Listener, open_session
from runner.review.locks import LockMode
from tests.conftest import new_database
from tests.postgres.tracing import trace_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from runner.ledger.session import Session
    from runner.review.observed import Lock, Trace
    from tests.conftest import Server

    Tracing = Callable[[str, str], Trace]

AS, RS, RX, SUX, S, SRX, X, AX = LockMode
ALONE = "-- migrate: no-transaction\n"
BASE = """
CREATE TABLE parent (id int PRIMARY KEY, code varchar(20));
CREATE TABLE t (id int PRIMARY KEY, a varchar(20), b int, c text, ts timestamp, n numeric(10, 2), j jsonb);
CREATE INDEX t_a_idx ON t (a);
ALTER TABLE t ADD CONSTRAINT t_b_check CHECK (b > 0) NOT VALID;
CREATE TABLE child (id int PRIMARY KEY, p int CONSTRAINT child_p_fkey REFERENCES parent, q int);
ALTER TABLE child ADD CONSTRAINT child_q_fkey FOREIGN KEY (q) REFERENCES parent NOT VALID;
CREATE TABLE parted (k int, x int) PARTITION BY RANGE (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE loose (k int, x int);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
CREATE UNIQUE INDEX m_id_idx ON m (id);
CREATE VIEW v AS SELECT id FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
"""
TRIGGER = "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
OF_DOMAIN = "ALTER TABLE loose ADD COLUMN d positive"


@dataclass(frozen=True, slots=True)
class Row:
    """A statement with the locks that it takes on tables, and what it does to them (names with blanks between).

    `indexes` are locks on indexes, compared if there are any; `alone` puts it into a no-transaction file; it is for
    servers from major `since` on and older than `before`.
    """

    statement: str
    locks: Mapping[str, LockMode]
    rewritten: str = ""
    rebuilt: str = ""
    built: str = ""
    scanned: str = ""
    indexes: Mapping[str, LockMode] = field(default_factory=dict)
    waits: bool = False
    alone: bool = False
    since: int = 0
    before: int = 99
    setup: str = ""
    when: str = ""

    @property
    def title(self) -> str:
        return f"{self.statement}, {self.when}" if self.when else self.statement


# fmt: off
ROWS = [
    Row("ALTER TABLE t ADD COLUMN x int", {"t": AX}),
    Row("ALTER TABLE t ADD COLUMN x int DEFAULT 5", {"t": AX}),
    Row("ALTER TABLE t ADD COLUMN x timestamptz DEFAULT now()", {"t": AX}),
    Row("ALTER TABLE t ADD COLUMN x double precision DEFAULT random()", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (b * 2) STORED", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (b * 2) VIRTUAL", {"t": AX}, since=18),
    Row("ALTER TABLE t ADD COLUMN x serial", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS IDENTITY", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x positive", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x int NOT NULL", {"t": AX}, scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x int CHECK (x > 0)", {"t": AX}, scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x int DEFAULT 1 CHECK (x > 0)", {"t": AX}, scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x int UNIQUE", {"t": AX}, built="t_x_key", scanned="t"),
    Row("ALTER TABLE t ADD COLUMN x int REFERENCES parent", {"parent": SRX, "t": AX}),
    Row("ALTER TABLE t ADD COLUMN x int DEFAULT 1 REFERENCES parent", {"parent": SRX, "t": AX}, scanned="t"),
    Row("ALTER TABLE t ALTER a TYPE varchar(40)", {"t": AX}),
    Row("ALTER TABLE t ALTER a TYPE text", {"t": AX}),
    Row("ALTER TABLE t ALTER a TYPE varchar(10)", {"t": AX}, rewritten="t", built="t_a_idx", scanned="t"),
    Row("ALTER TABLE t ALTER c TYPE varchar(10)", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ALTER ts TYPE timestamptz", {"t": AX}),
    Row("ALTER TABLE t ALTER ts TYPE timestamptz", {"t": AX}, rewritten="t", scanned="t", setup="SET timezone = 'Europe/Paris'", when="outside UTC"),
    Row("ALTER TABLE t ALTER n TYPE numeric(12, 2)", {"t": AX}),
    Row("ALTER TABLE t ALTER n TYPE numeric", {"t": AX}),
    Row("ALTER TABLE t ALTER n TYPE numeric(12, 4)", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ALTER b TYPE bigint", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ALTER j TYPE json", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t ALTER e TYPE text", {"t": AX}, rewritten="t", scanned="t", setup="ALTER TABLE t ADD COLUMN e mood"),
    Row("ALTER TABLE loose ALTER d TYPE int", {"loose": AX}, setup=OF_DOMAIN),
    Row("ALTER TABLE child ALTER p TYPE bigint", {"child": AX, "parent": AX}, rewritten="child", scanned="child"),
    Row('ALTER TABLE t ALTER a TYPE varchar(20) COLLATE "C"', {"t": AX}, built="t_a_idx", scanned="t"),
    Row("ALTER TABLE t ALTER c TYPE text USING upper(c)", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE t DROP COLUMN c", {"t": AX}),
    Row("ALTER TABLE t DROP COLUMN a", {"t": AX}),
    Row("ALTER TABLE t RENAME COLUMN c TO d", {"t": AX}),
    Row("ALTER TABLE t RENAME TO u", {"t": AX}),
    Row("ALTER TABLE t ALTER c SET DEFAULT ''", {"t": AX}),
    Row("ALTER TABLE t ALTER c SET NOT NULL", {"t": AX}, scanned="t"),
    Row("ALTER TABLE t ALTER c SET NOT NULL", {"t": AX}, setup="ALTER TABLE t ADD CONSTRAINT h CHECK (c IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT h", when="after a validated CHECK"),
    Row("ALTER TABLE t ADD CONSTRAINT x NOT NULL c NOT VALID", {"t": AX}, since=18),
    Row("ALTER TABLE t VALIDATE CONSTRAINT x", {"t": SUX}, scanned="t", since=18, setup="ALTER TABLE t ADD CONSTRAINT x NOT NULL c NOT VALID"),
    Row("ALTER TABLE t ADD CONSTRAINT x NOT NULL c", {"t": AX}, scanned="t", since=18),
    Row("ALTER TABLE t ADD CONSTRAINT x CHECK (b > 0)", {"t": AX}, scanned="t"),
    Row("ALTER TABLE t ADD CONSTRAINT x CHECK (b > 0) NOT VALID", {"t": AX}),
    Row("ALTER TABLE t ADD CONSTRAINT x CHECK (b > 0) NOT ENFORCED", {"t": AX}, since=18),
    Row("ALTER TABLE t VALIDATE CONSTRAINT t_b_check", {"t": SUX}, scanned="t"),
    Row("ALTER TABLE t DROP CONSTRAINT t_b_check", {"t": AX}),
    Row("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES parent", {"parent": SRX, "t": SRX}, scanned="t"),
    Row("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES parent NOT VALID", {"parent": SRX, "t": SRX}),
    Row("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES parent NOT ENFORCED", {"parent": SRX, "t": SRX}, since=18),
    Row("ALTER TABLE child VALIDATE CONSTRAINT child_q_fkey", {"child": SUX, "parent": RS}, scanned="child"),
    Row("ALTER TABLE child DROP CONSTRAINT child_p_fkey", {"child": AX, "parent": AX}),
    Row("CREATE TABLE new (id int REFERENCES parent)", {"parent": SRX}),
    Row("CREATE TABLE new (id int)", {}),
    Row("CREATE TABLE new (LIKE t INCLUDING ALL)", {"t": AS}),
    Row("DROP TABLE child", {"child": AX, "parent": AX}),
    Row("DROP TABLE parent CASCADE", {"child": AX, "parent": AX}),
    Row("DROP TABLE loose", {"loose": AX}),
    Row("CREATE INDEX x ON t (b)", {"t": S}, built="x", scanned="t"),
    Row("CREATE UNIQUE INDEX x ON t (b)", {"t": S}, built="x", scanned="t"),
    Row("CREATE INDEX x ON parted (x)", {"parted": S, "parted_1": S}, built="parted_1_x_idx", scanned="parted_1"),
    Row("CREATE INDEX x ON ONLY parted (x)", {"parted": S}),
    Row("CREATE INDEX CONCURRENTLY x ON t (b)", {"t": SUX}, built="x", scanned="t", waits=True, alone=True),
    Row("CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a_idx ON t (b)", {"t": SUX}, alone=True),
    Row("REINDEX TABLE CONCURRENTLY t", {"t": SUX}, built="t_a_idx t_pkey", scanned="t", indexes={"t_a_idx": SUX, "t_pkey": SUX}, waits=True, alone=True),
    Row("REINDEX INDEX CONCURRENTLY t_a_idx", {"t": SUX}, built="t_a_idx", scanned="t", indexes={"t_a_idx": SUX}, waits=True, alone=True),
    Row("DROP INDEX CONCURRENTLY t_a_idx", {"t": SUX}, indexes={"t_a_idx": SUX}, waits=True, alone=True),
    Row("DROP INDEX t_a_idx", {"t": AX}, indexes={"t_a_idx": AX}),
    Row("REINDEX INDEX t_a_idx", {"t": S}, rebuilt="t_a_idx", scanned="t", indexes={"t_a_idx": AX}),
    Row("REINDEX TABLE t", {"t": S}, rebuilt="t_a_idx t_pkey", scanned="t", indexes={"t_a_idx": AX, "t_pkey": AX}),
    Row("ALTER TABLE t ADD UNIQUE (b)", {"t": AX}, built="t_b_key", scanned="t"),
    Row("ALTER TABLE loose ADD PRIMARY KEY (k)", {"loose": AX}, built="loose_pkey", scanned="loose"),
    Row("ALTER TABLE t ADD UNIQUE USING INDEX x", {"t": AX}, setup="CREATE UNIQUE INDEX x ON t (b)"),
    Row("ALTER TABLE loose ADD PRIMARY KEY USING INDEX x", {"loose": AX}, scanned="loose", setup="CREATE UNIQUE INDEX x ON loose (k)"),
    Row("ALTER TABLE loose ADD PRIMARY KEY USING INDEX x", {"loose": AX}, setup="ALTER TABLE loose ALTER k SET NOT NULL; CREATE UNIQUE INDEX x ON loose (k)", when="of what is NOT NULL"),
    Row("ALTER TABLE t ADD EXCLUDE (b WITH =)", {"t": AX}, built="t_b_excl", scanned="t"),
    Row("ALTER TABLE t SET UNLOGGED", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TABLE loose SET UNLOGGED", {"loose": AX}, rewritten="loose", scanned="loose"),
    Row("ALTER TABLE l SET LOGGED", {"l": AX}, rewritten="l", scanned="l", setup="CREATE UNLOGGED TABLE l (a int)"),
    Row("ALTER TABLE loose SET ACCESS METHOD heap", {"loose": AX}),
    Row("CLUSTER t USING t_pkey", {"t": AX}, rewritten="t", scanned="t"),
    Row("CLUSTER t USING t_pkey", {"t": AX}, rewritten="t", scanned="t", alone=True, when="in a no-transaction file"),
    Row("VACUUM FULL t", {"t": AX}, rewritten="t", scanned="t", alone=True),
    Row("VACUUM t", {"t": SUX}, alone=True),
    Row("ANALYZE t", {"t": SUX}),
    Row("TRUNCATE t", {"t": AX}, rewritten="t", scanned="t"),
    Row("TRUNCATE parent CASCADE", {"child": AX, "parent": AX}, rewritten="child parent", scanned="child parent"),
    Row("REFRESH MATERIALIZED VIEW m", {"m": AX, "t": AS}, rewritten="m", scanned="m t"),
    Row("REFRESH MATERIALIZED VIEW CONCURRENTLY m", {"m": X, "t": AS}, scanned="m t"),
    Row("CREATE TABLE new AS SELECT * FROM t", {"t": AS}, scanned="t"),
    Row("CREATE MATERIALIZED VIEW new AS SELECT * FROM t", {"t": AS}, scanned="t"),
    Row("CREATE VIEW new AS SELECT * FROM t", {"t": AS}),
    Row("CREATE OR REPLACE VIEW v AS SELECT id FROM t WHERE id > 0", {"t": AS, "v": AX}),
    Row("DROP VIEW v", {"v": AX}),
    Row("LOCK TABLE t", {"t": AX}),
    Row("ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (10) TO (20)", {"loose": AX, "parted": SUX}, scanned="loose"),
    Row("ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (10) TO (20)", {"loose": AX, "parted": SUX}, setup="ALTER TABLE loose ADD CHECK (k IS NOT NULL AND k >= 10 AND k < 20)", when="after a CHECK"),
    Row("ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (10) TO (20)", {"loose": AX, "parted": SUX, "parted_d": AX}, scanned="loose parted_d", setup="CREATE TABLE parted_d PARTITION OF parted DEFAULT", when="beside a default partition"),
    Row("ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (10) TO (20)", {"loose": AX, "parted": SUX, "parted_d": AX}, scanned="loose", setup="CREATE TABLE parted_d PARTITION OF parted DEFAULT; ALTER TABLE parted_d ADD CHECK (k < 10 OR k >= 20 OR k IS NULL)", when="beside a default partition with a CHECK"),
    Row("CREATE TABLE new PARTITION OF parted FOR VALUES FROM (10) TO (20)", {"parted": AX}),
    Row("CREATE TABLE new PARTITION OF parted FOR VALUES FROM (10) TO (20)", {"parted": AX, "parted_d": AX}, scanned="parted_d", setup="CREATE TABLE parted_d PARTITION OF parted DEFAULT", when="beside a default partition"),
    Row("ALTER TABLE parted DETACH PARTITION parted_1", {"parted": AX, "parted_1": AX}),
    Row("ALTER TABLE parted DETACH PARTITION parted_1 CONCURRENTLY", {"parted": SUX, "parted_1": AX}, waits=True, alone=True),
    Row("DROP TABLE parted_1", {"parted": AX, "parted_1": AX}),
    Row("ALTER TABLE parted ALTER x TYPE bigint", {"parted": AX, "parted_1": AX}, rewritten="parted_1", scanned="parted_1"),
    Row("ALTER TABLE parted ALTER x SET NOT NULL", {"parted": AX, "parted_1": AX}, scanned="parted_1"),
    Row("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", {"t": SRX}),
    Row("DROP TRIGGER g ON t", {"t": AX}, setup=TRIGGER),
    Row("ALTER TABLE t DISABLE TRIGGER g", {"t": SRX}, setup=TRIGGER),
    Row("CREATE POLICY g ON t", {"t": AX}),
    Row("ALTER POLICY g ON t USING (true)", {"t": AX}, setup="CREATE POLICY g ON t"),
    Row("DROP POLICY g ON t", {"t": AX}, setup="CREATE POLICY g ON t"),
    Row("ALTER TABLE t ENABLE ROW LEVEL SECURITY", {"t": AX}),
    Row("CREATE RULE g AS ON DELETE TO t DO INSTEAD NOTHING", {"t": AX}),
    Row("DROP RULE g ON t", {"t": AX}, setup="CREATE RULE g AS ON DELETE TO t DO INSTEAD NOTHING"),
    Row("ALTER DOMAIN positive ADD CHECK (VALUE < 9)", {"loose": S}, scanned="loose", setup=OF_DOMAIN),
    Row("ALTER DOMAIN positive ADD CONSTRAINT y CHECK (VALUE < 9) NOT VALID", {}, setup=OF_DOMAIN),
    Row("ALTER DOMAIN positive VALIDATE CONSTRAINT y", {"loose": S}, scanned="loose", setup="ALTER TABLE loose ADD COLUMN d positive; ALTER DOMAIN positive ADD CONSTRAINT y CHECK (VALUE < 9) NOT VALID"),
    Row("ALTER DOMAIN positive SET NOT NULL", {"loose": S}, scanned="loose", setup=OF_DOMAIN),
    Row("UPDATE t SET b = 1", {"t": RX}),
    Row("DELETE FROM t", {"t": RX}),
    Row("INSERT INTO t (id) VALUES (1)", {"t": RX}),
    Row("INSERT INTO loose SELECT id, b FROM t", {"loose": RX, "t": AS}),
    Row("SELECT * FROM t FOR UPDATE", {"t": RS}),
    Row("DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER b TYPE bigint'; END $$", {"t": AX}, rewritten="t", scanned="t"),
    Row("DO $$ BEGIN EXECUTE 'TRUNCATE t'; END $$", {"t": AX}, rewritten="t", scanned="t"),
    Row("DO $$ BEGIN UPDATE t SET b = 1; END $$", {"t": RX}, scanned="t"),
    Row("DO $$ BEGIN CLUSTER t USING t_pkey; END $$", {"t": AX}, rewritten="t", scanned="t"),
    Row("ALTER TYPE mood ADD VALUE 'good'", {}),
    Row("COMMENT ON TABLE t IS 'x'", {"t": SUX}),
    Row("COMMENT ON COLUMN t.a IS 'x'", {"t": SUX}),
    Row("GRANT SELECT ON t TO PUBLIC", {}, before=16),
    Row("GRANT SELECT ON t TO PUBLIC", {"t": AS}, since=18),
    Row("ALTER TABLE t ALTER a SET STATISTICS 500", {"t": SUX}),
    Row("ALTER TABLE t SET (fillfactor = 90)", {"t": SUX}),
    Row("ALTER TABLE t ALTER c SET STORAGE EXTERNAL", {"t": AX}),
    Row("ALTER INDEX t_a_idx RENAME TO x", {}, indexes={"t_a_idx": SUX}),
    Row("ALTER INDEX t_a_idx SET (fillfactor = 90)", {}, indexes={"t_a_idx": SUX}),
    Row("ALTER TABLE t OWNER TO CURRENT_USER", {"t": AX}),
    Row("ALTER TABLE t REPLICA IDENTITY FULL", {"t": AX}),
    Row("ALTER TABLE t SET SCHEMA app", {"t": AX}, setup="CREATE SCHEMA app"),
    Row("CREATE STATISTICS st ON a, b FROM t", {"t": SUX}),
    Row("ALTER TABLE t CLUSTER ON t_pkey", {"t": SUX}, indexes={"t_pkey": SUX}),
    Row("ALTER TABLE child ALTER CONSTRAINT child_p_fkey DEFERRABLE", {"child": AX}),
    Row("ALTER TABLE t RENAME CONSTRAINT t_b_check TO z", {"t": AX}),
    Row("ALTER TABLE t ADD COLUMN x1 int, ADD COLUMN x2 int", {"t": AX}),
    Row("ALTER TABLE t SET TABLESPACE pg_default", {"t": AX}),
    Row("CREATE TABLE new () INHERITS (t)", {"t": SUX}),
    Row("ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY", {"t": AX}),
    Row("ALTER TABLE parent ALTER id TYPE bigint", {"child": AX, "parent": AX}, rewritten="parent", built="parent_pkey", scanned="child parent"),
    Row("REINDEX TABLE t", {"t": S}, rebuilt="t_a_idx t_pkey", scanned="t", indexes={"t_a_idx": AX, "t_pkey": AX}, alone=True, when="in a no-transaction file"),
    Row("ALTER TABLE loose SET ACCESS METHOD h2", {"loose": AX}, rewritten="loose", scanned="loose", setup="CREATE ACCESS METHOD h2 TYPE TABLE HANDLER heap_tableam_handler"),
    Row("LOCK TABLE t IN SHARE MODE", {"t": S}),
    Row("CREATE INDEX CONCURRENTLY ON t (b)", {"t": SUX}, built="t_b_idx", scanned="t", waits=True, alone=True),
    Row("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES fk_parent (id)", {"fk_parent": SRX, "t": SRX}, scanned="t", setup="CREATE TABLE fk_parent (id int PRIMARY KEY, k int) PARTITION BY LIST (id)"),
    Row("ALTER TABLE t ALTER COLUMN b SET DATA TYPE bigint, ALTER c SET NOT NULL", {"t": AX}, rewritten="t", scanned="t"),
]
# fmt: on


@pytest.fixture(scope="session")
def tracing(server: Server) -> Iterator[Tracing]:
    """Traces a file on a setup, in one database that is emptied between them."""
    with new_database(server) as database, asyncio.Runner() as loop:
        stack = AsyncExitStack()
        opened: Session = loop.run(
            stack.enter_async_context(open_session(Config(database_url=database.url), Listener(), None))
        )
        yield lambda setup, text: loop.run(trace_text(opened, text, setup=setup))
        loop.run(stack.aclose())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_what_a_statement_locks_and_moves(row: Row, tracing: Tracing, major: int) -> None:
    if not row.since <= major < row.before:
        pytest.skip("another version's statement")
    [seen] = tracing(BASE + row.setup, f"{ALONE if row.alone else ''}{row.statement};").statements
    assert seen.refusal is None
    assert modes(lock for lock in seen.locks if lock.relation.kind != "index") == row.locks
    assert (words(seen.rewritten), words(seen.rebuilt)) == (row.rewritten, row.rebuilt)
    assert (words(seen.built), words(seen.scanned)) == (row.built, row.scanned)
    assert seen.waits == row.waits
    if row.indexes:
        assert modes(lock for lock in seen.locks if lock.relation.kind == "index") == row.indexes


def test_a_lock_is_told_once_and_held_to_the_end(tracing: Tracing) -> None:
    trace = tracing(
        BASE, "ALTER TABLE t ADD COLUMN x int; ALTER TABLE t ALTER c SET NOT NULL; CREATE INDEX ON loose (k);"
    )
    first, second, third = trace.statements
    assert [modes(each.locks) for each in (first, second, third)] == [{"t": AX}, {}, {"loose": S}]
    assert {str(table): mode for table, mode in trace.held(third).items()} == {"t": AX, "loose": S}
    assert (words(second.scanned), words(third.scanned)) == ("t", "loose")


def test_a_no_transaction_file_gives_its_locks_back(tracing: Tracing) -> None:
    trace = tracing(BASE, f"{ALONE}ALTER TABLE t ADD COLUMN x int; ALTER TABLE loose ADD COLUMN x2 int;")
    assert {str(table): mode for table, mode in trace.held(trace.statements[1]).items()} == {"loose": AX}


def test_what_came_with_the_file_does_not_count(tracing: Tracing) -> None:
    trace = tracing(
        BASE, "CREATE TABLE n (a int); ALTER TABLE n ALTER a TYPE bigint; CREATE INDEX ON n (a); DROP TABLE n;"
    )
    assert [(each.locks, each.rewritten, each.built, each.scanned) for each in trace.statements] == [
        ((), (), (), ())
    ] * 4


def test_a_table_that_the_file_renames_keeps_the_name_that_is_live(tracing: Tracing) -> None:
    trace = tracing(
        BASE, "ALTER TABLE t RENAME TO u; ALTER TABLE u ALTER b TYPE bigint; CREATE INDEX u_c_idx ON u (c);"
    )
    _, second, third = trace.statements
    assert (words(second.rewritten), [index.table for index in third.built]) == ("t", ["t"])


def test_a_statement_that_is_refused_leaves_nothing_and_the_next_is_tried(tracing: Tracing) -> None:
    trace = tracing(
        BASE, "ALTER TABLE t ADD COLUMN x int, ADD COLUMN x int; VACUUM t; ALTER TABLE loose ADD COLUMN y int;"
    )
    first, second, third = trace.statements
    assert [each.refusal and each.refusal.sqlstate for each in trace.statements] == ["42701", "25001", None]
    assert [modes(each.locks) for each in (first, second, third)] == [{}, {}, {"loose": AX}]


@pytest.mark.parametrize(
    ("text", "sqlstate"),
    [
        pytest.param("ALTER TABLE t ALTER id TYPE bigint;", "0A000", id="the type of a column that a view reads"),
        pytest.param("ALTER TABLE t DROP COLUMN id;", "2BP01", id="dropping a column that a view reads"),
        pytest.param("ALTER TYPE mood ADD VALUE 'good'; SELECT 'good'::mood;", "55P04", id="an enum label that is new"),
        pytest.param("ALTER TABLE parted DETACH PARTITION parted_1 CONCURRENTLY;", "25001", id="CONCURRENTLY"),
        pytest.param("DO $$ BEGIN COMMIT; END $$;", "2D000", id="a COMMIT within"),
        pytest.param(
            f"{ALONE}CREATE INDEX CONCURRENTLY x ON parted (k);", "0A000", id="an index of a partitioned table"
        ),
    ],
)
def test_what_the_server_refuses(text: str, sqlstate: str, tracing: Tracing) -> None:
    last = tracing(BASE, text).statements[-1].refusal
    assert last is not None
    assert last.sqlstate == sqlstate


def test_a_savepoint_of_the_file_is_left_alone(tracing: Tracing) -> None:
    trace = tracing(
        BASE, "SAVEPOINT one; ALTER TABLE t ADD COLUMN x int; ROLLBACK TO SAVEPOINT one; ALTER TABLE t DROP COLUMN j;"
    )
    assert [each.refusal for each in trace.statements] == [None] * 4
    assert [len(each.differences) for each in trace.statements] == [0, 1, 1, 1]


def modes(locks: Iterable[Lock]) -> dict[str, LockMode]:
    return {str(lock.relation): lock.mode for lock in locks}


def words(relations: Iterable[object]) -> str:
    return " ".join(map(str, relations))


@pytest.fixture(scope="session")
def major(tracing: Tracing) -> int:
    return tracing("", "SELECT 1;").before.major
