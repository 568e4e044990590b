"""`migrate up` as a user runs it: real processes, real servers."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ON_ONE_SERVER

if TYPE_CHECKING:
    from tests.conftest import Database, Project

USERS = "CREATE TABLE users (\n    id bigint PRIMARY KEY,\n    email text NOT NULL\n);\n"


def test_up_applies_the_files_in_the_order_of_their_numbers(project: Project, database: Database) -> None:
    project.write_many({"10_b": "CREATE TABLE b (id int REFERENCES a);", "9_a": "CREATE TABLE a (id int PRIMARY KEY);"})

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert [line.split()[0] for line in run.stdout.splitlines()] == ["9_a", "10_b", "applied"]
    assert database.ledger() == [(9, "applied"), (10, "applied")]


def test_a_second_up_has_nothing_to_do(project: Project, database: Database) -> None:
    project.write("0001_create_users", USERS)
    project.migrate("up")

    run = project.migrate("up")

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "nothing to do: the database is at 0001_create_users\n"
    assert database.ledger() == [(1, "applied")]


def test_up_stops_after_the_version_that_is_named(project: Project, database: Database) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0002_b": "SELECT 1;", "0003_c": "SELECT 1;"})

    assert project.migrate("up", "--to", "2").returncode == 0

    assert database.ledger() == [(1, "applied"), (2, "applied")]


def test_a_version_that_no_file_has_is_refused(project: Project) -> None:
    project.write("0001_a")

    run = project.migrate("up", "--to", "7")

    assert run.returncode == 2
    assert "error[config.unknown-version]: there is no migration with version 7" in run.stderr


def test_a_failed_file_leaves_no_trace(project: Project, database: Database) -> None:
    project.write_many({"0001_a": "CREATE TABLE a ();", "0002_b": "CREATE TABLE b ();\nSELECT 1 / 0;", "0003_c": ""})
    project.write("0003_c", "SELECT 1;")

    run = project.migrate("up")

    assert run.returncode == 1
    assert run.stderr == (
        "error[apply.statement-failed]: division by zero (SQLSTATE 22012)\n"
        "  --> sql/migrations/0002_b.sql:2:1\n"
        "   2 | SELECT 1 / 0;\n"
        "     | ^\n"
        "  state: 0001 is applied; 0002 was rolled back; 0003 was not tried.\n"
    )
    assert database.ledger() == [(1, "applied")]
    assert database.value("SELECT to_regclass('b')") is None

    project.write("0002_b", "CREATE TABLE b ();")
    assert project.migrate("up").returncode == 0
    assert database.ledger() == [(1, "applied"), (2, "applied"), (3, "applied")]


def test_an_error_shows_line_column_detail_and_hint(project: Project) -> None:
    project.write("0001_create_users", USERS)
    project.write("0002_add_email_index", "-- Index it.\n\n\nCREATE INDEX user_email_idx ON users (emial);\n")

    run = project.migrate("up")

    assert run.stderr == (
        'error[apply.statement-failed]: column "emial" does not exist (SQLSTATE 42703)\n'
        "  --> sql/migrations/0002_add_email_index.sql:4:39\n"
        "   4 | CREATE INDEX user_email_idx ON users (emial);\n"
        "     |                                       ^\n"
        "  state: 0001 is applied; 0002 was rolled back.\n"
    )


def test_a_syntax_error_on_line_seven_of_the_fifth_of_eight_files(project: Project, database: Database) -> None:
    for number in range(1, 9):
        project.write(f"{number:04d}_t{number}", f"CREATE TABLE t{number} ();")
    project.write("0005_t5", "-- one\n-- two\nCREATE TABLE t5 (\n    a int,\n    b int\n);\nCRATE TABLE x ();\n")

    run = project.migrate("up")

    assert run.returncode == 1
    assert "0005_t5.sql:7:1" in run.stderr
    assert "state: 0004 is applied; 0005 was rolled back; 0006 to 0008 were not tried." in run.stderr
    assert [version for version, _ in database.ledger()] == [1, 2, 3, 4]


def test_a_failing_row_in_a_long_data_file_is_named_by_its_line(project: Project, database: Database) -> None:
    rows = [f"INSERT INTO t VALUES ({n});" for n in range(1, 2001)]
    rows[1233] = "INSERT INTO t VALUES (7);"
    project.write("0001_create_t", "CREATE TABLE t (id int PRIMARY KEY);")
    project.write("0002_fill_t", "\n".join(rows))

    run = project.migrate("up")

    assert run.returncode == 1
    assert "0002_fill_t.sql:1234:1" in run.stderr
    assert "detail: Key (id)=(7) already exists." in run.stderr
    assert database.value("SELECT count(*) FROM t") == 0


def test_an_atomic_up_applies_all_or_nothing(project: Project, database: Database) -> None:
    project.write_many({"0001_a": "CREATE TABLE a ();", "0002_b": "CREATE TABLE b ();", "0003_c": "SELECT nope;"})

    run = project.migrate("up", "--atomic")

    assert run.returncode == 1
    assert "state: 0001 to 0003 were rolled back." in run.stderr
    assert database.ledger() == []
    assert database.value("SELECT to_regclass('a')") is None

    project.write("0003_c", "SELECT 1;")
    assert project.migrate("up", "--atomic").returncode == 0
    assert len(database.ledger()) == 3


def test_an_atomic_up_refuses_a_file_that_cannot_be(project: Project, database: Database) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0002_b": "-- migrate: no-transaction\nVACUUM;"})

    run = project.migrate("up", "--atomic")

    assert run.returncode == 2
    assert "error[apply.not-atomic]" in run.stderr
    assert database.value("SELECT to_regclass('_migrations')") is None


@pytest.mark.parametrize(
    "left_behind",
    [
        "SET search_path = ''",
        "SELECT set_config('search_path', '', false)",
        "SET ROLE pg_monitor",
        "SET SESSION AUTHORIZATION pg_monitor",
        "CREATE TEMP TABLE users (id int)",
        "PREPARE one AS SELECT 1",
        "LISTEN everything",
        "SET statement_timeout = '1ms'",
        "SET standard_conforming_strings = off",
        "SET LOCAL lock_timeout = '1ms'",
        "SELECT pg_advisory_lock(1)",
        "SET default_transaction_isolation = 'serializable'",
    ],
)
def test_what_a_file_sets_for_its_session_does_not_reach_the_next(
    project: Project, database: Database, left_behind: str
) -> None:
    database.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    project.write("0001_leave", f"{left_behind};")
    project.write(
        "0002_look",
        """DO $$
