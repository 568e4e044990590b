"""Every error that a user can meet, once: its dotted name, its exit status, the parts of its message.

The names are a contract: they are never renamed, and each has a section in docs/errors.md.

MigrateError
├── ConfigError      where settings come from        exit 2
├── ConnectError     reaching the server             exit 2 or 5
├── EmbeddedError    starting a server of our own    exit 1 or 2
├── FileError        what a file may be              exit 2
├── IntegrityError   files against ledger            exit 3
├── AdoptionError    the history of another tool     exit 2, 3 or 6
├── QueryError       what a query may be             exit 2
├── ClientError      the generated client            exit 2
├── LedgerError      the ledger itself               exit 1, 2, 6 or 7
├── LockError        waiting for other sessions      exit 5
├── ApplyError       running a file                  exit 1 or 5
├── ServerError      a server that cannot be written exit 7
├── Unexpected       a defect of the runner          exit 1
└── Interrupted      a signal                        exit 130 or 143
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, NamedTuple


class Exit(IntEnum):
    """The exit statuses of the command; docs/reference/exit-status.md tells what to do on each."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    DIFFERENCE = 3
    PENDING = 4
    LATER = 5
    UNFINISHED = 6
    NOT_HERE = 7
    INTERRUPTED = 130
    TERMINATED = 143


class Place(NamedTuple):
    """A point in a file: path as the user named it, line and column counted from 1, the line's text (or none)."""

    path: str
    line: int | None = None
    column: int | None = None
    source: str | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


