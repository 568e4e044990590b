"""What the commands give: values that a report lays out, each with the exit status that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Exit
from runner.ledger.integrity import DIFFERENCES, TO_APPLY, Row, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ledger.entry import LedgerEntry
    from runner.ledger.plan import Plan
    from runner.ledger.resolve import Decision
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script


class Applied(NamedTuple):
    """A file that this command applied."""

    migration: Migration
    entry: LedgerEntry


class UpResult(NamedTuple):
    """What `up` did: the files it applied, every version afterwards, the last history, and its time."""

    applied: tuple[Applied, ...]
    rows: tuple[Row, ...]
    history: str
    duration_ms: int

    @property
    def status(self) -> Exit:
        """DONE: whatever stands in the way is raised."""
        return Exit.DONE


class StatusResult(NamedTuple):
    """Every version that files or ledger know, and the last history; `check` makes pending files count."""

    rows: tuple[Row, ...]
    history: str
    check: bool

    @property
    def pending(self) -> tuple[Row, ...]:
        """What `up` would apply."""
        return tuple(row for row in self.rows if row.standing in TO_APPLY)

    @property
    def status(self) -> Exit:
        """PENDING if there is anything to apply and that was the question, else DONE."""
        return Exit.PENDING if self.check and self.pending else Exit.DONE


class VerifyResult(NamedTuple):
    """Every version, and those among them that differ."""

    rows: tuple[Row, ...]

    @property
    def differences(self) -> tuple[Row, ...]:
        """Edited, gone, out of order."""
        return tuple(row for row in self.rows if row.standing in DIFFERENCES)

    @property
    def status(self) -> Exit:
        """DIFFERENCE, UNFINISHED, or DONE: pending files and a database that is ahead are no difference."""
        if self.differences:
            return Exit.DIFFERENCE
        return Exit.UNFINISHED if any(row.standing is Standing.STARTED for row in self.rows) else Exit.DONE


class PlanResult(NamedTuple):
    """The plan with the script of each step; `sql` is the whole as a script for psql, if that was asked for."""

    plan: Plan
    scripts: Mapping[int, Script]
    sql: str | None

    @property
    def status(self) -> Exit:
        """DONE: a plan that cannot be made is raised."""
        return Exit.DONE


class BaselineResult(NamedTuple):
    """The migrations that were recorded without running them."""

    recorded: tuple[Migration, ...]

    @property
    def status(self) -> Exit:
        """DONE."""
        return Exit.DONE


class ResolveResult(NamedTuple):
    """The migration that was decided about, and how."""

    migration: Migration
    decision: Decision
    reason: str

    @property
    def status(self) -> Exit:
        """DONE."""
        return Exit.DONE


Result = UpResult | StatusResult | VerifyResult | PlanResult | BaselineResult | ResolveResult
