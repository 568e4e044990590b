"""What a fleet costs a schema, beside psql started for each schema, four at a time; one run.

make bench only=fleet
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from measure import ENVIRONMENT, run, server

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = int(os.environ.get("BENCH_SCHEMAS", "300"))
AT_ONCE = 4
FILES = {
    "0001_create_notes": "CREATE TABLE notes (id bigint PRIMARY KEY, body text NOT NULL);\n",
    "0002_add_notes_at": "ALTER TABLE notes ADD COLUMN at timestamptz NOT NULL DEFAULT now();\n",
    "0003_index_notes_at": "CREATE INDEX notes_at_idx ON notes (at);\n",
}


def main() -> None:
    with server() as (cluster, root):
        folder = root / "migrations"
        folder.mkdir()
        files = [_written(folder, f"{name}.sql", text) for name, text in FILES.items()]
        print(f"PostgreSQL {cluster.binaries.version}, {SCHEMAS} schemas, {len(FILES)} files, {AT_ONCE} at a time")
        psql = [str(cluster.binaries.folder / "psql"), "-qX", cluster.url()]
        for kind in ("by_hand", "tenant"):
            made = f"SELECT format('CREATE SCHEMA {kind}_%s', n) FROM generate_series(1, {SCHEMAS}) AS n \\gexec"
            _seconds([*psql, "-f", _written(root, f"{kind}.sql", made)], root)
        apply = f"{psql[0]} -qX -1 -v ON_ERROR_STOP=1 '{cluster.url()}' " + " ".join(f"-f {each}" for each in files)
        loop = f"seq -f by_hand_%g {SCHEMAS} | xargs -P {AT_ONCE} -I NAME env PGOPTIONS=-csearch_path=NAME {apply}"
        by_hand = _seconds(["sh", _written(root, "loop.sh", loop)], root)
        _tell("psql -1 for each", by_hand, by_hand)
        fleet = [sys.executable, "-m", "runner", "fleet"]
        where = ["--schemas", "tenant\\_%", "--dir", str(folder), "--database-url", cluster.url()]
        for name, command in (("fleet up", "up"), ("fleet up, nothing to do", "up"), ("fleet verify", "verify")):
            _tell(name, _seconds([*fleet, command, *where, "--parallel", str(AT_ONCE)], root), by_hand)


def _written(root: Path, name: str, text: str) -> str:
    """The path of a script."""
    (root / name).write_text(f"{text}\n")
    return str(root / name)


def _seconds(command: list[str], root: Path) -> float:
    cost = run(command, root, environment=ENVIRONMENT)
    if cost.failed:
        sys.exit(f"{command} failed: {cost.said}")
    return cost.seconds


def _tell(name: str, seconds: float, beside: float) -> None:
    print(f"  {name:<24} {seconds:6.1f} s  {1000 * seconds / SCHEMAS:6.1f} ms a schema  {seconds / beside:5.2f} x")


if __name__ == "__main__":
    main()
