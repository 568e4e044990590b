"""The pages about the store say what is so: their code runs and prints what they say, and their lists are complete."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import secrets
from contextlib import redirect_stdout
from dataclasses import MISSING, fields
from decimal import Decimal
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import gateway
from gateway import GatewayError, Options, Refusal, State, setup_database
from tests.postgres.stores import ME, opened

if TYPE_CHECKING:
    from tests.conftest import Database

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUN = ("how-to/gateway-store.md", "how-to/rotate-encryption-keys.md")
BLOCKS = re.compile(r"^```python\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
REFERENCE = (DOCS / "reference/gateway.md").read_text()
RHYTHMS = {5.0: "5 s", 10.0: "10 s", 60.0: "1 min", 3600.0: "1 h"}
WRITES = re.compile(
    r"\b(INSERT|UPDATE|DELETE|LOCK|set_config|ensure_partitions)\b|\bFOR (NO KEY UPDATE|KEY SHARE|UPDATE|SHARE)\b"
    r"|rate_limit_windows|parallel_slots"
)


@pytest.mark.parametrize("page", RUN)
def test_the_code_of_a_page_runs_and_prints_what_the_page_says(
    gateway_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", gateway_database.url)
    for version in (1, 2):
        monkeypatch.setenv(f"ENCRYPTION_KEY_{version}", secrets.token_hex(32))
    monkeypatch.setattr(gateway, "Options", partial(Options, within=20.0))  # for a machine that is busy with tests
    blocks = BLOCKS.findall((DOCS / page).read_text())

    printed = asyncio.run(run([code for code, _ in blocks]))

    assert len(blocks) >= 4
    assert printed == [said for _, said in blocks]


def test_the_code_of_the_readme_records_a_request(gateway_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "setup_database", partial(setup_database, options=Options(within=20.0)))
    [code] = [code for code, _ in BLOCKS.findall((ROOT / "README.md").read_text()) if "setup_database" in code]

    async def main() -> list[str]:
        async with opened(gateway_database) as store:
            issued = await store.keys.create(by=ME)
        return await run([code], url=gateway_database.url, secret=issued.secret)

    assert asyncio.run(main()) == [""]
    assert gateway_database.rows("SELECT status, cost FROM spend_logs") == [("success", Decimal("0.0007"))]


async def run(blocks: list[str], **names: Any) -> list[str]:
    """What each block prints, one after the other in one namespace, as `python -m asyncio` runs them."""
    printed = []
    for code in blocks:
        compiled = compile(code, "page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with redirect_stdout(StringIO()) as out:
            waiting = eval(compiled, names)  # noqa: S307  # that is how code with await at its top is run
            if inspect.isawaitable(waiting):
                await waiting
        printed.append(out.getvalue())
    return printed


@pytest.mark.parametrize("option", fields(Options), ids=lambda option: str(option.name))
def test_every_option_is_on_its_page_with_its_default(option: Any) -> None:
    default = option.default if option.default is not MISSING else option.default_factory()
    said = f"{default:_}" if type(default) is int and default >= 1000 else repr(default)
    row = f"| `{option.name}` | `{said}` |"

    assert row.replace("'", '"') in REFERENCE


def test_every_state_refusal_and_error_is_on_its_page_and_nothing_else() -> None:
    rows = {heading: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) for heading, text in sections().items()}

    assert rows["States"] == {state.value for state in State}
    assert rows["Refusals"] == {refusal.value for refusal in Refusal}
    home = inspect.getmodule(GatewayError)
    assert rows["Errors"] == {
        name for name, kind in vars(home).items() if isinstance(kind, type) and issubclass(kind, GatewayError)
    }


def test_every_part_of_the_store_every_job_and_every_table_is_on_the_page() -> None:
    async def main() -> tuple[set[str], dict[str, str]]:
        async with await setup_database(None) as store:
            jobs = store.jobs._jobs.values()  # noqa: SLF001  # the table of jobs is nobody else's business
            return set(vars(store)), {job.name: RHYTHMS[job.every] for job in jobs}

    parts, jobs = asyncio.run(main())
    rows = {heading: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) for heading, text in sections().items()}
    assert rows["The store"] >= {part for part in parts if not part.startswith("_")}
    assert dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", sections()["Jobs"], re.MULTILINE)) == jobs
    tables = re.findall(r"^CREATE (?:UNLOGGED )?TABLE (\w+)", (ROOT / "sql/schema.sql").read_text(), re.MULTILINE)
    assert [table for table in tables if f"`{table}`" not in sections()["Tables"]] == []
    scaling = (DOCS / "scaling.md").read_text()
    assert [table for table in tables if f"| `{table}` |" not in scaling] == []


def test_every_channel_is_on_the_page() -> None:
    channels = re.findall(r"pg_notify\('(\w+)'", (ROOT / "sql/schema.sql").read_text())

    assert set(re.findall(r"^\| `(\w+)` \|", sections()["Channels"], re.MULTILINE)) == set(channels)


def test_the_queries_that_may_run_on_a_replica_only_read_and_all_reports_are_among_them() -> None:
    files = "\n".join(path.read_text() for path in sorted((ROOT / "sql/queries").glob("*.sql")))
    queries = dict(re.findall(r"^-- name: (\w+)[^\n]*\n(.*?)(?=^-- name:|\Z)", files, re.MULTILINE | re.DOTALL))
    [row] = [line for line in (DOCS / "scaling.md").read_text().splitlines() if line.startswith("| safe |")]
    safe = re.findall(r"`(\w+)`", row)

    assert len(safe) > 10
    code = {name: re.sub(r"^\s*--.*$", "", queries[name], flags=re.MULTILINE) for name in safe}
    assert [name for name, text in code.items() if WRITES.search(text)] == []
    assert {name for name in queries if name.startswith("Report")} <= set(safe)


def sections() -> dict[str, str]:
    """The text below each heading of the page of reference."""
    return dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL))
