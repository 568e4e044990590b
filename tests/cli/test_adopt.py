"""`migrate adopt` as a user runs it, on what each tool leaves behind (tests/postgres/adoption)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import pty
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jsonschema
import pytest

from runner.adopting import Asked, plan_adoption
from runner.adopting import adopt as run_adoption
from runner.config import Config
from runner.errors import Exit, PlanChanged
from runner.migrations.statements import split
from runner.results import Against
from runner.verifying import verify
from tests.conftest import ON_ONE_SERVER

if TYPE_CHECKING:
    import asyncpg

    from tests.conftest import Database, Project

pytestmark = ON_ONE_SERVER

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests/postgres/adoption"
SCHEMA = json.loads((ROOT / "docs/reference/json.schema.json").read_text())


class Fixture(NamedTuple):
    """A database and files that a tool left: what becomes baseline and what is pending, by our files' names."""

    tool: str
    table: str
    baseline: tuple[str, ...]
    pending: tuple[str, ...] = ()
    folder: str = ""
    source: str = ""


FIXTURES_OF = {
    "flyway": Fixture(
        "flyway",
        "flyway_schema_history",
        ("0001_create_users", "0002_create_posts", "0003_index_posts", "0004_titles"),
        ("0005_add_paid_at",),
    ),
    "liquibase": Fixture(
        "liquibase",
        "databasechangelog",
        ("0001_001-users_1", "0002_002-posts_1", "0003_002-posts_2", "0004_002-posts_3"),
        ("0005_003-paid_paid",),
        source="db/changelog",
    ),
    "golang-migrate": Fixture(
        "golang-migrate",
        "schema_migrations",
        ("000001_create_users", "000002_create_posts", "000003_index_posts"),
        ("000004_add_paid_at",),
    ),
    "goose": Fixture(
        "goose",
        "goose_db_version",
        ("00001_create_users", "00002_create_posts", "00003_index_posts"),
        ("00004_add_paid_at",),
    ),
    "dbmate": Fixture(
        "dbmate",
        "schema_migrations",
        ("20240101090000_create_users", "20240102090000_create_posts", "20240103090000_index_posts"),
        ("20240104090000_add_paid_at",),
    ),
    "sqlx": Fixture(
        "sqlx",
        "_sqlx_migrations",
        ("20240101090000_create_users", "20240102090000_create_posts", "20240103090000_index_posts"),
        ("20240104090000_add_paid_at",),
    ),
    "prisma": Fixture(
        "prisma",
        "_prisma_migrations",
        ("0000_init", "20240102090000_create_posts", "20240103090000_index_posts"),
        ("20240104090000_add_paid_at",),
    ),
    "tern": Fixture(
        "tern",
        "schema_version",
        ("0001_create_users", "0002_create_posts", "0003_index_posts"),
        ("0004_add_paid_at",),
    ),
    "node-pg-migrate": Fixture(
        "node-pg-migrate",
        "pgmigrations",
        ("1704099600000_create-users", "1704186000000_create-posts"),
        ("1704358800000_add-paid-at",),
    ),
    "node-pg-migrate with JavaScript": Fixture(
        "node-pg-migrate",
        "pgmigrations",
        ("0001_schema_of_node_pg_migrate",),
        ("1704358800000_add-paid-at",),
        "node-pg-migrate-js",
    ),
    "graphile-migrate": Fixture(
        "graphile-migrate",
        "graphile_migrate.migrations",
        ("000001_the-next-one", "000002_the-next-one", "000003_the-next-one"),
        ("000004_migration",),
    ),
    "sqitch": Fixture("sqitch", "sqitch.changes", ("0001_users", "0002_posts", "0003_posts"), ("0004_paid",)),
    "yoyo": Fixture(
        "yoyo",
        "_yoyo_migration",
        ("0001_create-users", "0002_create-posts", "0003_index-posts"),
        ("0004_add-paid-at",),
    ),
    "yoyo with Python": Fixture("yoyo", "_yoyo_migration", ("0001_schema_of_yoyo",), (), "yoyo-py"),
    "alembic": Fixture("alembic", "alembic_version", ("0001_schema_of_alembic",), source="alembic/versions"),
    "django": Fixture("django", "django_migrations", ("0001_schema_of_django",)),
    "rails": Fixture("rails", "schema_migrations", ("0001_schema_of_rails",), source="db/migrate"),
}


def left(fixture: Fixture, project: Project, database: Database) -> Path:
    """Lays out what the tool left; the folder of its files."""
    folder = FIXTURES / (fixture.folder or fixture.tool)
    database.execute((folder / "history.sql").read_text())
    shutil.copytree(folder / "files", project.root / "theirs")
    return project.root / "theirs" / fixture.source


