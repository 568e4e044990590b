"""`doctor` and `completion`: what the command sees, and what helps to type it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tests.conftest import ON_ONE_SERVER

if TYPE_CHECKING:
    from tests.conftest import Database, Project

pytestmark = ON_ONE_SERVER
SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/json.schema.json").read_text())


def test_it_shows_settings_with_their_places_the_server_and_the_ledger(project: Project) -> None:
    project.write("0001_create_users", "CREATE TABLE users (id bigint);\n")
    project.migrate("up")
    project.write("0002_create_keys", "CREATE TABLE keys (id bigint);\n")
    (project.root / "pyproject.toml").write_text('[tool.migrate]\nretry-for = "7min"\n')
    project.environment["MIGRATE_LOCK_TIMEOUT"] = "2s"

    run = project.migrate("doctor", "--wait", "3s")
    lines = {" ".join(line.split()) for line in run.stdout.splitlines()}

    assert (run.returncode, run.stderr) == (0, "")
    assert {
        "wait 3s (--wait)",
        "lock-timeout 2s (MIGRATE_LOCK_TIMEOUT)",
        "retry-for 7min (retry-for in [tool.migrate] of pyproject.toml)",
        "on-drift warn (the default)",
        "sql/migrations 2, 0001_create_users to 0002_create_keys",
        "public._migrations 1 entries, the last is 0001_create_users",
        "pending 1",
        "snapshot up to date",
        "lock free",
        "pooler none seen",
    } <= lines


def test_it_writes_nothing_and_a_role_without_rights_is_enough(project: Project, database: Database) -> None:
    project.write("0001_create_users")
    role = f"reader_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    project.url = database.url.replace("user=postgres", f"user={role}")
    try:
        run = project.migrate("doctor")
    finally:
        database.execute(f"DROP ROLE {role}")
    assert run.returncode == 0
    assert f"{role}: no superuser, may not create in schema public, may not create databases" in run.stdout
    assert database.value("SELECT to_regclass('_migrations')") is None


@pytest.mark.parametrize(
    ("url", "status", "name"),
    [
        pytest.param(None, 2, "config.no-database", id="no database named"),
        pytest.param("postgresql://app:hunter2@127.0.0.1:1/x", 5, "connect.unreachable", id="nobody there"),
    ],
)
def test_what_it_cannot_see_is_told_after_what_it_can(
    url: str | None, status: int, name: str, project: Project
) -> None:
    project.write("0001_create_users")
    project.url = url
    run = project.migrate("doctor", "--wait", "0s")
    assert run.returncode == status
    assert "0001_create_users" in run.stdout
    assert f"error[{name}]" in run.stdout
    assert "hunter2" not in run.stdout + run.stderr


def test_a_bad_folder_does_not_hide_the_server(project: Project) -> None:
    project.write("bad.sql")
    run = project.migrate("doctor", "--json")
    document = json.loads(run.stdout)
    jsonschema.validate(document, SCHEMA)
    assert run.returncode == document["status"] == 2
    assert document["problem"]["name"] == "files.bad-name"
    assert "server" in document["sections"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_understands_its_completion(shell: str, project: Project) -> None:
    script = project.migrate("completion", shell).stdout
    assert "_MIGRATE_COMPLETE" in script
    if program := shutil.which(shell):
        assert subprocess.run([program, "-n"], input=script, text=True, check=False).returncode == 0
