"""What the commands give: values that a report lays out, each with the exit status that it means."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Exit
from runner.ledger.integrity import DIFFERENCES, TO_APPLY, Row, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.adoption.plan import Step
    from runner.catalog.catalog import Catalog
    from runner.catalog.difference import Difference
    from runner.client.compare import QueryFinding
    from runner.client.described import Described
    from runner.client.package import Written
    from runner.errors import MigrateError
    from runner.ledger.edits import Edit
    from runner.ledger.entry import LedgerEntry
    from runner.ledger.plan import Plan
    from runner.ledger.resolve import Decision
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script
    from runner.review.review import Reviewed
    from runner.review.rules.rule import Severity
    from runner.review.sizes import Sizes


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


class Against(Enum):
    """What the live schema is compared with: nothing, the snapshot, or what the files make of an empty database."""

    FILES = "files"
    SNAPSHOT = "snapshot"
    REPLAY = "replay"
    DECLARED = "declared"


class SchemaCheck(NamedTuple):
    """How two schemas differ; `differences` None with a `reason`, and what to do, if they could not be compared.

    None without a reason: only the fingerprint of the snapshot was kept, and it differs. `repair` is the SQL that
    brings the live schema back, if that was asked for.
    """

    against: Against
    differences: tuple[Difference, ...] | None
    reason: str | None = None
    fingerprint: str | None = None
    repair: str | None = None


class VerifyResult(NamedTuple):
    """Every version, the edits by version, the last history beside the expected one, and how the schema differs."""

    rows: tuple[Row, ...]
    edits: Mapping[int, Edit]
    history: str
    expected_history: str | None
    schema: SchemaCheck | None

    @property
    def differences(self) -> tuple[Row, ...]:
        """Edited, gone, out of order."""
        return tuple(row for row in self.rows if row.standing in DIFFERENCES)

    @property
    def same_history(self) -> bool:
        """Whether the history is the expected one, if one was given."""
        return self.expected_history is None or self.history.startswith(self.expected_history)

    @property
    def status(self) -> Exit:
        """DIFFERENCE, UNFINISHED, or DONE: pending files and a database that is ahead are no difference."""
        if self.differences or not self.same_history:
            return Exit.DIFFERENCE
        if any(row.standing is Standing.STARTED for row in self.rows):
            return Exit.UNFINISHED
        return Exit.DIFFERENCE if self.schema and self.schema.differences != () else Exit.DONE


class DeclaredResult(NamedTuple):
    """How what the migrations make differs from the declared schema, in the file `path`."""

    path: str
    schema: SchemaCheck

    @property
    def status(self) -> Exit:
        """DIFFERENCE or DONE."""
        return Exit.DIFFERENCE if self.schema.differences else Exit.DONE


class Drafted(NamedTuple):
    """A file that `draft` wrote; `left` is how many changes in it are comments, as they lose something."""

    path: Path
    left: int


class DraftResult(NamedTuple):
    """The files that `draft` wrote, from the declared schema in the file `declared`."""

    declared: str
    files: tuple[Drafted, ...]

    @property
    def status(self) -> Exit:
        """DONE."""
        return Exit.DONE


class DumpResult(NamedTuple):
    """The declared schema, and the file that it was written to, if one was named."""

    sql: str
    output: Path | None

    @property
    def status(self) -> Exit:
        """DONE."""
        return Exit.DONE


class GenerateResult(NamedTuple):
    """The queries as the server describes them, and what was written of the client in the folder."""

    folder: str
    described: tuple[Described, ...]
    written: Written

    @property
    def status(self) -> Exit:
        """DONE."""
        return Exit.DONE


class GenerateCheck(NamedTuple):
    """What is stale in the client on disk, a line each, and how many query files it is made of."""

    folder: str
    files: int
    stale: tuple[str, ...]

    @property
    def status(self) -> Exit:
        """DIFFERENCE or DONE."""
        return Exit.DIFFERENCE if self.stale else Exit.DONE


class CheckResult(NamedTuple):
    """What was found in the queries of a revision, or in those of the folder, after `pending` migrations."""

    revision: str | None
    queries: int
    pending: int
    findings: tuple[QueryFinding, ...]

    @property
    def broken(self) -> int:
        """How many queries break."""
        return len({finding.query.name for finding in self.findings if finding.breaks})

    @property
    def status(self) -> Exit:
        """DIFFERENCE if a query breaks, else DONE."""
        return Exit.DIFFERENCE if self.broken else Exit.DONE


class FailOn(Enum):
    """Which findings of a review make its exit status say so."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


