"""What each tool's rows and files come down to, and the plan that is made of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.adoption import flyway, goose, graphile_migrate, liquibase, node_pg_migrate, sqitch
from runner.adoption.plan import Becomes, Known, Ours, needs_schema, plan_copies, plan_schema
from runner.adoption.texts import LIVE, origins
from runner.adoption.tools import TOOLS
from runner.adoption.values import File, Theirs
from runner.cli import adopt
from runner.errors import AdoptedFileEdited, AdoptedFileGone, HalfApplied, NoSql, PsqlCommand

if TYPE_CHECKING:
    from collections.abc import Sequence

FIXTURES = Path(__file__).parents[1] / "postgres/adoption"
NOTHING = Known("sql/migrations", (), ())
DBMATE = TOOLS["dbmate"]


def file(within: str, text: str = "SELECT 1;\n") -> File:
    return File(f"theirs/{within}", within, text.encode())


def files_of(tool: str) -> list[File]:
    """The files of a fixture, as the command would read them."""
    folder = FIXTURES / tool / "files" / ("db/changelog" if tool == "liquibase" else "")
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [File(str(path), path.relative_to(folder).as_posix(), path.read_bytes()) for path in found]
    return [each for each in files if TOOLS[tool].wanted.fullmatch(each.within)]


def rows_of(tool: str, table: str, columns: str) -> list[dict[str, Any]]:
    """The rows of a fixture's history by the names of its columns; enough of SQL for what the fixtures hold."""
    text = (FIXTURES / tool / "history.sql").read_text()
    values = re.findall(rf"INSERT INTO (?:\w+\.)?{table}\s+VALUES \((.*)\);", text)
    return [
        dict(zip(columns.split(), map(_value, re.findall(r"'[^']*'|[^, ]+", each)), strict=False)) for each in values
    ]


def _value(text: str) -> object:
    if text.startswith("'"):
        return text.strip("'")
    return {"NULL": None}.get(text) if text == "NULL" else json.loads(text)


HISTORIES: dict[str, tuple[str, str]] = {
    "flyway": ("flyway_schema_history", "installed_rank version description type script checksum by on time success"),
    "liquibase": ("databasechangelog", "id author filename dateexecuted orderexecuted exectype md5sum"),
    "golang-migrate": ("schema_migrations", "version dirty"),
    "dbmate": ("schema_migrations", "version"),
    "sqlx": ("_sqlx_migrations", "version description installed_on success checksum execution_time"),
    "prisma": ("_prisma_migrations", "id checksum finished_at migration_name logs rolled_back_at started_at"),
    "tern": ("schema_version", "version"),
    "node-pg-migrate": ("pgmigrations", "id name run_on"),
    "graphile-migrate": ("migrations", "hash previous_hash filename date"),
    "sqitch": ("changes", "change_id script_hash change project note committed_at"),
    "yoyo": ("_yoyo_migration", "migration_hash migration_id applied_at_utc"),
}


def read(tool: str, *, without: str = "", edited: str = "") -> Sequence[Theirs]:
    """What a tool makes of its fixture, with one file gone or another one edited."""
    files = [each for each in files_of(tool) if each.within != without]
    files = [each._replace(raw=each.raw + b"-- edited\n") if each.within == edited else each for each in files]
    found: Sequence[Theirs] = TOOLS[tool].read(rows_of(tool, *HISTORIES[tool]), files)
    return found


def test_the_command_line_names_every_tool() -> None:
    [tools] = [option.type for option in adopt.params if option.name == "tool"]

    assert list(TOOLS) == list(getattr(tools, "choices", ()))


@pytest.mark.parametrize("tool", HISTORIES)
def test_a_whole_history_has_no_fault_and_one_migration_pending(tool: str) -> None:
    found = read(tool)

    assert [each.fault for each in found] == [None] * len(found)
    assert [each.applied for each in found] == [True] * (len(found) - 1) + [False]


