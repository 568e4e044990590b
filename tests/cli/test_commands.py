"""The other commands as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

if TYPE_CHECKING:
    from tests.conftest import Database, Project

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/json.schema.json").read_text())


def document(project: Project, *arguments: str) -> dict[str, Any]:
    """The JSON document of a command, held against the schema of the docs, its status against the exit status."""
    run = project.migrate(*arguments, "--json")
    made: dict[str, Any] = json.loads(run.stdout)
    jsonschema.validate(made, SCHEMA)
    assert made["status"] == run.returncode
    assert made["command"] == arguments[0]
    return made


def piped(database: Database, script: str) -> subprocess.CompletedProcess[str]:
    """The script through the server's own psql."""
    command = [database.server.psql(), "-X", database.url]
    return subprocess.run(command, input=script, capture_output=True, text=True, check=False)


def test_status_shows_where_each_version_stands(project: Project) -> None:
    project.write_many({f"000{n}_{n}": "SELECT 1;" for n in (1, 2, 3, 5, 7)})
    project.migrate("up")
    project.write_many({"0001_1": "SELECT 2;", "0002_2": "-- only said\nSELECT 1;", "0004_4": "SELECT 1;"})
    (project.folder / "0003_3.sql").unlink()
    (project.folder / "0007_7.sql").unlink()

    run = project.migrate("status")

    assert run.returncode == 0, run.stderr
    standings = [line.split("  ")[1].strip() for line in run.stdout.splitlines()[:-2]]
    assert standings == ["edited", "comments edited", "file gone", "out of order", "applied", "ahead"]
    assert run.stdout.splitlines()[-2] == "the database is ahead of the files by 1 migration"
    assert "; 1 pending; history " in run.stdout.splitlines()[-1]


def test_status_writes_nothing(project: Project, database: Database) -> None:
    project.write("0001_a")

    assert project.migrate("status").returncode == 0

    assert database.value("SELECT to_regclass('_migrations')") is None


def test_status_check_tells_by_its_exit_status_whether_anything_is_pending(project: Project) -> None:
    project.write("0001_a")
    assert project.migrate("status", "--check").returncode == 4

    project.migrate("up")

    assert project.migrate("status", "--check").returncode == 0


def test_verify_agrees_when_nothing_differs(project: Project) -> None:
    project.write("0001_a")
    project.migrate("up")
    project.write("0002_b")

    run = project.migrate("verify", "--files")

    assert (run.returncode, run.stdout) == (0, "files and ledger agree on 1 migration\n")


def test_verify_names_what_differs(project: Project) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0003_c": "SELECT 1;"})
    project.migrate("up")
    project.write_many({"0001_a": "SELECT 2;", "0002_b": "SELECT 1;"})

    run = project.migrate("verify", "--files")

    assert run.returncode == 3
    edited, *diff, below, verdict = run.stdout.splitlines()
    assert [line.split()[0] for line in (edited, below, verdict)] == ["0001_a", "0002_b", "2"]
    assert diff == ["  @@ -1 +1 @@", "  -SELECT 1;", "  +SELECT 2;"]


def test_verify_compares_files_ledger_and_the_live_schema(project: Project, database: Database) -> None:
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.migrate("up")
    agreed = project.migrate("verify")
    database.execute("ALTER TABLE a ADD COLUMN by_hand text")

    run = project.migrate("verify")

    assert (agreed.returncode, run.returncode) == (0, 3)
    assert agreed.stdout.splitlines() == [
        "files and ledger agree on 1 migration",
        "the live schema is what the last migration left",
    ]
    assert run.stdout.splitlines() == [
        "a",
        "  + by_hand text",
        "files and ledger agree on 1 migration",
        "1 difference between the live schema (+) and what the last migration left (-)",
    ]


def test_plan_shows_how_each_file_would_run(project: Project, database: Database) -> None:
    project.write("0001_a", "-- migrate: lock-timeout=3s\nSELECT 1; SELECT 2;")
    project.write("0002_b", "-- migrate: no-transaction\nVACUUM;")

    run = project.migrate("plan")

    assert run.stdout == (
        "0001_a  2 statements, one transaction, lock_timeout 3.0 s\n"
        "0002_b  1 statement, each statement on its own\n"
        "2 migrations to apply; as a script for psql: migrate plan --sql\n"
    )
    assert database.value("SELECT to_regclass('_migrations')") is None


def test_plan_refuses_what_up_would_refuse(project: Project) -> None:
    project.write("0001_a")
    project.migrate("up")
    project.write("0001_a", "SELECT 2;")

    assert project.migrate("plan").returncode == 3


