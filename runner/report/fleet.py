"""What a fleet looks like: a table with a line a target, each kind of failure once, and a line that sums it up."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, assert_never

from runner.durations import format_duration
from runner.report.style import dim, red, yellow
from runner.report.words import count, reached
from runner.results import StatusResult, UpResult, VerifyResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.errors import MigrateError
    from runner.ledger.integrity import Row
    from runner.results import FleetResult, Outcome, TargetResult

_NAMED = 5
_DONE = {"up": "migrated", "status": "seen", "verify": "as they should be"}


def fleet_text(result: FleetResult, picture: Callable[[MigrateError], str]) -> str:
    """The table, the pictures of errors, the summary."""
    width = max(len(each.name) for each in result.outcomes)
    lines = [_line(each, width) for each in result.outcomes]
    pictures = [f"\n{text}\n  at: {_names(at)}" for text, at in _failures(result, picture).items()]
    return "\n".join([*lines, *pictures, *([""] if pictures else []), _summary(result)])


def _line(outcome: Outcome, width: int) -> str:
    time = format_duration(outcome.duration_ms) if outcome.status is not None else ""
    return f"{outcome.name:<{width}}  {time:>9}  {_words(outcome)}".rstrip()


def _words(outcome: Outcome) -> str:
    if outcome.error:
        return red(f"{outcome.error.name}: {outcome.error.message}")
    return told(outcome.result) if outcome.result else dim("not tried")


def told(result: TargetResult) -> str:
    """The result of one target in a few words."""
    match result:
        case UpResult():
            number = len(result.applied)
            return f"{count(number, 'migration') if number else 'nothing'} applied, {_where(result.rows)}"
        case StatusResult():
            pending = f"{len(result.pending)} pending" if result.pending else "nothing pending"
            history = f", history {result.history[:12]}" if result.history else ""
            return f"{yellow(pending) if result.pending else pending}, {_where(result.rows)}{history}"
        case VerifyResult():
            return _verified(result)
        case _ as never:
            assert_never(never)


def _verified(result: VerifyResult) -> str:
    check = result.schema
    parts = []
    if result.differences:
        parts.append(f"{count(len(result.differences), 'difference')} between files and ledger")
    if check and check.reason:
        parts.append(f"the live schema was not compared: {check.reason}")
    elif check and check.differences != ():
        number = "some" if check.differences is None else str(len(check.differences))
        parts.append(f"{number} in the live schema")
    return red(", ".join(parts)) if parts else f"as it should be, {_where(result.rows)}"


def _where(rows: Sequence[Row]) -> str:
    last = reached(rows)
    return f"at {last.title}" if last else "without a migration"


def _failures(result: FleetResult, picture: Callable[[MigrateError], str]) -> dict[str, list[str]]:
    """The names of targets by the picture of what failed there."""
    found = defaultdict(list)
    for outcome in result.outcomes:
        if outcome.error:
            found[picture(outcome.error)].append(outcome.name)
    return found


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _summary(result: FleetResult) -> str:
    errors = sum(each.error is not None for each in result.outcomes)
    pending = sum(isinstance(each.result, StatusResult) and bool(each.result.pending) for each in result.outcomes)
    differing = sum(isinstance(each.result, VerifyResult) for each in result.failed)
    went_well = len(result.outcomes) - len(result.untried) - errors - differing
    parts = [f"{went_well} of {count(len(result.outcomes), 'target')} {_DONE[result.command]}"]
    parts += [yellow(f"{pending} with something pending")] if pending else []
    parts += [red(f"{differing} not")] if differing else []
    parts += [red(f"{errors} failed")] if errors else []
    parts += [yellow(f"{len(result.untried)} not tried")] if result.untried else []
    return f"{', '.join(parts)}; {format_duration(result.duration_ms)}"
