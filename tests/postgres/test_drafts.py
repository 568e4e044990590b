"""Drafts do what they say: they bring any schema to any other, and they read as a person would have written them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runner.catalog.difference import as_lines, compare
from runner.catalog.draft import draft
from runner.catalog.introspect import Scope, read_whole, settings_sql
from runner.catalog.render import dump, file_text, repair_sql
from runner.migrations.statements import split
from tests.postgres import schemas

if TYPE_CHECKING:
    from runner.catalog.arrange import File
    from runner.catalog.catalog import Catalog
    from tests.conftest import Database
    from tests.postgres.schemas import Choice

    Connection = asyncpg.Connection[Any]

FEW = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=25,
    phases=[Phase.generate],  # a failure tells enough; to shrink it takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
GOLDEN = Path(__file__).parent / "drafts.golden"
_SECTION = re.compile(r"^## (.+)\n((?:.*\n)+?)---\n((?:.*\n)+?)---\n((?:(?!## ).*\n)*)", re.MULTILINE)
_OF_ROWS = ("22", "23")  # classes of errors that tell of the rows, not of the draft
_LEFT = re.compile(r"^-- Left to you: .*\n((?:--.*\n?)+)", re.MULTILINE)


class Case(NamedTuple):
    """Two schemas, and the files that lead from the one to the other."""

    name: str
    before: str
    after: str
    drafted: str


CASES = [Case(*match.groups()) for match in _SECTION.finditer(GOLDEN.read_text())]


@pytest.fixture
def ready(database: Database) -> Database:
    """An empty database, whose server has the roles that the schemas speak of."""
    for role in schemas.ROLES:
        if not database.rows(f"SELECT FROM pg_roles WHERE rolname = '{role}'"):
            database.execute(f"CREATE ROLE {role}")
    return database


async def read(connection: Connection, sql: str = "") -> Catalog:
    """The schema, in a transaction that ends as it began; after running `sql` in it."""
    await connection.execute(f"BEGIN; {sql}; {settings_sql()}")
    try:
        return await read_whole(connection, Scope("public", "^$", connection.get_server_version().major * 10_000))
    finally:
        await connection.execute("ROLLBACK")


def with_all_done(text: str) -> str:
    """A draft as it is when somebody has taken the comment marks off all that was left to people."""
    return _LEFT.sub(lambda match: re.sub(r"^-- ?", "", match[1], flags=re.MULTILINE), text)


async def apply(connection: Connection, files: list[File]) -> None:
    for file in files:
        text = with_all_done(file_text(file, "Test"))
        statements = [text[each.start : each.end] for each in split(text, "")] if file.concurrent else [text]
        for sql in statements:
            await connection.execute(sql)


def all_text(files: list[File]) -> str:
    return "\n".join(file_text(file, "Test") for file in files)


async def bring(connection: Connection, before: Choice, after: Choice, rows: str) -> None:
    """Makes one schema and brings it to the other by a draft; then nothing is left to draft."""
    await connection.execute(f"SET client_min_messages = error; {schemas.CLEAR}")
    wanted = await read(connection, schemas.script(after))
    await connection.execute(schemas.script(before))
    files = draft(await read(connection), wanted)
    await connection.execute(rows or "SELECT 1")
    try:
        await apply(connection, files)
    except asyncpg.PostgresError as error:
        if rows and error.sqlstate.startswith(_OF_ROWS):
            return
        raise AssertionError(f"{error}\n{error.detail}\n{all_text(files)}") from error
    made = await read(connection)
    assert as_lines(compare(wanted, made)) == [], all_text(files)
    assert all_text(draft(made, wanted)) == ""


@FEW
@given(pair=schemas.pairs(), rows=st.sampled_from(("", schemas.ROWS)))
def test_a_draft_brings_any_schema_to_any_other(ready: Database, pair: tuple[Choice, Choice], rows: str) -> None:
    ready.run(lambda connection: bring(connection, *pair, rows))


@FEW
@given(choice=schemas.CHOICES)
def test_a_dump_makes_its_schema_and_is_dumped_as_it_was(ready: Database, choice: Choice) -> None:
    async def load(connection: Connection) -> None:
        await connection.execute(f"SET client_min_messages = error; {schemas.CLEAR}")
        empty, wanted = await read(connection), await read(connection, schemas.script(choice))
        text = dump(wanted, empty)
        await connection.execute(f"{text}; SELECT 1")
        made = await read(connection)
        assert as_lines(compare(wanted, made)) == [], text
        assert dump(made, empty) == text

    ready.run(load)


@settings(FEW, max_examples=10)
@given(pair=schemas.pairs())
def test_a_repair_is_a_script_for_psql(ready: Database, pair: tuple[Choice, Choice]) -> None:
    async def prepare(connection: Connection) -> tuple[str, Catalog]:
        await connection.execute(f"SET client_min_messages = error; {schemas.CLEAR}")
        expected = await read(connection, schemas.script(pair[0]))
        await connection.execute(schemas.script(pair[1]))
        return repair_sql(await read(connection), expected), expected

    script, expected = ready.run(prepare)
    psql = [ready.server.psql(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", ready.url]
    done = subprocess.run(psql, input=with_all_done(script), capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"{done.stderr}\n{script}"
    assert as_lines(compare(expected, ready.run(read))) == [], script


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_draft_reads_as_a_person_would_have_written_it(ready: Database, case: Case) -> None:
    async def drafted(connection: Connection) -> str:
        wanted, have = await read(connection, case.after), await read(connection, case.before)
        return "\n".join(file_text(file, f"File {number}") for number, file in enumerate(draft(have, wanted), 1))

    seen = f"{ready.run(drafted)}\n"
    if os.environ.get("GOLDEN"):
        text, head = GOLDEN.read_text(), f"## {case.name}\n{case.before}---\n{case.after}---\n"
        GOLDEN.write_text(text.replace(head + case.drafted, head + seen))
        return

    assert seen.rstrip() == case.drafted.rstrip()
