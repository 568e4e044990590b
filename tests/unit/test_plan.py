"""Planning is a pure function of files and ledger, and has laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import Edited, FileGone, MigrateError, OutOfOrder, UnknownVersion
from runner.ledger.entry import Ledger, State
from runner.ledger.integrity import Standing
from runner.ledger.plan import make_plan
from runner.migrations.migration import Header, Migration


def migration(version: int, text: str = "x") -> Migration:
    return Migration(version, f"{version:04d}", text, f"{version:04d}_{text}.sql", f"sha256:{text}", Header())


def ledger(*migrations: Migration) -> Ledger:
    """A ledger in which these were applied, in this order."""
    made = Ledger()
    for each in migrations:
        made.put(made.entry_for(each, State.APPLIED, statements_done=1, applied_by="me"))
    return made


versions = st.lists(st.integers(0, 10**18 - 1), unique=True, min_size=1, max_size=20).map(sorted)


@given(versions)
def test_a_plan_for_an_empty_ledger_is_all_files_in_order(numbers: list[int]) -> None:
    plan = make_plan([migration(number) for number in numbers], Ledger())

    assert [step.migration.version for step in plan.steps] == numbers


@given(versions)
def test_after_everything_was_applied_there_is_nothing_to_do(numbers: list[int]) -> None:
    files = [migration(number) for number in numbers]

    assert make_plan(files, ledger(*files)).steps == ()


@given(versions, st.data())
def test_the_last_history_is_a_function_of_the_files_alone(numbers: list[int], data: st.DataObject) -> None:
    files = [migration(number) for number in numbers]

    assert ledger(*data.draw(st.permutations(files))) == ledger(*files)


@given(versions)
def test_any_other_file_gives_another_history(numbers: list[int]) -> None:
    files = [migration(number) for number in numbers]
    edited = [migration(numbers[0], "y"), *files[1:]]

    assert ledger(*files).history != ledger(*edited).history


@pytest.mark.parametrize(
    ("files", "applied", "error"),
    [
        pytest.param([migration(1, "new")], [migration(1, "old")], Edited, id="edited"),
        pytest.param([migration(2)], [migration(1), migration(2)], FileGone, id="gone"),
        pytest.param([migration(1), migration(2)], [migration(2)], OutOfOrder, id="out of order"),
    ],
)
def test_a_difference_is_refused(files: list[Migration], applied: list[Migration], error: type[MigrateError]) -> None:
    with pytest.raises(error):
        make_plan(files, ledger(*applied))


def test_a_database_ahead_of_the_files_has_nothing_to_do() -> None:
    plan = make_plan([migration(1)], ledger(migration(1), migration(2)))

    assert plan.steps == ()
    assert [row.standing for row in plan.rows] == [Standing.APPLIED, Standing.AHEAD]


def test_a_file_that_came_in_below_can_be_allowed() -> None:
    plan = make_plan([migration(1), migration(2)], ledger(migration(2)), allow_out_of_order=True)

    assert [step.migration.version for step in plan.steps] == [1]


def test_a_plan_can_end_at_a_version() -> None:
    files = [migration(1), migration(2), migration(3)]

    assert [step.migration.version for step in make_plan(files, Ledger(), to=2).steps] == [1, 2]
    with pytest.raises(UnknownVersion):
        make_plan(files, Ledger(), to=9)


def test_a_plan_that_ends_below_a_late_file_does_not_mind_it() -> None:
    files = [migration(1), migration(2), migration(3)]

    assert make_plan(files, ledger(migration(1), migration(3)), to=1).steps == ()
