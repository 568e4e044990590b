"""`fleet`: up, status and verify over many databases, or over many schemas of one, each with a ledger of its own."""

from __future__ import annotations

import time
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from runner import commands
from runner.fleet.run import FleetListener, Limits, run_fleet
from runner.fleet.targets import databases, schemas, targets_in_file, targets_of_command
from runner.ledger.session import address
from runner.migrations.folder import load_folder
from runner.results import Against, FleetResult
from runner.verifying import verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.config import Config
    from runner.fleet.run import Work
    from runner.fleet.targets import Target
    from runner.ledger.session import Listener
    from runner.results import TargetResult

_SILENT = FleetListener()
_NO_LIMITS = Limits()


class Where(Enum):
    """What names the targets."""

    FILE = "targets"
    COMMAND = "targets-from"
    SCHEMAS = "schemas"
    DATABASES = "databases"


async def fleet(  # noqa: PLR0913  # a choice of the caller each
    config: Config,
    command: str,
    work: Work,
    *,
    where: Where,
    named: str,
    limits: Limits = _NO_LIMITS,
    listener: FleetListener = _SILENT,
) -> FleetResult:
    """How a command went at each target. `where` and `named` say which: a file, a command, a pattern of names.

    The folder is read first: a bad file stops it before any target is looked at. Raises BadTargets, a FileError, and
    what reaching the one server raises if the targets are found there.
    """
    began = time.monotonic()
    load_folder(config.folder)
    async with address(config, listener) as url:
        targets = await _targets(config._replace(database_url=url, embedded=None), where, named, listener)
        outcomes = await run_fleet(targets, work, limits, listener)
    return FleetResult(command, outcomes, round((time.monotonic() - began) * 1000))


async def _targets(config: Config, where: Where, named: str, listener: Listener) -> Sequence[Target]:
    match where:
        case Where.FILE:
            return targets_in_file(Path(named), config)
        case Where.COMMAND:
            return targets_of_command(named, config)
        case Where.SCHEMAS:
            return await schemas(config, named, listener)
        case Where.DATABASES:
            return await databases(config, named, listener)


def up_work(*, to: int | None = None, allow_out_of_order: bool = False) -> Work:
    """`up` at one target."""

    async def work(target: Target, listener: Listener) -> TargetResult:
        return await commands.up(target.config, to=to, allow_out_of_order=allow_out_of_order, listener=listener)

    return work


def status_work(*, check: bool = False) -> Work:
    """`status` at one target."""

    async def work(target: Target, listener: Listener) -> TargetResult:
        return await commands.status(target.config, check=check, listener=listener)

    return work


def verify_work(against: Against = Against.SNAPSHOT) -> Work:
    """`verify` at one target."""

    async def work(target: Target, listener: Listener) -> TargetResult:
        return await verify(target.config, against=against, listener=listener)

    return work
