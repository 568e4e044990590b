"""The command `migrate`: click alone. Options in, exit status out; what a command does is in `commands`.

Everything but click is imported inside the functions: `migrate --help` and shell completion pay for nothing else.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from runner import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from runner.adopting import Asked
    from runner.config import Config
    from runner.errors import MigrateError
    from runner.report.live import LiveReport
    from runner.results import Result

    Work = Callable[[Config, LiveReport], Coroutine[Any, Any, Result]]

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_FILES = (click.option("--dir", "folder", metavar="DIR", help="Folder of migrations. [MIGRATE_DIR; sql/migrations]"),)
_REACHED = (
    click.option("--schema", metavar="NAME", help="Schema of the ledger. [MIGRATE_SCHEMA; public]"),
    click.option("--wait", "wait_ms", metavar="TIME", help="Wait so long for the database. [MIGRATE_WAIT; 60s]"),
)
_DATABASE = (
    click.option("--database-url", metavar="URL", help="The database. [MIGRATE_DATABASE_URL, DATABASE_URL, PG…]"),
    click.option(
        "--embedded",
        is_flag=False,
        flag_value="",
        metavar="[DIR]",
        help="A server of our own, in DIR. [.migrate/postgres]",
    ),
    click.option("--keep-running", is_flag=True, help="Leave the embedded server running."),
    *_REACHED,
)
_LIVE = (
    click.option(
        "--database-url",
        "--live",
        "database_url",
        metavar="URL",
        help="The database. [MIGRATE_DATABASE_URL, DATABASE_URL, PG…]",
    ),
    *_DATABASE[1:],
)
_THROUGHPUT = (
    click.option(
        "--throughput", metavar="MB", help="What the server rewrites in a second. [MIGRATE_THROUGHPUT; 50-500]"
    ),
)
_LOCK = (
    click.option(
        "--lock-wait",
        "lock_wait_ms",
        metavar="TIME",
        help="Wait so long for another runner. [MIGRATE_LOCK_WAIT; while it lives]",
    ),
)
_RETRY = (
    click.option(
        "--lock-timeout", "lock_timeout_ms", metavar="TIME", help="lock_timeout of a file. [MIGRATE_LOCK_TIMEOUT; 1s]"
    ),
    click.option(
        "--retry-for", "retry_for_ms", metavar="TIME", help="Retry a file that is locked out. [MIGRATE_RETRY_FOR; 5min]"
    ),
)
_SCHEMA = (
    click.option("--ignore", metavar="PATTERNS", help="Leave out of the schema: names with * and ?. [MIGRATE_IGNORE]"),
)
_DRIFT = (
    click.option(
        "--on-drift",
        metavar="HOW",
        help="If the schema was changed by hand: fail, warn, ignore. [MIGRATE_ON_DRIFT; warn]",
    ),
)
_SCRATCH_URL = (
    click.option(
        "--scratch-url", metavar="URL", help="A server for scratch databases. [MIGRATE_SCRATCH_URL; one of our own]"
    ),
)
_SCRATCH = (
    *_SCRATCH_URL,
    click.option(
        "--declared-file", metavar="FILE", help="The declared schema. [MIGRATE_DECLARED_FILE; sql/schema.sql]"
    ),
)
_QUERIES = (click.option("--queries", metavar="DIR", help="Folder of queries. [MIGRATE_QUERIES; sql/queries]"),)
_CLIENT = (click.option("--client", metavar="DIR", help="Folder of the generated client. [MIGRATE_CLIENT; client]"),)
_OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
)
_BUILDS = (*_SCRATCH, *_REACHED, *_SCHEMA, *_OUTPUT)
_READS = (*_FILES, *_DATABASE, *_OUTPUT)
_WRITES = (*_FILES, *_DATABASE, *_LOCK, *_SCHEMA, *_OUTPUT)
_APPLIES = (*_FILES, *_DATABASE, *_LOCK, *_RETRY, *_SCHEMA, *_DRIFT, *_OUTPUT)
_VERSION = click.IntRange(min=0)
_ADOPTABLE = (
    "flyway",
    "liquibase",
    "golang-migrate",
    "goose",
    "dbmate",
    "sqlx",
    "prisma",
    "alembic",
    "yoyo",
    "tern",
    "node-pg-migrate",
    "graphile-migrate",
    "sqitch",
    "rails",
    "django",
)


def _with(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One decorator for several options, in the order in which help shows them."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


class _AsDefined(click.Group):
    """Lists its commands in the order of this file: what is used most comes first."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self.commands)


@click.group(cls=_AsDefined, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="migrate")
def main() -> None:
    """Numbered SQL files for PostgreSQL, each applied exactly once.

    Exit status: 0 done; 1 the database refused; 2 usage, configuration or a bad file; 3 a difference;
    4 pending (status --check); 5 try again later; 6 a person must decide; 7 not on this server.
    """


