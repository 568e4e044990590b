"""Starting: what help costs, what completion knows, how a library is used."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

import runner

if TYPE_CHECKING:
    from tests.conftest import Database, Project


@pytest.mark.parametrize("arguments", [["--help"], ["up", "--help"], ["--version"]])
def test_help_imports_neither_the_driver_nor_the_event_loop(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom runner.cli import main\n"
        f"try: main({arguments!r}, prog_name='migrate')\nexcept SystemExit: pass\n"
        "print([name for name in ('asyncpg', 'asyncio', 'ssl', 'runner.commands') if name in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.splitlines()[-1] == "[]"


def test_new_needs_no_driver(offline: Project) -> None:
    code = "import sys\nfrom runner.cli import main\ntry: main(['new', 'a b'])\nexcept SystemExit: pass\n"
    code += "print('asyncpg' in sys.modules)"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=offline.root)

    assert run.stdout == "sql/migrations/0001_a_b.sql\nFalse\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_turned_on_with_one_line(shell: str) -> None:
    migrate = Path(sys.executable).with_name("migrate")
    environment = {**os.environ, "_MIGRATE_COMPLETE": f"{shell}_source"}

    run = subprocess.run([migrate], capture_output=True, text=True, check=False, env=environment)

    assert "_MIGRATE_COMPLETE" in run.stdout


def test_the_public_names_are_there() -> None:
    assert sorted(runner.__all__) == list(runner.__all__)
    for name in runner.__all__:
        assert getattr(runner, name) is not None
    with pytest.raises(AttributeError):
        _ = runner.no_such_name


def test_the_library_works_on_a_connection_that_it_is_given(project: Project, database: Database) -> None:
    project.write("0001_a", "CREATE TABLE a ();")
    project.write("0002_b", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY a_idx ON a ((1));")
    config = runner.Config(folder=project.folder)

    async def use() -> tuple[int, int, bool]:
        connection = await asyncpg.connect(database.url)
        try:
            done = await runner.up(config, connection=connection)
            again = await runner.up(config, connection=connection)
            held = await connection.fetchval(
                "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            )
        finally:
            await connection.close()
        return len(done.applied), len(again.applied), held

    assert asyncio.run(use()) == (2, 0, False)


def test_the_library_refuses_a_connection_that_is_in_a_transaction(project: Project, database: Database) -> None:
    project.write("0001_a", "CREATE TABLE a ();")

    async def use() -> None:
        connection = await asyncpg.connect(database.url)
        try:
            async with connection.transaction():
                await runner.up(runner.Config(folder=project.folder), connection=connection)
        finally:
            await connection.close()

    with pytest.raises(runner.MigrateError, match="in a transaction"):
        asyncio.run(use())


def test_a_cancelled_library_call_leaves_a_usable_connection(project: Project, database: Database) -> None:
    project.write("0001_a", "CREATE TABLE a (); SELECT pg_sleep(60);")

    async def use() -> object:
        connection = await asyncpg.connect(database.url)
        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(runner.up(runner.Config(folder=project.folder), connection=connection), 1)
            return await connection.fetchval("SELECT to_regclass('a')")
        finally:
            await connection.close()

    assert asyncio.run(use()) is None


def test_the_library_raises_errors_with_their_parts(project: Project, database: Database) -> None:
    project.write("0001_a", "SELECT nope;")

    with pytest.raises(runner.MigrateError) as caught:
        asyncio.run(runner.up(runner.Config(folder=project.folder, database_url=database.url)))

    assert caught.value.name == "apply.statement-failed"
    assert caught.value.status == 1
    assert caught.value.sqlstate == "42703"
