"""The options of the commands, in groups: which group a command takes, its decorator says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = (click.option("--dir", "folder", metavar="DIR", help="Folder of migrations. [MIGRATE_DIR; sql/migrations]"),)
REACHED = (
    click.option("--schema", metavar="NAME", help="Schema of the ledger. [MIGRATE_SCHEMA; public]"),
    click.option("--wait", "wait_ms", metavar="TIME", help="Wait so long for the database. [MIGRATE_WAIT; 60s]"),
)
DATABASE = (
    click.option("--database-url", metavar="URL", help="The database. [MIGRATE_DATABASE_URL, DATABASE_URL, PG…]"),
    click.option(
        "--embedded",
        is_flag=False,
        flag_value="",
        metavar="[DIR]",
        help="A server of our own, in DIR. [.migrate/postgres]",
    ),
    click.option("--keep-running", is_flag=True, help="Leave the embedded server running."),
    *REACHED,
)
LIVE = (
    click.option(
        "--database-url",
        "--live",
        "database_url",
        metavar="URL",
        help="The database. [MIGRATE_DATABASE_URL, DATABASE_URL, PG…]",
    ),
    *DATABASE[1:],
)
THROUGHPUT = (
    click.option(
        "--throughput", metavar="MB", help="What the server rewrites in a second. [MIGRATE_THROUGHPUT; 50-500]"
    ),
)
LOCK = (
    click.option(
        "--lock-wait",
        "lock_wait_ms",
        metavar="TIME",
        help="Wait so long for another runner. [MIGRATE_LOCK_WAIT; while it lives]",
    ),
)
RETRY = (
    click.option(
        "--lock-timeout", "lock_timeout_ms", metavar="TIME", help="lock_timeout of a file. [MIGRATE_LOCK_TIMEOUT; 1s]"
    ),
    click.option(
        "--retry-for", "retry_for_ms", metavar="TIME", help="Retry a file that is locked out. [MIGRATE_RETRY_FOR; 5min]"
    ),
)
SCHEMA = (
    click.option("--ignore", metavar="PATTERNS", help="Leave out of the schema: names with * and ?. [MIGRATE_IGNORE]"),
)
DRIFT = (
    click.option(
        "--on-drift",
        metavar="HOW",
        help="If the schema was changed by hand: fail, warn, ignore. [MIGRATE_ON_DRIFT; warn]",
    ),
)
SCRATCH_URL = (
    click.option(
        "--scratch-url", metavar="URL", help="A server for scratch databases. [MIGRATE_SCRATCH_URL; one of our own]"
    ),
)
SCRATCH = (
    *SCRATCH_URL,
    click.option(
        "--declared-file", metavar="FILE", help="The declared schema. [MIGRATE_DECLARED_FILE; sql/schema.sql]"
    ),
)
QUERIES = (click.option("--queries", metavar="DIR", help="Folder of queries. [MIGRATE_QUERIES; sql/queries]"),)
CLIENT = (click.option("--client", metavar="DIR", help="Folder of the generated client. [MIGRATE_CLIENT; client]"),)
OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
)
BUILDS = (*SCRATCH, *REACHED, *SCHEMA, *OUTPUT)
READS = (*FILES, *DATABASE, *OUTPUT)
WRITES = (*FILES, *DATABASE, *LOCK, *SCHEMA, *OUTPUT)
APPLIES = (*FILES, *DATABASE, *LOCK, *RETRY, *SCHEMA, *DRIFT, *OUTPUT)
VERSION = click.IntRange(min=0)
ADOPTABLE = (
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
FLEET = (
    click.option("--targets", metavar="FILE", help="A file with a URL a line, or a name and a URL; - is stdin."),
    click.option("--targets-from", metavar="COMMAND", help="A command that prints such lines."),
    click.option("--schemas", metavar="PATTERN", help="The schemas of the database whose names are LIKE it: tenant_%."),
    click.option("--databases", metavar="PATTERN", help="The databases of the server whose names are LIKE it."),
    click.option(
        "--parallel", type=click.IntRange(min=1), default=4, show_default=True, help="So many targets at a time."
    ),
    click.option(
        "--canary", type=click.IntRange(min=0), default=0, help="So many first; if one fails, no other is tried."
    ),
    click.option("--max-failures", type=click.IntRange(min=1), help="Stop after so many. [no limit]"),
)
MANY = (*FLEET, *FILES, *DATABASE[:2], *REACHED)


def with_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One decorator for several options, in the order in which help shows them."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
