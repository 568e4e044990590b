"""`verify` sees what somebody changed by hand, `up` warns of it, and `--repair-sql` takes it back."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from runner.ledger.lock import lock_key

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg

    from tests.conftest import Database, Project

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);\n"
INDEX = "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY users_name_idx ON users (name);\n"
BY_HAND = "ALTER TABLE users ALTER COLUMN email DROP NOT NULL; DROP INDEX users_name_idx"


@pytest.fixture
def applied(project: Project) -> Project:
    """Two files, one of them without a transaction, applied."""
    project.write_many({"0001_users": USERS, "0002_index": INDEX})
    assert project.migrate("up").returncode == 0
    return project


def test_an_untouched_database_verifies_and_the_json_is_the_same_each_time(applied: Project) -> None:
    first, second = (applied.migrate("verify", "--json") for _ in range(2))
    run = applied.migrate("verify")

    assert (run.returncode, run.stdout) == (
        0,
        "files and ledger agree on 2 migrations\nthe live schema is what the last migration left\n",
    )
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["schema"]["fingerprint"].startswith("sha256:")


def test_what_only_touches_the_catalogs_is_no_drift(applied: Project, database: Database) -> None:
    """The stamp tells that a DDL statement ran; the comparison, that it came to nothing."""
    untouched = "SELECT stamp FROM _migrations_catalog"
    before = database.value(untouched)
    database.execute("ALTER TABLE users ADD COLUMN x text; ALTER TABLE users DROP COLUMN x; REINDEX TABLE users")

    assert applied.migrate("verify").returncode == 0
    applied.write("0003_nothing", "SELECT 1;\n")
    assert applied.migrate("up", "--on-drift", "fail").returncode == 0
    assert database.value(untouched) != before
    assert applied.migrate("verify").returncode == 0


def test_a_comment_with_odd_line_ends_is_one_line_of_the_snapshot(project: Project, database: Database) -> None:
    odd = "a\u2028b\x85c\x0cd\re"
    project.write("0001_a", f"CREATE TABLE a (id int);\nCOMMENT ON TABLE a IS '{odd}';\n")
    project.migrate("up")
    database.execute("ALTER TABLE a ADD COLUMN by_hand text")

    assert project.migrate("verify").stdout.startswith("a\n  + by_hand text\nfiles and ledger agree")


def test_a_snapshot_too_long_to_be_kept_still_finds_drift(applied: Project, database: Database) -> None:
    database.execute("UPDATE _migrations_catalog SET catalog = NULL; COMMENT ON TABLE users IS 'x'")
    found = applied.migrate("verify")
    database.execute("COMMENT ON TABLE users IS NULL")

    assert found.returncode == 3
    assert "see migrate verify --replay" in found.stdout
    assert applied.migrate("verify").returncode == 0


def test_drift_is_told_as_sql_and_as_json(applied: Project, database: Database) -> None:
    database.execute(BY_HAND)

    run = applied.migrate("verify")
    document = json.loads(applied.migrate("verify", "--json").stdout)

    assert run.returncode == 3
    assert run.stdout == (
        "users\n"
        "  - email text NOT NULL\n"
        "  + email text\n"
        "  - CREATE INDEX users_name_idx ON users (name);\n"
        "files and ledger agree on 2 migrations\n"
        "2 differences between the live schema (+) and what the last migration left (-)\n"
    )
    assert document["status"] == 3
    assert document["schema"]["differences"][0] == {
        "kind": "column",
        "schema": "public",
        "relation": "users",
        "name": "email",
        "expected": "email text NOT NULL",
        "actual": "email text",
    }


def test_a_repair_brings_the_live_schema_back(applied: Project, database: Database) -> None:
    database.execute(f"{BY_HAND}; CREATE VIEW hand AS SELECT id FROM users; COMMENT ON TABLE users IS 'by hand'")

    run = applied.migrate("verify", "--repair-sql")
    psql = [database.server.psql(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url]
    subprocess.run(psql, input=run.stdout, text=True, check=True, capture_output=True)

    assert run.returncode == 3
    assert applied.migrate("verify").returncode == 0
    assert applied.migrate("verify", "--repair-sql").stdout == ""


def test_a_replay_finds_what_was_there_before_the_first_snapshot(applied: Project, database: Database) -> None:
    database.execute(f"{BY_HAND}; TRUNCATE _migrations_catalog")

    without = applied.migrate("verify")
    run = applied.migrate("verify", "--replay")

    assert without.returncode == 3
    assert "the live schema was not compared: no snapshot was taken yet" in without.stdout
    assert run.returncode == 3
    assert "  - email text NOT NULL\n  + email text\n" in run.stdout
    assert "2 differences between the live schema (+) and what the files make (-)" in run.stdout
    assert database.rows("SELECT 1 FROM pg_database WHERE datname LIKE 'migrate_scratch%'") == []


def test_a_replay_goes_to_a_server_of_our_own_if_the_role_may_not_create_databases(
    applied: Project, database: Database
) -> None:
    database.execute(
        "CREATE ROLE verifier LOGIN; GRANT SELECT ON _migrations, _migrations_catalog TO verifier; CREATE ROLE app;"
    )
    applied.write("0003_grant", "GRANT SELECT ON users TO app;\n")
    try:
        applied.migrate("up")
        applied.url = database.url.replace("user=postgres", "user=verifier")
        run = applied.migrate("verify", "--replay")

        assert run.returncode == 0, run.stderr
        assert "the live schema is what the files make" in run.stdout
        assert (applied.root / f".migrate/scratch-{database.value('SHOW server_version_num')[:2]}").is_dir()
    finally:
        database.execute("DROP OWNED BY verifier, app; DROP ROLE verifier, app")


@pytest.mark.parametrize(("how", "status"), [("warn", 0), ("fail", 3), ("ignore", 0)], ids=["warn", "fail", "ignore"])
def test_up_compares_before_it_applies(applied: Project, database: Database, how: str, status: int) -> None:
    database.execute(BY_HAND)
    applied.write("0003_more", "CREATE TABLE more (id int);\n")

    run = applied.migrate("up", "--on-drift", how)

    assert run.returncode == status
    assert ("- CREATE INDEX users_name_idx ON users (name);" in run.stderr) == (how != "ignore")
    assert ((3, "applied") in database.ledger()) is (status == 0)
    if how == "fail":
        assert "error[integrity.drifted]" in run.stderr
        assert "state: 0002 is applied; 0003 was not tried." in run.stderr
    else:
        assert applied.migrate("verify").returncode == 0


def test_up_says_nothing_of_drift_where_there_is_none(applied: Project) -> None:
    applied.write("0003_more", "CREATE TABLE more (id int);\n")

    assert applied.migrate("up", "--on-drift", "fail").stderr == ""


def test_a_failed_up_keeps_a_snapshot_of_what_was_applied_before(applied: Project) -> None:
    applied.write("0003_more", "CREATE TABLE more (id int);\n")
    applied.write("0004_bad", "CREATE TABLE worse (id nonsense);\n")

    assert applied.migrate("up").returncode == 1
    run = applied.migrate("verify")

    assert run.returncode == 0, run.stdout
    assert "the live schema is what the last migration left" in run.stdout


def test_a_snapshot_that_is_out_of_date_is_not_compared_with(applied: Project, database: Database) -> None:
    database.execute("UPDATE _migrations_catalog SET entries = 1, version = 1")

    run = applied.migrate("verify")

    assert run.returncode == 3
    assert "was not compared: the snapshot is of version 1, and the ledger has moved on since" in run.stdout
    assert "migrate verify --replay" in run.stdout


def test_a_baseline_takes_a_snapshot(project: Project, database: Database) -> None:
    project.write("0001_users", USERS)
    database.execute(USERS)
    project.migrate("baseline", "1")

    assert project.migrate("verify").returncode == 0
    database.execute("ALTER TABLE users ADD COLUMN hand text")
    assert "+ hand text" in project.migrate("verify").stdout


def test_after_the_script_for_psql_the_live_schema_verifies(project: Project, database: Database) -> None:
    project.write_many({"0001_users": USERS, "0002_index": INDEX})
    script = project.migrate("plan", "--sql").stdout
    psql = [database.server.psql(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url]
    subprocess.run(psql, input=script, text=True, check=True, capture_output=True)

    assert project.migrate("verify").returncode == 0


@pytest.mark.parametrize("gone", ["DROP TABLE _migrations_catalog", "TRUNCATE _migrations_catalog"])
def test_where_there_is_no_snapshot_the_next_up_takes_one(applied: Project, database: Database, gone: str) -> None:
    """A runner from before there were snapshots, or one that was killed, left none."""
    database.execute(gone)
    assert "no snapshot was taken yet" in applied.migrate("verify").stdout

    assert applied.migrate("up").stdout.startswith("nothing to do")
    assert applied.migrate("verify").returncode == 0


def test_a_role_that_can_make_no_snapshot_still_migrates(applied: Project, database: Database) -> None:
    database.execute(
        "DROP TABLE _migrations_catalog; CREATE ROLE mover LOGIN; "
        "GRANT SELECT, INSERT, UPDATE ON _migrations TO mover; "
        "CREATE SCHEMA own AUTHORIZATION mover; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    )
    applied.url = database.url.replace("user=postgres", "user=mover")
    applied.write("0003_own", "CREATE TABLE own.t (id int);\n")
    try:
        run = applied.migrate("up")
        assert run.returncode == 0, run.stderr
    finally:
        database.execute("DROP OWNED BY mover CASCADE; DROP ROLE mover")


def test_the_snapshot_does_not_wait_for_locks_of_others(applied: Project, database: Database) -> None:
    """To describe a view takes a lock on it; the migration holds its own locks meanwhile."""
    applied.write("0003_view", "CREATE VIEW v AS SELECT id FROM users;\nCREATE TABLE hot (id int);\n")
    applied.migrate("up")
    applied.write("0004_hot", "ALTER TABLE hot ADD COLUMN x int;\n")

    async def locked(connection: asyncpg.Connection[Any]) -> subprocess.CompletedProcess[str]:
        async with connection.transaction():
            await connection.execute("LOCK TABLE v IN ACCESS EXCLUSIVE MODE")
            return await asyncio.to_thread(applied.migrate, "up", timeout=20)

    run = database.run(locked)

    assert run.returncode == 0, run.stderr
    assert applied.migrate("up").stdout.startswith("nothing to do")
    assert applied.migrate("verify").returncode == 0


def test_a_replay_does_not_run_again_on_its_server_what_reaches_beyond_the_database(
    applied: Project, database: Database
) -> None:
    applied.write("0003_role", "CREATE ROLE replayed NOLOGIN;\nGRANT SELECT ON users TO replayed;\n")
    applied.migrate("up")
    try:
        database.execute("ALTER ROLE replayed LOGIN")
        runs = [applied.migrate("verify", "--replay") for _ in range(2)]

        assert [run.returncode for run in runs] == [0, 0], runs[0].stderr + runs[1].stderr
        assert database.value("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'replayed'")
    finally:
        database.execute("DROP OWNED BY replayed; DROP ROLE replayed")


def test_a_replay_has_the_search_path_of_the_database(applied: Project, database: Database) -> None:
    database.execute(f"CREATE SCHEMA app; ALTER DATABASE {database.name} SET search_path = app, public")
    applied.write("0003_app", "CREATE SCHEMA IF NOT EXISTS app;\nCREATE TABLE mine (id int);\n")
    applied.migrate("up")

    run = applied.migrate("verify", "--replay")

    assert "mine" not in run.stdout, run.stdout


def test_two_ledgers_of_one_database_do_not_see_each_other(applied: Project) -> None:
    applied.environment["MIGRATE_SCHEMA"] = "second"
    applied.write("0001_users", "SELECT 1;\n")
    applied.write("0002_index", "SELECT 2;\n")

    assert applied.migrate("up").returncode == 0
    applied.environment["MIGRATE_SCHEMA"] = "public"
    assert "_migrations" not in applied.migrate("verify").stdout


def test_partitions_of_a_schedule_can_be_left_out(project: Project, database: Database) -> None:
    project.write("0001_log", "CREATE TABLE log (day date NOT NULL) PARTITION BY RANGE (day);\n")
    project.migrate("up")
    database.execute("CREATE TABLE log_p1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-01-02')")

    assert project.migrate("verify").returncode == 3
    assert project.migrate("verify", "--ignore", "log_p*").returncode == 0
    (project.root / "pyproject.toml").write_text('[tool.migrate]\nignore = ["log_p*", "other.*"]\n')
    assert project.migrate("verify").returncode == 0


def test_an_edit_is_shown_as_a_diff(applied: Project) -> None:
    applied.write("0001_users", USERS.replace("name text", "name text NOT NULL"))
    applied.write("0002_index", f"{INDEX}-- a comment\n")

    run = applied.migrate("verify", "--files")
    edits = json.loads(applied.migrate("verify", "--files", "--json").stdout)["edits"]

    assert run.returncode == 3
    assert f"  -{USERS}" in run.stdout
    assert "  +CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text NOT NULL);\n" in run.stdout
    assert "0002_index  comments edited" in run.stdout
    assert [edit["formatting_alone"] for edit in edits] == [False, True]


def test_the_history_tells_whether_two_databases_ran_the_same_files(applied: Project) -> None:
    history = json.loads(applied.migrate("status", "--json").stdout)["history"]

    assert history[:12] in applied.migrate("status").stdout
    assert applied.migrate("verify", "--expect", history).returncode == 0
    assert applied.migrate("verify", "--expect", history[:12]).returncode == 0
    other = applied.migrate("verify", "--expect", "0" * 64)
    assert other.returncode == 3
    assert f"the history is {history}, expected was {'0' * 64}" in other.stdout
    assert applied.migrate("verify", "--expect", "abc").returncode == 2


def test_a_role_that_can_only_read_verifies(applied: Project, database: Database) -> None:
    database.execute("CREATE ROLE looker LOGIN; GRANT SELECT ON _migrations, _migrations_catalog TO looker")
    applied.url = database.url.replace("user=postgres", "user=looker")
    try:
        run = applied.migrate("verify")
        assert (run.returncode, run.stderr) == (0, "")
        database.execute("REVOKE SELECT ON _migrations_catalog FROM looker")
        refused = applied.migrate("verify")
        assert refused.returncode == 1
        assert "GRANT SELECT ON public._migrations, public._migrations_catalog TO looker" in refused.stderr
        assert applied.migrate("verify", "--files").returncode == 0
    finally:
        database.execute("DROP OWNED BY looker; DROP ROLE looker")


def test_nothing_is_compared_while_a_file_is_half_way(applied: Project) -> None:
    applied.write("0003_stops", "-- migrate: no-transaction\nCREATE TABLE a (id int);\nCREATE TABLE b (id nonsense);\n")
    assert applied.migrate("up").returncode == 1

    run = applied.migrate("verify")

    assert run.returncode == 6
    assert "the live schema was not compared" in run.stdout


def test_while_another_runner_is_at_work_verify_says_try_again(applied: Project, database: Database) -> None:
    async def with_lock(connection: asyncpg.Connection[Any]) -> subprocess.CompletedProcess[str]:
        await connection.execute(f"SELECT pg_advisory_lock({lock_key('public')}); CREATE TABLE half (id int)")
        return await asyncio.to_thread(applied.migrate, "verify")

    run = database.run(with_lock)

    assert run.returncode == 5
    assert "error[lock.busy]" in run.stderr


def test_files_that_are_not_here_cannot_be_replayed(applied: Project) -> None:
    (applied.folder / "0002_index.sql").unlink()

    run = applied.migrate("verify", "--replay")

    assert run.returncode == 3
    assert "was not compared: the ledger has migrations whose files are not here" in run.stdout


def test_a_grant_on_a_composite_type_leaves_its_stamp(project: Project, database: Database) -> None:
    project.write("0001_type", "CREATE TYPE pair AS (a int);\n")
    project.migrate("up")
    database.execute("GRANT USAGE ON TYPE pair TO pg_monitor")

    assert "GRANT USAGE ON TYPE pair TO pg_monitor" in project.migrate("verify").stdout


def test_the_schema_of_the_ledger_does_not_count(project: Project) -> None:
    project.write("0001_users", USERS)
    project.environment["MIGRATE_SCHEMA"] = "Ops"

    assert project.migrate("up").returncode == 0
    assert project.migrate("verify").returncode == 0
    assert project.migrate("verify", "--replay").returncode == 0


def declared(project: Project, text: str) -> Path:
    path = project.root / "sql" / "schema.sql"
    path.write_text(text)
    return path


@pytest.fixture
def scratched(project: Project) -> Project:
    """The test's server is the scratch server too, as starting one of our own takes a second."""
    project.environment["MIGRATE_SCRATCH_URL"] = project.url or ""
    project.write_many({"0001_users": USERS, "0002_index": INDEX})
    return project


