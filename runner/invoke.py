"""Running a command: its result printed and its exit status given, its error turned into a picture."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from runner.config import Config
    from runner.errors import MigrateError
    from runner.report.live import LiveReport
    from runner.results import Result

    Work = Callable[[Config, LiveReport], Coroutine[Any, Any, Result]]


class Output(NamedTuple):
    """Where a result goes: printed, or into files, in a form, or `by_name` in the one that a file's name asks for."""

    form: str = "text"
    files: tuple[str, ...] = ()
    by_name: bool = False


_PRINTED = Output()


def run(  # noqa: PLR0913  # what differs between commands
    command: str,
    flags: dict[str, Any],
    work: Work,
    *,
    needs_database: bool = True,
    output: Output = _PRINTED,
    without: str = "",
    many: bool = False,
    agreed: Callable[[Result], Work] | None = None,
) -> None:
    """Runs a command that talks to a server, puts out its result, and ends the process with its status.

    `without` is what to do if no database is named, besides naming one. With `agreed`, the result is a plan: a person
    is asked, and what `agreed` gives is run then.
    """
    as_json, debug = flags.pop("as_json", False), flags.pop("debug")

    def finish() -> None:
        from runner.signals import run_until_signal

        config = _settings(flags, needs_database=needs_database, without=without)
        live = _live(many=many, results=not as_json)
        try:
            result = run_until_signal(work(config, live))
            if agreed and _agree(result):
                result = run_until_signal(agreed(result)(config, live))
        finally:
            live.close()
        _put_out(command, result, output, as_json=as_json)
        sys.exit(result.status)

    guarded(command, finish, as_json=as_json, debug=debug)


def _settings(flags: dict[str, Any], *, needs_database: bool, without: str) -> Config:
    from runner.config import load_config
    from runner.errors import NoDatabase

    try:
        return load_config(flags, needs_database=needs_database)
    except NoDatabase as error:
        error.hint = f"{error.hint} {without}".strip()
        raise


def _put_out(command: str, result: Result, output: Output, *, as_json: bool) -> None:
    """Writes the files and prints that, or prints the result; with `as_json` the document in either case."""
    from runner.report.form import form_of, shown
    from runner.report.output import say, write
    from runner.report.text import written

    for path in output.files:
        write(path, shown(command, result, (output.by_name and form_of(path)) or output.form))
    if as_json or not output.files:
        text = shown(command, result, "json" if as_json else output.form)
    else:
        text = written(result, output.files)
    if text:
        say(text)


def _live(*, many: bool, results: bool) -> LiveReport:
    """Who shows what happens while the command works: at one database, or at many."""
    if many:
        from runner.report.live_fleet import LiveFleet

        return LiveFleet()
    from runner.report.live import LiveReport

    return LiveReport(results=results)


def _agree(plan: Result) -> bool:
    """Whether a person wants what the plan says; False if there is nothing in it to do."""
    from runner.errors import Exit
    from runner.report.adoption import plan_text
    from runner.report.output import say
    from runner.results import AdoptResult

    if not isinstance(plan, AdoptResult) or not (plan.to_write or plan.to_record):
        return False
    say(plan_text(plan))
    try:
        if click.confirm("Do it?"):
            return True
    except click.Abort:
        say("", err=True)
        sys.exit(Exit.INTERRUPTED)
    say("nothing was changed")
    sys.exit(Exit.DONE)


def show(each: Result | MigrateError) -> None:
    """One of several results of a command that goes on."""
    from runner.errors import MigrateError
    from runner.report.output import say
    from runner.report.text import error_text, render

    if isinstance(each, MigrateError):
        for error in (each, *each.others):
            say(error_text(error), err=True)
    else:
        say(render(each))


def guarded(command: str, work: Callable[[], None], *, as_json: bool = False, debug: bool = False) -> None:
    """Runs something and turns its error into a picture on stderr and an exit status; never a traceback."""
    from runner.errors import Exit, MigrateError, Unexpected

    try:
        work()
    except KeyboardInterrupt:  # before the event loop took the signals over
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        if debug:
            raise
        if not isinstance(error, MigrateError):
            error = Unexpected(f"{type(error).__name__}: {error}", hint="This is a defect; --debug shows where.")
        _fail(command, error, as_json=as_json)


def _fail(command: str, error: MigrateError, *, as_json: bool) -> NoReturn:
    from runner.report.json import document, error_parts
    from runner.report.output import say

    show(error)
    if as_json:
        say(document(command, error.status, error_parts(error)))
    sys.exit(error.status)
