"""What rules make of the sizes of a live database: the same statement is a note, a warning or an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from runner.catalog.catalog import Catalog
from runner.errors import Place
from runner.ledger.alone import runs_alone
from runner.migrations.header import parse_header
from runner.migrations.migration import Migration
from runner.migrations.script import parse_script
from runner.review.locks import LockMode
from runner.review.observed import Lock, Observed, Relation, Trace
from runner.review.rules import RULES
from runner.review.rules.no_lock_timeout import ALONE
from runner.review.rules.rule import Effort, Severity, Subject
from runner.review.sizes import Sizes, TableSize, in_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.review.rules.rule import Finding

NOTE, WARNING, ERROR = Severity
ORDERS, USERS = Relation("table", "public", "orders"), Relation("table", "app", "users")
ALONE_FILE = "-- migrate: no-transaction\n"
A_DAY = 24 * 3600
IDLE = TableSize(50_000_000, 20 * 2**30, 9 * 2**30, 3, reads=0, writes=0, published=False)
BUSY = IDLE._replace(reads=100 * A_DAY)
SMALL = TableSize(9_000, 2**20, 2**20, 1, reads=10, writes=10, published=False)
MEDIUM = SMALL._replace(rows=200_000, table_bytes=50 * 2**20)
UPDATE = "ALTER TABLE orders ADD COLUMN x int;\nUPDATE orders SET x = 1;"


def sizes(
    tables: dict[str, TableSize], *, since: str | None = "2026-01-01T00:00:00Z", oldest: float | None = None
) -> Sizes:
    return Sizes("live", "2026-01-02T00:00:00Z", since, 170_000, "UTC", oldest, tables)


def subject(text: str, *seen: Mapping[str, Any], live: Sizes | None = None, **known: Any) -> Subject:
    """A file with what was seen of each statement."""
    header = parse_header(text, "0001_x.sql")
    script = parse_script(text, "0001_x.sql", header.mode)
    statements = tuple(
        Observed(number, Place("0001_x.sql"), script.sql(each), each.verb, script.words(each, most=None))._replace(
            **what
        )
        for number, (each, what) in enumerate(zip(script.statements, seen, strict=True), 1)
    )
    nothing = Catalog({}, 17)
    migration = Migration(1, "0001", "x", "0001_x.sql", "", header)
    trace = Trace(migration, script, statements, frozenset({ORDERS, USERS}), nothing, nothing, ())
    return Subject(trace, live)._replace(**known)


def found(rule: str, of: Subject) -> list[Finding]:
    return [finding for each in RULES if each.name == rule for finding in each.check(of)]


def locks(*tables: Relation, mode: LockMode = LockMode.ACCESS_EXCLUSIVE) -> dict[str, Any]:
    return {"locks": tuple(Lock(table, mode) for table in tables)}


NOTHING = subject("SELECT 1;", {})


@pytest.mark.parametrize(
    ("size", "mode", "severity"),
    [
        pytest.param(SMALL, LockMode.ACCESS_EXCLUSIVE, NOTE, id="a small table is a note"),
        pytest.param(MEDIUM, LockMode.SHARE, WARNING, id="writes of a medium table wait: a warning"),
        pytest.param(MEDIUM, LockMode.ACCESS_EXCLUSIVE, ERROR, id="reads of a medium table wait: an error"),
        pytest.param(IDLE, LockMode.SHARE, ERROR, id="writes of a large table wait: an error"),
        pytest.param(IDLE, LockMode.SHARE_UPDATE_EXCLUSIVE, NOTE, id="nobody waits: a note"),
        pytest.param(None, LockMode.ACCESS_EXCLUSIVE, ERROR, id="a table that should be there and is not: an error"),
    ],
)
def test_a_scan_is_as_bad_as_its_table_is_large(size: TableSize | None, mode: LockMode, severity: Severity) -> None:
    live = sizes({"orders": size} if size else {})
    assert NOTHING._replace(sizes=live).severity(ORDERS, mode, Effort.SCAN) is severity


def test_unknown_counts_as_large_and_what_takes_a_moment_is_a_note() -> None:
    assert NOTHING.severity(ORDERS, LockMode.SHARE, Effort.SCAN) is ERROR
    assert NOTHING.severity(ORDERS, LockMode.SHARE_ROW_EXCLUSIVE, Effort.BRIEF) is NOTE


def test_a_rewrite_counts_the_indexes_a_scan_does_not() -> None:
    live = sizes({"orders": SMALL._replace(index_bytes=10 * 2**20)})
    known = NOTHING._replace(sizes=live)
    assert known.severity(ORDERS, LockMode.ACCESS_EXCLUSIVE, Effort.SCAN) is NOTE
    assert known.severity(ORDERS, LockMode.ACCESS_EXCLUSIVE, Effort.REWRITE) is ERROR


@pytest.mark.parametrize(
    ("live", "busy"),
    [
        pytest.param(None, None, id="nothing is known"),
        pytest.param(sizes({"orders": BUSY}), True, id="often used"),
        pytest.param(sizes({"orders": IDLE}, oldest=9_000), False, id="never used, though a transaction is old"),
        pytest.param(sizes({"orders": SMALL}), False, id="used now and then"),
        pytest.param(sizes({"orders": SMALL}, oldest=9_000), True, id="used, and a transaction is old"),
        pytest.param(sizes({"orders": BUSY}, since=None), False, id="counted since a month, as nobody knows better"),
        pytest.param(sizes({}), None, id="not there"),
    ],
)
def test_a_lock_of_a_moment_is_a_warning_on_a_busy_table(live: Sizes | None, busy: bool | None) -> None:  # noqa: FBT001
    known = NOTHING._replace(sizes=live)
    assert known.busy(ORDERS) is busy
    reads, writes = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE
    assert known.severity(ORDERS, reads, Effort.BRIEF) is (NOTE if busy is False else WARNING)
    assert known.severity(ORDERS, writes, Effort.BRIEF) is (WARNING if busy else NOTE)


def test_an_index_is_as_large_as_its_table() -> None:
    index = Relation("index", "public", "orders_idx", "orders")
    known = NOTHING._replace(sizes=sizes({"orders": IDLE}))
    assert known.size(index) == IDLE
    assert known.tables_of([index]) == (ORDERS,)


def test_tables_are_named_with_what_is_known_of_their_size() -> None:
    one = Relation("table", "public", "one")
    known = NOTHING._replace(sizes=sizes({"orders": IDLE, "app.users": SMALL, "one": SMALL._replace(rows=1)}))
    assert known.named([ORDERS]) == "orders (20 GB, about 50 million rows)"
    assert known.named([USERS, one]) == "app.users (1.0 MB, about 9,000 rows) and one (1.0 MB, 1 row)"
    assert NOTHING.named([ORDERS] * 5) == "orders, orders, orders and 2 more"
    assert NOTHING._replace(sizes=sizes({})).named([ORDERS]) == "orders"
    assert NOTHING._replace(sizes=sizes({}), came=frozenset({"orders"})).named([ORDERS]) == "orders (empty)"


def test_a_table_that_an_earlier_pending_file_made_is_empty() -> None:
    known = NOTHING._replace(sizes=sizes({}), came=frozenset({"orders"}))
    assert known.severity(ORDERS, LockMode.ACCESS_EXCLUSIVE, Effort.SCAN) is NOTE
    assert known.busy(ORDERS) is False
    uncounted = NOTHING._replace(sizes=sizes({"orders": IDLE._replace(rows=0)}))
    assert uncounted.named([ORDERS]) == "orders (20 GB)"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (0, "0 rows"),
        (1, "1 row"),
        (999, "999 rows"),
        (1_000, "about 1,000 rows"),
        (999_499, "about 999,000 rows"),
        (999_999, "about 1 million rows"),
        (999_600_000, "about 1 billion rows"),
        (4_100_000_000, "about 4 billion rows"),
    ],
)
def test_rows_are_told_with_as_many_digits_as_an_estimate_has(rows: int, text: str) -> None:
    assert in_rows(rows) == text


@pytest.mark.parametrize(
    ("rows", "table_bytes", "empty"), [(0, 0, True), (0, 8192, True), (0, 16384, False), (1, 0, False)]
)
def test_a_table_is_empty_if_its_bytes_say_so_too(rows: int, table_bytes: int, empty: bool) -> None:  # noqa: FBT001
    assert IDLE._replace(rows=rows, table_bytes=table_bytes).empty is empty


@pytest.mark.parametrize(
    ("live", "estimates", "severity"),
    [
        pytest.param(None, {}, WARNING, id="nothing is known"),
        pytest.param(None, {2: 12}, None, id="few rows, says the planner"),
        pytest.param(None, {2: 12_000_000}, WARNING, id="many rows, says the planner"),
        pytest.param(sizes({"orders": SMALL}), {}, None, id="a small table"),
        pytest.param(sizes({"orders": BUSY}), {}, WARNING, id="a large table"),
        pytest.param(sizes({"orders": IDLE}), {}, NOTE, id="a large table that nobody uses"),
    ],
)
def test_an_update_after_a_lock(live: Sizes | None, estimates: dict[int, int], severity: Severity | None) -> None:
    after = found("lock-held-long", subject(UPDATE, locks(ORDERS), {}, live=live, estimates=estimates))
    assert [(each.number, each.severity) for each in after] == ([] if severity is None else [(2, severity)])


@pytest.mark.parametrize(
    ("change", "long"),
    [
        ("INSERT INTO orders SELECT * FROM app.users", True),
        ("INSERT INTO orders (a, b) VALUES (1, (SELECT max(id) FROM app.users))", False),
        ("INSERT INTO orders SELECT 1, 2", False),
        ("UPDATE ONLY app.users SET x = 1", True),
        ("UPDATE made_in_this_file SET x = 1", False),
        ("DELETE FROM orders", True),
        ("WITH old AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM old", True),
        ("WITH old AS (SELECT 1) SELECT * FROM old", False),
        ("DO $$ BEGIN UPDATE orders SET x = 1; END $$", True),
        ("DO $$ BEGIN EXECUTE 'COMMENT ON TABLE orders IS NULL'; END $$", False),
        ("COMMENT ON TABLE orders IS 'x'", False),
    ],
)
def test_what_may_change_many_rows(change: str, long: bool) -> None:  # noqa: FBT001
    changed = [table for table in (ORDERS, USERS) if re.search(rf"(UPDATE|FROM|INTO)( ONLY)? {table} ", f"{change} ")]
    taken = locks(*changed, mode=LockMode.ROW_EXCLUSIVE)
    of = subject(f"ALTER TABLE orders ADD COLUMN x int;\n{change};", locks(ORDERS), taken)
    assert bool(found("lock-held-long", of)) is long


def test_a_scan_of_another_table_keeps_the_lock_one_of_the_same_does_not() -> None:
    text = "ALTER TABLE orders ADD COLUMN x int;\nALTER TABLE app.users ALTER y SET NOT NULL;"
    other = {**locks(USERS), "scanned": (USERS,)}
    assert [each.severity for each in found("lock-held-long", subject(text, locks(ORDERS), other))] == [WARNING]
    same = {"scanned": (ORDERS,)}
    assert found("lock-held-long", subject(text, locks(ORDERS), same)) == []


@pytest.mark.parametrize(
    ("live", "severities"),
    [
        pytest.param(None, [NOTE], id="nothing is known"),
        pytest.param(sizes({"orders": BUSY, "app.users": BUSY}), [WARNING], id="both are busy"),
        pytest.param(sizes({"orders": BUSY, "app.users": IDLE}), [], id="one is idle"),
    ],
)
def test_two_tables_that_are_locked_together(live: Sizes | None, severities: list[Severity]) -> None:
    text = "ALTER TABLE orders ADD COLUMN x int;\nALTER TABLE app.users ADD COLUMN x int;"
    both = subject(text, locks(ORDERS), locks(USERS), live=live)
    assert [each.severity for each in found("lock-held-long", both)] == severities


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        pytest.param("ALTER TABLE orders ADD x int;", None, id="the runner's own"),
        pytest.param("-- migrate: lock-timeout=10s\nALTER TABLE orders ADD x int;", None, id="a short one"),
        pytest.param("-- migrate: lock-timeout=0s\nALTER TABLE orders ADD x int;", "without a limit", id="none"),
        pytest.param("-- migrate: lock-timeout=2min\nALTER TABLE orders ADD x int;", "for up to 120 s", id="long"),
        pytest.param("SET LOCAL lock_timeout = 0;\nALTER TABLE orders ADD x int;", "without a limit", id="SET to 0"),
        pytest.param("SET lock_timeout TO '1min';\nALTER TABLE orders ADD x int;", "for up to 60 s", id="SET to long"),
        pytest.param("SET lock_timeout = DEFAULT;\nALTER TABLE orders ADD x int;", "without a limit", id="to DEFAULT"),
        pytest.param("RESET lock_timeout;\nALTER TABLE orders ADD x int;", "without a limit", id="RESET"),
        pytest.param(
            "SELECT set_config('lock_timeout', '0', true);\nALTER TABLE orders ADD x int;",
            "without a limit",
            id="set_config",
        ),
        pytest.param("SET LOCAL lock_timeout TO '1.5s';\nALTER TABLE orders ADD x int;", None, id="SET to a fraction"),
        pytest.param("SET lock_timeout = 2000 /* ms */;\nALTER TABLE orders ADD x int;", None, id="SET with a comment"),
        pytest.param(
            "SET LOCAL \"lock_timeout\" = '100s';\nALTER TABLE orders ADD x int;", "for up to 100 s", id="quoted"
        ),
        pytest.param("SET lock_timeout = '500000us';\nALTER TABLE orders ADD x int;", None, id="SET in microseconds"),
        pytest.param('RESET "lock_timeout";\nALTER TABLE orders ADD x int;', "without a limit", id="RESET quoted"),
        pytest.param("SET lock_timeout = '2s';\nALTER TABLE orders ADD x int;", None, id="SET to short"),
        pytest.param("-- migrate: no-transaction\nVACUUM FULL orders;", "without a limit", id="alone"),
        pytest.param("-- migrate: no-transaction\nALTER TABLE orders ADD x int;", None, id="counted in a transaction"),
        pytest.param(
            "-- migrate: no-transaction\n-- migrate: lock-timeout=2s\nVACUUM FULL orders;",
            None,
            id="alone, with a limit",
        ),
        pytest.param(
            "-- migrate: no-transaction\nSET lock_timeout = 0;\nALTER TABLE orders ADD x int;", None, id="SET in vain"
        ),
    ],
)
def test_who_waits_for_a_lock_without_a_limit(text: str, limit: str | None) -> None:
    count = len(re.findall(";", text))
    of = subject(text, *[{} for _ in range(count - 1)], locks(ORDERS))
    messages = [each.message for each in found("no-lock-timeout", of)]
    assert len(messages) == (limit is not None)
    assert all(f"waits {limit} for ACCESS EXCLUSIVE on orders" in message for message in messages)


@pytest.mark.parametrize("verb", ["alter", "create", "drop", "truncate", "refresh", "lock", *sorted(ALONE)])
def test_what_runs_without_a_lock_timeout_is_what_the_runner_runs_alone(verb: str) -> None:
    assert runs_alone((verb, "x")) is (verb in ALONE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE INDEX CONCURRENTLY ON orders (a)", "does not name the index"),
        ("CREATE INDEX CONCURRENTLY x ON orders (a)", None),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON app.users (a)", None),
        ('CREATE INDEX CONCURRENTLY "on" ON orders (a)', None),
    ],
)
def test_an_index_that_is_built_concurrently_needs_a_name(text: str, message: str | None) -> None:
    built = {"built": (Relation("index", "public", "x", "orders"),)}
    messages = [each.message for each in found("concurrently-lock-timeout", subject(f"{ALONE_FILE}{text};", built))]
    assert len(messages) == (message is not None)
    assert all(message and message in each for each in messages)


def test_if_not_exists_may_keep_another_index() -> None:
    text = f"{ALONE_FILE}CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON orders (a);"
    [kept] = found("concurrently-lock-timeout", subject(text, {}))
    assert (kept.severity, "IF NOT EXISTS keeps it" in kept.message) == (WARNING, True)


def test_a_lock_timeout_has_no_effect_on_concurrently() -> None:
    text = "-- migrate: lock-timeout=1s\n" + ALONE_FILE + "REINDEX TABLE CONCURRENTLY orders;"
    [note] = found("concurrently-lock-timeout", subject(text, {}))
    assert (note.severity, "no effect" in note.message) == (NOTE, True)


def test_every_rule_has_a_name_of_its_own_and_its_texts() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        texts = (rule.condition, rule.effect, rule.safe)
        assert rule.summary.endswith(".")
        assert "\n" not in rule.summary
        assert all(re.search(r"(\.|```|later)$", text) for text in texts), rule.name
        assert all(text.count("```") % 2 == 0 for text in texts)