def test_a_dump_is_the_declared_schema_and_the_same_each_time(scratched: Project) -> None:
    dumped = scratched.migrate("dump")
    declared(scratched, dumped.stdout)

    assert dumped.stdout == (
        "-- The schema as it is declared. `migrate draft NAME` writes the migration that brings a database to it.\n"
        "\n"
        "CREATE TABLE users (\n"
        "    id bigint NOT NULL,\n"
        "    email text NOT NULL,\n"
        "    name text,\n"
        "    CONSTRAINT users_pkey PRIMARY KEY (id)\n"
        ");\n"
        "\n"
        "CREATE INDEX users_name_idx ON users (name);\n"
    )
    assert scratched.migrate("verify", "--declared").stdout == "sql/schema.sql is what the migrations make\n"
    assert scratched.migrate("dump", "-o", "sql/again.sql").stdout == "wrote sql/again.sql\n"
    assert (scratched.root / "sql/again.sql").read_text() == dumped.stdout
    assert scratched.migrate("draft", "nothing").stdout.startswith("nothing to draft")


OF_EIGHTEEN = """\
CREATE EXTENSION btree_gist;
CREATE TABLE a (id int PRIMARY KEY, double int GENERATED ALWAYS AS (id * 2) VIRTUAL, s int);
ALTER TABLE a ADD CONSTRAINT a_s_not_null NOT NULL s NOT VALID;
ALTER TABLE a ADD CONSTRAINT a_id_check CHECK (id > 0) NOT ENFORCED;
CREATE TABLE t (id int, during daterange, CONSTRAINT t_pkey PRIMARY KEY (id, during WITHOUT OVERLAPS));
"""


