"""`review` and `stats` as people run them: what is pending, in every form, with and without the live database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.cli.repositories import committed, put
from tests.conftest import ON_ONE_SERVER, with_database

if TYPE_CHECKING:
    from tests.conftest import Database, Project

pytestmark = ON_ONE_SERVER

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/json.schema.json").read_text())
USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n"
REWRITE = "ALTER TABLE users ALTER COLUMN id TYPE numeric;\n"


@pytest.fixture
def shop(project: Project, database: Database) -> Project:
    """A project whose first migration is applied and whose second writes a table anew."""
    project.environment["MIGRATE_SCRATCH_URL"] = database.url
    project.write("0001_create_users", USERS)
    assert project.migrate("up").returncode == 0
    project.write("0002_widen_ids", REWRITE)
    return project


def document(project: Project, *arguments: str, status: int = 0) -> dict[str, Any]:
    """What `review --json` prints, valid by its schema."""
    run = project.migrate("review", "--json", *arguments)
    assert run.returncode == status, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def rules(found: dict[str, Any]) -> set[tuple[str, str]]:
    """Rule and severity of every finding."""
    return {(each["rule"], each["severity"]) for file in found["files"] for each in file["findings"]}


def test_what_the_ledger_does_not_have_is_reviewed(shop: Project) -> None:
    run = shop.migrate("review", "--fail-on", "never")

    assert run.returncode == 0
    assert "0001_create_users" not in run.stdout
    assert "ACCESS EXCLUSIVE on users: reads and writes wait" in run.stdout
    assert "writes users anew" in run.stdout


def test_nothing_pending_is_no_error(shop: Project) -> None:
    assert shop.migrate("up").returncode == 0

    run = shop.migrate("review")

    assert (run.returncode, run.stdout.splitlines()[-1]) == (0, "nothing is pending")


def test_a_large_or_unknown_table_fails_the_review_and_an_empty_one_does_not(shop: Project) -> None:
    live, unknown = document(shop), document(shop, "--all", status=3)

    assert ("table-rewrite", "note") in rules(live)
    assert live["statistics"]["tables"]["users"]["rows"] == 0
    assert ("table-rewrite", "error") in rules(unknown)
    assert unknown["statistics"] is None


def test_statistics_travel_in_a_file(shop: Project, database: Database) -> None:
    database.execute("INSERT INTO users SELECT n, 'x' FROM generate_series(1, 20000) AS n; ANALYZE users")

    wrote = shop.migrate("stats", "-o", "stats.json")
    shop.url = None
    found = document(shop, "--all", "--stats", "stats.json", status=3)

    assert (wrote.returncode, wrote.stdout) == (0, "wrote stats.json\n")
    assert found["statistics"]["tables"]["users"]["rows"] == 20000
    assert ("table-rewrite", "error") in rules(found)


def test_stats_prints_one_document(shop: Project) -> None:
    plain = json.loads(shop.migrate("stats").stdout)
    wrapped = json.loads(shop.migrate("stats", "--json").stdout)

    jsonschema.validate(wrapped, SCHEMA)
    assert plain["tables"] == wrapped["statistics"]["tables"]


SIZES: dict[str, Any] = {
    "source": "live", "taken_at": "2026-01-02T00:00:00Z", "since": None, "version": 180000, "timezone": "UTC",
    "oldest_transaction_s": None, "tables": {}, "search_path": ["public"],
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 2}',
        '{"format": 1, "tables": {"users": {"rows": 1}}}',
        json.dumps({"format": 1, **SIZES, "version": "x"}),
        json.dumps({"format": 1, **SIZES, "timezone": None}),
        json.dumps({"format": 1, **SIZES, "taken_at": "yesterday"}),
        json.dumps({"format": 1, **SIZES, "since": "2026-01-02T00:00:00"}),
    ],
    ids=["empty", "a list", "a format", "too few", "a version", "no time zone", "a word for a time", "a local time"],
)
def test_a_file_without_statistics_is_one_clear_error(shop: Project, text: str) -> None:
    (shop.root / "stats.json").write_text(text)

    run = shop.migrate("review", "--stats", "stats.json")

    assert run.returncode == 2
    assert "error[config.bad-statistics]: the file holds no statistics" in run.stderr
    assert "--> stats.json" in run.stderr


def test_a_reason_in_the_file_silences_a_rule_and_is_printed(shop: Project) -> None:
    shop.write("0002_widen_ids", f"-- migrate: allow table-rewrite nobody has deployed this yet\n{REWRITE}")

    run = shop.migrate("review", "--all")
    found = document(shop, "--all")

    assert run.returncode == 0
    assert "allowed[table-rewrite]: nobody has deployed this yet" in run.stdout
    assert found["findings"]["error"] == 0


def test_a_reason_for_a_rule_that_is_none_is_found(shop: Project) -> None:
    shop.write("0002_widen_ids", f"-- migrate: allow table-rewrites too many letters\n{REWRITE}")

    found = document(shop, "--all", status=3)

    assert ("unknown-rule", "warning") in rules(found)


def test_queries_of_a_revision_are_followed(shop: Project) -> None:
    put(shop, "users", "-- name: Emails :many\nSELECT email FROM users;\n")
    shop.write("0002_widen_ids", "SELECT 1;\n")
    committed(shop)
    shop.write("0003_drop_emails", "ALTER TABLE users DROP COLUMN email;\n")
    shop.url = None

    found = document(shop, "--from", "HEAD", status=3)

    assert [file["name"] for file in found["files"]] == ["drop_emails"]
    assert [(each["query"], each["breaks"]) for each in found["files"][0]["queries"]] == [("Emails", True)]
    assert ("breaks-running-queries", "error") in rules(found)


def test_a_statement_that_the_server_refuses_does_not_end_the_review(shop: Project) -> None:
    shop.write("0002_widen_ids", "SELECT nonsense;\nALTER TABLE users ADD COLUMN age int;\n")

    found = document(shop, "--all", status=3)
    [_, file] = found["files"]

    assert file["statements"][0]["refused"]["sqlstate"] == "42703"
    assert file["statements"][1]["locks"] == [{"relation": "users", "kind": "table", "mode": "ACCESS EXCLUSIVE"}]
    assert ("statement-fails", "error") in rules(found)


def test_what_runs_outside_a_transaction_is_watched_from_another_session(shop: Project) -> None:
    shop.write(
        "0002_index_emails",
        "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY users_email_idx ON users (email);\n",
    )
    (shop.folder / "0002_widen_ids.sql").unlink()

    found = document(shop)
    [statement] = found["files"][0]["statements"]

    assert statement["locks"] == [{"relation": "users", "kind": "table", "mode": "SHARE UPDATE EXCLUSIVE"}]
    assert statement["builds"] == ["users_email_idx"]
    assert statement["waits_for_transactions"]


def test_the_planner_of_the_live_database_tells_how_much_an_update_changes(shop: Project, database: Database) -> None:
    shop.write("0002_widen_ids", "UPDATE users SET email = 'y' WHERE id > 10;\n")
    small = document(shop)
    database.execute("INSERT INTO users SELECT n, 'x' FROM generate_series(1, 60000) AS n; ANALYZE users")

    large = document(shop, "--fail-on", "never")

    assert not {each for each in rules(small) if each[1] != "note"}
    assert ("full-table-dml", "warning") in rules(large)
    assert database.value("SELECT count(*) FROM users WHERE email = 'x'") == 60000


def test_a_role_that_can_only_read_is_enough(shop: Project, database: Database) -> None:
    role = f"reader_{database.name}"
    database.execute(
        f"CREATE ROLE {role} LOGIN; ALTER ROLE {role} SET default_transaction_read_only = on;"
        f"GRANT SELECT ON _migrations TO {role}"
    )
    rows = "SELECT oid, relname, xmin::text FROM pg_class ORDER BY oid"
    before = database.rows(rows)
    shop.write("0003_change_all", "UPDATE users SET email = 'y';\nDELETE FROM users;\n")
    url = database.url.replace("user=postgres", f"user={role}")
    try:
        reviewed = shop.migrate("review", "--live", url, "--fail-on", "never")
        measured = shop.migrate("stats", "--live", url)
        after = database.rows(rows)
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")

    assert (reviewed.returncode, measured.returncode) == (0, 0), reviewed.stderr
    assert "2 pending migrations" in reviewed.stdout
    assert after == before
    assert not database.rows("SELECT FROM pg_database WHERE datname LIKE 'migrate_scratch_%'")


def test_one_run_writes_every_form_and_prints_the_verdict(shop: Project) -> None:
    paths = [f"out/review.{extension}" for extension in ("txt", "md", "html", "json", "sarif")]

    run = shop.migrate("review", "--all", *(part for path in paths for part in ("-o", path)))

    assert run.returncode == 3
    assert run.stdout.splitlines() == [*(f"wrote {path}" for path in paths), "2 pending migrations: 1 error"]
    text, comment, page, parts, log = ((shop.root / path).read_text() for path in paths)
    assert "error[table-rewrite]: sql/migrations/0002_widen_ids.sql:1" in text
    assert comment.startswith("<!-- migrate review -->\n### migrate review: 2 pending migrations: 1 error")
    assert page.startswith("<!doctype html>")
    assert json.loads(parts)["status"] == 3
    [logged] = json.loads(log)["runs"]
    assert [(each["ruleId"], each["level"]) for each in logged["results"]] == [("table-rewrite", "error")]


def test_no_database_and_nothing_else_named_is_an_error_with_all_ways_out(shop: Project) -> None:
    shop.url = None

    run = shop.migrate("review")

    assert run.returncode == 2
    assert "error[config.no-database]" in run.stderr
    assert "--from REVISION, or --all" in run.stderr


def test_a_database_that_is_not_there_and_a_wrong_throughput_are_errors(shop: Project, database: Database) -> None:
    away = shop.migrate("review", "--live", with_database(database.url, "nowhere"), "--wait", "1s")
    wrong = shop.migrate("review", "--throughput", "fast")

    assert (away.returncode, wrong.returncode) == (2, 2)
    assert "error[connect.no-such-database]" in away.stderr
    assert 'error[config.bad-setting]: --throughput is "fast"' in wrong.stderr


def test_two_answers_to_one_question_are_a_usage_error(shop: Project) -> None:
    run = shop.migrate("review", "--from", "HEAD", "--all")

    assert run.returncode == 2
    assert "name one" in run.stderr


def sizes_of(project: Project, tables: dict[str, int], **other: object) -> str:
    """A file of statistics with tables of so many rows, of a kilobyte each; its path."""
    size = {"index_bytes": 0, "indexes": 1, "reads": 9, "writes": 9, "published": False}
    document = {name: {"rows": rows, "table_bytes": rows * 1024, **size} for name, rows in tables.items()}
    (project.root / "stats.json").write_text(json.dumps({"format": 1, **SIZES, "tables": document, **other}))
    return "stats.json"


def test_a_table_is_found_where_the_live_search_path_leads(shop: Project, database: Database) -> None:
    database.execute(
        f"ALTER DATABASE {database.name} SET search_path = app, public; CREATE SCHEMA app;"
        "CREATE TABLE app.users (id bigint, email text) PARTITION BY RANGE (id);"
        "CREATE TABLE app.users_1 PARTITION OF app.users FOR VALUES FROM (0) TO (100000);"
        "INSERT INTO app.users SELECT n, 'x' FROM generate_series(1, 20000) AS n; ANALYZE"
    )
    found = document(shop, status=3)
    assert found["statistics"]["search_path"] == ["app", "public"]
    assert found["statistics"]["tables"]["app.users"]["rows"] == 20000
    assert ("table-rewrite", "error") in rules(found)


def test_a_table_that_an_earlier_pending_file_renames_keeps_its_size(shop: Project) -> None:
    shop.write("0002_widen_ids", "ALTER TABLE users RENAME TO people;\n")
    shop.write("0003_widen_ids", REWRITE.replace("users", "people"))
    stats = sizes_of(shop, {"users": 5_000_000})
    found = document(shop, "--stats", stats, status=3)
    assert [each["severity"] for each in found["files"][1]["findings"] if each["rule"] == "table-rewrite"] == ["error"]


def test_each_update_of_a_run_of_statements_is_judged(shop: Project) -> None:
    rows = ("INSERT INTO users VALUES (1, 'a');", "UPDATE users SET id = 2 WHERE id = 1;", "UPDATE users SET id = 3;")
    shop.write("0002_widen_ids", "\n".join(rows))
    found = document(shop, "--stats", sizes_of(shop, {"users": 5_000_000}), "--fail-on", "never")
    assert [(each["line"], each["rule"]) for each in found["files"][0]["findings"]] == [(3, "full-table-dml")]


def test_what_reaches_beyond_the_database_is_not_run_on_a_server_of_others(shop: Project, database: Database) -> None:
    name = f"made_{database.name}"
    grants = f"GRANT {name} TO CURRENT_USER;\nGRANT SELECT ON users TO {name};\n"
    shop.write("0002_widen_ids", f"CREATE ROLE {name};\n{grants}")
    shop.write("0003_tune", f"-- migrate: no-transaction\nALTER DATABASE {database.name} SET work_mem = '7MB';\n")
    found = document(shop)
    assert [each["skipped"] for each in found["files"][0]["statements"]] == [True, True, False]
    assert {("beyond-database", "note"), ("beyond-database", "warning")} <= rules(found)
    assert not database.rows(f"SELECT FROM pg_roles WHERE rolname = '{name}'")
    assert not database.rows("SELECT FROM pg_db_role_setting WHERE setdatabase <> 0")


def test_roles_are_made_on_a_scratch_server_of_our_own(shop: Project) -> None:
    del shop.environment["MIGRATE_SCRATCH_URL"]
    shop.write(
        "0002_widen_ids",
        "CREATE SCHEMA app AUTHORIZATION owner_of_app;\nSET LOCAL ROLE owner_of_app;\nCREATE TABLE app.x (id bigint);\n"
        "GRANT SELECT ON app.x TO reader_of_app;\nGRANT pg_no_such TO owner_of_app;\n",
    )
    found = document(shop, status=3)
    assert [bool(each["refused"]) for each in found["files"][0]["statements"]] == [False] * 4 + [True]


def test_a_timeout_of_the_file_does_not_end_the_review(shop: Project) -> None:
    shop.write("0002_widen_ids", "SET LOCAL statement_timeout = '1ms';\nALTER TABLE users ADD COLUMN age integer;\n")
    found = document(shop, "--fail-on", "never")
    assert len(found["files"][0]["statements"]) == 2


def test_an_applied_file_that_was_edited_ends_the_review_as_it_would_end_up(shop: Project) -> None:
    shop.write("0001_create_users", USERS.replace("email", "mail"))
    run = shop.migrate("review")
    assert (run.returncode, run.stdout) == (3, "")
    assert "error[integrity.edited]: 0001_create_users was edited after it was applied" in run.stderr


def test_a_file_that_a_revision_has_otherwise_ends_the_review(shop: Project) -> None:
    committed(shop)
    shop.write("0001_create_users", f"-- What people are.\n{USERS}")
    same = shop.migrate("review", "--from", "HEAD")
    shop.write("0001_create_users", USERS.replace("email", "mail"))
    other = shop.migrate("review", "--from", "HEAD")
    assert (same.returncode, other.returncode) == (0, 3)
    assert "error[integrity.edited]: 0001_create_users is not what it is in HEAD" in other.stderr


def test_a_file_below_an_applied_one_is_found_and_may_be_allowed(shop: Project) -> None:
    (shop.folder / "0002_widen_ids.sql").unlink()
    shop.write("0003_add_age", "ALTER TABLE users ADD COLUMN age integer;\n")
    assert shop.migrate("up").returncode == 0
    shop.write("0002_add_name", "ALTER TABLE users ADD COLUMN name text;\n")
    assert ("out-of-order", "error") in rules(document(shop, status=3))
    shop.write("0002_add_name", "-- migrate: allow out-of-order no\nALTER TABLE users ADD COLUMN name text;\n")
    assert document(shop)["findings"]["error"] == 0


def test_files_take_the_form_of_their_name_and_stdout_that_of_the_flag(shop: Project) -> None:
    run = shop.migrate("review", "--all", "--json", "-o", "r.md", "-o", "r.txt")
    assert json.loads(run.stdout)["status"] == 3
    assert (shop.root / "r.md").read_text().startswith("<!-- migrate review -->")
    assert (shop.root / "r.txt").read_text().startswith("0001_create_users")


def test_sarif_names_a_file_by_its_place_in_the_repository(shop: Project) -> None:
    committed(shop)
    (shop.root / "deep").mkdir()
    shop.root = shop.root / "deep"
    run = shop.migrate("review", "--all", "--dir", "../sql/migrations", "--format", "sarif")
    [logged] = json.loads(run.stdout)["runs"]
    [found] = logged["results"]
    location = found["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": "sql/migrations/0002_widen_ids.sql"}


def test_a_database_without_the_tables_is_told_and_nothing_counts_as_empty(shop: Project, database: Database) -> None:
    database.execute("DROP TABLE users")
    run = shop.migrate("review")
    assert run.returncode == 3
    assert f"warning: {database.name} has no table users: how large it is, is unknown\n" in run.stderr
    assert "error[table-rewrite]" in run.stdout
