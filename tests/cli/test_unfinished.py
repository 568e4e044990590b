"""No-transaction files that stop half-way: they go on by themselves where that is right, and ask a person where not."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_races import COUNTING, await_activity, await_lock_free, finish, holding
from tests.fire import await_row

if TYPE_CHECKING:
    from tests.conftest import Database, Project

NO_TRANSACTION = "-- migrate: no-transaction\n"
ALONE = """
CREATE TABLE runs (version int);
CREATE FUNCTION alone() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF statement_timestamp() <> transaction_timestamp() THEN
        RAISE 'alone() cannot run inside a transaction block' USING ERRCODE = '25001';
    END IF;
    INSERT INTO runs VALUES (1);
END $$;
"""


def killed_in(project: Project, database: Database, query: str) -> None:
    """The command, killed as soon as it runs a statement like this one."""
    process = project.start("up")
    await_activity(database, query)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    await_lock_free(database)


def killed_in_the_second_statement(project: Project, database: Database) -> None:
    """A procedure may have committed a part of its work, so nobody can know how far it came."""
    project.write(
        "0001_create_runs",
        "CREATE TABLE runs (version int);\n"
        "CREATE PROCEDURE rest(seconds float) LANGUAGE sql AS 'SELECT pg_sleep(seconds)';",
    )
    project.write("0002_run", "-- migrate: no-transaction\nINSERT INTO runs VALUES (1);\nCALL rest(60);")
    killed_in(project, database, "CALL rest(60)%")


def test_kill_nine_in_a_procedure_asks_a_person(project: Project, database: Database) -> None:
    killed_in_the_second_statement(project, database)
    project.write("0003_next", "SELECT 1;")
    assert database.rows("SELECT version, state, statements_done FROM _migrations ORDER BY 1") == [
        (1, "applied", 2),
        (2, "started", 1),
    ]

    run = project.migrate("up")

    assert run.returncode == 6
    assert "error[ledger.unfinished]: 0002_run stopped after 1 of 2 statements" in run.stderr
    assert "0002_run.sql:3:1" in run.stderr
    assert "migrate resolve 2 --applied" in run.stderr
    assert "migrate resolve 2 --retry" in run.stderr
    assert project.migrate("verify", "--files").returncode == 6


def test_a_person_decides_that_it_was_applied(project: Project, database: Database) -> None:
    killed_in_the_second_statement(project, database)

    run = project.migrate("resolve", "2", "--applied", "--reason", "slept long enough")

    assert run.returncode == 0, run.stderr
    assert project.migrate("up").stdout == "nothing to do: the database is at 0002_run\n"
    assert database.rows("SELECT version, event, reason, statements_done FROM _migrations_log") == [
        (2, "applied", "slept long enough", 1)
    ]


def test_a_person_decides_to_go_on_from_where_it_stopped(project: Project, database: Database) -> None:
    killed_in_the_second_statement(project, database)
    project.write("0002_run", "-- migrate: no-transaction\nINSERT INTO runs VALUES (1);\nCALL rest(0);")

    assert project.migrate("resolve", "2", "--retry", "--reason", "shorter now").returncode == 0
    assert project.migrate("up").returncode == 0

    assert database.rows("SELECT version FROM runs") == [(1,)]
    assert database.ledger() == [(1, "applied"), (2, "applied")]


def test_going_on_is_refused_if_what_is_done_was_edited(project: Project, database: Database) -> None:
    killed_in_the_second_statement(project, database)
    project.write("0002_run", "-- migrate: no-transaction\nINSERT INTO runs VALUES (7);\nCALL rest(0);")
    project.migrate("resolve", "2", "--retry", "--reason", "why not")

    run = project.migrate("up")

    assert run.returncode == 6
    assert "the statements that are done were edited since" in run.stderr


def test_a_statement_that_the_server_refused_is_tried_again_by_itself(project: Project, database: Database) -> None:
    project.write("0001_create_runs", COUNTING)
    project.write("0002_run", "-- migrate: no-transaction\nINSERT INTO runs VALUES (1);\nVACUUM rums;")

    run = project.migrate("up")
    assert run.returncode == 1
    assert 'relation "rums" does not exist' in run.stderr
    assert "state: 0001 is applied; 0002 is started and not finished." in run.stderr

    project.write("0002_run", "-- migrate: no-transaction\nINSERT INTO runs VALUES (1);\nVACUUM runs;")
    assert project.migrate("up").returncode == 0
    assert database.rows("SELECT version FROM runs") == [(1,)]


@pytest.mark.parametrize("maybe", ["", "IF NOT EXISTS "])
def test_an_interrupted_concurrent_index_is_built_again(project: Project, database: Database, maybe: str) -> None:
    project.write("0001_create_runs", "CREATE TABLE runs (version int); INSERT INTO runs VALUES (1), (1);")
    project.write(
        "0002_index",
        f"-- migrate: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY {maybe}runs_key ON public.runs (version);",
    )
    run = project.migrate("up")
    assert run.returncode == 1
    assert "could not create unique index" in run.stderr
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'runs_key'::regclass") is False

    database.execute("DELETE FROM runs; INSERT INTO runs VALUES (1)")
    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert (
        "warning: the index public.runs_key is invalid, left by an interrupted build; it is built again" in run.stderr
    )
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'runs_key'::regclass") is True


def test_a_waiter_does_not_resume_from_where_it_last_looked(project: Project, database: Database) -> None:
    project.write("0001_create_runs", COUNTING)
    project.write(
        "0002_run",
        "-- migrate: no-transaction\nINSERT INTO runs VALUES (1);\nINSERT INTO runs SELECT 2 FROM pg_sleep(2);\n"
        "INSERT INTO runs VALUES (3);\nSELECT 1 / 0;",
    )
    first = project.start("up")
    await_activity(database, "INSERT INTO runs SELECT 2%")

    second = project.start("up")
    results = finish([first, second])

    assert [status for status, _ in results] == [1, 1], results
    assert database.rows("SELECT version FROM runs ORDER BY 1") == [(1,), (2,), (3,)]


def test_a_waiter_does_not_resume_a_late_file_that_was_finished_meanwhile(project: Project, database: Database) -> None:
    project.write_many({"0001_create_runs": COUNTING, "0009_last": "SELECT 1;"})
    project.migrate("up")
    project.write(
        "0005_run",
        "-- migrate: no-transaction\nINSERT INTO runs VALUES (1);\n"
        "CREATE INDEX CONCURRENTLY runs_idx ON runs (version);\n"
        "INSERT INTO runs SELECT 3 FROM pg_sleep(1.5);",
    )
    first = project.start("up", "--allow-out-of-order")
    await_activity(database, "INSERT INTO runs SELECT 3%")

    second = project.start("up", "--allow-out-of-order")
    results = finish([first, second])

    assert [status for status, _ in results] == [0, 0], results
    assert database.rows("SELECT version FROM runs ORDER BY 1") == [(1,), (3,)]


def test_an_index_that_was_there_before_is_not_taken_for_the_one_of_the_file(
    project: Project, database: Database
) -> None:
    database.execute("CREATE TABLE t (a int, b int); CREATE INDEX t_a_idx ON t (b)")
    project.write("0001_index", "-- migrate: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY t_a_idx ON t (a);")

    for _ in range(2):
        run = project.migrate("up")
        assert run.returncode == 1
        assert 'relation "t_a_idx" already exists' in run.stderr

    assert database.ledger() == [(1, "started")]


def test_a_started_file_that_is_gone_is_not_forgotten(project: Project, database: Database) -> None:
    killed_in_the_second_statement(project, database)
    (project.folder / "0002_run.sql").unlink()

    run = project.migrate("up")

    assert run.returncode == 6
    assert "error[ledger.unfinished]: 0002_run stopped half-way, and its file is gone" in run.stderr
    assert project.migrate("verify", "--files").returncode == 6
    assert project.migrate("status", "--check").returncode == 4


def test_a_comment_hides_no_invalid_index(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE runs (version int); INSERT INTO runs VALUES (1), (1)")
    project.write(
        "0001_index",
        "-- migrate: no-transaction\n"
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS -- why\n runs_key ON runs (version);",
    )
    assert project.migrate("up").returncode == 1
    database.execute("DELETE FROM runs")

    assert project.migrate("up").returncode == 0

    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'runs_key'::regclass") is True


@pytest.mark.parametrize(
    "what",
    [
        "INDEX CONCURRENTLY runs_idx",
        "TABLE CONCURRENTLY runs",
        "SCHEMA CONCURRENTLY public",
        "(CONCURRENTLY) TABLE runs",
    ],
)
def test_what_an_interrupted_reindex_left_is_dropped(project: Project, database: Database, what: str) -> None:
    database.execute("CREATE TABLE runs (version int); CREATE INDEX runs_idx ON runs (version)")
    leftovers = "SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)$'"
    project.write("0001_reindex", f"-- migrate: no-transaction\nREINDEX {what};")
    with holding(database, table="runs"):
        process = project.start("up")
        await_activity(database, "REINDEX%")
        await_row(database, f"SELECT WHERE ({leftovers}) > 0", seconds=20)
        process.send_signal(signal.SIGTERM)
        finish([process])
    assert database.value(leftovers) > 0

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert "is invalid, left by an interrupted REINDEX; it is dropped" in run.stderr
    assert database.value(leftovers) == 0


def test_kill_nine_in_a_statement_that_can_be_counted_needs_no_person(project: Project, database: Database) -> None:
    project.write("0001_create_runs", f"{COUNTING}CREATE TABLE pace AS SELECT 60 AS seconds;")
    project.write(
        "0002_run",
        f"{NO_TRANSACTION}INSERT INTO runs VALUES (1);\nINSERT INTO runs SELECT 2 FROM pace, pg_sleep(seconds);",
    )
    process = project.start("up")
    await_activity(database, "INSERT INTO runs SELECT 2%")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    database.execute("UPDATE pace SET seconds = 0")

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert database.rows("SELECT version FROM runs ORDER BY 1") == [(1,), (2,)]


def test_settings_of_the_statements_before_are_made_again(project: Project, database: Database) -> None:
    database.execute("CREATE SCHEMA app; CREATE TABLE app.runs (version int); CREATE TABLE app.held (version int)")
    project.write(
        "0001_index",
        f"{NO_TRANSACTION}SET search_path = app;\nSELECT set_config('work_mem', '5MB', false);\n"
        "CREATE INDEX CONCURRENTLY held_idx ON held (version);\n"
        "INSERT INTO runs SELECT 5 WHERE current_setting('work_mem') = '5MB';",
    )
    with holding(database, table="app.held", mode="ROW EXCLUSIVE"):
        killed_in(project, database, "CREATE INDEX%")

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert database.rows("SELECT version FROM app.runs") == [(5,)]
    assert database.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid") == []


def test_a_partition_that_is_half_detached_is_detached_wholly(project: Project, database: Database) -> None:
    database.execute(
        "CREATE TABLE parts (version int) PARTITION BY RANGE (version);"
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2)"
    )
    pending = "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = 'parts_1'::regclass"
    project.write("0001_detach", f"{NO_TRANSACTION}ALTER TABLE parts DETACH PARTITION public.parts_1 CONCURRENTLY;")
    with holding(database, table="parts"):
        process = project.start("up")
        await_activity(database, "ALTER TABLE parts%")
        await_row(database, f"SELECT WHERE ({pending})", seconds=20)
        process.send_signal(signal.SIGTERM)
        [(status, _)] = finish([process])
        assert status == 143
    assert database.value(pending) is True

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert database.rows(pending) == []


def test_an_index_that_is_half_dropped_is_dropped_wholly(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE held (version int); CREATE INDEX held_idx ON held (version)")
    project.write("0001_drop", f"{NO_TRANSACTION}DROP INDEX CONCURRENTLY held_idx;")
    with holding(database):
        process = project.start("up")
        await_activity(database, "DROP INDEX%")
        await_row(
            database, "SELECT FROM pg_index WHERE indexrelid = 'held_idx'::regclass AND NOT indisvalid", seconds=20
        )
        process.send_signal(signal.SIGKILL)
        process.communicate()
        await_lock_free(database)

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert database.value("SELECT to_regclass('held_idx')") is None


def test_a_database_that_may_have_been_there_before_asks_a_person(project: Project, database: Database) -> None:
    name = f"{database.name}_more"
    project.write("0001_create", f"{NO_TRANSACTION}CREATE DATABASE {name};")
    try:
        assert project.migrate("up").returncode == 0
        assert database.value(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 1
        unseen = "UPDATE _migrations SET state = 'started', applied_at = NULL, statements_done = 0"
        database.execute(unseen)

        run = project.migrate("up")

        assert run.returncode == 6
        assert "0001_create stopped after 0 of 1 statements, and nobody saw how the next one ended" in run.stderr
        database.execute(f"DROP DATABASE {name}")
        assert project.migrate("up").returncode == 0
        assert database.value(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 1
    finally:
        database.execute(f"DROP DATABASE IF EXISTS {name}")


def test_the_progress_of_a_backfill_is_seen_while_it_runs(project: Project, database: Database) -> None:
    project.write(
        "0001_create",
        """
