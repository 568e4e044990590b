"""`generate` and `check-queries` as people run them: files in, a package or one clear error out."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.cli.repositories import committed, put
from tests.conftest import ON_ONE_SERVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Project

pytestmark = ON_ONE_SERVER

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/json.schema.json").read_text())
KEYS = """
CREATE TYPE status AS ENUM ('active', 'gone');
CREATE TABLE keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    hint text,
    status status NOT NULL DEFAULT 'active',
    cost int NOT NULL DEFAULT 0
);
"""
QUERIES = """
-- name: GetKey :one
SELECT * FROM keys WHERE id = @id;

-- name: CreateKey :one
INSERT INTO keys (name, hint) VALUES (@name, @hint) RETURNING id;

-- name: ListCosts :many
SELECT id, cost, status FROM keys ORDER BY id;
"""


@pytest.fixture
def gateway(project: Project, database: Database) -> Project:
    """A folder with a migration and queries; the scratch databases are made on the test's own server."""
    project.write("0001_create_keys", KEYS)
    put(project, "keys", QUERIES)
    project.environment["MIGRATE_SCRATCH_URL"] = database.url
    return project


def test_the_client_is_written_checked_and_written_again_only_if_something_changed(gateway: Project) -> None:
    first = gateway.migrate("generate")
    check = gateway.migrate("generate", "--check")
    again = gateway.migrate("generate")

    assert (first.returncode, first.stdout) == (
        0,
        "wrote client/keys.py\nwrote client/__init__.py\n3 queries in 1 module of client\n",
    )
    assert (check.returncode, check.stdout) == (0, "client is fresh: 1 query file\n")
    assert (again.returncode, again.stdout) == (0, "nothing to do: 3 queries in 1 module of client\n")
    program = "import client, client.keys as k; print(k.KeysRow(1, 'n', None, client.Status.GONE, 0).status, k.get_key)"
    run = subprocess.run([sys.executable, "-c", program], cwd=gateway.root, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("gone <function get_key")


def changed_query(project: Project) -> None:
    put(project, "keys", QUERIES.replace("ORDER BY id", "ORDER BY cost"))


def new_migration(project: Project) -> None:
    project.write("0002_add_note", "ALTER TABLE keys ADD COLUMN note text;")


def edit_by_hand(project: Project) -> None:
    path = project.root / "client/keys.py"
    path.write_text(path.read_text().replace("async def", "async  def", 1))


def left_from_another_run(project: Project) -> None:
    """As after a merge that took one file of ours and one of theirs."""
    path = project.root / "client/keys.py"
    old = path.read_text()
    project.write("0002_relax", "ALTER TABLE keys ALTER cost DROP NOT NULL;")
    assert project.migrate("generate").returncode == 0
    assert path.read_text() != old
    path.write_text(old)


def no_file(project: Project) -> None:
    (project.root / "client/keys.py").unlink()


def query_file_gone(project: Project) -> None:
    put(project, "other", "-- name: Other :exec\nDELETE FROM keys;")
    assert project.migrate("generate").returncode == 0
    (project.root / "sql/queries/other.sql").unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (changed_query, "client/keys.py: keys.sql has changed since it was made"),
        (new_migration, "client/__init__.py: the schema or a query has changed since it was made"),
        (edit_by_hand, "client/keys.py was edited by hand"),
        (no_file, "client/keys.py is not there"),
        (left_from_another_run, "client: its modules are not of one run"),
        (query_file_gone, "client/other.py: its query file is gone"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_stale_client_is_found_without_a_server_and_mended(
    gateway: Project, change: Callable[[Project], None], told: str
) -> None:
    assert gateway.migrate("generate").returncode == 0
    change(gateway)
    gateway.environment["MIGRATE_SCRATCH_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    check = gateway.migrate("generate", "--check")
    as_json = document(gateway.migrate("generate", "--check", "--json"))

    assert check.returncode == 3
    assert told in check.stdout.splitlines()
    assert check.stdout.endswith("client is stale: migrate generate\n")
    assert told in as_json["stale"]

    gateway.environment["MIGRATE_SCRATCH_URL"] = gateway.url or ""
    assert gateway.migrate("generate").returncode == 0
    assert gateway.migrate("generate", "--check").returncode == 0
    assert not (gateway.root / "client/other.py").exists()


def test_a_client_is_as_fresh_in_a_folder_below(gateway: Project) -> None:
    """Settings of pyproject are relative to it; no path of the machine is a part of the code."""
    (gateway.root / "pyproject.toml").write_text(
        '[tool.migrate]\ndir = "sql/migrations"\nqueries = "sql/queries"\nclient = "client"\n'
    )
    committed(gateway)
    assert gateway.migrate("generate").returncode == 0
    below = type(gateway)(gateway.root / "below", gateway.url, gateway.environment)
    below.root.mkdir()

    assert below.migrate("generate", "--check").returncode == 0
    assert below.migrate("check-queries", "--from", "HEAD").returncode == 0
    assert str(gateway.root) not in (gateway.root / "client/keys.py").read_text()


def test_a_file_of_somebody_else_is_not_overwritten(gateway: Project) -> None:
    path = gateway.root / "client/keys.py"
    path.parent.mkdir()
    path.write_text("mine = True\n")

    run = gateway.migrate("generate")

    assert run.returncode == 2
    assert "error[client.not-generated]" in run.stderr
    assert path.read_text() == "mine = True\n"
    assert not (gateway.root / "client/__init__.py").exists()


BAD = {
    "a name of an import": ("-- name: Uuid :one\nSELECT gen_random_uuid();", "query.bad-name", "1:1", "uuid"),
    "a keyword as a column": ("-- name: A :one\nSELECT 1 AS class, 2 AS b;", "query.bad-column", "1:1", '"class"'),
    "a column without a name": ("-- name: A :one\nSELECT 1 + 1, 2 AS b;", "query.bad-column", "1:1", "has no name"),
    "two columns of one name": ("-- name: A :one\nSELECT 1 AS b, 2 AS b;", "query.bad-column", "1:1", "two columns"),
    "a syntax error": ("-- name: A :one\nSELECT id\nFROM keys WHER id = @id;", "query.refused", "3:16", "syntax error"),
    "an unknown column": ("-- name: A :one\nSELECT k.hnt FROM keys k;", "query.refused", "2:8", 'column "k.hint"'),
    "an unknown column after a parameter": (
        "-- name: A :one\nSELECT id FROM keys WHERE id = @identifier AND hnt = 1;",
        "query.refused",
        "2:48",
        '"hnt"',
    ),
    "a type that cannot be told": ("-- name: A :one\nSELECT @x IS NULL;", "query.bad-parameter", "2:8", "@x::text"),
    "an order by a parameter": (
        "-- name: A :many\nSELECT id FROM keys ORDER BY @x::text;",
        "query.bad-parameter",
        "2:30",
        "one constant",
    ),
    "one without columns": ("-- name: A :one\nDELETE FROM keys;", "query.bad-command", "1:1", "RETURNING"),
    "a count with columns": ("-- name: A :execrows\nSELECT 1;", "query.bad-command", "1:1", "no use"),
    "a copy of a select": (
        "-- name: A :copyfrom\nINSERT INTO keys (name) SELECT @n::text;",
        "query.bad-command",
        "1:1",
        "plain INSERT",
    ),
    "a type for no column": ("-- name: A :one\n-- json: x = a:B\nSELECT 1;", "query.bad-annotation", "1:1", '"x"'),
    "a type for no json": (
        "-- name: A :one\n-- json: x = a:B\nSELECT 1 AS x;",
        "query.bad-annotation",
        "1:1",
        "no json",
    ),
    "a star over a composite": (
        "-- name: A :many\nSELECT (k).* FROM (SELECT k FROM keys k) AS s;",
        "query.bad-column",
        "2:12",
        "Write the columns out",
    ),
    "a count of no rows": ("-- name: A :execrows\nNOTIFY x;", "query.bad-command", "1:1", "counts no rows"),
    "a row that asyncpg cannot read": (
        "-- name: A :many\nSELECT c AS whole FROM pg_catalog.pg_class AS c;",
        "query.bad-column",
        "1:1",
        "asyncpg cannot read",
    ),
    "an embed in a set operation": (
        "-- name: A :many\nSELECT sqlc.embed(k) FROM keys k UNION ALL SELECT sqlc.embed(k) FROM keys k;",
        "query.bad-column",
        "1:1",
        "set operation",
    ),
    "an embed in a subquery": (
        "-- name: A :many\nSELECT s.id FROM (SELECT sqlc.embed(k) FROM keys k) AS s;",
        "query.bad-column",
        "1:1",
        "subquery",
    ),
    "a hidden star": ("-- name: A :many\nTABLE keys;", "query.bad-column", "1:1", "star"),
    "a copy that deletes, too": (
        "-- name: A :copyfrom\nWITH gone AS (DELETE FROM keys) INSERT INTO keys (name) VALUES (@n);",
        "query.bad-command",
        "1:1",
        "plain INSERT",
    ),
    "a copy with a cast": (
        "-- name: A :copyfrom\nINSERT INTO keys (cost) VALUES (@n::text::int);",
        "query.bad-command",
        "1:1",
        "plain INSERT",
    ),
    "the name of a builtin": ("-- name: List :many\nSELECT id FROM keys;", "query.bad-name", "1:1", "list"),
    "a parameter that hides a builtin": (
        "-- name: A :execrows\nUPDATE keys SET cost = @int;",
        "query.bad-parameter",
        "1:1",
        "hides",
    ),
    "a hundred and one parameters": (
        "-- name: A :one\nSELECT " + ", ".join(f"@p{number}::int AS c{number}" for number in range(101)) + ";",
        "query.bad-parameter",
        "1:1",
        "100 parameters",
    ),
    "no right to be there": ("-- name: A :one\nSELECT\x00 1;", "files.nul-byte", "2", "NUL"),
    "unknown command": ("-- name: A :frobnicate\nSELECT 1;", "query.bad-annotation", "1:12", "there is no command"),
}


@pytest.mark.parametrize(("text", "name", "place", "told"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_clear_error_and_writes_nothing(
    gateway: Project, text: str, name: str, place: str | None, told: str
) -> None:
    put(gateway, "bad", text)

    run = gateway.migrate("generate")

    assert run.returncode == 2
    assert run.stderr.count("error[") == 1
    assert f"error[{name}]" in run.stderr
    assert told in run.stderr
    assert place is None or f"--> sql/queries/bad.sql:{place}\n" in run.stderr
    assert not (gateway.root / "client").exists()


def test_every_wrong_query_is_told_at_once(gateway: Project) -> None:
    put(gateway, "bad", "-- name: A :one\nSELECT x FROM keys;\n-- name: B :one\nSELECT y FROM keys;")

    run = gateway.migrate("generate", "--json")

    assert run.stderr.count("error[query.refused]") == 2
    assert document(run)["error"]["name"] == "query.refused"


@pytest.mark.parametrize("module", ["my-queries", "class", "2fast", "init"])
def test_a_query_file_needs_the_name_of_a_module(gateway: Project, module: str) -> None:
    put(gateway, module, "-- name: A :one\nSELECT 1;")

    run = gateway.migrate("generate", "--check")

    assert run.returncode == 2
    assert f'"{module}" cannot be the name of a Python module' in run.stderr


def test_without_queries_the_error_says_where_they_are_looked_for(project: Project) -> None:
    run = project.migrate("generate", "--queries", "elsewhere")

    assert run.returncode == 2
    assert "elsewhere" in run.stderr
    assert "--queries or MIGRATE_QUERIES" in run.stderr


def test_the_live_schema_is_read_and_left_as_it_was(gateway: Project, database: Database) -> None:
    database.execute(KEYS)
    del gateway.environment["MIGRATE_SCRATCH_URL"]

    run = gateway.migrate("generate", "--live")

    assert run.returncode == 0
    assert database.value("SELECT count(*) FROM pg_proc WHERE proname = 'migrate_query'") == 0
    assert gateway.migrate("generate", "--check").returncode == 0


def test_a_read_only_server_cannot_be_asked(gateway: Project, database: Database) -> None:
    database.execute(KEYS)
    database.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")

    run = gateway.migrate("generate", "--live")

    assert run.returncode == 7
    assert "error[server.read-only]" in run.stderr


def test_an_insert_that_forgets_a_column_is_warned_of(gateway: Project) -> None:
    put(gateway, "keys", "-- name: A :exec\nINSERT INTO keys (hint) VALUES (@hint);")

    run = gateway.migrate("generate")

    assert run.returncode == 0
    assert "sql/queries/keys.sql:1:1: A gives no value to keys (name)" in run.stderr


def test_json_tells_what_each_query_reads_and_writes(gateway: Project) -> None:
    queries = document(gateway.migrate("generate", "--json"))["queries"]

    assert queries[1] == {
        "name": "CreateKey",
        "command": ":one",
        "file": "sql/queries/keys.sql",
        "line": 5,
        "parameters": [{"name": "name", "nullable": False}, {"name": "hint", "nullable": True}],
        "columns": [{"name": "id", "nullable": False}],
        "one_row": True,
        "reads": {"keys": ["id"]},
        "writes": {"keys": ["hint", "name"]},
        "missing": {},
    }


def until(path: Path, text: str, process: subprocess.Popen[str]) -> None:
    """Waits until a file holds a text."""
    deadline = time.monotonic() + 30
    while not (path.is_file() and text in path.read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)


def test_watch_generates_after_each_change_and_outlives_mistakes(gateway: Project) -> None:
    client = gateway.root / "client/keys.py"
    process = gateway.start("generate", "--watch")
    try:
        until(client, "async def list_costs", process)
        (gateway.root / "sql/queries/.#keys.sql").symlink_to("somebody@host.1")  # as Emacs locks a file
        put(gateway, "keys", QUERIES + "-- name: Wrong :one\nSELECT nothing FROM keys;")
        time.sleep(1)
        assert process.poll() is None
        put(gateway, "keys", QUERIES + "-- name: Right :one\nSELECT count(*) FROM keys;")
        until(client, "async def right", process)
        new_migration(gateway)
        until(gateway.root / "client/__init__.py", "note: str | None", process)
    finally:
        process.terminate()
        out, err = process.communicate(timeout=20)

    assert process.returncode == 143
    assert err.count("error[query.refused]") == 1
    assert "3 queries in 1 module of client" in out


@pytest.mark.parametrize("other", ["--check", "--live", "--json"])
def test_watch_goes_with_nothing_that_ends(gateway: Project, other: str) -> None:
    run = gateway.migrate("generate", "--watch", other)

    assert run.returncode == 2
    assert "--watch goes on and on" in run.stderr


def document(run: subprocess.CompletedProcess[str]) -> Any:
    """The JSON that a command printed, which is as it is documented."""
    found = json.loads(run.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def check(project: Project, *arguments: str) -> tuple[int, Any]:
    run = project.migrate("check-queries", *arguments, "--json")
    return run.returncode, document(run)


def test_a_dropped_column_names_the_query_the_column_and_the_file(gateway: Project) -> None:
    committed(gateway)
    gateway.write("0002_drop_hint", "ALTER TABLE keys DROP COLUMN hint;")
    put(gateway, "keys", "-- name: Other :one\nSELECT 1 AS x;")

    run = gateway.migrate("check-queries", "--from", "HEAD")

    assert (run.returncode, run.stdout.splitlines()) == (
        3,
        [
            "0002_drop_hint",
            '  sql/queries/keys.sql:2 GetKey breaks: column "hint" does not exist (it uses keys.hint, which is gone)',
            (
                '  sql/queries/keys.sql:5 CreateKey breaks: column "hint" of relation "keys" does not exist '
                "(it uses keys.hint, which is gone)"
            ),
            "2 of 3 queries of HEAD would break after 1 pending migration",
        ],
    )


@pytest.mark.parametrize(
    ("sql", "query", "breaks", "text"),
    [
        (
            "ADD COLUMN region text NOT NULL",
            "CreateKey",
            True,
            "it gives no value to keys.region, which must have one now",
        ),
        ("ALTER cost TYPE text", "GetKey", True, "column cost was int4 and is text now"),
        ("ALTER cost TYPE bigint", "GetKey", False, "column cost was int4 and is int8 now"),
        ("ALTER name DROP NOT NULL", "GetKey", False, "column name can be NULL now"),
        ("ALTER hint SET NOT NULL", "CreateKey", True, "parameter hint must not be NULL now"),
    ],
)
def test_what_else_a_migration_changes_is_told(
    gateway: Project,
    sql: str,
    query: str,
    breaks: bool,  # noqa: FBT001
    text: str,
) -> None:
    committed(gateway)
    gateway.write("0002_change", f"ALTER TABLE keys {sql};")

    status, found = check(gateway, "--from", "HEAD")

    told = [(each["query"], each["breaks"], each["text"], each["migration"]) for each in found["findings"]]
    assert (query, breaks, text, "0002_change") in told
    assert status == (3 if breaks else 0)


def test_a_label_that_is_gone_breaks_who_sends_it(gateway: Project) -> None:
    put(gateway, "keys", "-- name: SetStatus :exec\nUPDATE keys SET status = @status;")
    committed(gateway)
    gateway.write("0002_rename_label", "ALTER TYPE status RENAME VALUE 'gone' TO 'away';")

    status, found = check(gateway, "--from", "HEAD")

    assert status == 3
    assert [each["text"] for each in found["findings"]] == ["parameter status cannot be 'gone' any more"]


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("ALTER TYPE status RENAME VALUE 'gone' TO 'away'", "parameter those cannot be 'gone' any more"),
        ("ALTER TYPE place ADD ATTRIBUTE country text", "column home is a place, which has other fields now"),
        ("ALTER TABLE people ALTER age TYPE text", "column ages.age was int4 and is text now"),
    ],
    ids=["a label in an array", "a field of a composite type", "a field of a record"],
)
def test_what_is_within_a_type_is_compared_too(gateway: Project, sql: str, text: str) -> None:
    place = "CREATE TYPE place AS (city text);\nCREATE TABLE people (home place, age int NOT NULL, those status[]);"
    gateway.write("0002_create_people", place)
    put(
        gateway,
        "keys",
        "-- name: Find :many\nSELECT home, ARRAY(SELECT s FROM (SELECT p.age FROM people AS p) AS s) AS ages\n"
        "FROM people WHERE those && @those::status[];",
    )
    committed(gateway)
    gateway.write("0003_change", f"{sql};")

    status, found = check(gateway, "--from", "HEAD")

    assert status == 3
    assert text in [each["text"] for each in found["findings"]]


def test_what_a_later_migration_takes_back_is_told_once(gateway: Project) -> None:
    committed(gateway)
    gateway.write("0002_relax", "ALTER TABLE keys ALTER name DROP NOT NULL;")
    gateway.write("0003_insist", "ALTER TABLE keys ALTER name SET NOT NULL;")

    status, found = check(gateway, "--from", "HEAD")

    assert status == 0
    assert [(each["migration"], each["text"]) for each in found["findings"]] == [
        ("0002_relax", "column name can be NULL now")
    ]


def test_an_edit_of_an_applied_file_does_not_stand_in_the_way(gateway: Project) -> None:
    committed(gateway)
    gateway.write("0001_create_keys", f"-- a remark\n{KEYS}")
    new_migration(gateway)

    assert check(gateway, "--from", "HEAD")[0] == 0


def test_what_only_adds_changes_nothing_for_the_queries_that_run(gateway: Project) -> None:
    committed(gateway)
    gateway.write("0002_add_note", "ALTER TABLE keys ADD COLUMN note text;\nCREATE TABLE other (id int);")
    gateway.write("0003_add_label", "ALTER TYPE status ADD VALUE 'lost';")

    status, found = check(gateway, "--from", "HEAD")

    assert status == 0
    assert {each["text"] for each in found["findings"]} == {"column status can be 'lost' now"}


def test_each_break_stands_under_the_migration_that_does_it(gateway: Project) -> None:
    committed(gateway)
    gateway.write("0002_drop_hint", "ALTER TABLE keys DROP COLUMN hint;")
    gateway.write("0003_drop_cost", "ALTER TABLE keys DROP COLUMN cost;")

    _, found = check(gateway, "--from", "HEAD")

    assert [(each["migration"], each["query"]) for each in found["findings"]] == [
        ("0002_drop_hint", "GetKey"),
        ("0002_drop_hint", "CreateKey"),
        ("0003_drop_cost", "ListCosts"),
    ]


def test_without_a_revision_the_queries_of_the_folder_are_tried(gateway: Project) -> None:
    fine = gateway.migrate("check-queries")
    gateway.write("0002_drop_hint", "ALTER TABLE keys DROP COLUMN hint;")
    broken = gateway.migrate("check-queries")

    assert (fine.returncode, fine.stdout) == (0, "all 3 queries can run on what the migrations make\n")
    assert broken.returncode == 3
    assert "sql/queries/keys.sql:6 CreateKey breaks:" in broken.stdout


def test_without_a_revision_a_forgotten_column_is_told_and_breaks_nothing(gateway: Project) -> None:
    """A trigger may give it a value; generate warns of it, too."""
    put(gateway, "keys", "-- name: A :exec\nINSERT INTO keys (hint) VALUES (@hint);")

    run = gateway.migrate("check-queries")

    assert run.returncode == 0
    assert "A changes: it gives no value to keys.name, which must have one" in run.stdout


def test_a_revision_that_git_does_not_know_is_an_error(gateway: Project) -> None:
    no_repository = gateway.migrate("check-queries", "--from", "HEAD")
    committed(gateway)
    unknown = gateway.migrate("check-queries", "--from", "nowhere")
    option = gateway.migrate("check-queries", "--from", "--output=x")

    for run in (no_repository, unknown, option):
        assert run.returncode == 2
        assert "error[client.no-revision]" in run.stderr


def test_a_migration_that_only_the_revision_has_must_be_merged_first(gateway: Project) -> None:
    new_migration(gateway)
    committed(gateway)
    (gateway.folder / "0002_add_note.sql").unlink()

    run = gateway.migrate("check-queries", "--from", "HEAD")

    assert run.returncode == 3
    assert "HEAD has 0002_add_note, and the folder has not" in run.stderr