class MigrateError(Exception):
    """One failure, in parts that a report can lay out; `str()` is the message alone."""

    name: ClassVar[str] = "error"
    status: ClassVar[Exit] = Exit.REFUSED

    def __init__(  # noqa: PLR0913  # these are the parts that the contract's picture can have
        self,
        message: str,
        *,
        place: Place | None = None,
        sqlstate: str | None = None,
        detail: str | None = None,
        context: str | None = None,
        hint: str | None = None,
        state: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.sqlstate = sqlstate
        self.detail = detail
        self.context = context
        self.hint = hint
        self.state = state
        self.others: tuple[MigrateError, ...] = ()  # found in the same run, each as good as this one


class ConfigError(MigrateError):
    status = Exit.USAGE


class NoDatabase(ConfigError):
    name = "config.no-database"


class BadUrl(ConfigError):
    name = "config.bad-url"


class InTransaction(ConfigError):
    name = "config.in-transaction"


class BadSetting(ConfigError):
    name = "config.bad-setting"


class BadName(ConfigError):
    name = "config.bad-name"


class UnknownVersion(ConfigError):
    name = "config.unknown-version"


class NoScratch(ConfigError):
    name = "config.no-scratch"


class BadTargets(ConfigError):
    name = "config.bad-targets"


class BadStatistics(ConfigError):
    name = "config.bad-statistics"


class ConnectError(MigrateError):
    status = Exit.USAGE


class AuthenticationRefused(ConnectError):
    name = "connect.authentication-refused"


class NoSuchDatabase(ConnectError):
    name = "connect.no-such-database"


class TlsRefused(ConnectError):
    name = "connect.tls-refused"


class ConnectionRefused(ConnectError):
    name = "connect.refused"


class Unreachable(ConnectError):
    name = "connect.unreachable"
    status = Exit.LATER


class ConnectionLost(ConnectError):
    name = "connect.lost"
    status = Exit.LATER


class EmbeddedError(MigrateError):
    status = Exit.USAGE


class NoBinaries(EmbeddedError):
    name = "embedded.no-binaries"


class NoUser(EmbeddedError):
    name = "embedded.no-user"


class StartFailed(EmbeddedError):
    name = "embedded.start-failed"
    status = Exit.REFUSED


class FileError(MigrateError):
    status = Exit.USAGE


class NoFolder(FileError):
    name = "files.no-folder"


class EmptyFolder(FileError):
    name = "files.empty-folder"


class BadFileName(FileError):
    name = "files.bad-name"


class SameVersion(FileError):
    name = "files.same-version"


class Unreadable(FileError):
    name = "files.unreadable"


class NotUtf8(FileError):
    name = "files.not-utf8"


class Unwritable(FileError):
    name = "files.unwritable"


class NulByte(FileError):
    name = "files.nul-byte"


class ChangedMeanwhile(FileError):
    name = "files.changed-meanwhile"


class NoDeclared(FileError):
    name = "files.no-declared"


class BadDirective(FileError):
    name = "file.bad-directive"


class MisplacedDirective(FileError):
    name = "file.misplaced-directive"


class NoStatement(FileError):
    name = "file.no-statement"


class Unterminated(FileError):
    name = "file.unterminated"


class PsqlCommand(FileError):
    name = "file.psql-command"


class CopyData(FileError):
    name = "file.copy-data"


class TransactionControl(FileError):
    name = "file.transaction-control"


class SessionControl(FileError):
    name = "file.session-control"


class AdoptionError(MigrateError):
    status = Exit.USAGE


class NoHistory(AdoptionError):
    name = "adopt.no-history"


class NoSource(AdoptionError):
    name = "adopt.no-source"


class HalfApplied(AdoptionError):
    name = "adopt.half-applied"
    status = Exit.UNFINISHED


class AdoptedFileGone(AdoptionError):
    name = "adopt.file-gone"
    status = Exit.DIFFERENCE


class AdoptedFileEdited(AdoptionError):
    name = "adopt.file-edited"
    status = Exit.DIFFERENCE


class NoSql(AdoptionError):
    name = "adopt.no-sql"


class InTheWay(AdoptionError):
    name = "adopt.in-the-way"


class NotRebuilt(AdoptionError):
    name = "adopt.not-rebuilt"
    status = Exit.DIFFERENCE


class PlanChanged(AdoptionError):
    name = "adopt.plan-changed"


class QueryError(MigrateError):
    status = Exit.USAGE


class EmptyQueries(QueryError):
    name = "query.none"


class BadAnnotation(QueryError):
    name = "query.bad-annotation"


class BadQueryName(QueryError):
    name = "query.bad-name"


class SameQueryName(QueryError):
    name = "query.same-name"


class NotOneStatement(QueryError):
    name = "query.not-one-statement"


class BadParameter(QueryError):
    name = "query.bad-parameter"


class BadColumn(QueryError):
    name = "query.bad-column"


class BadCommand(QueryError):
    name = "query.bad-command"


class QueryRefused(QueryError):
    name = "query.refused"


class ClientError(MigrateError):
    status = Exit.USAGE


class NotGenerated(ClientError):
    name = "client.not-generated"


class NoRevision(ClientError):
    name = "client.no-revision"


class IntegrityError(MigrateError):
    status = Exit.DIFFERENCE


class Edited(IntegrityError):
    name = "integrity.edited"


class FileGone(IntegrityError):
    name = "integrity.file-gone"


class OutOfOrder(IntegrityError):
    name = "integrity.out-of-order"


class Drifted(IntegrityError):
    name = "integrity.drifted"


class LedgerError(MigrateError):
    status = Exit.REFUSED


class NoRight(LedgerError):
    name = "ledger.no-right"


class NotALedger(LedgerError):
    name = "ledger.not-a-ledger"
    status = Exit.USAGE


class NewerRunner(LedgerError):
    name = "ledger.newer-runner"
    status = Exit.NOT_HERE


class LedgerRefused(LedgerError):
    name = "ledger.refused"


class Unfinished(LedgerError):
    name = "ledger.unfinished"
    status = Exit.UNFINISHED


class NothingToResolve(LedgerError):
    name = "ledger.nothing-to-resolve"
    status = Exit.USAGE


class LockError(MigrateError):
    status = Exit.LATER


class LockTimeout(LockError):
    name = "lock.timeout"


class Busy(LockError):
    name = "lock.busy"


class LockedOut(LockError):
    name = "lock.locked-out"


class ApplyError(MigrateError):
    status = Exit.REFUSED


class StatementFailed(ApplyError):
    name = "apply.statement-failed"


class TransactionGone(ApplyError):
    name = "apply.transaction-gone"


class LockGone(ApplyError):
    name = "apply.lock-gone"


class IndexInvalid(ApplyError):
    name = "apply.index-invalid"


class NotAtomic(ApplyError):
    name = "apply.not-atomic"
    status = Exit.USAGE


class ServerError(MigrateError):
    status = Exit.NOT_HERE


class ReadOnly(ServerError):
    name = "server.read-only"


class Pooled(ServerError):
    name = "server.pooled"


class TooOld(ServerError):
    name = "server.too-old"


class OtherEngine(ServerError):
    name = "server.other-engine"


class Unexpected(MigrateError):
    name = "unexpected"


class Interrupted(MigrateError):
    name = "interrupted"
    status = Exit.INTERRUPTED


class Terminated(Interrupted):
    name = "terminated"
    status = Exit.TERMINATED
