"""A strong lock is waited for without a limit, or for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.migrations.migration import Mode
from runner.review.rules.rule import Rule, Severity, waits
from runner.review.rules.timeouts import timeouts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed, Trace
    from runner.review.rules.rule import Finding, Subject


_LONG_MS = 10_000
ALONE = frozenset({"vacuum", "cluster", "reindex", "do", "call"})
"""What the runner runs on its own, without a lock_timeout; a test holds it against `runner.ledger.alone`."""


def _check(subject: Subject) -> Iterator[Finding]:
    for statement, timeout in zip(subject.statements, _timeouts(subject.trace), strict=True):
        locks = [lock for lock in statement.locks if lock.relation.holds_rows and lock.mode.blocks_writes]
        if timeout is None or 0 < timeout <= _LONG_MS or not locks:
            continue
        limit = f"for up to {timeout // 1000} s" if timeout else "without a limit"
        message = (
            f"The statement waits {limit} for {locks[0].mode} on {subject.named([lock.relation for lock in locks])}, "
            f"and {waits(locks[0].mode)} behind it."
        )
        idle = all(subject.busy(lock.relation) is False for lock in locks)
        yield RULE.found(statement, Severity.NOTE if idle else Severity.WARNING, message)
        return


def _timeouts(trace: Trace) -> list[int | None]:
    """The lock_timeout of each statement in milliseconds, 0 for none; None where the runner sets its usual one."""
    asked = trace.migration.header.lock_timeout_ms
    if trace.migration.header.mode is Mode.TRANSACTION:
        return timeouts(trace, "lock_timeout", asked)
    return [_alone(statement, asked) for statement in trace.statements]


def _alone(statement: Observed, asked: int | None) -> int | None:
    """As the runner sets it before each statement of a no-transaction file; CONCURRENTLY has none, for its own good."""
    if "concurrently" in statement.words:
        return None
    return 0 if asked is None and statement.verb in ALONE else asked


RULE = Rule(
    name="no-lock-timeout",
    summary="A statement waits for a strong lock without a limit, and everybody else waits behind it.",
    condition="""\
A statement takes a lock that stops writes on a table of before the file, and

- the file's directive `lock-timeout` is 0 or more than 10 seconds, or
- a statement of a transactional file sets `lock_timeout` so, or resets it, or
- the file is `no-transaction`, has no such directive, and the statement is one that runs alone: VACUUM FULL,
  CLUSTER, REINDEX, DO or CALL. The runner gives those no `lock_timeout` of its own, as it cannot try them again.

The rule speaks once a file. It is a note if the tables are known to be idle.""",
    effect="""\
A lock that is waited for stops everybody who comes later: one old transaction that reads the table holds the
statement up, and the statement holds up all reads and writes that conflict with its lock. The runner's own
`lock_timeout` (setting `lock-timeout`, 1 s) ends that and tries the file again later.""",
    safe="""\
Leave the runner's `lock_timeout` as it is. A statement that runs alone gets one by the directive. If VACUUM, CLUSTER or
REINDEX cannot have their lock in time, the file stops, and the next `migrate up` goes on with the same statement; after
DO and CALL, which may have done a part, `migrate resolve` has to say how to go on.

```sql
-- migrate: no-transaction
-- migrate: lock-timeout=2s
VACUUM FULL archives;
```""",
    setup="CREATE TABLE users (id bigint PRIMARY KEY);",
    bad="-- migrate: lock-timeout=0s\nALTER TABLE users ADD COLUMN name text;",
    good=("-- migrate: lock-timeout=2s\nALTER TABLE users ADD COLUMN name text;",),
    check=_check,
)