BEGIN
    ASSERT current_user = session_user AND session_user = 'postgres';
    ASSERT current_setting('search_path') = '"$user", public';
    ASSERT current_setting('standard_conforming_strings') = 'on';
    ASSERT current_setting('statement_timeout') = '0' AND current_setting('lock_timeout') = '1s';
    ASSERT current_setting('transaction_isolation') = 'read committed';
    ASSERT to_regclass('users') IS NULL;
    ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements);
    ASSERT NOT EXISTS (SELECT FROM pg_listening_channels());
    ASSERT 1 = (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid());
END
$$;
""",
    )

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert database.ledger() == [(1, "applied"), (2, "applied")]


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_up_works_under_another_default_isolation_level(project: Project, database: Database, level: str) -> None:
    database.execute(f"ALTER DATABASE {database.name} SET default_transaction_isolation = '{level}'")
    project.write("0001_a", "DO $$ BEGIN ASSERT current_setting('transaction_isolation') = 'read committed'; END $$;")

    assert project.migrate("up").returncode == 0


def test_a_file_that_wraps_itself_in_begin_and_commit_runs_with_its_ledger_row(
    project: Project, database: Database
) -> None:
    project.write("0001_wrapped", "BEGIN;\nCREATE TABLE a ();\nSELECT 1 / 0;\nCOMMIT;\n")

    run = project.migrate("up")

    assert run.returncode == 1
    assert "0001_wrapped.sql:3:1" in run.stderr
    assert database.value("SELECT to_regclass('a')") is None


def test_a_wrapped_file_is_kept_as_it_is_and_its_comments_may_change(project: Project, database: Database) -> None:
    text = "BEGIN;\nCREATE TABLE a (); -- made\nCOMMIT;"
    project.write("0001_wrapped", text)
    project.migrate("up")

    assert database.value("SELECT sql FROM _migrations") == text
    project.write("0001_wrapped", text.replace("made", "made well"))
    assert project.migrate("up").returncode == 0


@pytest.mark.parametrize(
    "hidden",
    [
        "DO $$ BEGIN COMMIT; END $$",
        "DO $$ BEGIN EXECUTE 'COMMIT'; END $$",
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN ROLLBACK; END'; CALL p()",
    ],
)
def test_a_hidden_commit_leaves_nothing_behind(project: Project, database: Database, hidden: str) -> None:
    project.write("0001_hide", f"CREATE TABLE a ();\n{hidden};\n")

    run = project.migrate("up")

    assert run.returncode == 1
    assert database.ledger() == []
    assert database.value("SELECT to_regclass('a')") is None


def test_a_deferred_constraint_that_fails_at_the_end_is_reported(project: Project, database: Database) -> None:
    project.write(
        "0001_defer",
        "CREATE TABLE a (id int PRIMARY KEY);\n"
        "CREATE TABLE b (id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO b VALUES (1);\n",
    )

    run = project.migrate("up")

    assert run.returncode == 1
    assert "at the end of the file (SQLSTATE 23503)" in run.stderr
    assert 'detail: Key (id)=(1) is not present in table "a".' in run.stderr
    assert database.ledger() == []


def test_a_notice_of_the_server_is_passed_on(project: Project) -> None:
    project.write("0001_say", "DO $$ BEGIN RAISE NOTICE 'half of the rows are done'; END $$;")

    run = project.migrate("up")

    assert "0001: notice: half of the rows are done" in run.stderr


def test_the_ledger_tells_what_ran(project: Project, database: Database) -> None:
    path = project.write("0001_create_users", USERS)
    project.migrate("up")

    [row] = database.rows(
        "SELECT name, state, statements_done, sql, runner_version, applied_by, duration_ms >= 0,"
        " applied_at > started_at FROM _migrations"
    )

    assert row[:4] == ("create_users", "applied", 1, path.read_text().rstrip())
    assert row[5].startswith("postgres from ")
    assert row[6:] == (True, True)
    uncommented = "SELECT obj_description('_migrations'::regclass, 'pg_class')"
    assert database.value(uncommented).startswith("migrate ledger, format 1:")


def test_a_text_over_one_mebibyte_is_not_kept(project: Project, database: Database) -> None:
    project.write("0001_big", f"SELECT '{'x' * 1024 * 1024}';")

    assert project.migrate("up").returncode == 0

    assert database.rows("SELECT version, sql FROM _migrations") == [(1, None)]


@pytest.mark.parametrize("quoted", ["it's", "back\\slash", "$migrate$ and 'x'", "tab\tand é", "$migrate"])
def test_any_text_reaches_the_ledger_as_it_is(project: Project, database: Database, quoted: str) -> None:
    text = f"-- {quoted}\nSELECT 1;"
    project.write("0001_a", text)

    assert project.migrate("up").returncode == 0

    assert database.value("SELECT sql FROM _migrations") == text


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda raw: raw.replace(b"\n", b"\r"), id="CR"),
        pytest.param(lambda raw: b"\xef\xbb\xbf" + raw, id="byte-order mark"),
        pytest.param(lambda raw: raw + b"\n \n", id="white space at the end"),
        pytest.param(lambda raw: raw.rstrip(), id="no final newline"),
    ],
)
def test_a_file_checked_out_elsewhere_has_the_same_checksum(project: Project, variant: object) -> None:
    path = project.write("0001_create_users", USERS)
    project.migrate("up")
    assert callable(variant)
    path.write_bytes(variant(path.read_bytes()))

    run = project.migrate("up")

    assert (run.returncode, run.stderr) == (0, "")


def test_a_file_with_crlf_and_a_byte_order_mark_is_applied(project: Project, database: Database) -> None:
    project.write("0001_create_users", b"\xef\xbb\xbf" + USERS.replace("\n", "\r\n").encode())

    assert project.migrate("up").returncode == 0

    assert database.value("SELECT sql FROM _migrations") == USERS.rstrip()


def test_an_edit_of_an_applied_file_is_refused_before_anything_runs(project: Project, database: Database) -> None:
    project.write("0001_a", "CREATE TABLE a ();")
    project.migrate("up")
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "CREATE TABLE b ();")

    run = project.migrate("up")

    assert run.returncode == 3
    assert "error[integrity.edited]: 0001_a was edited after it was applied" in run.stderr
    assert database.value("SELECT to_regclass('b')") is None


def test_an_edit_of_comments_alone_is_a_warning(project: Project, database: Database) -> None:
    project.write("0001_a", "CREATE TABLE a ();")
    project.migrate("up")
    project.write("0001_a", "-- Create a.\nCREATE  TABLE a ();")
    project.write("0002_b", "CREATE TABLE b ();")

    run = project.migrate("up")

    assert run.returncode == 0
    assert "warning: 0001_a was edited after it was applied, in comments or white space alone" in run.stderr
    assert database.ledger() == [(1, "applied"), (2, "applied")]


def test_a_file_that_is_gone_is_refused(project: Project) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0002_b": "SELECT 1;"})
    project.migrate("up")
    (project.folder / "0001_a.sql").unlink()

    run = project.migrate("up")

    assert run.returncode == 3
    assert "error[integrity.file-gone]: 0001_a is applied, and its file is gone" in run.stderr


def test_a_file_that_came_in_below_is_refused_unless_it_is_allowed(project: Project, database: Database) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0003_c": "SELECT 1;"})
    project.migrate("up")
    project.write("0002_b", "CREATE TABLE b ();")

    run = project.migrate("up")
    assert run.returncode == 3
    assert "error[integrity.out-of-order]: 0002_b came in below a version that is already applied" in run.stderr

    assert project.migrate("up", "--allow-out-of-order").returncode == 0
    assert database.ledger() == [(1, "applied"), (2, "applied"), (3, "applied")]


def test_the_last_history_does_not_depend_on_the_order_in_which_files_came_in(
    project: Project, database: Database
) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0003_c": "SELECT 1;"})
    project.migrate("up")
    project.write("0002_b", "SELECT 2;")
    project.migrate("up", "--allow-out-of-order")
    late = database.rows("SELECT version, history FROM _migrations ORDER BY 1")
    database.execute("DROP TABLE _migrations, _migrations_log")

    project.migrate("up")

    assert database.rows("SELECT version, history FROM _migrations ORDER BY 1") == late


def test_a_database_ahead_of_the_files_is_told_and_borne(project: Project) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0002_b": "SELECT 1;"})
    project.migrate("up")
    (project.folder / "0002_b.sql").unlink()

    run = project.migrate("up")

    assert run.returncode == 0
    assert "the database is ahead of the files by 1 migration" in run.stdout


def test_the_ledger_can_live_in_a_schema_of_its_own(project: Project, database: Database) -> None:
    project.write("0001_a", "CREATE TABLE a ();")

    assert project.migrate("up", "--schema", 'Ops "x"').returncode == 0

    assert database.rows('SELECT version FROM "Ops ""x"""._migrations') == [(1,)]
    assert database.value("SELECT to_regclass('public._migrations')") is None