def adopting(fixture: Fixture, *arguments: str) -> tuple[str, ...]:
    return ("adopt", "--from", fixture.tool, "--source", f"theirs/{fixture.source}", *arguments)


def untouched(database: Database, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table, with what would tell that one was written again."""
    return database.rows(f"SELECT xmin::text, ctid::text, each::text FROM {table} AS each ORDER BY ctid")


@pytest.mark.parametrize("fixture", FIXTURES_OF.values(), ids=FIXTURES_OF)
def test_an_adopted_database_goes_on_and_an_empty_one_gets_the_same(
    fixture: Fixture, project: Project, database: Database
) -> None:
    left(fixture, project, database)
    before = untouched(database, fixture.table)

    run = project.migrate(*adopting(fixture, "--yes"))

    assert run.returncode == 0, run.stderr
    names = sorted(path.stem for path in project.folder.iterdir())
    assert names == sorted((*fixture.baseline, *fixture.pending))
    assert [state for _, state in database.ledger()] == ["baseline"] * len(fixture.baseline)

    project.write("99999999999999_create_later", "CREATE TABLE later (id bigint PRIMARY KEY);")
    up = project.migrate("up")
    assert up.returncode == 0, up.stderr
    assert [line.split()[0] for line in up.stdout.splitlines()][:-1] == [
        *fixture.pending,
        "99999999999999_create_later",
    ]
    ignored = tuple(run.stdout.rpartition("--ignore '")[2].rstrip().rstrip("'").split(","))
    config = Config(folder=project.folder, database_url=database.url)
    again = asyncio.run(plan_adoption(config, Asked(fixture.tool, project.root / "theirs" / fixture.source)))
    assert (again.to_write, again.to_record) == (0, 0)
    for against, there in ((Against.SNAPSHOT, config), (Against.REPLAY, config._replace(ignore=ignored))):
        verified = asyncio.run(verify(there, against=against))
        assert verified.status is Exit.DONE, verified
    assert untouched(database, fixture.table) == before


def refused(project: Project, *arguments: str, status: int, name: str) -> str:
    """What an adoption says that is refused; nothing was written, in the folder or in the database."""
    run = project.migrate(*arguments)
    assert (run.returncode, run.stdout) == (status, ""), run.stdout + run.stderr
    assert f"error[{name}]" in run.stderr, run.stderr
    assert not project.folder.exists()
    return run.stderr


def test_a_history_that_stopped_half_way_is_refused(project: Project, database: Database) -> None:
    left(FIXTURES_OF["golang-migrate"], project, database)
    database.execute("UPDATE schema_migrations SET dirty = true")

    told = refused(project, *adopting(FIXTURES_OF["golang-migrate"], "--yes"), status=6, name="adopt.half-applied")

    assert "version 3 stopped half-way, says the history of golang-migrate" in told
    assert database.value("SELECT to_regclass('_migrations')") is None


def test_an_applied_migration_whose_file_is_gone_is_refused(project: Project, database: Database) -> None:
    left(FIXTURES_OF["goose"], project, database)
    (project.root / "theirs/00002_create_posts.sql").unlink()

    told = refused(project, *adopting(FIXTURES_OF["goose"], "--yes"), status=3, name="adopt.file-gone")

    assert "goose has applied 2, and its file is not there" in told
    assert "--one-file" in told


@pytest.mark.parametrize(
    ("of", "file"), [("flyway", "V1__create_users.sql"), ("graphile-migrate", "000001-the-next-one.sql")]
)
def test_a_file_that_was_edited_is_refused_and_other_line_ends_are_no_edit(
    of: str, file: str, project: Project, database: Database
) -> None:
    left(FIXTURES_OF[of], project, database)
    path = project.root / "theirs" / file
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert project.migrate(*adopting(FIXTURES_OF[of], "--dry-run")).returncode == 0
    path.write_bytes(path.read_bytes().replace(b"email text", b"email  text"))

    told = refused(project, *adopting(FIXTURES_OF[of], "--yes"), status=3, name="adopt.file-edited")

    assert f"--> theirs/{file}" in told


def test_what_only_psql_understands_is_named_with_its_line_and_nothing_is_written(
    project: Project, database: Database
) -> None:
    left(FIXTURES_OF["goose"], project, database)
    path = project.root / "theirs/00003_index_posts.sql"
    path.write_text(path.read_text().replace("CREATE INDEX", "\\echo hello\nCREATE INDEX"))

    told = refused(project, *adopting(FIXTURES_OF["goose"], "--yes"), status=2, name="file.psql-command")

    assert "--> theirs/00003_index_posts.sql:3:1" in told
    assert "--one-file" in told


def test_a_table_that_is_not_there_or_of_another_tool_is_refused(project: Project, database: Database) -> None:
    left(FIXTURES_OF["dbmate"], project, database)
    theirs = ("--source", "theirs", "--yes")

    told = refused(project, "adopt", "--from", "flyway", *theirs, status=2, name="adopt.no-history")
    assert "there is no table flyway_schema_history" in told
    told = refused(project, "adopt", "--from", "golang-migrate", *theirs, status=2, name="adopt.no-history")
    assert "it has no column dirty" in told


def test_a_table_of_another_name_in_another_schema_is_found(project: Project, database: Database) -> None:
    left(FIXTURES_OF["dbmate"], project, database)
    database.execute("CREATE SCHEMA ops; ALTER TABLE schema_migrations SET SCHEMA ops")
    database.execute('ALTER TABLE ops.schema_migrations RENAME TO "Done"')

    run = project.migrate(*adopting(FIXTURES_OF["dbmate"], "--table", "ops.Done", "--yes"))

    assert run.returncode == 0, run.stderr
    assert "recorded 3 migrations as baseline; ops.Done is as it was" in run.stdout


def test_no_files_are_a_clear_error(project: Project, database: Database) -> None:
    left(FIXTURES_OF["dbmate"], project, database)

    told = refused(project, "adopt", "--from", "dbmate", "--yes", status=2, name="adopt.no-source")

    assert "no file of dbmate is in db/migrations, migrations" in told


def test_code_that_is_not_applied_is_refused(project: Project, database: Database) -> None:
    fixture = FIXTURES_OF["rails"]
    source = left(fixture, project, database)
    (source / "20240103090000_add_paid_at.rb").write_text("class AddPaidAt; end")

    told = refused(project, *adopting(fixture, "--yes"), status=2, name="adopt.no-sql")

    assert "--> theirs/db/migrate/20240103090000_add_paid_at.rb" in told


def test_without_a_terminal_somebody_has_to_have_decided(project: Project, database: Database) -> None:
    left(FIXTURES_OF["dbmate"], project, database)

    run = project.migrate(*adopting(FIXTURES_OF["dbmate"]))

    assert run.returncode == 2
    assert "There is nobody to ask: --yes does it, --dry-run shows what would be done." in run.stderr


def test_a_dry_run_shows_the_plan_and_does_nothing(project: Project, database: Database) -> None:
    left(FIXTURES_OF["dbmate"], project, database)

    run = project.migrate(*adopting(FIXTURES_OF["dbmate"], "--dry-run", "--yes"))

    assert run.stdout == (
        "dbmate keeps public.schema_migrations and files in theirs\n"
        "  theirs/20240101090000_create_users.sql  "
        "sql/migrations/20240101090000_create_users.sql  new, baseline\n"
        "  theirs/20240102090000_create_posts.sql  "
        "sql/migrations/20240102090000_create_posts.sql  new, baseline\n"
        "  theirs/20240103090000_index_posts.sql   "
        "sql/migrations/20240103090000_index_posts.sql   new, baseline\n"
        "  theirs/20240104090000_add_paid_at.sql   "
        "sql/migrations/20240104090000_add_paid_at.sql   new, pending\n"
        "checked: nothing: dbmate keeps no checksums\n"
        "would write 4 files and record 3 entries as baseline; nothing was changed\n"
    )
    assert not project.folder.exists()
    assert database.value("SELECT to_regclass('_migrations')") is None


def test_the_json_has_the_plan_and_what_was_recorded(project: Project, database: Database) -> None:
    left(FIXTURES_OF["flyway"], project, database)

    run = project.migrate(*adopting(FIXTURES_OF["flyway"], "--yes", "--json"))

    document = json.loads(run.stdout)
    jsonschema.validate(document, SCHEMA)
    assert [each["version"] for each in document["recorded"]] == [1, 2, 3, 4]
    assert [each["becomes"] for each in document["files"]] == ["baseline"] * 4 + ["pending"]
    assert document["done"]


def test_a_later_run_finds_what_was_added_meanwhile(project: Project, database: Database) -> None:
    fixture = FIXTURES_OF["dbmate"]
    source = left(fixture, project, database)
    assert project.migrate(*adopting(fixture, "--yes")).returncode == 0
    (source / "20240105090000_add_sum.sql").write_text("-- migrate:up\nALTER TABLE posts ADD COLUMN sum int;\n")
    database.execute("ALTER TABLE posts ADD COLUMN paid_at timestamptz; ALTER TABLE posts ADD COLUMN sum int")
    database.execute("INSERT INTO schema_migrations VALUES ('20240104090000'), ('20240105090000')")

    run = project.migrate(*adopting(fixture, "--yes"))

    assert "wrote 1 file; recorded 2 migrations as baseline" in run.stdout, run.stdout + run.stderr
    assert len(database.ledger()) == 5
    assert project.migrate("up").stdout.startswith("nothing to do")
    assert project.migrate("verify").returncode == 0


def test_a_later_run_writes_down_what_code_did_meanwhile(project: Project, database: Database) -> None:
    fixture = FIXTURES_OF["node-pg-migrate with JavaScript"]
    source = left(fixture, project, database)
    assert project.migrate(*adopting(fixture, "--yes")).returncode == 0
    for name in ("1704445200000_change-posts", "1704531600000_fill-posts"):
        (source / f"{name}.js").write_text("exports.up = () => {};")
    database.execute("ALTER TABLE posts ADD COLUMN paid_at timestamptz")  # what was pending as SQL
    database.execute("ALTER TABLE posts DROP COLUMN title, ADD COLUMN sum int")
    database.execute("CREATE INDEX posts_sum_idx ON posts (sum)")
    names = ("1704358800000_add-paid-at", "1704445200000_change-posts")
    database.execute("".join(f"INSERT INTO pgmigrations (name, run_on) VALUES ('{name}', now());" for name in names))
    (source / "1704531600000_fill-posts.js").rename(source / "later")

    run = project.migrate(*adopting(fixture, "--yes"))

    assert run.returncode == 0, run.stderr
    assert {state for _, state in database.ledger()} == {"baseline"}
    ignored = run.stdout.rpartition("--ignore '")[2].rstrip().rstrip("'")
    assert project.migrate("verify", "--replay", "--ignore", ignored).returncode == 0

    (source / "later").rename(source / "1704531600000_fill-posts.js")
    database.execute("INSERT INTO pgmigrations (name, run_on) VALUES ('1704531600000_fill-posts', now())")
    run = project.migrate(*adopting(fixture, "--yes"))
    assert "wrote 1 file; recorded 1 migration as baseline" in run.stdout, run.stderr
    assert project.migrate("verify", "--replay", "--ignore", ignored).returncode == 0


def test_one_file_of_the_live_schema_takes_the_place_of_files_that_cannot_be_had(
    project: Project, database: Database
) -> None:
    fixture = FIXTURES_OF["prisma"]
    left(fixture, project, database)
    shutil.rmtree(project.root / "theirs/20240102090000_create_posts")

    run = project.migrate(*adopting(fixture, "--one-file", "--yes"))

    assert run.returncode == 0, run.stderr
    names = [path.name for path in sorted(project.folder.iterdir())]
    assert names == ["0001_schema_of_prisma.sql", "20240104090000_add_paid_at.sql"]
    assert project.migrate("up").returncode == 0
    ignored = run.stdout.rpartition("--ignore '")[2].rstrip().rstrip("'")
    assert project.migrate("verify", "--replay", "--ignore", ignored).returncode == 0
    assert project.migrate(*adopting(fixture, "--one-file", "--yes")).stdout.startswith("nothing to do")


def test_files_that_fit_stay_where_they_are(project: Project, database: Database) -> None:
    left(FIXTURES_OF["sqlx"], project, database)
    for path in (project.root / "theirs").glob("*.down.sql"):
        path.unlink()
    index = project.root / "theirs/20240103090000_index_posts.up.sql"
    asked = ("adopt", "--from", "sqlx", "--source", "theirs", "--dir", "theirs", "--yes")

    run = project.migrate(*asked)
    assert (run.returncode, "error[adopt.in-the-way]" in run.stderr) == (2, True)
    assert f"--> theirs/{index.name}" in run.stderr

    database.execute("DELETE FROM _sqlx_migrations WHERE version = 20240103090000")
    index.unlink()
    run = project.migrate(*asked)
    assert "wrote 0 files; recorded 2 migrations as baseline" in run.stdout, run.stderr
    assert "nothing to do" in project.migrate(*asked).stdout
    assert project.migrate("up", "--dir", "theirs").returncode == 0


def test_a_file_of_ours_with_another_text_is_in_the_way(project: Project, database: Database) -> None:
    left(FIXTURES_OF["dbmate"], project, database)
    project.write("0001_create_users", "-- Adopted from dbmate: 20240101090000_create_users.sql\nSELECT 2;\n")

    run = project.migrate(*adopting(FIXTURES_OF["dbmate"], "--yes"))

    assert (run.returncode, "error[adopt.in-the-way]" in run.stderr) == (2, True)
    assert len(list(project.folder.iterdir())) == 1


def test_files_that_were_written_and_not_recorded_are_taken_as_they_are(project: Project, database: Database) -> None:
    fixture = FIXTURES_OF["flyway"]
    left(fixture, project, database)
    assert project.migrate(*adopting(fixture, "--yes")).returncode == 0
    database.execute("DROP TABLE _migrations, _migrations_log, _migrations_catalog")

    run = project.migrate(*adopting(fixture, "--yes"))

    assert "wrote 0 files; recorded 4 migrations as baseline" in run.stdout, run.stderr


def test_a_person_on_a_terminal_is_asked_and_may_say_no(project: Project, database: Database) -> None:
    left(FIXTURES_OF["dbmate"], project, database)
    command = adopting(FIXTURES_OF["dbmate"])

    told = answered(project, "n", *command)
    assert "Do it? [y/N]: n" in told
    assert told.rstrip().endswith("nothing was changed")
    assert not project.folder.exists()

    told = answered(project, "y", *command)
    assert "wrote 4 files; recorded 3 migrations as baseline" in told
    assert told.count("new, baseline") == 3  # the plan is shown once
    assert len(database.ledger()) == 3


def answered(project: Project, answer: str, *command: str) -> str:
    """What the command writes to a terminal on which somebody has typed the answer."""
    terminal, end = pty.openpty()
    os.write(terminal, f"{answer}\n".encode())
    start = [sys.executable, "-m", "runner", *command]
    with subprocess.Popen(
        start, cwd=project.root, env=project.variables(), stdin=end, stdout=end, stderr=subprocess.STDOUT
    ):
        os.close(end)
        written = b""
        with suppress(OSError):  # what Linux says when the last writer has gone
            while piece := os.read(terminal, 65536):
                written += piece
    os.close(terminal)
    return written.decode().replace("\r", "")


def test_another_plan_than_the_one_that_was_shown_is_refused(project: Project, database: Database) -> None:
    source = left(FIXTURES_OF["dbmate"], project, database)
    config, asked = Config(folder=project.folder, database_url=database.url), Asked("dbmate", source)
    shown = asyncio.run(plan_adoption(config, asked))
    database.execute("INSERT INTO schema_migrations VALUES ('20240104090000')")

    with pytest.raises(PlanChanged):
        asyncio.run(run_adoption(config, asked, shown=shown))

    assert not project.folder.exists()


def test_a_history_outside_of_the_search_path_is_warned_of(project: Project, database: Database) -> None:
    left(FIXTURES_OF["dbmate"], project, database)
    database.execute("CREATE SCHEMA shop; ALTER TABLE schema_migrations SET SCHEMA shop")

    run = project.migrate(*adopting(FIXTURES_OF["dbmate"], "--dry-run"))

    assert "warning: shop is not in the search_path here; if dbmate had it there, set it for migrate, too" in run.stderr


def test_the_migrations_of_a_large_prisma_project_give_the_same_schema_as_files_of_ours(
    project: Project, database: Database
) -> None:
    """Some 220 folders of LiteLLM's, with names that do not sort as numbers."""
    package = find_spec("litellm_proxy_extras")
    if package is None or package.origin is None:
        pytest.skip("litellm-proxy-extras is not installed")
    source = Path(package.origin).parent / "migrations"
    folders = sorted(path.parent for path in source.glob("*/migration.sql"))
    database.execute(PRISMAS_TABLE)
    database.run(lambda connection: deployed(connection, folders))

    run = project.migrate("adopt", "--from", "prisma", "--source", str(source), "--yes")

    assert f"recorded {len(folders)} migrations as baseline" in run.stdout, run.stderr
    replayed = project.migrate("verify", "--replay", "--ignore", "_prisma_migrations")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


PRISMAS_TABLE = """
CREATE TABLE _prisma_migrations (
    id varchar(36) NOT NULL PRIMARY KEY,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
)"""


async def deployed(connection: asyncpg.Connection[Any], folders: list[Path]) -> None:
    """Applies the folders as Prisma does, statement by statement, and records them."""
    for number, folder in enumerate(folders):
        text = (folder / "migration.sql").read_text()
        for each in split(text, str(folder)):
            await connection.execute(text[each.start : each.end])
        checksum = hashlib.sha256(text.encode()).hexdigest()
        await connection.execute(
            "INSERT INTO _prisma_migrations VALUES ($1, $2, now(), $3, NULL, NULL, now(), 1)",
            str(number),
            checksum,
            folder.name,
        )
