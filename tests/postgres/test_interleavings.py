"""Three runners whose messages reach the server in an order that chance decides, and who lose connections by chance."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from runner import Config, up
from runner.errors import ConnectionLost, LockTimeout, Unfinished
from tests.conftest import ON_ONE_SERVER
from tests.postgres.proxy import Verdict, proxied
from tests.postgres.scenarios import SCENARIOS, check, empty, finish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database


class Chance:
    """Holds every message until it is chosen; now and then waits for another runner to have one, too."""

    def __init__(self, seed: int, cuts: int) -> None:
        self.random, self.cuts = random.Random(seed), cuts  # noqa: S311  # not a secret
        self.lost = 0
        self.held: list[asyncio.Future[Verdict]] = []

    async def decide(self) -> Verdict:
        """What becomes of a message that has come, as soon as it is its turn."""
        self.held.append(asyncio.get_running_loop().create_future())
        return await self.held[-1]

    async def choose(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            if len(self.held) < 2 and (not self.held or self.random.random() < 0.3):
                await asyncio.sleep(0.02)
            if self.held:
                chosen = self.held.pop(self.random.randrange(len(self.held)))
                cut = self.cuts > 0 and self.random.random() < 0.05
                self.cuts -= cut
                self.lost += cut
                verdict = self.random.choice([Verdict.CUT_BEFORE, Verdict.CUT_AFTER]) if cut else Verdict.ON
                if not chosen.done():
                    chosen.set_result(verdict)
            await asyncio.sleep(0)


async def race(database: Database, folder: Path, chance: Chance) -> None:
    async with proxied(database, chance.decide) as url:
        config = Config(folder=folder, database_url=url, wait_ms=10_000)
        choosing = asyncio.ensure_future(chance.choose())
        ends = await asyncio.gather(*(up(config) for _ in range(3)), return_exceptions=True)
        choosing.cancel()
        with suppress(asyncio.CancelledError):
            await choosing
    excused = (ConnectionLost, Unfinished) if chance.lost else ()
    assert [end for end in ends if isinstance(end, BaseException) and not isinstance(end, excused)] == []


async def overtaken(database: Database, folder: Path, number: int) -> bool:
    """Another runner does all that it can while one's message of that number is held back; whether there was one."""
    await empty(database)
    direct = Config(folder=folder, database_url=database.url, lock_wait_ms=50)
    count = 0

    async def decide() -> Verdict:
        nonlocal count
        count += 1
        if count == number:
            with suppress(LockTimeout):
                await up(direct)
        return Verdict.ON

    async with proxied(database, decide) as url:
        await up(Config(folder=folder, database_url=url))
    return count >= number


@ON_ONE_SERVER
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_a_runner_that_is_overtaken_at_any_message_goes_on(database: Database, tmp_path: Path, scenario: str) -> None:
    if not database.server.tcp:
        pytest.skip("needs a server on the loopback address")
    for careful in (False, True):
        for name, text in SCENARIOS[scenario].items():
            (tmp_path / f"{name}.sql").write_text(text + ";\nSELECT 1;" * careful)  # such a file is not light

        number, more = 0, True
        while more:
            number += 1
            more = asyncio.run(overtaken(database, tmp_path, number))
            check(database, scenario)

        assert number > 8


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_in_any_order_each_file_is_applied_once(database: Database, tmp_path: Path, scenario: str, seed: int) -> None:
    if not database.server.tcp:
        pytest.skip("needs a server on the loopback address")
    for name, text in SCENARIOS[scenario].items():
        (tmp_path / f"{name}.sql").write_text(text)

    for round_ in range(3):
        asyncio.run(empty(database))
        asyncio.run(race(database, tmp_path, Chance(100 * seed + round_, cuts=round_)))
        asyncio.run(finish(database, tmp_path))
        check(database, scenario)