class ReviewResult(NamedTuple):
    """The pending migrations with what was found, and the schema before the first and after the last of them.

    `major` is that of the server they were traced on. `sizes` None: nothing is known of the live database. `revision`
    is the one that has all but the pending files, if that is how they were told apart. `queries`: how many queries
    were followed, None if none were there to follow.
    """

    files: tuple[Reviewed, ...]
    before: Catalog
    after: Catalog
    differences: tuple[Difference, ...]
    major: int
    sizes: Sizes | None
    revision: str | None
    queries: int | None
    fail_on: FailOn

    @property
    def counts(self) -> Mapping[Severity, int]:
        """How many findings count, by severity, worst first."""
        from runner.review.review import counts

        return counts(self.files)

    @property
    def status(self) -> Exit:
        """DIFFERENCE if a finding counts that is as bad as `fail_on` says, else DONE."""
        from runner.review.rules.rule import Severity

        bar = {FailOn.ERROR: Severity.ERROR, FailOn.WARNING: Severity.WARNING}.get(self.fail_on)
        worst = [each.worst for each in self.files if each.worst is not None]
        return Exit.DIFFERENCE if bar is not None and worst and max(worst) >= bar else Exit.DONE


class StatsResult(NamedTuple):
    """The sizes of the live database."""

    sizes: Sizes

    @property
    def status(self) -> Exit:
        """DONE."""
        return Exit.DONE


class DocumentedFile(NamedTuple):
    """A migration, what its leading comment says, and what it changed in the schema."""

    migration: Migration
    comment: str
    differences: tuple[Difference, ...]


class DocsResult(NamedTuple):
    """The schema that the migrations make, and their history; `makers` has the one that made a relation.

    A relation is named as a Key's `parent` names it: schema and name.
    """

    catalog: Catalog
    files: tuple[DocumentedFile, ...]
    makers: Mapping[tuple[str, str], Migration]

    @property
    def status(self) -> Exit:
        """DONE."""
        return Exit.DONE


class Seen(NamedTuple):
    """One thing that `doctor` saw; `source` is where a setting comes from."""

    name: str
    value: str
    source: str | None = None


class Section(NamedTuple):
    """What belongs together of what `doctor` saw."""

    name: str
    seen: tuple[Seen, ...]


class DoctorResult(NamedTuple):
    """What `doctor` saw, and what kept it from seeing the rest."""

    sections: tuple[Section, ...]
    error: MigrateError | None

    @property
    def status(self) -> Exit:
        """That of the error, else DONE."""
        return self.error.status if self.error else Exit.DONE


class Outcome(NamedTuple):
    """How a command ended at one target of a fleet: a result or an error, or neither if it was not tried."""

    name: str
    result: TargetResult | None = None
    error: MigrateError | None = None
    duration_ms: int = 0

    @property
    def status(self) -> Exit | None:
        """The exit status that the command would have had for this target alone; None if it was not tried."""
        ended = self.error or self.result
        return ended.status if ended else None

    @property
    def done(self) -> bool:
        """Whether it went well."""
        return self.status is Exit.DONE


class FleetResult(NamedTuple):
    """How `command` ended at each target."""

    command: str
    outcomes: tuple[Outcome, ...]
    duration_ms: int

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that were tried and did not go well."""
        return tuple(each for each in self.outcomes if each.status not in (None, Exit.DONE))

    @property
    def untried(self) -> tuple[Outcome, ...]:
        """Those at which it was not tried any more."""
        return tuple(each for each in self.outcomes if each.status is None)

    @property
    def status(self) -> Exit:
        """DONE if all went well, the status of those that failed if they have the same, else REFUSED."""
        statuses = {each.status for each in self.failed}
        return (statuses.pop() or Exit.REFUSED) if len(statuses) == 1 else Exit.REFUSED if statuses else Exit.DONE


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


class AdoptResult(NamedTuple):
    """What an adoption does, or did if it is `done`: which file of ours each migration of another tool becomes.

    `table` is the tool's history, `source` the folder of its files, None if it was found without; `checks` says what
    applied files were compared by, `own` are patterns for the tables that are the tool's own. `written` is how many
    files were written, `recorded` what is newly in the ledger; `shown`: a person has seen the plan already.
    """

    tool: str
    table: str
    source: str | None
    checks: str
    own: tuple[str, ...]
    steps: tuple[Step, ...]
    written: int = 0
    recorded: tuple[Migration, ...] = ()
    done: bool = False
    shown: bool = False

    @property
    def to_write(self) -> int:
        """How many files are still to be written."""
        return sum(step.text is not None for step in self.steps)

    @property
    def to_record(self) -> int:
        """How many entries are still to be recorded."""
        from runner.adoption.plan import Becomes

        return sum(step.becomes is Becomes.BASELINE for step in self.steps)

    @property
    def status(self) -> Exit:
        """DONE: what cannot be adopted is raised."""
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


TargetResult = UpResult | StatusResult | VerifyResult
Result = (
    UpResult
    | StatusResult
    | VerifyResult
    | DeclaredResult
    | DraftResult
    | DumpResult
    | GenerateResult
    | GenerateCheck
    | CheckResult
    | ReviewResult
    | StatsResult
    | DocsResult
    | DoctorResult
    | FleetResult
    | PlanResult
    | BaselineResult
    | AdoptResult
    | ResolveResult
)
