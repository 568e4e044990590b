"""`fleet`: many databases, or many schemas of one, each with a ledger of its own."""

from __future__ import annotations

import json
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.conftest import ON_ONE_SERVER, Project, new_database
from tests.fire import await_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database, Server

pytestmark = ON_ONE_SERVER

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/json.schema.json").read_text())
NOTES = "CREATE TABLE notes (id bigint PRIMARY KEY, body text);\nINSERT INTO notes VALUES (1, 'first');\n"
TENANTS = "SELECT count(*) FROM pg_class WHERE relname = '_migrations'"


def tenants(database: Database, number: int) -> None:
    """Makes the schemas tenant_1, tenant_2 and so on."""
    make = f"FOR i IN 1..{number} LOOP EXECUTE 'CREATE SCHEMA tenant_' || i; END LOOP"
    database.execute(f"DO $$ BEGIN {make}; END $$")


@pytest.fixture
def tenant(project: Project, database: Database) -> Project:
    """A project with one file, and a database with three tenants."""
    tenants(database, 3)
    project.write("0001_create_notes", NOTES)
    return project


@pytest.fixture
def shops(server: Server) -> Iterator[list[Database]]:
    """Twenty databases."""
    with ExitStack() as stack:
        yield [stack.enter_context(new_database(server)) for _ in range(20)]


def listed(project: Project, databases: list[Database]) -> str:
    """A file that names the databases shop_1, shop_2 and so on; its path."""
    path = project.root / "shops.txt"
    lines = [f"shop_{number} {each.url}" for number, each in enumerate(databases, 1)]
    path.write_text("\n".join(["# our shops", "", *lines]))
    return str(path)