def test_what_came_with_eighteen_is_schema_too(scratched: Project, database: Database) -> None:
    if int(database.value("SHOW server_version_num")) < 180_000:
        pytest.skip("the server is older")
    scratched.write("0003_new", OF_EIGHTEEN)
    declared(scratched, scratched.migrate("dump").stdout)
    scratched.migrate("up")
    database.execute("ALTER TABLE a VALIDATE CONSTRAINT a_s_not_null")

    assert scratched.migrate("verify", "--declared").returncode == 0
    assert "  - s integer NOT NULL NOT VALID\n  + s integer NOT NULL\n" in scratched.migrate("verify").stdout


def test_what_a_server_spells_anew_when_it_is_loaded_again_is_no_difference(scratched: Project) -> None:
    scratched.write(
        "0003_orders",
        "CREATE TABLE orders (state varchar(20) CHECK (state IN ('new', 'it''s', 'old')));\n"
        "CREATE INDEX orders_state_idx ON orders (state) WHERE state IN ('new', 'old');\n"
        "CREATE VIEW open AS SELECT state FROM orders WHERE state NOT IN ('old', 'gone');\n",
    )
    declared(scratched, scratched.migrate("dump").stdout)

    assert scratched.migrate("verify", "--declared").returncode == 0
    assert scratched.migrate("draft", "nothing").stdout.startswith("nothing to draft")