CREATE TABLE runs (version int);
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
    FOR batch IN 1..3 LOOP
        INSERT INTO runs VALUES (batch);
        COMMIT;
        RAISE NOTICE '% of 3 batches', batch;
        PERFORM pg_sleep(CASE batch WHEN 2 THEN 60 ELSE 0 END);
    END LOOP;
END $$;
""",
    )
    project.write("0002_fill", f"{NO_TRANSACTION}CALL fill();")
    process = project.start("up")
    assert process.stderr

    assert process.stderr.readline() == "0002: notice: 1 of 3 batches\n"
    assert process.stderr.readline() == "0002: notice: 2 of 3 batches\n"
    process.send_signal(signal.SIGTERM)

    [(status, err)] = finish([process])
    assert status == 143
    assert "state: 0001 is applied; 0002 is started and not finished." in err
    assert database.rows("SELECT version FROM runs ORDER BY 1") == [(1,), (2,)]
    assert project.migrate("up").returncode == 6


def test_a_lock_that_is_not_had_is_tried_again_in_a_no_transaction_file_too(
    project: Project, database: Database
) -> None:
    database.execute("CREATE TABLE held (id int)")
    project.write("0001_alter", f"{NO_TRANSACTION}SELECT 1;\nALTER TABLE held ADD COLUMN more int;")

    with holding(database):
        process = project.start("up", "--lock-timeout", "100ms")
        assert process.stderr
        assert any("0001_alter is locked out, trying again" in line for line in process.stderr)
    [(status, err)] = finish([process])

    assert status == 0, err


def test_a_file_that_stopped_may_be_edited_from_there_on(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE held (id int); INSERT INTO held VALUES (1), (1)")
    index = "CREATE UNIQUE INDEX CONCURRENTLY {} ON held (id);"
    project.write("0001_index", f"{NO_TRANSACTION}SELECT 1;\n{index.format('held_key')}")
    assert project.migrate("up").returncode == 1

    project.write("0001_index", f"{NO_TRANSACTION}SELECT 1;\n{index.format('held_idx').replace('UNIQUE ', '')}")
    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert database.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'held'::regclass") == [
        ("held_idx",)
    ]


def test_a_statement_that_refuses_a_transaction_against_all_expectation_runs_alone(
    project: Project, database: Database
) -> None:
    """As the functions of some extensions do; what such a one did before a kill, nobody knows."""
    database.execute(ALONE)
    project.write("0001_alone", f"{NO_TRANSACTION}SELECT alone();")

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert database.rows("SELECT version FROM runs") == [(1,)]
    database.execute("UPDATE _migrations SET state = 'started', applied_at = NULL, statements_done = 0")
    assert project.migrate("up").returncode == 6
    assert database.rows("SELECT version FROM runs") == [(1,)]


def test_what_is_left_is_looked_for_with_the_settings_of_the_file(project: Project, database: Database) -> None:
    database.execute(
        "CREATE SCHEMA app; CREATE TABLE app.held (version int); CREATE INDEX held_idx ON app.held (version);"
        "CREATE TABLE app.parts (version int) PARTITION BY RANGE (version);"
        "CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES FROM (1) TO (2)"
    )
    project.write("0001_drop", f"{NO_TRANSACTION}SET search_path = app;\nDROP INDEX CONCURRENTLY held_idx;")
    with holding(database, table="app.held", mode="ROW EXCLUSIVE"):
        killed_in(project, database, "DROP INDEX%")
    assert project.migrate("up").returncode == 0
    assert database.value("SELECT to_regclass('app.held_idx')") is None

    project.write(
        "0002_detach",
        f"{NO_TRANSACTION}SET search_path = app;\nALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY;",
    )
    with holding(database, table="app.parts"):
        killed_in(project, database, "ALTER TABLE parts%")
    run = project.migrate("up")

    assert run.returncode == 0, run.stderr
    assert "applied 1 migration in" in run.stdout
    assert database.rows("SELECT FROM pg_inherits WHERE inhrelid = 'app.parts_1'::regclass") == []


def test_an_index_that_was_there_before_is_refused_before_the_statement_queues(
    project: Project, database: Database
) -> None:
    database.execute("CREATE TABLE held (a int, b int); CREATE INDEX held_idx ON held (a)")
    project.write("0001_index", f"{NO_TRANSACTION}CREATE INDEX CONCURRENTLY held_idx ON held (b);")

    with holding(database, mode="SHARE UPDATE EXCLUSIVE"):
        run = project.migrate("up", timeout=20)

    assert run.returncode == 1
    assert 'relation "held_idx" already exists (SQLSTATE 42P07)' in run.stderr


def test_an_edit_below_the_border_tells_nothing_about_the_statement_at_it(project: Project, database: Database) -> None:
    database.execute(ALONE)
    project.write("0001_alone", f"{NO_TRANSACTION}SELECT alone();")
    assert project.migrate("up").returncode == 0
    database.execute("UPDATE _migrations SET state = 'started', applied_at = NULL, statements_done = 0")
    project.write("0001_alone", f"{NO_TRANSACTION}SELECT alone();\n-- a note")

    assert project.migrate("up").returncode == 6
    assert database.rows("SELECT version FROM runs") == [(1,)]


def test_a_name_that_the_server_cuts_off_is_found(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE runs (version int)")
    project.write("0001_index", f"{NO_TRANSACTION}CREATE INDEX CONCURRENTLY {'i' * 70} ON runs (version);")

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr


def test_a_statement_that_only_mentions_a_setting_is_not_run_again(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE runs (version text)")
    insert = "INSERT INTO runs SELECT set_config('app.tenant', '1', false);"
    project.write("0001_run", f"{NO_TRANSACTION}{insert}\nSELECT 1 / 0;")
    assert project.migrate("up").returncode == 1
    project.write("0001_run", f"{NO_TRANSACTION}{insert}\nSELECT 1;")

    assert project.migrate("up").returncode == 0
    assert database.value("SELECT count(*) FROM runs") == 1


def test_a_started_file_stays_a_no_transaction_file(project: Project, database: Database) -> None:
    killed_in_the_second_statement(project, database)
    project.write("0002_run", "INSERT INTO runs VALUES (1);\nCALL rest(0);")

    run = project.migrate("up")

    assert run.returncode == 6
    assert "0002_run stopped half-way as a no-transaction file, and is none any more" in run.stderr


def test_a_role_that_may_not_write_the_ledger_has_started_nothing(project: Project, database: Database) -> None:
    project.write("0001_a", "SELECT 1;")
    project.migrate("up")
    project.write("0002_b", f"{NO_TRANSACTION}SELECT 1;")
    role = f"reader_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON _migrations TO {role}")
    try:
        run = project.migrate("up", "--database-url", f"{database.url}&role={role}")
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")

    assert run.returncode == 1
    assert "state: 0001 is applied; 0002 was not tried." in run.stderr