@ON_ONE_SERVER
def test_five_thousand_files_are_applied_and_then_there_is_nothing_to_do(project: Project, database: Database) -> None:
    for number in range(1, 5001):
        project.write(f"{number:05d}_f{number}", f"SELECT {number};")

    run = project.migrate("up", timeout=240)
    assert run.returncode == 0, run.stderr
    assert database.value("SELECT count(*) FROM _migrations WHERE state = 'applied'") == 5000

    assert "nothing to do: the database is at 05000_f5000" in project.migrate("up").stdout


def test_json_is_one_document(project: Project) -> None:
    project.write("0001_create_users", USERS)

    document = json.loads(project.migrate("up", "--json").stdout)

    assert document["format"] == 1
    assert document["command"] == "up"
    assert document["status"] == 0
    assert [each["version"] for each in document["applied"]] == [1]


def test_a_file_with_another_lock_timeout_says_so_itself(project: Project) -> None:
    project.write(
        "0001_a",
        "-- migrate: lock-timeout=7s\n-- migrate: statement-timeout=2min\n"
        "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '7s'"
        " AND current_setting('statement_timeout') = '2min'; END $$;",
    )

    assert project.migrate("up").returncode == 0


def test_a_lock_timeout_of_zero_means_none(project: Project) -> None:
    project.write(
        "0001_a", "-- migrate: lock-timeout=0s\nDO $$ BEGIN ASSERT current_setting('lock_timeout') = '0'; END $$"
    )

    assert project.migrate("up").returncode == 0