def script_files(project: Project) -> None:
    project.write("0001_create_users", "CREATE TABLE users (\n    id int PRIMARY KEY,\n    name text\n);")
    project.write("0002_fill", "INSERT INTO users VALUES (1, E'it''s \\\\ é');\nSET search_path = '';")
    project.write(
        "0003_index", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY users_idx ON users (name);\nVACUUM"
    )
    project.write("0004_wrapped", "BEGIN;\nINSERT INTO users VALUES (2, 'b'); -- the last\nCOMMIT;")
    project.write("0005_comment", "SELECT 1 -- no semicolon")


@pytest.mark.parametrize("schema", ["public", 'Ops "x"'])
def test_a_plan_as_sql_does_what_up_would_do(project: Project, database: Database, schema: str) -> None:
    script_files(project)
    project.environment["MIGRATE_SCHEMA"] = schema

    run = piped(database, project.migrate("plan", "--sql").stdout)

    assert run.returncode == 0, run.stderr
    assert "ERROR" not in run.stderr
    assert run.stdout.split() == ["0001_create_users", "0002_fill", "0003_index", "0004_wrapped", "0005_comment"]
    assert database.rows("SELECT name FROM users") == [("it's \\ é",), ("b",)]
    up = project.migrate("up")
    assert (up.returncode, up.stderr) == (0, "")
    assert up.stdout == "nothing to do: the database is at 0005_comment\n"
    assert project.migrate("verify").returncode == 0
    assert project.migrate("plan", "--sql").stdout == ""


def test_a_plan_as_sql_has_the_lock_timeout_that_a_no_transaction_file_asks_for(
    project: Project, database: Database
) -> None:
    look = "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '7s'; END $$;"
    project.write("0001_look", f"-- migrate: no-transaction\n-- migrate: lock-timeout=7s\n{look}")

    run = piped(database, project.migrate("plan", "--sql").stdout)

    assert run.returncode == 0, run.stderr
    assert database.ledger() == [(1, "applied")]


def test_a_plan_as_sql_keeps_its_letters_whatever_psql_takes_them_for(project: Project, database: Database) -> None:
    project.write("0001_a", "-- Grüße\nSELECT 'é';")
    script = project.migrate("plan", "--sql").stdout
    command = [database.server.psql(), "-X", database.url]
    environment = {**project.variables(), "PGCLIENTENCODING": "LATIN1"}

    subprocess.run(command, input=script, env=environment, capture_output=True, text=True, check=True)

    assert database.value("SELECT sql FROM _migrations") == "-- Grüße\nSELECT 'é';"


def test_a_plan_as_sql_and_up_leave_the_same_ledger(project: Project, database: Database) -> None:
    script_files(project)
    query = "SELECT version, name, checksum, state, statements_done, runner_version, history, sql FROM _migrations"
    piped(database, project.migrate("plan", "--sql").stdout)
    by_psql = database.rows(f"{query} ORDER BY 1")
    database.execute("DROP TABLE _migrations, _migrations_log, users")

    project.migrate("up")

    assert database.rows(f"{query} ORDER BY 1") == by_psql


def test_a_plan_as_sql_is_refused_by_psql_when_the_ledger_has_moved(project: Project, database: Database) -> None:
    script_files(project)
    script = project.migrate("plan", "--sql").stdout
    project.migrate("up", "--to", "1")

    run = piped(database, script.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))

    assert run.returncode == 3
    assert "the ledger has moved since this script was made" in run.stderr
    assert database.ledger() == [(1, "applied")]


def test_a_plan_as_sql_lets_no_invalid_index_pass(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)")
    index = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_key ON a (id);"
    piped(database, index)
    project.write("0001_index", f"-- migrate: no-transaction\n{index}")

    run = piped(database, project.migrate("plan", "--sql").stdout)

    assert run.returncode == 3
    assert "the index a_key is not valid: go on with migrate up, which builds it again" in run.stderr


def test_a_plan_as_sql_takes_in_files_that_came_in_below(project: Project, database: Database) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0003_c": "SELECT 1;"})
    project.migrate("up")
    project.write("0002_b", "SELECT 2;")

    run = piped(database, project.migrate("plan", "--sql", "--allow-out-of-order").stdout)

    assert run.returncode == 0, run.stderr
    assert project.migrate("up").stdout.startswith("nothing to do")
    project.write("0004_d", "SELECT 4;")
    assert project.migrate("up").returncode == 0


def test_new_writes_the_next_number(offline: Project) -> None:
    assert offline.migrate("new", "create", "users").stdout == "sql/migrations/0001_create_users.sql\n"
    assert offline.migrate("new", "Add-Email").stdout == "sql/migrations/0002_add_email.sql\n"
    offline.write("00041_far", "SELECT 1;")

    run = offline.migrate("new", "after")

    assert run.stdout == "sql/migrations/00042_after.sql\n"
    assert (offline.folder / "00042_after.sql").read_text().startswith("-- After.\n-- Why:\n-- Locks:\n")


