"""The tools that are compared: how each wants its files, and its commands.

A tool works in a project folder of its own, is started there, and finds the address of its database in DATABASE_URL.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from files import write

HERE = Path(__file__).parent
PEERS = HERE.parent / ".bench"
MIGRATIONS = "migrations"

Text: TypeAlias = Callable[[int], str]
Lay: TypeAlias = Callable[[Path, int, Text], object]
Up: TypeAlias = Callable[[int, str], list[str]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: where it is (None: it is not here), what writes its files, its commands.

    `up` takes the number of files and the address of the database. A library without a command has no `help`.
    """

    name: str
    place: str | None
    lay: Lay
    up: Up
    help: list[str] | None = None


def migrate() -> Tool:
    program = str(Path(sys.executable).with_name("migrate"))
    return Tool("migrate", program, lay_plain, always(program, "up", "--dir", MIGRATIONS), [program, "--help"])


def psqls(program: Path) -> list[Tool]:
    """The tools without a ledger: psql, one process for all files and one for each."""
    psql = [str(program), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1"]
    loop = f'for file in {MIGRATIONS}/*.sql; do "$0" "$@" -d "$DATABASE_URL" -f "$file" || exit; done'

    def all_at_once(count: int, url: str) -> list[str]:
        return [
            *psql,
            "-d",
            url,
            *(part for n in range(1, count + 1) for part in ("-f", f"{MIGRATIONS}/{step(n)}.sql")),
        ]

    return [
        Tool("psql -1", psql[0], lay_plain, all_at_once, [psql[0], "--help"]),
        Tool("psql -1 for each file", psql[0], lay_plain, always("sh", "-c", loop, *psql)),
    ]


def peers() -> list[Tool]:
    """The tools that keep a ledger, with nothing set that need not be set."""
    dbmate = find("node_modules/@dbmate/*/bin/dbmate")  # the Go program itself, not npm's wrapper around it
    yoyo, alembic, python, pogo = (find(f"venv/bin/{name}") for name in ("yoyo", "alembic", "python", "pogo"))
    node_pg, graphile = (find(f"node_modules/.bin/{name}") for name in ("node-pg-migrate", "graphile-migrate"))
    trek, postgres = find("venv/lib/*/site-packages/asyncpg_trek"), find("node_modules/postgres-migrations")
    sqitch = shutil.which("sqitch")
    dbmate_up = always(dbmate, "--no-dump-schema", "--migrations-dir", MIGRATIONS, "migrate")
    return [
        Tool("dbmate", dbmate, lay_dbmate, dbmate_up, [f"{dbmate}", "--help"]),
        Tool("yoyo-migrations", yoyo, lay_plain, yoyo_up, [f"{yoyo}", "--help"]),
        Tool("alembic", alembic, lay_alembic, always(alembic, "upgrade", "head"), [f"{alembic}", "--help"]),
        Tool("asyncpg-trek", trek, lay_trek, always(python, "up.py")),
        Tool("pogo-migrate", pogo, lay_pogo, always(pogo, "apply"), [f"{pogo}", "--help"]),
        Tool("node-pg-migrate", node_pg, lay_plain, always(node_pg, "up"), [f"{node_pg}", "--help"]),
        Tool("graphile-migrate", graphile, lay_graphile, always(graphile, "migrate"), [f"{graphile}", "--help"]),
        Tool("postgres-migrations", postgres, lay_postgres_migrations, always("node", "up.cjs")),
        Tool("sqitch", sqitch, lay_sqitch, lambda _, url: ["sqitch", "deploy", f"db:{url}"], ["sqitch", "--help"]),
    ]


def with_a_lock(tool: Tool) -> list[Tool]:
    """The same tool told to wait for its turn, where that is an option and not the default."""
    if tool.name != "node-pg-migrate":
        return []
    option = "--advisory-lock-mode=wait"
    return [replace(tool, name=f"{tool.name} {option}", up=lambda count, url: [*tool.up(count, url), option])]


def find(pattern: str) -> str | None:
    """The path in .bench/ that fits, if `make bench-peers` has put one there."""
    return next((str(path) for path in PEERS.glob(pattern)), None)


def versions() -> dict[str, str]:
    """The versions that `make bench-peers` installs."""
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)$", (HERE / "requirements.txt").read_text(), re.MULTILINE))
    return pinned | dict(json.loads((HERE / "package.json").read_text())["dependencies"])


def always(*command: str | None) -> Up:
    """A command that is the same whatever the files and the database are."""
    return lambda _count, _url: [str(part) for part in command]


def yoyo_up(_count: int, url: str) -> list[str]:
    return [str(find("venv/bin/yoyo")), "apply", "--batch", "--no-config-file", "--database", url, MIGRATIONS]