@pytest.mark.parametrize(
    ("tool", "lost"),
    [
        ("flyway", "V1.1__create_posts.sql"),
        ("liquibase", "changes/001-users.sql"),
        ("golang-migrate", "000003_index_posts.up.sql"),
        ("dbmate", "20240101090000_create_users.sql"),
        ("sqlx", "20240101090000_create_users.up.sql"),
        ("prisma", "20240102090000_create_posts/migration.sql"),
        ("tern", "001_create_users.sql"),
        ("node-pg-migrate", "1704099600000_create-users.sql"),
        ("graphile-migrate", "000002-the-next-one.sql"),
        ("sqitch", "deploy/users.sql"),
        ("yoyo", "0002.create-posts.sql"),
    ],
)
def test_an_applied_migration_whose_file_is_gone_is_a_fault(tool: str, lost: str) -> None:
    [fault] = [each.fault for each in read(tool, without=lost) if each.fault]

    assert isinstance(fault, AdoptedFileGone)


@pytest.mark.parametrize(
    ("tool", "path"),
    [
        ("flyway", "V2__index_posts.sql"),
        ("sqlx", "20240102090000_create_posts.up.sql"),
        ("prisma", "0_init/migration.sql"),
        ("graphile-migrate", "000003-the-next-one.sql"),
        ("sqitch", "deploy/posts@v1.sql"),
    ],
)
def test_an_applied_file_that_was_edited_is_a_fault(tool: str, path: str) -> None:
    [fault] = [each.fault for each in read(tool, edited=path) if each.fault]

    assert isinstance(fault, AdoptedFileEdited)
    assert str(fault.place).endswith(path)


@pytest.mark.parametrize(
    ("tool", "column", "value"),
    [
        ("flyway", "success", False),
        ("liquibase", "exectype", "FAILED"),
        ("golang-migrate", "dirty", True),
        ("sqlx", "success", False),
        ("prisma", "finished_at", None),
    ],
)
def test_a_migration_that_stopped_half_way_is_refused(tool: str, column: str, value: object) -> None:
    rows = rows_of(tool, *HISTORIES[tool])
    rows[0] = {**rows[0], column: value}

    with pytest.raises(HalfApplied):
        TOOLS[tool].read(rows, files_of(tool))


def test_what_flyway_undid_is_pending_and_what_its_baseline_covers_is_not_there() -> None:
    row = {
        "installed_rank": 1,
        "version": "1",
        "type": "BASELINE",
        "script": "<< >>",
        "checksum": None,
        "success": True,
    }
    ran = {**row, "installed_rank": 2, "version": "2", "type": "SQL", "script": "V2__b.sql"}
    undone = {**ran, "installed_rank": 3, "type": "UNDO_SQL"}

    found = flyway.read([row, ran, undone], [file("V1__a.sql"), file("V2__b.sql")])

    assert [(each.id, each.applied, each.sql is None) for each in found] == [
        ("baseline", True, True),
        ("V2__b.sql", False, False),
    ]


def test_a_version_of_flyways_with_a_zero_behind_it_is_a_whole_number_and_a_lost_repeatable_script_a_fault() -> None:
    row = {"installed_rank": 1, "version": None, "type": "SQL", "script": "R__v.sql", "checksum": 1, "success": True}

    found = flyway.read([row], [file("V2.0__a.sql"), file("V010__b.sql")])

    assert [(each.label, each.fault is None) for each in found] == [("", False), ("2", True), ("010", True)]


def test_a_script_that_flyway_fills_in_has_no_sql() -> None:
    [found] = flyway.read([], [file("V1__a.sql", "CREATE SCHEMA ${name};")])

    assert (found.sql, found.without) == (None, "Flyway fills in ${name} when it runs")


def test_flyways_checksum_does_not_see_line_ends() -> None:
    assert flyway.checksum("SELECT 1;\r\nSELECT 2;\n") == flyway.checksum("SELECT 1;\nSELECT 2;")
    assert -(2**31) <= flyway.checksum("SELECT 4;") < 2**31


def test_goose_annotations_are_taken_out_and_lines_stay_where_they_are() -> None:
    text = "-- +goose Up\n-- +goose StatementBegin\nA;\n-- +goose StatementEnd\n-- +goose Down\nB;\n"

    assert goose.up_part(text) == ("\n\nA;\n\n\n\n", {"up", "statementbegin", "statementend", "down"})


def test_node_pg_migrate_takes_what_stands_below_the_mark() -> None:
    assert node_pg_migrate.up_part("-- Up Migration\nA;\n-- Down Migration\nB;\n").strip() == "A;"
    assert node_pg_migrate.up_part("-- Down Migration\nB;\n-- Up Migration\nA;\n").strip() == "A;"
    assert node_pg_migrate.up_part("A;\n").strip() == "A;"