def test_new_refuses_a_name_that_no_file_can_have(offline: Project) -> None:
    run = offline.migrate("new", "a/b")

    assert run.returncode == 2
    assert "error[config.bad-name]" in run.stderr


def test_a_template_that_nobody_filled_in_is_not_applied(project: Project) -> None:
    project.migrate("new", "create users")

    run = project.migrate("up")

    assert run.returncode == 2
    assert "error[file.no-statement]" in run.stderr


def test_a_baseline_adopts_what_is_there(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE users (id int)")
    project.write("0001_create_users", "CREATE TABLE users (id int);")
    project.write("0002_add_email", "ALTER TABLE users ADD COLUMN email text;")

    run = project.migrate("baseline", "1")

    assert run.returncode == 0, run.stderr
    assert run.stdout == "0001_create_users\nrecorded 1 migration as baseline\n"
    assert project.migrate("up").returncode == 0
    assert database.ledger() == [(1, "baseline"), (2, "applied")]
    assert project.migrate("baseline", "1").stdout == "nothing to do: all of them are in the ledger\n"


def test_a_baseline_needs_a_version_that_a_file_has(project: Project) -> None:
    project.write("0001_a")

    assert project.migrate("baseline", "7").returncode == 2


def test_an_edit_can_be_accepted_with_a_reason(project: Project, database: Database) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0002_b": "SELECT 2;"})
    project.migrate("up")
    project.write("0001_a", "SELECT 'one';")

    run = project.migrate("resolve", "1", "--accept-edit", "--reason", "a secret was in it")

    assert run.returncode == 0, run.stderr
    assert database.rows("SELECT version, event, reason, old_sql FROM _migrations_log") == [
        (1, "accept-edit", "a secret was in it", "SELECT 1;")
    ]
    assert project.migrate("verify", "--files").returncode == 0
    accepted = database.rows("SELECT version, history, sql FROM _migrations ORDER BY 1")
    database.execute("DROP TABLE _migrations, _migrations_log")
    project.migrate("up")
    assert database.rows("SELECT version, history, sql FROM _migrations ORDER BY 1") == accepted


@pytest.mark.parametrize("decision", ["--applied", "--retry", "--accept-edit"])
def test_there_has_to_be_something_to_resolve(project: Project, decision: str) -> None:
    project.write("0001_a")
    project.migrate("up")

    run = project.migrate("resolve", "1", decision, "--reason", "why not")

    assert run.returncode == 2
    assert "error[ledger.nothing-to-resolve]" in run.stderr


def test_resolve_wants_a_decision_and_a_reason(project: Project) -> None:
    project.write("0001_a")

    assert project.migrate("resolve", "1", "--reason", "x").returncode == 2
    assert project.migrate("resolve", "1", "--retry").returncode == 2


def test_every_command_that_reports_does_so_in_json(project: Project) -> None:
    project.write("0001_a", "-- migrate: allow drop-column nobody reads it\nSELECT 1;")
    project.write("0002_b", "-- migrate: no-transaction\nSELECT 1;")

    assert document(project, "plan")["pending"][1]["mode"] == "no-transaction"
    assert "BEGIN" in document(project, "plan", "--sql")["sql"]
    assert document(project, "baseline", "1")["recorded"][0]["version"] == 1
    assert document(project, "up")["applied"][0]["version"] == 2
    assert [each["standing"] for each in document(project, "status")["versions"]] == ["baseline", "applied"]
    assert document(project, "verify", "--files")["differences"] == []
    project.write("0002_b", "-- migrate: no-transaction\nSELECT 2;")
    assert document(project, "verify", "--files")["differences"][0]["standing"] == "edited"
    assert document(project, "up")["error"]["name"] == "integrity.edited"
    assert document(project, "resolve", "2", "--accept-edit", "--reason", "meant")["resolved"]["reason"] == "meant"
    project.write("0003_c", "SELECT 1;\nSELECT nope;")
    error = document(project, "up")["error"]
    assert document(project, "verify", "--files", "--expect", "0" * 64)["expected_history"] == "0" * 64
    assert (error["file"], error["line"], error["column"], error["sqlstate"]) == (
        "sql/migrations/0003_c.sql",
        2,
        8,
        "42703",
    )


def test_what_is_said_of_the_schema_is_said_in_json_too(project: Project, database: Database) -> None:
    project.environment["MIGRATE_SCRATCH_URL"] = project.url or ""
    project.write("0001_a", "CREATE TABLE a (id int, name text);")
    assert document(project, "dump", "-o", "sql/schema.sql")["file"] == "sql/schema.sql"
    assert document(project, "dump")["sql"] == (project.root / "sql/schema.sql").read_text()
    assert document(project, "verify", "--declared")["schema"]["differences"] == []
    assert document(project, "draft", "nothing")["files"] == []
    (project.root / "sql/schema.sql").write_text("CREATE TABLE a (id int NOT NULL);\n")
    assert len(document(project, "verify", "--declared")["schema"]["differences"]) == 2
    project.migrate("up")
    assert document(project, "draft", "less")["files"][0] == {"file": "sql/migrations/0002_less.sql", "left": 1}
    database.execute("ALTER TABLE a ADD COLUMN by_hand text; CREATE EXTENSION btree_gist; GRANT SELECT ON a TO PUBLIC")

    kept, replayed = document(project, "verify")["schema"], document(project, "verify", "--replay")["schema"]

    assert (kept["against"], replayed["against"]) == ("snapshot", "replay")
    assert len(kept["differences"]) == len(replayed["differences"]) == 3
    assert "by_hand" in document(project, "verify", "--repair-sql")["schema"]["repair_sql"]
    database.execute("TRUNCATE _migrations_catalog")
    assert document(project, "verify")["schema"]["reason"].startswith("no snapshot was taken yet;")
    (project.root / "sql/schema.sql").unlink()
    assert document(project, "verify", "--declared")["error"]["name"] == "files.no-declared"


def test_settings_come_from_flag_then_environment_then_pyproject(project: Project, database: Database) -> None:
    for name in ("flag", "environment", "pyproject"):
        folder = project.root / name
        folder.mkdir()
        (folder / "0001_a.sql").write_text(f"CREATE TABLE from_{name} ();")
    (project.root / "pyproject.toml").write_text('[tool.migrate]\ndir = "pyproject"\nschema = "in_pyproject"\n')

    project.migrate("up", "--schema", "s1")
    project.environment["MIGRATE_DIR"] = "environment"
    project.migrate("up", "--schema", "s2")
    project.migrate("up", "--dir", "flag")

    tables = database.rows("SELECT relname FROM pg_class WHERE relname LIKE 'from_%' ORDER BY oid")
    assert tables == [("from_pyproject",), ("from_environment",), ("from_flag",)]
    assert database.value("SELECT count(*) FROM in_pyproject._migrations") == 1


def test_the_folder_of_pyproject_is_found_from_below(project: Project, database: Database) -> None:
    project.write("0001_a")
    (project.root / "pyproject.toml").write_text('[tool.migrate]\ndir = "sql/migrations"\n')
    below = project.root / "src"
    below.mkdir()
    project.root = below

    assert project.migrate("up").returncode == 0

    assert database.ledger() == [(1, "applied")]


@pytest.mark.parametrize("command", ["up", "up --json", "status", "plan --sql"])
def test_a_reader_that_goes_away_does_not_stop_the_work(project: Project, database: Database, command: str) -> None:
    for number in range(1, 31):
        project.write(f"{number:04d}_f{number}", "SELECT pg_sleep(0.01);")
    line = f"{sys.executable} -m runner {command} | true; echo ${{PIPESTATUS[0]}}"

    run = subprocess.run(
        ["bash", "-c", line], cwd=project.root, env=project.variables(), capture_output=True, text=True, check=False
    )

    assert (run.stdout, run.stderr) == ("0\n", "")
    assert not command.startswith("up") or len(database.ledger()) == 30


def test_a_full_disk_behind_stdout_does_not_stop_the_work(project: Project, database: Database) -> None:
    project.write_many({"0001_a": "SELECT 1;", "0002_b": "SELECT 1;"})

    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "runner", "up"], cwd=project.root, env=project.variables(), stdout=full, check=False
        )

    assert run.returncode == 0
    assert len(database.ledger()) == 2


def test_libpq_settings_name_the_database_too(project: Project, database: Database) -> None:
    if database.server.binaries is None:
        pytest.skip("needs a server of our own")
    project.write("0001_a")
    project.url = None
    project.environment |= {
        "PGHOST": database.url.split("host=")[1].split("&")[0],
        "PGPORT": str(database.server.tcp),
        "PGUSER": "postgres",
        "PGDATABASE": database.name,
    }

    assert project.migrate("up").returncode == 0

    assert database.ledger() == [(1, "applied")]


def test_migrations_can_go_to_another_address_than_the_application(project: Project, database: Database) -> None:
    project.write("0001_a")
    project.environment["MIGRATE_DATABASE_URL"] = database.url
    project.url = "postgresql://nobody@127.0.0.1:1/pooler"

    assert project.migrate("up").returncode == 0
