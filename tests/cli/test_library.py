"""The package as a library: fixtures for pytest, migrations inside a package or a zip file, a web application."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ON_ONE_SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database, Project

pytestmark = ON_ONE_SERVER

USERS = "CREATE TABLE users (id bigint PRIMARY KEY);\n"
TESTS = """\
import asyncpg, asyncio, pytest

async def count(url, *sql):
    connection = await asyncpg.connect(url)
    for each in sql:
        await connection.execute(each)
    number = await connection.fetchval("SELECT count(*) FROM users")
    await connection.close()
    return number

@pytest.mark.parametrize("number", range(4))
def test_each_has_its_own(migrated_database, number):
    assert asyncio.run(count(migrated_database, f"INSERT INTO users VALUES ({number})")) == 1
"""


def run_pytest(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A project's own pytest, which finds the fixtures by itself."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=project.root, env=project.variables(), capture_output=True, text=True, check=False
    )


@pytest.fixture
def tests(project: Project, database: Database) -> Project:
    """A project with a migration and with tests that use the fixture."""
    project.environment["MIGRATE_TEST_URL"] = database.url
    project.write("0001_create_users", USERS)
    (project.root / "test_users.py").write_text(TESTS)
    return project


def test_each_test_gets_a_migrated_database_of_its_own(tests: Project, database: Database) -> None:
    run = run_pytest(tests)
    assert "4 passed" in run.stdout, run.stdout
    assert not database.rows("SELECT FROM pg_database WHERE datname LIKE 'migrate_test_%'")


def test_workers_each_make_a_template(tests: Project) -> None:
    assert "4 passed" in run_pytest(tests, "-n", "2").stdout


def test_a_project_says_where_its_files_are(tests: Project) -> None:
    tests.folder.rename(tests.root / "db")
    (tests.root / "conftest.py").write_text(
        "import pytest\nfrom pathlib import Path\nfrom runner import Config\n"
        "@pytest.fixture(scope='session')\ndef migrate_config(): return Config(folder=Path('db'))\n"
    )
    assert "4 passed" in run_pytest(tests).stdout


def test_a_bad_file_is_the_error_of_the_fixture(tests: Project) -> None:
    tests.write("0002_bad", "CREATE TABLE users (id bigint);\n")
    run = run_pytest(tests, "-x")
    assert run.returncode == 1
    assert 'relation "users" already exists' in run.stdout


PROGRAM = """\
import asyncio, sys
from runner import Config, packaged, up

async def main():
    with packaged("shop") as folder:
        result = await up(Config(folder=folder, database_url=sys.argv[1]))
        print(len(result.applied), folder.exists())
    return folder

print(asyncio.run(main()).exists())
"""


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_migrations_inside_a_package(form: str, tmp_path: Path, database: Database) -> None:
    shop = tmp_path / "source" / "shop"
    (shop / "migrations").mkdir(parents=True)
    (shop / "__init__.py").write_text("")
    (shop / "migrations" / "0001_create_users.sql").write_text(USERS)
    (shop / "migrations" / "README.md").write_text("not SQL")
    path = shop.parent
    if form == "zip":
        path = tmp_path / "shop.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for each in shop.rglob("*"):
                archive.write(each, each.relative_to(shop.parent))
    program = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(path)!r})\n{PROGRAM}", database.url]
    run = subprocess.run(program, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["1", "True", str(form == "folder")], run.stderr
    assert database.ledger() == [(1, "applied")]