def test_a_draft_is_applied_and_leaves_no_difference(scratched: Project) -> None:
    text = scratched.migrate("dump").stdout
    declared(
        scratched,
        "CREATE TABLE teams (id bigint PRIMARY KEY);\n"
        + text.replace("name text,", "name text, team_id bigint NOT NULL REFERENCES teams (id),")
        + "CREATE INDEX users_team_id_idx ON users (team_id);\n",
    )

    before = scratched.migrate("verify", "--declared")
    drafted = scratched.migrate("draft", "put users into teams")
    after = scratched.migrate("verify", "--declared")

    assert before.returncode == 3
    assert "  - team_id bigint NOT NULL\n" in before.stdout
    assert drafted.stdout.splitlines()[:-1] == [
        "sql/migrations/0003_put_users_into_teams.sql",
        "sql/migrations/0004_build_users_team_id_idx.sql",
        "sql/migrations/0005_validate_put_users_into_teams.sql",
        "sql/migrations/0006_require_users_team_id.sql",
    ]
    assert after.returncode == 0, after.stdout
    assert scratched.migrate("up").returncode == 0
    assert scratched.migrate("verify").returncode == 0


@pytest.mark.parametrize(
    ("text", "status", "place", "says"),
    [
        ("CREATE TABLE a (\n    id int,,\n);\n", 1, "sql/schema.sql:2:", 'syntax error at or near ","'),
        ("CREATE TABLE a (id int);\nCREATE TABLE b (\n    x nonsense\n);\n", 1, "sql/schema.sql:3:", '"nonsense"'),
        ("CREATE TABLE a (id text DEFAULT 'x);\n", 2, "sql/schema.sql:1:", "error[file.unterminated]"),
        ("CREATE VIEW v AS SELECT * FROM later;\n", 1, "sql/schema.sql:1:", "top to bottom"),
        ("-- nothing\n", 2, "sql/schema.sql", "error[file.no-statement]"),
    ],
    ids=["a syntax error", "a type that is not there", "an open quote", "a table below its view", "no statement"],
)
def test_a_bad_declared_schema_is_one_clear_error(
    scratched: Project, text: str, status: int, place: str, says: str
) -> None:
    declared(scratched, text)

    for command in (["verify", "--declared"], ["draft", "anything"]):
        run = scratched.migrate(*command)
        assert run.returncode == status, run.stderr
        assert f"--> {place}" in run.stderr
        assert says in run.stderr
    assert sorted(path.name for path in scratched.folder.iterdir()) == ["0001_users.sql", "0002_index.sql"]


def test_without_a_declared_schema_the_error_says_how_to_get_one(scratched: Project) -> None:
    run = scratched.migrate("verify", "--declared")

    assert run.returncode == 2
    assert "error[files.no-declared]" in run.stderr
    assert "migrate dump -o sql/schema.sql" in run.stderr


def test_drafting_needs_no_database(offline: Project) -> None:
    offline.folder.mkdir(parents=True)
    declared(offline, "CREATE TABLE users (id bigint PRIMARY KEY);\nGRANT SELECT ON users TO somebody;\n")

    run = offline.migrate("draft", "create", "users")

    assert run.returncode == 0, run.stderr
    assert "GRANT SELECT ON TABLE users TO somebody;" in (offline.folder / "0001_create_users.sql").read_text()
