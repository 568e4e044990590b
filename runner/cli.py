"""The command `migrate`: click alone. Options in, exit status out; what a command does is in `commands`.

Everything but click is imported inside the functions: `migrate --help` and shell completion pay for nothing else.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from runner import __version__
from runner.invoke import Output, guarded, run, show
from runner.options import (
    ADOPTABLE,
    APPLIES,
    BUILDS,
    CLIENT,
    DATABASE,
    DRIFT,
    FILES,
    LIVE,
    LOCK,
    MANY,
    OUTPUT,
    QUERIES,
    REACHED,
    READS,
    RETRY,
    SCHEMA,
    SCRATCH,
    SCRATCH_URL,
    THROUGHPUT,
    VERSION,
    WRITES,
    with_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.adopting import Asked
    from runner.config import Config
    from runner.fleet.run import Work as FleetWork
    from runner.invoke import Work
    from runner.report.live import LiveReport
    from runner.results import Result

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


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
@click.option("--to", type=VERSION, metavar="VERSION", help="Stop after this version.")
@click.option("--atomic", is_flag=True, help="All of it in one transaction.")
@click.option("--allow-out-of-order", is_flag=True, help="Apply files that came in below an applied version.")
@with_options(*APPLIES)
def up(to: int | None, atomic: bool, allow_out_of_order: bool, **flags: Any) -> None:  # noqa: FBT001
    """Apply what is pending.

    Each file runs once, however many runners start at the same time. A file that fails leaves no trace: mend it and
    run again.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands

        return await commands.up(config, to=to, atomic=atomic, allow_out_of_order=allow_out_of_order, listener=live)

    run("up", flags, work)


@main.command()
@click.option("--check", is_flag=True, help="Exit with status 4 if anything is pending.")
@with_options(*READS)
def status(check: bool, **flags: Any) -> None:  # noqa: FBT001
    """Show every version: applied, pending, started, edited, file gone, ahead.

    Writes nothing; a role that can read the ledger is enough.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands

        return await commands.status(config, check=check, listener=live)

    run("status", flags, work)


@main.command()
@click.option("--files", "against", flag_value="files", help="Compare files and ledger alone.")
@click.option("--replay", "against", flag_value="replay", help="Compare with what the files make of an empty database.")
@click.option("--declared", "against", flag_value="declared", help="Compare sql/schema.sql with what the files make.")
@click.option("--expect", metavar="HASH", help="The last history that the database should have.")
@click.option("--repair-sql", is_flag=True, help="Print the SQL that brings the live schema back.")
@with_options(*READS, *SCHEMA, *SCRATCH)
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

    run("verify", flags, work, needs_database=against != "declared")


@main.command()
@click.option("--sql", "as_sql", is_flag=True, help="Print one script for psql, with the ledger's rows in it.")
@click.option("--to", type=VERSION, metavar="VERSION", help="Stop after this version.")
@click.option("--allow-out-of-order", is_flag=True, help="Take in files that came in below an applied version.")
@with_options(*READS, *SCHEMA)
def plan(as_sql: bool, to: int | None, allow_out_of_order: bool, **flags: Any) -> None:  # noqa: FBT001
    """Show what `up` would do; with --sql, as a script for psql.

    Writes nothing. After the script has run, `up` has nothing to do.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands

        return await commands.plan(config, to=to, allow_out_of_order=allow_out_of_order, as_sql=as_sql, listener=live)

    run("plan", flags, work)