def test_a_no_transaction_file_has_the_lock_timeout_that_it_asks_for(project: Project) -> None:
    look = "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '{}'; END $$;"
    project.write("0001_none", f"-- migrate: no-transaction\n{look.format('0')}")
    project.write("0002_some", f"-- migrate: no-transaction\n-- migrate: lock-timeout=7s\n{look.format('7s')}")

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr


def test_each_of_many_light_files_has_a_time_of_its_own(project: Project, database: Database) -> None:
    for number in range(1, 21):
        project.write(f"{number:04d}_t", f"CREATE TABLE t{number} (id int PRIMARY KEY);")

    project.migrate("up")

    rows = database.rows("SELECT started_at, applied_at FROM _migrations ORDER BY version")
    assert all(started < applied for started, applied in rows)
    assert all(applied <= started for (_, applied), (started, _) in pairwise(rows))


def test_light_files_before_one_that_fails_are_applied(project: Project, database: Database) -> None:
    for number in range(1, 31):
        project.write(f"{number:04d}_t", f"CREATE TABLE t{number} (id int);")
    project.write("0017_t", "CREATE TABLE t17 (id int);\nCREATE TABLE t3 (id int);")

    run = project.migrate("up")

    assert run.returncode == 1
    assert "0017_t.sql:2:1" in run.stderr
    assert "state: 0016 is applied; 0017 was rolled back; 0018 to 0030 were not tried." in run.stderr
    assert [line.split()[0] for line in run.stdout.splitlines()] == [f"{number:04d}_t" for number in range(1, 17)]
    assert [version for version, _ in database.ledger()] == list(range(1, 17))


def test_a_statement_that_needs_to_be_outside_a_transaction_is_explained(project: Project) -> None:
    project.write("0001_a", "CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY a_idx ON a (id);")

    run = project.migrate("up")

    assert run.returncode == 1
    assert "(SQLSTATE 25001)" in run.stderr
    assert (
        "hint: Put this statement alone into a file with the line `-- migrate: no-transaction` at the top."
        in run.stderr
    )