def ends(project: Project, command: str, *arguments: str, status: int = 0) -> dict[str, Any]:
    """How each target ended: what `--json` prints, valid by its schema, by the names of targets."""
    run = project.migrate("fleet", command, "--json", *arguments)
    assert run.returncode == status, run.stderr
    document = json.loads(run.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["command"] == f"fleet {command}"
    return {each["target"]: each for each in document["targets"]}


@pytest.mark.timeout(300)
def test_a_thousand_schemas_killed_in_the_middle_and_resumed(project: Project, database: Database) -> None:
    tenants(database, 1000)
    project.write("0001_create_notes", NOTES)
    first = project.start("fleet", "up", "--schemas", "tenant_%")
    await_row(database, f"SELECT 1 WHERE ({TENANTS}) >= 300", seconds=100)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    done = database.value(TENANTS)
    assert 300 <= done < 1000

    second = project.migrate("fleet", "up", "--schemas", "tenant_%", timeout=200)

    assert second.returncode == 0, second.stderr
    assert "1000 of 1000 targets migrated" in second.stdout
    assert done - 4 <= second.stdout.count("nothing applied") <= done
    assert database.value(TENANTS) == 1000
    union = " UNION ALL ".join(f"SELECT {n}, id FROM tenant_{n}.notes" for n in range(1, 1001))
    assert database.value(f"SELECT count(*) FROM ({union}) AS each") == 1000
    assert database.value("SELECT to_regclass('public.notes') IS NULL")


def test_twenty_databases_of_which_three_are_broken(project: Project, shops: list[Database]) -> None:
    project.write("0001_create_notes", NOTES)
    for number in (3, 11):
        shops[number - 1].execute("CREATE TABLE notes (x integer)")
    shops[17 - 1].execute("CREATE TABLE _migrations (x integer)")

    run = project.migrate("fleet", "up", "--targets", listed(project, shops), "--parallel", "8")

    assert run.returncode == 1
    assert run.stdout.count("1 migration applied, at 0001_create_notes") == 17
    assert 'error[apply.statement-failed]: relation "notes" already exists (SQLSTATE 42P07)' in run.stdout
    assert "  at: shop_3, shop_11\n" in run.stdout
    assert "error[ledger.not-a-ledger]" in run.stdout
    assert "  at: shop_17\n" in run.stdout
    assert "17 of 20 targets migrated, 3 failed" in run.stdout
    assert [each.value("SELECT count(*) FROM notes") for each in shops if each is not shops[16]][:2] == [1, 1]


def test_mended_targets_alone_are_done_the_next_time(project: Project, shops: list[Database]) -> None:
    project.write("0001_create_notes", NOTES)
    path = listed(project, shops[:3])
    shops[1].execute("CREATE TABLE notes (x integer)")
    assert project.migrate("fleet", "up", "--targets", path).returncode == 1
    shops[1].execute("DROP TABLE notes")

    found = ends(project, "up", "--targets", path)

    assert {name: len(each["applied"]) for name, each in found.items()} == {"shop_1": 0, "shop_2": 1, "shop_3": 0}


def test_a_canary_that_fails_keeps_the_others_as_they_were(project: Project, shops: list[Database]) -> None:
    project.write("0001_create_notes", NOTES)
    shops[0].execute("CREATE TABLE notes (x integer)")

    found = ends(project, "up", "--targets", listed(project, shops[:4]), "--canary", "1", status=1)

    assert [each["status"] for each in found.values()] == [1, None, None, None]
    assert shops[1].value("SELECT to_regclass('_migrations') IS NULL")


def test_a_fleet_stops_at_so_many_failures(project: Project, shops: list[Database]) -> None:
    project.write("0001_create_notes", NOTES)
    for each in (shops[0], shops[2]):
        each.execute("CREATE TABLE notes (x integer)")
    arguments = ("--targets", listed(project, shops[:5]), "--parallel", "1", "--max-failures", "2")

    found = ends(project, "up", *arguments, status=1)

    assert [each["status"] for each in found.values()] == [1, 0, 1, None, None]


def test_databases_of_a_server_by_a_pattern(project: Project, shops: list[Database]) -> None:
    project.write("0001_create_notes", NOTES)
    assert list(ends(project, "status", "--databases", shops[0].name)) == [shops[0].name]
    found = ends(project, "status", "--check", "--databases", f"{shops[0].name[:-1]}_", status=4)
    assert found[shops[0].name]["versions"][0]["standing"] == "pending"


def test_the_last_line_sums_up(tenant: Project, database: Database) -> None:
    def last(command: str) -> str:
        return tenant.migrate("fleet", command, "--schemas", "tenant_%").stdout.splitlines()[-1].rpartition(";")[0]

    assert last("status") == "3 of 3 targets seen, 3 with something pending"
    assert last("up") == "3 of 3 targets migrated"
    database.execute(
        "DROP TABLE tenant_1.notes; DROP TABLE tenant_3._migrations CASCADE; CREATE TABLE tenant_3._migrations ()"
    )
    assert last("verify") == "1 of 3 targets as they should be, 1 not, 1 failed"


def test_targets_that_a_command_prints(project: Project, database: Database) -> None:
    project.write("0001_create_notes", NOTES)
    found = ends(project, "up", "--targets-from", f"echo '{database.url}'")
    assert list(found) == [database.name]


def test_a_tenant_has_its_own_ledger_search_path_and_drift(tenant: Project, database: Database) -> None:
    tenant.write("0002_set", "SET search_path = ''; SET lock_timeout = '7s';")
    tenant.write("0003_add_at", "ALTER TABLE notes ADD COLUMN at timestamptz;")
    run = tenant.migrate("fleet", "up", "--schemas", "tenant_%")
    assert (run.returncode, run.stderr) == (0, "")
    assert database.value("SELECT count(at) + count(*) FROM tenant_2.notes") == 1
    assert database.value("SELECT count(*) FROM tenant_3._migrations") == 3
    database.execute("ALTER TABLE tenant_2.notes DROP COLUMN body")

    found = ends(tenant, "verify", "--schemas", "tenant_%", status=3)

    assert {name: each["status"] for name, each in found.items()} == {"tenant_1": 0, "tenant_2": 3, "tenant_3": 0}
    [difference] = found["tenant_2"]["schema"]["differences"]
    assert (difference["relation"], difference["name"], difference["actual"]) == ("notes", "body", None)


def test_what_one_tenant_says_has_its_name_before_it(tenant: Project, database: Database) -> None:
    assert tenant.migrate("fleet", "up", "--schemas", "tenant_%").returncode == 0
    database.execute("ALTER TABLE tenant_2.notes ADD COLUMN by_hand integer")
    tenant.write("0002_add_at", "ALTER TABLE notes ADD COLUMN at timestamptz;")

    run = tenant.migrate("fleet", "up", "--schemas", "tenant_%")

    assert run.returncode == 0
    assert run.stderr == "warning: tenant_2: somebody changed the schema by hand since the last migration\n"


@pytest.mark.parametrize("name", ['Tenant "7"', "tenant.x", "user", "tenant-ä"], ids=str)
def test_odd_names_of_schemas(name: str, tenant: Project, database: Database) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    database.execute(f"CREATE SCHEMA {quoted}")
    assert list(ends(tenant, "up", "--schemas", name)) == [name]
    assert database.value(f"SELECT count(*) FROM {quoted}.notes") == 1
    database.execute(f"COMMENT ON TABLE {quoted}.notes IS 'by hand'")
    assert ends(tenant, "verify", "--schemas", name, status=3)[name]["status"] == 3
    database.execute(f"COMMENT ON TABLE {quoted}.notes IS NULL; CREATE TABLE public.other (id integer)")
    assert ends(tenant, "verify", "--schemas", name)[name]["status"] == 0


def test_a_signal_rolls_back_what_runs_and_tells_how_many_are_done(tenant: Project, database: Database) -> None:
    slow = "SELECT pg_sleep(CASE current_schema() WHEN 'tenant_1' THEN 0 ELSE 60 END);\n"
    tenant.write("0002_wait", f"INSERT INTO notes VALUES (2, 'second');\n{slow}")
    process = tenant.start("fleet", "up", "--schemas", "tenant_%", "--parallel", "1")
    await_row(database, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 143
    assert "state: 1 of 3 targets are done; the others are as they were" in err
    assert database.value("SELECT count(*) FROM tenant_2.notes") == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "there is no target", id="empty"),
        pytest.param("# a\n\nfoo\n", "--> targets.txt:3", id="not a URL"),
        pytest.param("postgresql://a@h/x\npostgresql://b@h/x\n", '"h/x" is there twice', id="twice"),
        pytest.param("a b postgresql://a@h/x\n", "the line is no target", id="three words"),
    ],
)
def test_bad_targets_are_one_clear_error(text: str, told: str, project: Project) -> None:
    project.write("0001_create_notes", NOTES)
    (project.root / "targets.txt").write_text(text)
    run = project.migrate("fleet", "up", "--targets", "targets.txt")
    assert run.returncode == 2
    assert run.stderr.startswith("error[config.bad-targets]: ")
    assert told in run.stderr


