"""Each kind of bad input: one clear error, the right exit status, and nothing done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runner.server.cluster import Cluster

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database, Project, Server

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def test_no_database_is_named(offline: Project) -> None:
    offline.write("0001_a")

    run = offline.migrate("up")

    assert run.returncode == 2
    assert "error[config.no-database]: no database is named" in run.stderr
    assert all(way in run.stderr for way in ("--database-url", "DATABASE_URL", "PGHOST", "--embedded"))


@pytest.mark.parametrize(
    ("files", "name", "words"),
    [
        pytest.param({}, "files.no-folder", "sql/migrations", id="folder that is not there"),
        pytest.param({"notes.txt": "x"}, "files.empty-folder", "sql/migrations", id="folder without a migration"),
        pytest.param(
            {"0001_a.sql": "SELECT 1;", "1_b.sql": "SELECT 1;"}, "files.same-version", "0001_a.sql", id="twice"
        ),
        pytest.param({"a.sql": "SELECT 1;"}, "files.bad-name", "a.sql", id="no number"),
        pytest.param({"0001-a.sql": "SELECT 1;"}, "files.bad-name", "0001-a.sql", id="no underscore"),
        pytest.param({"0001_ä.sql": "SELECT 1;"}, "files.bad-name", "0001_ä.sql", id="letter beyond ASCII"),
        pytest.param({"0001_a b.sql": "SELECT 1;"}, "files.bad-name", "0001_a b.sql", id="space in the name"),
        pytest.param({"1234567890123456789_a.sql": ""}, "files.bad-name", "1234567890123456789", id="19 digits"),
        pytest.param({"0001_a.sql": b"SELECT '\xff';"}, "files.not-utf8", "0001_a.sql:1", id="not UTF-8"),
        pytest.param({"0001_a.sql": b"SELECT 1;\n\0"}, "files.nul-byte", "0001_a.sql:2", id="NUL byte"),
        pytest.param(
            {"0001_a.sql": "-- migrate: no-transactions\nSELECT 1;"},
            "file.bad-directive",
            "0001_a.sql:1:4",
            id="unknown directive",
        ),
        pytest.param(
            {"0001_a.sql": "-- migrate: lock-timeout=soon\nSELECT 1;"},
            "file.bad-directive",
            "0001_a.sql:1:4",
            id="directive without a duration",
        ),
        pytest.param(
            {"0001_a.sql": "SELECT 1;\n-- migrate: no-transaction\n"},
            "file.misplaced-directive",
            "0001_a.sql:2:4",
            id="directive below the first statement",
        ),
    ],
)
def test_a_bad_folder_is_refused_before_any_connection(
    offline: Project, files: dict[str, str | bytes], name: str, words: str
) -> None:
    for file, text in files.items():
        offline.write(file, text)

    run = offline.migrate("up", "--database-url", NOWHERE, "--wait", "0s")

    assert run.returncode == 2
    assert f"error[{name}]" in run.stderr
    assert words in run.stderr


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        pytest.param("SELECT 1;\nCOMMIT;\nSELECT 2;", "file.transaction-control", ":2:1", id="COMMIT"),
        pytest.param("SELECT 1;\nSTART TRANSACTION;", "file.transaction-control", ":2:1", id="START TRANSACTION"),
        pytest.param("BEGIN; SELECT 1; COMMIT; SELECT 2;", "file.transaction-control", ":1:1", id="half wrapped"),
        pytest.param("BEGIN; COMMIT; BEGIN; COMMIT;", "file.transaction-control", ":1:8", id="wrapped twice"),
        pytest.param(
            "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT;",
            "file.transaction-control",
            ":1:1",
            id="wrapped with an isolation level",
        ),
        pytest.param("SELECT 1;\nPREPARE TRANSACTION 'x';", "file.transaction-control", ":2:1", id="two-phase"),
        pytest.param("ABORT", "file.transaction-control", ":1:1", id="ABORT"),
        pytest.param(
            "-- migrate: no-transaction\nBEGIN;\nSELECT 1;\nCOMMIT;",
            "file.transaction-control",
            ":2:1",
            id="no-transaction",
        ),
        pytest.param(
            "-- migrate: no-transaction\nSELECT 1;\nDISCARD ALL;", "file.session-control", ":3:1", id="DISCARD ALL"
        ),
        pytest.param("-- migrate: no-transaction\nSET ROLE x;", "file.session-control", ":2:1", id="SET ROLE"),
        pytest.param(
            "-- migrate: no-transaction\nSELECT pg_advisory_unlock_all();", "file.session-control", ":2:1", id="unlock"
        ),
        pytest.param("SELECT 1;\n\\copy t from 'x'", "file.psql-command", ":2:1", id="psql's copy"),
        pytest.param("COPY t FROM stdin;\n1\tit's\n\\.\n", "file.copy-data", ":1:1", id="inline data"),
        pytest.param("COPY t FROM STDIN;", "file.copy-data", ":1:1", id="copy from the client"),
        pytest.param("SELECT 'a", "file.unterminated", ":1:8", id="open quote"),
        pytest.param("-- only a comment\n", "file.no-statement", "0002_b.sql", id="no statement"),
        pytest.param("", "file.no-statement", "0002_b.sql", id="empty file"),
    ],
)
def test_a_bad_file_is_refused_before_anything_runs(
    project: Project, database: Database, text: str, name: str, place: str
) -> None:
    project.write("0001_a", "CREATE TABLE a ();")
    project.write("0002_b", text)

    run = project.migrate("up")

    assert run.returncode == 2
    assert f"error[{name}]" in run.stderr
    assert place in run.stderr
    assert database.value("SELECT to_regclass('a')") is None


@pytest.mark.parametrize(
    "harmless",
    [
        "SAVEPOINT a; ROLLBACK TO SAVEPOINT a; RELEASE a;",
        "PREPARE q AS SELECT 1; EXECUTE q;",
        "DO $$ BEGIN PERFORM 1; END $$;",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;",
        "BEGIN TRANSACTION; SELECT 1; END WORK;",
    ],
)
def test_what_only_looks_like_transaction_control_is_applied(project: Project, harmless: str) -> None:
    project.write("0001_a", harmless)

    run = project.migrate("up")

    assert run.returncode == 0, run.stderr


def test_a_database_that_does_not_exist(project: Project, database: Database) -> None:
    project.write("0001_a")
    project.url = database.url.replace(database.name, "no_such_database")

    run = project.migrate("up")

    assert run.returncode == 2
    assert "error[connect.no-such-database]" in run.stderr
    assert 'database "no_such_database" does not exist (SQLSTATE 3D000)' in run.stderr


def test_a_host_that_does_not_resolve(offline: Project) -> None:
    offline.write("0001_a")

    run = offline.migrate("up", "--database-url", "postgresql://u@no-such-host.invalid/x", "--wait", "300ms")

    assert run.returncode == 5
    assert "error[connect.unreachable]" in run.stderr
    assert "the host name does not resolve" in run.stderr


def test_a_server_that_is_not_there(offline: Project) -> None:
    offline.write("0001_a")

    run = offline.migrate("up", "--database-url", NOWHERE, "--wait", "2500ms")

    assert run.returncode == 5
    assert "waiting for the database: connection refused at postgresql://nobody@127.0.0.1:1/nothing" in run.stderr
    assert "error[connect.unreachable]: the database could not be reached in 2.5 s" in run.stderr


def test_a_wrong_password_is_refused_at_once_and_never_printed(
    offline: Project, server: Server, database: Database
) -> None:
    if not server.tcp:
        pytest.skip("needs a server whose pg_hba.conf is ours")
    database.execute("DO $$ BEGIN CREATE ROLE locked LOGIN PASSWORD 'right'; EXCEPTION WHEN others THEN NULL; END $$")
    offline.write("0001_a")
    url = f"postgresql://locked:s3cr3t%40x@127.0.0.1:{server.tcp}/{database.name}"

    run = offline.migrate("up", "--database-url", url, "--json")

    assert run.returncode == 2
    assert "error[connect.authentication-refused]" in run.stderr
    assert json.loads(run.stdout)["error"]["sqlstate"] == "28P01"
    assert "s3cr3t" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cr3t#x@127.0.0.1:1/x",
        "postgresql://u:s3cr3t/x@127.0.0.1:1/x",
        "postgresql://u:s3cr3t?x@127.0.0.1:1/x",
        "postgresql://u:s3cr3t@127.0.0.1:one/x",
        "mysql://u:s3cr3t@127.0.0.1/x",
        "postgresql://u:s3cr3t@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?user=u&password=s3cr3t",
    ],
)
def test_no_url_shows_its_password_whatever_is_wrong_with_it(offline: Project, url: str) -> None:
    offline.write("0001_a")

    run = offline.migrate("up", "--database-url", url, "--wait", "0s", "--json")

    assert run.returncode in (2, 5)
    assert "s3cr3t" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("mysql://u@127.0.0.1/x", "detail: invalid DSN: scheme is expected to be"),
        ("postgresql://u:p4ss@127.0.0.1:1/x?sslmode=sometimes", "detail: `sslmode` parameter must be one of"),
        ("postgresql://u:pa#ss@127.0.0.1:1/x", "hint: A URL looks like"),
    ],
)
def test_a_url_that_cannot_be_used_says_why_unless_that_would_show_the_password(
    offline: Project, url: str, detail: str
) -> None:
    offline.write("0001_a")

    run = offline.migrate("up", "--database-url", url)

    assert run.returncode == 2
    assert "error[config.bad-url]: the database URL cannot be used" in run.stderr
    assert detail in run.stderr


def test_a_server_that_starts_late_is_waited_for(offline: Project, server: Server, scratch: Path) -> None:
    if not server.binaries:
        pytest.skip("needs a server of our own")
    cluster = Cluster(scratch / f"late{server.binaries.major}", server.binaries)
    cluster.initialize(sync=False)
    offline.write("0001_a")

    waiting = offline.start("up", "--database-url", cluster.url(), "--wait", "30s")
    assert waiting.stderr
    assert "waiting for the database" in waiting.stderr.readline()
    process = cluster.start(dies_with_parent=True)
    out, err = waiting.communicate(timeout=30)
    cluster.stop(process)

    assert waiting.returncode == 0, err
    assert "applied 1 migration" in out


def test_too_many_connections_are_waited_for(project: Project, database: Database) -> None:
    database.execute("DO $$ BEGIN CREATE ROLE crowded LOGIN; EXCEPTION WHEN others THEN NULL; END $$")
    database.execute("ALTER ROLE crowded CONNECTION LIMIT 1")
    database.execute("GRANT CREATE, USAGE ON SCHEMA public TO crowded")
    project.write("0001_a", "SELECT pg_sleep(1);")
    project.url = database.url.replace("user=postgres", "user=crowded")

    first = project.start("up")
    second = project.start("up")
    results = [process.communicate(timeout=30) for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], results
    assert database.ledger() == [(1, "applied")]


def test_a_role_that_may_not_make_the_ledger(project: Project, database: Database) -> None:
    database.execute("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN others THEN NULL; END $$")
    database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    project.write("0001_a")
    project.url = database.url.replace("user=postgres", "user=reader")

    run = project.migrate("up")

    assert run.returncode == 1
    assert "error[ledger.no-right]: the role reader may not make the ledger in schema public" in run.stderr
    assert "GRANT CREATE ON SCHEMA public" in run.stderr


def test_a_role_that_may_not_write_the_ledger(project: Project, database: Database) -> None:
    project.write("0001_a")
    project.migrate("up")
    project.write("0002_b")
    database.execute("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN others THEN NULL; END $$")
    database.execute("GRANT SELECT ON _migrations TO reader")
    project.url = database.url.replace("user=postgres", "user=reader")

    run = project.migrate("up")

    assert run.returncode == 1
    assert "permission denied for table _migrations" in run.stderr
    assert "state: 0001 is applied; 0002 was rolled back." in run.stderr
    assert "(SQLSTATE 42501)" in run.stderr


@pytest.mark.parametrize("command", [["status"], ["plan"], ["plan", "--sql"], ["verify", "--files"], ["up"]])
def test_a_role_that_can_only_read_the_ledger_can_look(
    project: Project, database: Database, command: list[str]
) -> None:
    project.write("0001_a")
    project.migrate("up")
    database.execute("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN others THEN NULL; END $$")
    database.execute("GRANT SELECT ON _migrations TO reader")
    database.execute(f"ALTER ROLE reader IN DATABASE {database.name} SET default_transaction_read_only = on")
    project.url = database.url.replace("user=postgres", "user=reader")

    run = project.migrate(*command)

    assert run.returncode == 0, run.stderr


def test_a_role_that_may_not_read_the_ledger_is_told(project: Project, database: Database) -> None:
    project.write("0001_a")
    project.migrate("up")
    database.execute("DO $$ BEGIN CREATE ROLE stranger LOGIN; EXCEPTION WHEN others THEN NULL; END $$")
    project.url = database.url.replace("user=postgres", "user=stranger")

    run = project.migrate("status")

    assert run.returncode == 1
    assert "error[ledger.no-right]: the role stranger may not read the ledger" in run.stderr


def test_a_read_only_database_with_something_pending(project: Project, database: Database) -> None:
    project.write("0001_a")
    project.migrate("up")
    database.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")

    assert project.migrate("up").returncode == 0

    project.write("0002_b")
    run = project.migrate("up")
    assert run.returncode == 7
    assert "error[server.read-only]: the database is read-only, and 1 migration is pending" in run.stderr


def test_a_ledger_of_a_newer_runner_is_refused_in_one_sentence(project: Project, database: Database) -> None:
    project.write("0001_a")
    project.migrate("up")
    database.execute("COMMENT ON TABLE _migrations IS 'migrate ledger, format 99'")

    run = project.migrate("up")

    assert run.returncode == 7
    assert "error[ledger.newer-runner]: the ledger has format 99, and this runner knows format 1" in run.stderr


def test_a_table_of_something_else_is_not_taken_for_the_ledger(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE _migrations (id int)")
    project.write("0001_a")

    run = project.migrate("up")

    assert run.returncode == 2
    assert "error[ledger.not-a-ledger]: public._migrations is a table of something else" in run.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("[tool.migrate]\nfolder = 'x'", 'no setting "folder"', id="unknown setting"),
        pytest.param("[tool.migrate]\ndatabase-url = 'x'", "A URL holds a secret", id="a secret"),
        pytest.param("[tool.migrate]\nwait = 'long'", 'is "long", which cannot be read', id="bad duration"),
        pytest.param("[tool]\nmigrate = 3  # tool.migrate", "tool.migrate is not a table", id="not a table"),
        pytest.param("[tool.migrate", "cannot be read as TOML", id="not TOML"),
    ],
)
def test_a_bad_pyproject_is_refused(project: Project, text: str, words: str) -> None:
    project.write("0001_a")
    (project.root / "pyproject.toml").write_text(text)

    run = project.migrate("status")

    assert run.returncode == 2
    assert "error[config.bad-setting]" in run.stderr
    assert words in run.stderr


def test_a_bad_duration_on_the_command_line_names_its_flag(project: Project) -> None:
    project.write("0001_a")

    run = project.migrate("up", "--wait", "soon")

    assert run.returncode == 2
    assert 'error[config.bad-setting]: --wait is "soon", which cannot be read' in run.stderr


def test_a_wrong_option_is_a_usage_error(offline: Project) -> None:
    assert offline.migrate("up", "--frobnicate").returncode == 2
    assert offline.migrate("frobnicate").returncode == 2


def test_a_folder_that_cannot_be_made_is_told(offline: Project) -> None:
    (offline.root / "file").write_text("")

    run = offline.migrate("new", "x", "--dir", "file/migrations")

    assert run.returncode == 2
    assert "error[files.unwritable]: the file cannot be written: Not a directory" in run.stderr


def test_a_file_that_cannot_be_read_is_named(offline: Project) -> None:
    (offline.folder / "0001_a.sql").mkdir(parents=True)

    run = offline.migrate("up", "--database-url", NOWHERE)

    assert run.returncode == 2
    assert "error[files.unreadable]: the file cannot be read" in run.stderr