@main.command()
@click.option("--from", "revision", metavar="REVISION", help="Pending is what this git revision does not have.")
@click.option("--all", "every", is_flag=True, help="Review every file, as if none were applied.")
@click.option("--stats", metavar="FILE", help="Take the sizes of tables from a file that `migrate stats` wrote.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json", "sarif"]),
    default="text",
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
@with_options(*FILES, *LIVE, *THROUGHPUT, *QUERIES, *SCRATCH_URL, *SCHEMA, *OUTPUT)
def review(  # an option each
    *,
    revision: str | None,
    every: bool,
    stats: str | None,
    form: str,
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
    run("review", flags, work, needs_database=live, output=Output(form, outputs, by_name=True), without=without)


@main.command()
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of to stdout.")
@with_options(*LIVE, *OUTPUT)
def stats(output: str | None, **flags: Any) -> None:
    """Print how large and busy the tables are, for a review by those who may not connect.

    One read-only query of the server's statistics; no row of a table is read.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.reviewing import stats

        return await stats(config, listener=live)

    run("stats", flags, work, output=Output(files=(output,) if output else ()))


@main.command()
@click.option("-o", "--output", metavar="FILE", default="schema.html", show_default=True, help="Write it there.")
@with_options(*FILES, *SCRATCH_URL, *REACHED, *SCHEMA, OUTPUT[1])
def docs(output: str, **flags: Any) -> None:
    """Write the schema as one HTML page: tables, comments, keys, a diagram, the history of files."""

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.documenting import docs

        return await docs(config, listener=live)

    run("docs", flags, work, needs_database=False, output=Output("html", (output,)))


@main.command()
@click.argument("name", nargs=-1, required=True)
@with_options(*FILES)
def new(name: tuple[str, ...], **flags: Any) -> None:
    """Write the next numbered file from a template and print its path."""

    def work() -> None:
        from runner import commands
        from runner.config import load_config

        click.echo(commands.new(load_config(flags, needs_database=False), " ".join(name)))

    guarded("new", work)


@main.command()
@click.argument("name", nargs=-1, required=True)
@with_options(*FILES, *BUILDS)
def draft(name: tuple[str, ...], **flags: Any) -> None:
    """Draft the next files from the declared schema, sql/schema.sql.

    What it takes to come from what the migrations make to what is declared, in the shapes that lock least. What would
    lose data is left as a comment. Nothing runs: read the files, then `migrate up`.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.drafting import draft

        return await draft(config, " ".join(name), listener=live)

    run("draft", flags, work, needs_database=False)


@main.command()
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of to stdout.")
@with_options(*FILES, *BUILDS)
def dump(output: str | None, **flags: Any) -> None:
    """Print the schema that the migrations make, as one file: the declared schema."""

    async def work(config: Config, live: LiveReport) -> Result:
        from pathlib import Path

        from runner.drafting import dump

        return await dump(config, output=Path(output) if output else None, listener=live)

    run("dump", flags, work, needs_database=False)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if the client is stale.")
@click.option("--watch", is_flag=True, help="Go on: generate again when a query or migration changes.")
@click.option("--live", is_flag=True, help="Ask the database itself, in transactions that are rolled back.")
@with_options(*QUERIES, *CLIENT, *FILES, *DATABASE, *SCRATCH_URL, *OUTPUT)
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
            return await generating.watch(config, show, listener=report)
        return await generating.generate(config, live=live, listener=report)

    run("generate", flags, work, needs_database=live)


@main.command("check-queries")
@click.option("--from", "revision", metavar="REVISION", help="The queries that run today: those of this git revision.")
@with_options(*QUERIES, *FILES, *SCRATCH_URL, *REACHED, *OUTPUT)
def check_queries(revision: str | None, **flags: Any) -> None:
    """Prove that queries survive the pending migrations; exit 3 if one breaks.

    With --from, the queries of a revision (a branch, tag or commit that is deployed) are tried on a scratch server
    after each migration that it does not have. Without, those of the folder after all migrations.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.checking import check_queries

        return await check_queries(config, revision=revision, listener=live)

    run("check-queries", flags, work, needs_database=False)


@main.command()
@with_options(*READS)
def doctor(**flags: Any) -> None:
    """Show what migrate sees: settings and where they come from, files, server, rights, ledger, lock.

    Writes nothing. What keeps it from seeing the rest is shown last, and gives the exit status.
    """

    async def work(config: Config, live: LiveReport) -> Result:
        from runner.config import load_config, origins
        from runner.doctoring import doctor
        from runner.errors import NoDatabase

        unnamed = None
        try:
            config = load_config(flags)
        except NoDatabase as error:
            unnamed = error
        return await doctor(config, origins(flags), unnamed=unnamed, listener=live)

    run("doctor", flags, work, needs_database=False)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete migrate's commands and flags."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind:
        click.echo(kind(main, {}, "migrate", "_MIGRATE_COMPLETE").source())


@main.command()
@click.argument("version", type=VERSION)
@with_options(*WRITES)
def baseline(version: int, **flags: Any) -> None:
    """Adopt an existing database: record the files up to VERSION without running them."""

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands

        return await commands.baseline(config, version, listener=live)

    run("baseline", flags, work)


@main.command()
@click.option(
    "--from", "tool", type=click.Choice(ADOPTABLE), required=True, metavar="TOOL", help=f"{', '.join(ADOPTABLE)}."
)
@click.option("--source", metavar="DIR", help="Where its files are. [where the tool has them]")
@click.option("--table", metavar="NAME", help="Its history table, as NAME or SCHEMA.NAME. [the tool's own]")
@click.option("--one-file", is_flag=True, help="Write what is applied as one file of the live schema.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show the plan and do nothing.")
@with_options(*FILES, *DATABASE, *LOCK, *SCRATCH_URL, *SCHEMA, *OUTPUT)
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

    run("adopt", flags, work, agreed=None if yes or dry_run else agreed)


@main.command()
@click.argument("version", type=VERSION)
@click.option("--applied", "decision", flag_value="applied", help="The whole file has taken effect.")
@click.option("--retry", "decision", flag_value="retry", help="Let `up` run it again from where it stopped.")
@click.option("--accept-edit", "decision", flag_value="accept-edit", help="The edit of an applied file is meant.")
@click.option("--reason", required=True, help="Why, for those who read the log later.")
@with_options(*WRITES)
def resolve(version: int, decision: str | None, reason: str, **flags: Any) -> None:
    """End a half-way stop, or accept the edit of an applied file, by a person's decision."""
    if decision is None:
        raise click.UsageError("Say what you decided: --applied, --retry or --accept-edit.")

    async def work(config: Config, live: LiveReport) -> Result:
        from runner import commands
        from runner.ledger.resolve import Decision

        return await commands.resolve(config, version, Decision(decision), reason=reason, listener=live)

    run("resolve", flags, work)


@main.group(cls=_AsDefined)
def fleet() -> None:
    """Up, status and verify over many databases, or over many schemas of one.

    Each target has a ledger of its own. A failure at one does not touch the others; run the command again, and only
    what is not done is done.
    """


@fleet.command("up")
@click.option("--to", type=VERSION, metavar="VERSION", help="Stop after this version.")
@click.option("--allow-out-of-order", is_flag=True, help="Apply files that came in below an applied version.")
@with_options(*MANY, *LOCK, *RETRY, *SCHEMA, *DRIFT, *OUTPUT)
def fleet_up(to: int | None, allow_out_of_order: bool, **flags: Any) -> None:  # noqa: FBT001
    """Apply what is pending at each target."""

    def work() -> FleetWork:
        from runner.fleeting import up_work

        return up_work(to=to, allow_out_of_order=allow_out_of_order)

    _run_fleet("up", flags, work)


@fleet.command("status")
@click.option("--check", is_flag=True, help="Exit with status 4 if anything is pending at a target.")
@with_options(*MANY, *OUTPUT)
def fleet_status(check: bool, **flags: Any) -> None:  # noqa: FBT001
    """Show where each target stands. Writes nothing."""

    def work() -> FleetWork:
        from runner.fleeting import status_work

        return status_work(check=check)

    _run_fleet("status", flags, work)


@fleet.command("verify")
@click.option("--files", is_flag=True, help="Compare files and ledger alone.")
@with_options(*MANY, *SCHEMA, *OUTPUT)
def fleet_verify(files: bool, **flags: Any) -> None:  # noqa: FBT001
    """Compare files, ledger and the live schema of each target; exit 3 if they differ. Writes nothing."""

    def work() -> FleetWork:
        from runner.fleeting import verify_work
        from runner.results import Against

        return verify_work(Against.FILES if files else Against.SNAPSHOT)

    _run_fleet("verify", flags, work)


def _run_fleet(command: str, flags: dict[str, Any], work: Callable[[], FleetWork]) -> None:
    """Runs a command over the targets that exactly one of the flags names."""
    ways = {way: flags.pop(way) for way in ("targets", "targets_from", "schemas", "databases")}
    named = {way.replace("_", "-"): value for way, value in ways.items() if value}
    if len(named) != 1:
        raise click.UsageError("Say where the targets are: one of --targets, --targets-from, --schemas, --databases.")
    [(where, what)] = named.items()
    if where == "schemas" and flags["schema"]:
        raise click.UsageError("With --schemas each ledger is in the schema of its target, so leave --schema out.")
    bounds = {name: flags.pop(name) for name in ("parallel", "canary", "max_failures")}

    async def everywhere(config: Config, live: Any) -> Result:
        from runner.fleet.run import Limits
        from runner.fleeting import Where, fleet

        return await fleet(
            config, command, work(), where=Where(where), named=what, limits=Limits(**bounds), listener=live
        )

    run(f"fleet {command}", flags, everywhere, needs_database=where in ("schemas", "databases"), many=True)