def test_graphile_migrate_hashes_as_it_does() -> None:
    first, second = (each for each in files_of("graphile-migrate")[:2])

    assert re.search(r"Hash: (\S+)", second.text) is not None
    previous = re.findall(r"Hash: (\S+)", first.text)[0]
    body = second.text.partition("\n\n")[2]
    assert graphile_migrate.hash_of(body, previous) == re.findall(r"Hash: (\S+)", second.text)[0]


def test_a_changeset_of_liquibase_ends_where_the_next_begins() -> None:
    text = '--liquibase formatted sql\n--changeset "An Author":"one two" dbms:postgresql\nA;\n--rollback B;\n'
    text += "--changeset b:2 runInTransaction:false\nC;\n/* liquibase rollback\nD;\n*/\n"

    one, two = liquibase.changesets(file("a.sql", text))

    assert (one.author, one.id, one.sql.strip(), one.attributes) == (
        "An Author",
        "one two",
        "A;",
        {"dbms": "postgresql"},
    )
    assert (two.sql.strip(), two.sql.index("C;")) == ("C;", 5)


def test_a_changeset_of_yaml_has_no_sql_and_one_that_was_marked_as_run_does_nothing() -> None:
    row = {"id": "1", "author": "a", "filename": "db/c.yaml", "orderexecuted": 1, "exectype": "EXECUTED"}
    marked = {**row, "filename": "db/m.sql", "orderexecuted": 2, "exectype": "MARK_RAN"}
    text = "--liquibase formatted sql\n--changeset a:1\nDROP TABLE a;\n"

    one, two = liquibase.read([row, marked], [file("m.sql", text), file("c.yaml", "databaseChangeLog:")])

    assert (one.id, one.sql, one.fault) == ("db/c.yaml::1::a", None, None)
    assert (two.applied, two.sql) == (True, "-- Liquibase marked it as run, and did not run it.")


def test_a_file_of_liquibase_may_go_by_another_name() -> None:
    row = {"id": "1", "author": "a", "filename": "old/a.sql", "orderexecuted": 1, "exectype": "EXECUTED"}
    text = "--liquibase formatted sql logicalFilePath:old/a.sql\n--changeset a:1\nSELECT 1;\n"

    [found] = liquibase.read([row], [file("new.sql", text)])

    assert (found.applied, found.fault) == (True, None)


def test_a_reworked_change_of_sqitch_has_the_tag_in_its_name() -> None:
    plan = "%project=p\n\na 2024 x <y> # z\n@v1 2024 x <y> # z\nb 2024 x <y> # z\na [a@v1] 2024 x <y> # z\n"

    assert [(each.id, each.tags) for each in sqitch.planned(plan)] == [("a", ("@v1",)), ("b", ()), ("a (2)", ())]


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("CREATE SCHEMA :name;", ":name"),
        ("SELECT :'word';", ":'word'"),
        ("SELECT a::int, b[1:n], to_char(c, 'HH24:MI') FROM t WHERE x = ' :no';", ""),
    ],
)
def test_variables_of_psql_in_a_deploy_script_are_found(text: str, variable: str) -> None:
    assert sqitch.psql_variable(file("deploy/a.sql", text)) == variable


def theirs(name: str, sql: str | None = "SELECT 1;", **more: Any) -> Theirs:
    return Theirs(name, name, file(f"{name}.sql"), sql, **more)


def test_own_numbers_stay_and_what_has_none_comes_after_the_highest() -> None:
    found = [theirs("a", label="7"), theirs("b"), theirs("c", label="8"), theirs("d", label="20240101000000")]

    steps = plan_copies(DBMATE, found, NOTHING)

    assert [step.version for step in steps] == [7, 8, 9, 20240101000000]


def test_the_order_of_the_tool_stays_where_its_numbers_would_sort_in_another_way() -> None:
    labels = ("20260107120000", "20260108", "20260108", "20260109120000")

    steps = plan_copies(DBMATE, [theirs(f"m{at}", label=label) for at, label in enumerate(labels)], NOTHING)

    assert [step.version for step in steps] == [20260107120000, 20260107120001, 20260107120002, 20260109120000]