@main.command()
@click.option("--to", type=_VERSION, metavar="VERSION", help="Stop after this version.")
@click.option("--atomic", is_flag=True, help="All of it in one transaction.")
@click.option("--allow-out-of-order", is_flag=True, help="Apply files that came in below an applied version.")
@_with(*_APPLIES)
def up(to: int | None, atomic: bool, allow_out_of_order: bool, **flags: Any) -> None:  # noqa: FBT001
    """Apply what is pending.

    Each file runs once, however many runners start at the same time. A file that fails leaves no trace: mend it and
    run again.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands

        return await commands.up(config, to=to, atomic=atomic, allow_out_of_order=allow_out_of_order, listener=live)

    _run("up", flags, work)


@main.command()
@click.option("--check", is_flag=True, help="Exit with status 4 if anything is pending.")
@_with(*_READS)
def status(check: bool, **flags: Any) -> None:  # noqa: FBT001
    """Show every version: applied, pending, started, edited, file gone, ahead.

    Writes nothing; a role that can read the ledger is enough.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands

        return await commands.status(config, check=check, listener=live)

    _run("status", flags, work)


@main.command()
@click.option("--files", "against", flag_value="files", help="Compare files and ledger alone.")
@click.option("--replay", "against", flag_value="replay", help="Compare with what the files make of an empty database.")
@click.option("--declared", "against", flag_value="declared", help="Compare sql/schema.sql with what the files make.")
@click.option("--expect", metavar="HASH", help="The last history that the database should have.")
@click.option("--repair-sql", is_flag=True, help="Print the SQL that brings the live schema back.")
@_with(*_READS, *_SCHEMA, *_SCRATCH)
def verify(against: str | None, expect: str | None, repair_sql: bool, **flags: Any) -> None:  # noqa: FBT001
    """Compare files, ledger and the live schema; exit 3 if they differ.

    Writes nothing. The live schema is compared with the snapshot that `up` took of it after the last migration.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.results import Against
        from runner.verifying import verify, verify_declared

        if against == "declared":
            return await verify_declared(config, listener=live)
        compared = Against(against or "snapshot")
        return await verify(config, against=compared, expect=expect, repair=repair_sql, listener=live)

    _run("verify", flags, work, needs_database=against != "declared")


@main.command()
@click.option("--sql", "as_sql", is_flag=True, help="Print one script for psql, with the ledger's rows in it.")
@click.option("--to", type=_VERSION, metavar="VERSION", help="Stop after this version.")
@click.option("--allow-out-of-order", is_flag=True, help="Take in files that came in below an applied version.")
@_with(*_READS, *_SCHEMA)
def plan(as_sql: bool, to: int | None, allow_out_of_order: bool, **flags: Any) -> None:  # noqa: FBT001
    """Show what `up` would do; with --sql, as a script for psql.

    Writes nothing. After the script has run, `up` has nothing to do.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands

        return await commands.plan(config, to=to, allow_out_of_order=allow_out_of_order, as_sql=as_sql, listener=live)

    _run("plan", flags, work)


@main.command()
@click.option("--from", "revision", metavar="REVISION", help="Pending is what this git revision does not have.")
@click.option("--all", "every", is_flag=True, help="Review every file, as if none were applied.")
@click.option("--stats", metavar="FILE", help="Take the sizes of tables from a file that `migrate stats` wrote.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json", "sarif"]),
    help="For a terminal, a pull request, a browser, a program, a code scanner. [text]",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    metavar="FILE",
    multiple=True,
    help="Write it there, by its extension as .md, .html, .json, .sarif or text; more than once if need be.",
)
@click.option(
    "--fail-on", type=click.Choice(["error", "warning", "never"]), default="error", help="Exit 3 on such findings."
)
@_with(*_FILES, *_LIVE, *_THROUGHPUT, *_QUERIES, *_SCRATCH_URL, *_SCHEMA, *_OUTPUT)
def review(  # an option each
    *,
    revision: str | None,
    every: bool,
    stats: str | None,
    form: str | None,
    outputs: tuple[str, ...],
    fail_on: str,
    **flags: Any,
) -> None:
    """Show what the pending files will do: locks, rewrites, scans, hazards, broken queries.

    Each file is run on a scratch server and watched, statement by statement. Pending is what the database's ledger
    does not have; --from or --all do without a database. Sizes are those of the database, if one is named. Nothing is
    written to it.
    """
    if revision and every:
        raise click.UsageError("--from and --all are two answers to one question: name one.")
    live = not (revision or every) or any(flags[name] is not None for name in ("database_url", "embedded"))

    async def work(config: Config, report: LiveReport) -> Result:
        from pathlib import Path

        from runner.results import FailOn
        from runner.reviewing import review

        sizes = Path(stats) if stats else None
        return await review(
            config, revision=revision, every=every, live=live, stats=sizes, fail_on=FailOn(fail_on), listener=report
        )

    without = "Or say what is pending without a database: --from REVISION, or --all."
    _run("review", flags, work, needs_database=live, form=form, outputs=outputs, without=without)


