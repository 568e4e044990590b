"""What squawk and `migrate review` say of tests/postgres/hazards: a table in Markdown, a row each statement.

squawk_hazards.py SQUAWK                   the path of squawk's binary; on PyPI it is squawk-cli
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tests" / "postgres" / "hazards"
FILE = FOLDER / "0002_hazards.sql"
MARK = re.compile(r"^-- (?:hazard: (?P<rule>[a-z-]+)|decoy)\n(?P<sql>[^\n]+)", re.MULTILINE)
# They say something of nearly every statement, hazard or not.
GENERAL = {"prefer-robust-stmts", "require-lock-timeout", "require-statement-timeout", "require-timeout-settings"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squawk", type=Path)
    theirs = squawk(parser.parse_args().squawk)
    ours = migrate()
    text = FILE.read_text()
    print("| | statement | migrate | squawk |\n|---|---|---|---|")
    found = [0, 0, 0, 0]
    for mark in MARK.finditer(text):
        line = text.count("\n", 0, mark.start("sql")) + 1
        kind = "hazard" if mark["rule"] else "decoy"
        print(f"| {kind} | `{short(mark['sql'])}` | {said(ours[line])} | {said(theirs[line])} |")
        first = 0 if mark["rule"] else 2
        found[first] += mark["rule"] in ours[line] if mark["rule"] else bool(ours[line])
        found[first + 1] += bool(theirs[line])
    print(
        f"\nhazards found: migrate {found[0]}, squawk {found[1]}; false alarms: migrate {found[2]}, squawk {found[3]}"
    )


def squawk(binary: Path) -> dict[int, set[str]]:
    """The rules that squawk names, by line; it is told that the file runs in a transaction."""
    run = subprocess.run(
        [binary, "--assume-in-transaction", "--reporter", "json", FILE], capture_output=True, text=True, check=False
    )
    rules = defaultdict(set)
    for each in json.loads(run.stdout):
        if each["rule_name"] not in GENERAL:
            rules[each["line"] + 1].add(each["rule_name"])
    return rules


def migrate() -> dict[int, set[str]]:
    """The rules that a review names, by line."""
    options = ["--all", "--dir", str(FOLDER), "--json", "--fail-on", "never"]
    run = subprocess.run(
        [sys.executable, "-m", "runner", "review", *options], capture_output=True, text=True, check=True
    )
    rules = defaultdict(set)
    for each in json.loads(run.stdout)["files"][-1]["findings"]:
        if each["line"]:
            rules[each["line"]].add(each["rule"])
    return rules


def short(sql: str) -> str:
    return sql if len(sql) < 72 else f"{sql[:70]}…"


def said(rules: set[str]) -> str:
    return ", ".join(sorted(rules))


if __name__ == "__main__":
    main()