def test_what_was_adopted_keeps_its_file_however_theirs_are_numbered_now() -> None:
    ours = Ours(3, "sql/migrations/0003_a.sql", "-- Adopted from dbmate: a\nSELECT 1;\n", ("a",))
    known = Known("sql/migrations", [ours], {3})

    steps = plan_copies(DBMATE, [theirs("new", label="2"), theirs("a", label="1", applied=True)], known)

    assert [(step.version, step.text is None, step.becomes) for step in steps] == [
        (2, False, Becomes.PENDING),
        (3, True, Becomes.KNOWN),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sql/migrations/0007_a.sql", "-- Reformatted, and the line on top is gone.\nSELECT 1;\n"),
        ("sql/migrations/0001_other.sql", "-- A line of mine.\n\n-- Adopted from dbmate: a\nSELECT 1;\n"),
    ],
    ids=["by its name", "by a line below another"],
)
def test_a_file_that_was_adopted_is_known_again(path: str, text: str) -> None:
    known = Known("sql/migrations", [Ours(7, path, text, origins("dbmate", text))], {7})

    [step] = plan_copies(DBMATE, [theirs("a", label="7", applied=True)], known)

    assert (step.path, step.text, step.becomes) == (path, None, Becomes.KNOWN)


def test_a_file_of_the_live_schema_is_not_recorded_where_less_of_it_is_applied() -> None:
    text = f"-- Adopted from dbmate: a\n-- Adopted from dbmate: b\n{LIVE}\n\nCREATE TABLE t ();\n"
    known = Known("sql/migrations", [Ours(1, "0001_schema_of_dbmate.sql", text, ("a", "b"))], ())

    both = plan_copies(DBMATE, [theirs("a", None, applied=True), theirs("b", None, applied=True)], known)
    none = plan_copies(DBMATE, [theirs("a", None), theirs("b", None)], known)

    assert [(len(step.theirs), step.becomes) for step in (*both, *none)] == [
        (2, Becomes.BASELINE),
        (2, Becomes.PENDING),
    ]
    with pytest.raises(NoSql, match="stands for b, too"):
        plan_copies(DBMATE, [theirs("a", None, applied=True), theirs("b", None)], known)


def test_another_database_that_ran_another_text_is_refused() -> None:
    ours = Ours(7, "sql/migrations/0007_a.sql", "-- Adopted from dbmate: a\nSELECT 1;\n", ("a",))
    ran = theirs("a", label="7", applied=True, fault=AdoptedFileEdited("it ran another text"))

    with pytest.raises(AdoptedFileEdited):
        plan_copies(DBMATE, [ran], Known("sql/migrations", [ours], ()))
    [step] = plan_copies(DBMATE, [ran], Known("sql/migrations", [ours], {7}))
    assert step.becomes is Becomes.KNOWN


def test_a_statement_that_runs_alone_makes_a_no_transaction_file() -> None:
    [step] = plan_copies(DBMATE, [theirs("a", "CREATE INDEX CONCURRENTLY i ON t (a);")], NOTHING)

    assert step.text == (
        "-- Adopted from dbmate: a\n-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);\n"
    )


def test_a_migration_without_a_statement_becomes_one_that_does_nothing() -> None:
    [step] = plan_copies(DBMATE, [theirs("a", "\n-- empty\n")], NOTHING)

    assert step.text == "-- Adopted from dbmate: a\n-- empty\nSELECT 1; -- the migration has no statement\n"


def test_what_the_lexer_refuses_is_named_where_it_stands_in_their_file() -> None:
    with pytest.raises(PsqlCommand) as caught:
        plan_copies(DBMATE, [theirs("a", "\n\n\\connect b\n", applied=True)], NOTHING)

    assert str(caught.value.place) == "theirs/a.sql:3:1"
    assert "--one-file" in (caught.value.hint or "")


def test_code_that_is_applied_asks_for_the_live_schema_and_pending_code_is_refused() -> None:
    applied, pending = theirs("a", None, applied=True), theirs("b", None, without="it is code")

    assert needs_schema([applied], NOTHING)
    steps = plan_schema(DBMATE, [applied, theirs("c")], NOTHING, "\nCREATE TABLE t ();\n")
    assert [(step.version, step.becomes) for step in steps] == [(1, Becomes.BASELINE), (2, Becomes.PENDING)]
    with pytest.raises(NoSql):
        plan_schema(DBMATE, [applied, pending], NOTHING, "\nCREATE TABLE t ();\n")