def step(number: int) -> str:
    return f"{number:04d}_step_{number}"


def numbered(folder: Path, count: int, text: Text, *, head: str = "", tail: str = "") -> None:
    write(folder, {f"{step(n)}.sql": f"{head}{text(n)}{tail}" for n in range(1, count + 1)})


def lay_plain(project: Path, count: int, text: Text) -> None:
    numbered(project / MIGRATIONS, count, text)


def lay_dbmate(project: Path, count: int, text: Text) -> None:
    numbered(project / MIGRATIONS, count, text, head="-- migrate:up\n", tail="-- migrate:down\n")


def lay_alembic(project: Path, count: int, text: Text) -> None:
    """Writes a revision for each file, that reads the SQL beside it: literals would be compiled by Python first."""
    write(
        project, {"alembic.ini": "[alembic]\nscript_location = %(here)s\npath_separator = os\n", "env.py": ALEMBIC_ENV}
    )
    numbered(project / "versions", count, text)
    for n in range(1, count + 1):
        before = repr(step(n - 1)) if n > 1 else None
        revision = f"revision = {step(n)!r}\ndown_revision = {before}\n{ALEMBIC_REVISION}"
        write(project / "versions", {f"{step(n)}.py": revision})


ALEMBIC_ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg2:")
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
ALEMBIC_REVISION = """
from pathlib import Path
from alembic import op

def upgrade():
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
"""


def lay_trek(project: Path, count: int, text: Text) -> None:
    """Writes files named for two revisions, and the script that each user of the library writes."""
    names = ["initial", *(f"r{n}" for n in range(1, count + 1))]
    write(project / MIGRATIONS, {f"20200101_{names[n - 1]}_up_{names[n]}.sql": text(n) for n in range(1, count + 1)})
    write(project, {"up.py": TREK_UP.replace("LAST", names[-1])})


TREK_UP = """\
import asyncio
import os
import asyncpg
from asyncpg_trek import Direction, execute, plan
from asyncpg_trek.asyncpg import AsyncpgBackend

async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    backend = AsyncpgBackend(connection)
    await execute(backend, await plan(backend, "migrations", "LAST", Direction.up))
    await connection.close()

asyncio.run(main())
"""


def lay_pogo(project: Path, count: int, text: Text) -> None:
    write(
        project, {"pyproject.toml": f"[tool.pogo]\nmigrations = '{MIGRATIONS}'\ndatabase_config = '{{DATABASE_URL}}'\n"}
    )
    for n in range(1, count + 1):
        head = f"-- a step\n-- depends: {step(n - 1) if n > 1 else ''}\n\n-- migrate: apply\n"
        write(project / MIGRATIONS, {f"{step(n)}.sql": f"{head}{text(n)}-- migrate: rollback\n"})


def lay_graphile(project: Path, count: int, text: Text) -> None:
    """Writes what `graphile-migrate commit` would: each file names its hash and that of the one before."""
    write(project, {".gmrc": "{}"})
    before = ""
    for n in range(1, count + 1):
        digest = hashlib.sha1(f"{before}\n{text(n).strip()}".strip().encode() + b"\n")  # noqa: S324  # its format
        head = f"--! Previous: {before or '-'}\n--! Hash: sha1:{digest.hexdigest()}\n\n"
        write(project / MIGRATIONS / "committed", {f"{n:06d}.sql": f"{head}{text(n)}"})
        before = f"sha1:{digest.hexdigest()}"


def lay_postgres_migrations(project: Path, count: int, text: Text) -> None:
    """Writes plain files, and the script that each user of the library writes."""
    numbered(project / MIGRATIONS, count, text)
    modules = json.dumps(str(PEERS / "node_modules"))
    write(project, {"up.cjs": POSTGRES_MIGRATIONS_UP.replace("MODULES", modules)})


POSTGRES_MIGRATIONS_UP = """\
const load = require("node:module").createRequire(MODULES + "/");
const { Client } = load("pg");
const { migrate } = load("postgres-migrations");

async function main() {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  try {
    await migrate({ client }, "migrations");
  } finally {
    await client.end();
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
"""


def lay_sqitch(project: Path, count: int, text: Text) -> None:
    """Writes the plan, and deploy scripts with a transaction in each, as `sqitch add` does."""
    changes = "".join(f"{step(n)} 2020-01-01T00:00:00Z bench <bench@localhost>\n" for n in range(1, count + 1))
    plan = f"%syntax-version=1.0.0\n%project=bench\n\n{changes}"
    write(project, {"sqitch.conf": "[core]\n\tengine = pg\n", "sqitch.plan": plan})
    write(project / "deploy", {f"{step(n)}.sql": f"BEGIN;\n{text(n)}COMMIT;\n" for n in range(1, count + 1)})