def test_no_password_is_shown_of_a_target(project: Project) -> None:
    project.write("0001_create_notes", NOTES)
    (project.root / "targets.txt").write_text("postgresql://app:hunter2@127.0.0.1:1/shop?connect_timeout=1\n")
    run = project.migrate("fleet", "up", "--targets", "targets.txt", "--wait", "0s")
    assert run.returncode == 5
    assert "hunter2" not in run.stdout + run.stderr
    assert run.stdout.startswith("127.0.0.1:1/shop ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param([], "Say where the targets are", id="no targets"),
        pytest.param(["--schemas", "a%", "--databases", "b%"], "Say where the targets are", id="two ways"),
        pytest.param(["--schemas", "a%", "--schema", "b"], "leave --schema out", id="a schema for the ledger"),
        pytest.param(["--schemas", "nobody%"], 'no schema is LIKE "nobody%"', id="no such schema"),
        pytest.param(["--targets-from", "exit 3"], "failed with status 3", id="a command that fails"),
        pytest.param(["--targets", "nowhere.txt"], "No such file or directory", id="no such file"),
    ],
)
def test_what_cannot_be_is_refused(arguments: list[str], told: str, project: Project) -> None:
    project.write("0001_create_notes", NOTES)
    run = project.migrate("fleet", "up", *arguments)
    assert run.returncode == 2
    assert told in run.stderr


def test_a_bad_folder_is_told_once_before_any_target(tenant: Project) -> None:
    tenant.write("bad.sql")
    run = tenant.migrate("fleet", "up", "--schemas", "tenant_%")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("error[") == 1
