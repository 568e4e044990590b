"""The package as a library: fixtures for pytest, migrations inside a package or a zip file, a web application."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ON_ONE_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database, Project

pytestmark = ON_ONE_SERVER

ROOT = Path(__file__).parents[2]
LIBRARY = (ROOT / "docs/how-to/library.md").read_text()
TESTING = (ROOT / "docs/how-to/testing.md").read_text()
EXAMPLE = (ROOT / "examples/lifespan.py").read_text()
CODE = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PRINTS = re.compile(r"^```python\n((?:(?!^```).)*?)^```\n(?:(?!^```).)*?^```\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
BOOKS = "CREATE TABLE books (title text NOT NULL);\n"
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
    """A project's own pytest, which finds the fixtures by itself, without the other plugins of this environment."""
    others = ("hypothesispytest", "anyio", "typeguard", "timeout")
    blocked = [part for name in others for part in ("-p", f"no:{name}")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *blocked, *arguments]
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


@pytest.fixture
def shop(project: Project) -> Project:
    """A project as the pages have it: two migrations, and a package that brings the same."""
    project.write_many({"0001_create_books": BOOKS, "0002_create_loans": "CREATE TABLE loans ();\n"})
    shutil.copytree(project.folder, project.root / "shop" / "migrations")
    (project.root / "shop" / "__init__.py").write_text("")
    return project


@pytest.mark.parametrize(("code", "said"), PRINTS.findall(LIBRARY), ids=lambda text: text.split("\n")[-3:][0][:30])
def test_the_code_of_the_page_prints_what_the_page_says(code: str, said: str, shop: Project) -> None:
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=shop.root, env=shop.variables(), capture_output=True, text=True, check=False
    )
    assert run.stdout == said, run.stderr


@pytest.mark.usefixtures("server")
def test_all_code_of_the_page_is_run() -> None:
    assert CODE.findall(LIBRARY) == [*(code for code, _ in PRINTS.findall(LIBRARY)), EXAMPLE]


def test_the_code_of_the_page_of_tests_passes(tests: Project) -> None:
    first, config, rows = CODE.findall(TESTING)
    shutil.rmtree(tests.folder)
    tests.write("0001_create_books", BOOKS)
    (tests.root / "test_users.py").write_text(first)
    assert "2 passed" in run_pytest(tests).stdout

    tests.folder.rename(tests.root / "db")
    (tests.root / "conftest.py").write_text(config + rows)
    (tests.root / "test_users.py").write_text(first + "\n\ndef test_rows(library):\n" + USES_ROWS)
    run = run_pytest(tests)
    assert "3 passed" in run.stdout, run.stdout


USES_ROWS = """\
    assert asyncio.run(add_book(library, "Middlemarch")) == 3
"""


@contextmanager
def served(project: Project) -> Iterator[tuple[subprocess.Popen[str], http.client.HTTPConnection]]:
    """The example under uvicorn, on a socket that takes connections before it has started."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = str(listening.fileno())
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "examples.lifespan:app", "--fd", number],
            cwd=project.root,
            env={**project.variables(), "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            pass_fds=[listening.fileno()],
            text=True,
        )
        try:
            yield process, http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=30)
        finally:
            process.kill()
            process.communicate()


def test_a_web_application_migrates_before_its_first_request(shop: Project, database: Database) -> None:
    with served(shop) as (_, client):
        client.request("GET", "/books")  # waits in the socket until the application takes it
        answer = client.getresponse()
        assert (answer.status, json.loads(answer.read())) == (200, [])
        client.close()
    assert database.ledger() == [(1, "applied"), (2, "applied")]


def test_a_web_application_whose_migration_fails_does_not_start(shop: Project) -> None:
    shop.write("0003_bad", BOOKS)
    with served(shop) as (process, _):
        _, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert 'relation "books" already exists' in said