@main.command()
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of to stdout.")
@_with(*_LIVE, *_OUTPUT)
def stats(output: str | None, **flags: Any) -> None:
    """Print how large and busy the tables are, for a review by those who may not connect.

    One read-only query of the server's statistics; no row of a table is read.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.reviewing import stats

        return await stats(config, listener=live)

    _run("stats", flags, work, form="text", outputs=filter(None, [output]))


@main.command()
@click.option("-o", "--output", metavar="FILE", default="schema.html", show_default=True, help="Write it there.")
@_with(*_FILES, *_SCRATCH_URL, *_REACHED, *_SCHEMA, _OUTPUT[1])
def docs(output: str, **flags: Any) -> None:
    """Write the schema as one HTML page: tables, comments, keys, a diagram, the history of files."""

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.documenting import docs

        return await docs(config, listener=live)

    _run("docs", flags, work, needs_database=False, form="html", outputs=[output])


@main.command()
@click.argument("name", nargs=-1, required=True)
@_with(*_FILES)
def new(name: tuple[str, ...], **flags: Any) -> None:
    """Write the next numbered file from a template and print its path."""

    def work() -> None:
        from runner import commands
        from runner.config import load_config

        click.echo(commands.new(load_config(flags, needs_database=False), " ".join(name)))

    _guarded("new", work)


@main.command()
@click.argument("name", nargs=-1, required=True)
@_with(*_FILES, *_BUILDS)
def draft(name: tuple[str, ...], **flags: Any) -> None:
    """Draft the next files from the declared schema, sql/schema.sql.

    What it takes to come from what the migrations make to what is declared, in the shapes that lock least. What would
    lose data is left as a comment. Nothing runs: read the files, then `migrate up`.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.drafting import draft

        return await draft(config, " ".join(name), listener=live)

    _run("draft", flags, work, needs_database=False)


@main.command()
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of to stdout.")
@_with(*_FILES, *_BUILDS)
def dump(output: str | None, **flags: Any) -> None:
    """Print the schema that the migrations make, as one file: the declared schema."""

    async def work(config: Config, live: LiveReport) -> Result:
        from pathlib import Path

        from runner.drafting import dump

        return await dump(config, output=Path(output) if output else None, listener=live)

    _run("dump", flags, work, needs_database=False)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if the client is stale.")
@click.option("--watch", is_flag=True, help="Go on: generate again when a query or migration changes.")
@click.option("--live", is_flag=True, help="Ask the database itself, in transactions that are rolled back.")
@_with(*_QUERIES, *_CLIENT, *_FILES, *_DATABASE, *_SCRATCH_URL, *_OUTPUT)
def generate(check: bool, watch: bool, live: bool, **flags: Any) -> None:  # noqa: FBT001
    """Write the typed client: Python functions for the queries in sql/queries.

    The schema is built from the migrations on a scratch server; --check compares hashes and needs none.
    """
    if watch and (check or live or flags["as_json"]):
        raise click.UsageError("--watch goes on and on, and takes no --check, --live or --json.")

    async def work(config: Config, report: LiveReport) -> Result:
        from runner import generating

        if check:
            return generating.check_generated(config)
        if watch:
            return await generating.watch(config, _show, listener=report)
        return await generating.generate(config, live=live, listener=report)

    _run("generate", flags, work, needs_database=live)


