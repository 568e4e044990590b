"""The connection is cut at every message between client and server: afterwards each file is there once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from runner import Config, MigrateError, up
from tests.conftest import ON_ONE_SERVER
from tests.postgres.proxy import Verdict, proxied
from tests.postgres.scenarios import ASKS_A_PERSON, SCENARIOS, check, empty, finish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database


async def cut_and_finish(database: Database, folder: Path, number: int, cut: Verdict) -> tuple[bool, bool]:
    """Whether there was a message of that number to cut, and whether a person had to be asked."""
    await empty(database)
    count = 0

    async def decide() -> Verdict:
        nonlocal count
        count += 1
        return cut if count == number else Verdict.ON

    async with proxied(database, decide) as url:
        with suppress(MigrateError):
            await up(Config(folder=folder, database_url=url, wait_ms=10_000))
    return count >= number, await finish(database, folder)


@ON_ONE_SERVER
@pytest.mark.parametrize("cut", [Verdict.CUT_BEFORE, Verdict.CUT_AFTER], ids=lambda cut: cut.value)
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_a_cut_at_any_message_leaves_each_file_applied_once(
    database: Database, tmp_path: Path, scenario: str, cut: Verdict
) -> None:
    if not database.server.tcp:
        pytest.skip("needs a server on the loopback address")
    for name, text in SCENARIOS[scenario].items():
        (tmp_path / f"{name}.sql").write_text(text)

    number, more, asked = 0, True, False
    while more:
        number += 1
        more, person = asyncio.run(cut_and_finish(database, tmp_path, number, cut))
        asked |= person
        check(database, scenario)

    assert number > 8
    assert asked == (scenario in ASKS_A_PERSON)
