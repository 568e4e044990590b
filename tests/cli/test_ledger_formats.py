"""The ledger of an older runner is taken as it is, that of a newer one is refused, and no form changes unseen."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.errors import Exit
from runner.ledger.ledger import FORMAT
from tests.conftest import ON_ONE_SERVER, Database, new_database

if TYPE_CHECKING:
    from tests.conftest import Project, Server

LEDGERS = Path(__file__).parent / "ledgers"
TABLES = "('_migrations', '_migrations_log')"
FORM = f"""
SELECT attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod), attnotnull, attidentity::text,
    (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum)
FROM pg_attribute WHERE attrelid::regclass::text IN {TABLES} AND attnum > 0
UNION ALL
SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), convalidated, contype::text, NULL
FROM pg_constraint WHERE conrelid::regclass::text IN {TABLES} AND contype <> 'n'  -- which PostgreSQL 18 lists, too
ORDER BY 1, 2
"""


@pytest.fixture
def old(project: Project, database: Database) -> Project:
    """A project whose database and files are those of the first form; `orders`, which 0005 needs, is not there."""
    database.execute((LEDGERS / "format_1.sql").read_text())
    shutil.copytree(LEDGERS / "format_1", project.folder)
    return project


def test_every_format_that_there_was_is_kept_for_these_tests() -> None:
    assert sorted(path.name for path in LEDGERS.glob("*.sql")) == [f"format_{n}.sql" for n in range(1, FORMAT + 1)]


@ON_ONE_SERVER
def test_the_first_form_of_the_ledger_is_read_and_nothing_is_written(old: Project, database: Database) -> None:
    before = database.rows("SELECT * FROM _migrations ORDER BY version")

    status, plan, verify = old.migrate("status"), old.migrate("plan"), old.migrate("verify")

    assert [line.split()[:2] for line in status.stdout.splitlines()[:5]] == [
        ["0001_create_users", "baseline"],
        ["0002_insert_users", "applied"],
        ["0003_index_emails", "applied"],
        ["0004_vacuum_users", "applied"],
        ["0005_vacuum_orders", "started"],
    ]
    assert (status.returncode, plan.returncode, verify.returncode) == (Exit.DONE, Exit.DONE, Exit.UNFINISHED)
    assert database.rows("SELECT * FROM _migrations ORDER BY version") == before
    assert database.value("SELECT to_regclass('_migrations_catalog')") is None


def test_what_the_first_form_left_half_way_goes_on_where_it_stopped(old: Project, database: Database) -> None:
    database.execute("CREATE TABLE orders (id bigint)")
    old.write("0006_create_lines", "CREATE TABLE lines (id bigint);")

    up, verify = old.migrate("up"), old.migrate("verify")

    assert up.returncode == Exit.DONE, up.stderr
    assert [state for _, state in database.ledger()] == ["baseline"] + 5 * ["applied"]
    assert database.rows("SELECT version, statements_done FROM _migrations WHERE version = 5") == [(5, 2)]
    assert verify.returncode == Exit.DONE, verify.stdout
    assert old.migrate("up").stdout == "nothing to do: the database is at 0006_create_lines\n"


@ON_ONE_SERVER
def test_an_edit_of_a_file_of_the_first_form_is_seen_with_its_old_text(old: Project) -> None:
    old.write("0002_insert_users", "INSERT INTO users VALUES (3, 'c@example.com');")

    up, verify = old.migrate("up"), old.migrate("verify", "--files")

    assert up.returncode == Exit.DIFFERENCE
    assert verify.returncode == Exit.DIFFERENCE
    assert "-INSERT INTO users VALUES (1, 'a@example.com')" in verify.stdout


@pytest.mark.parametrize("command", ["up", "status", "plan", "verify", "baseline 2", "resolve 1 --retry --reason so"])
@ON_ONE_SERVER
def test_a_ledger_of_a_newer_format_is_refused_and_left_alone(
    command: str, project: Project, database: Database
) -> None:
    project.write("0001_a", "CREATE TABLE a ();")
    project.migrate("up")
    project.write("0002_b", "CREATE TABLE b ();")
    database.execute(f"COMMENT ON TABLE _migrations IS 'migrate ledger, format {FORMAT + 1}: more than we know'")

    run = project.migrate(*command.split())

    assert run.returncode == Exit.NOT_HERE
    assert f"the ledger has format {FORMAT + 1}, and this runner knows format {FORMAT}" in run.stderr
    assert "A newer runner wrote it. Use that version of migrate here too." in run.stderr
    assert database.ledger() == [(1, "applied")]


@ON_ONE_SERVER
def test_a_new_ledger_has_the_form_that_is_kept_of_its_format(
    project: Project, database: Database, server: Server
) -> None:
    project.write("0001_a")
    project.migrate("up")

    with new_database(server) as kept:
        kept.execute((LEDGERS / f"format_{FORMAT}.sql").read_text())
        assert database.rows(FORM) == kept.rows(FORM)