@main.command("check-queries")
@click.option("--from", "revision", metavar="REVISION", help="The queries that run today: those of this git revision.")
@_with(*_QUERIES, *_FILES, *_SCRATCH_URL, *_REACHED, *_OUTPUT)
def check_queries(revision: str | None, **flags: Any) -> None:
    """Prove that queries survive the pending migrations; exit 3 if one breaks.

    With --from, the queries of a revision (a branch, tag or commit that is deployed) are tried on a scratch server
    after each migration that it does not have. Without, those of the folder after all migrations.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.checking import check_queries

        return await check_queries(config, revision=revision, listener=live)

    _run("check-queries", flags, work, needs_database=False)


@main.command()
@click.argument("version", type=_VERSION)
@_with(*_WRITES)
def baseline(version: int, **flags: Any) -> None:
    """Adopt an existing database: record the files up to VERSION without running them."""

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands

        return await commands.baseline(config, version, listener=live)

    _run("baseline", flags, work)


@main.command()
@click.option(
    "--from", "tool", type=click.Choice(_ADOPTABLE), required=True, metavar="TOOL", help=f"{', '.join(_ADOPTABLE)}."
)
@click.option("--source", metavar="DIR", help="Where its files are. [where the tool has them]")
@click.option("--table", metavar="NAME", help="Its history table, as NAME or SCHEMA.NAME. [the tool's own]")
@click.option("--one-file", is_flag=True, help="Write what is applied as one file of the live schema.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show the plan and do nothing.")
@_with(*_FILES, *_DATABASE, *_LOCK, *_SCRATCH_URL, *_SCHEMA, *_OUTPUT)
def adopt(  # an option each
    *, tool: str, source: str | None, table: str | None, one_file: bool, yes: bool, dry_run: bool, **flags: Any
) -> None:
    """Take over from another tool: its files become ours, and what it applied a baseline.

    Its history table is read and never changed; the checksums that it kept are checked. What it has not applied stays
    pending. Where its files are code, or with --one-file, the live schema becomes the first file. The plan is shown
    first, and you are asked. Run it again to take in what the tool did meanwhile.
    """
    if not (yes or dry_run) and (flags["as_json"] or not sys.stdin.isatty()):
        raise click.UsageError("There is nobody to ask: --yes does it, --dry-run shows what would be done.")

    def asked() -> Asked:
        from pathlib import Path

        from runner.adopting import Asked

        return Asked(tool, Path(source) if source else None, table, one_file)

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.adopting import adopt, plan_adoption

        if dry_run or not yes:
            return await plan_adoption(config, asked(), listener=live)
        return await adopt(config, asked(), listener=live)

    def agreed(shown: Result) -> Work:
        async def then(config: Config, live: LiveReport) -> Result:
            from runner.adopting import adopt

            return await adopt(config, asked(), shown=shown, listener=live)

        return then

    _run("adopt", flags, work, agreed=None if yes or dry_run else agreed)


@main.command()
@click.argument("version", type=_VERSION)
@click.option("--applied", "decision", flag_value="applied", help="The whole file has taken effect.")
@click.option("--retry", "decision", flag_value="retry", help="Let `up` run it again from where it stopped.")
@click.option("--accept-edit", "decision", flag_value="accept-edit", help="The edit of an applied file is meant.")
@click.option("--reason", required=True, help="Why, for those who read the log later.")
@_with(*_WRITES)
def resolve(version: int, decision: str | None, reason: str, **flags: Any) -> None:
    """End a half-way stop, or accept the edit of an applied file, by a person's decision."""
    if decision is None:
        raise click.UsageError("Say what you decided: --applied, --retry or --accept-edit.")

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands
        from runner.ledger.resolve import Decision

        return await commands.resolve(config, version, Decision(decision), reason=reason, listener=live)

    _run("resolve", flags, work)


def _run(  # noqa: PLR0913  # what differs between commands
    command: str,
    flags: dict[str, Any],
    work: Work,
    *,
    needs_database: bool = True,
    form: str | None = None,
    outputs: Iterable[str] = (),
    without: str = "",
    agreed: Callable[[Result], Work] | None = None,
) -> None:
    """Runs a command that talks to a server, prints its result, and ends the process with its status.

    With `agreed`, the result is a plan: a person is asked, and what `agreed` gives is run then.
    With `outputs`, the result is written there and what is printed tells so, in the form that is given, or else that
    the file's extension says. `without` is what to do if no database is named, besides naming one.
    """
    as_json = flags.pop("as_json", False)
    form = "json" if as_json else form

    def finish() -> None:
        from runner.config import load_config
        from runner.errors import NoDatabase
        from runner.report.form import form_of, shown
        from runner.report.live import LiveReport
        from runner.report.output import say, write
        from runner.signals import run_until_signal

        try:
            config = load_config(flags, needs_database=needs_database)
        except NoDatabase as error:
            error.hint = f"{error.hint} {without}".strip()
            raise
        live = LiveReport(results=not as_json)
        try:
            result = run_until_signal(work(config, live))
            if agreed and _agree(result):
                result = run_until_signal(agreed(result)(config, live))
        finally:
            live.close()
        if paths := list(outputs):
            from runner.report.text import written

            for path in paths:
                write(path, shown(command, result, form or form_of(path)))
            text = written(result, paths)
        else:
            text = shown(command, result, form or "text")
        if text:
            say(text)
        sys.exit(result.status)

    _guarded(command, finish, as_json=as_json, debug=flags.pop("debug"))


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


def _show(each: Result | MigrateError) -> None:
    """One of several results of a command that goes on."""
    from runner.errors import MigrateError
    from runner.report.output import say
    from runner.report.text import error_text, render

    if isinstance(each, MigrateError):
        for error in (each, *each.others):
            say(error_text(error), err=True)
    else:
        say(render(each))


def _guarded(command: str, work: Callable[[], None], *, as_json: bool = False, debug: bool = False) -> None:
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

    _show(error)
    if as_json:
        say(document(command, error.status, error_parts(error)))
    sys.exit(error.status)
