"""A CONCURRENTLY statement may end in an invalid index, or in none."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from runner.migrations.migration import Mode
from runner.review.rules.rule import Rule, Severity
from runner.review.rules.timeouts import timeouts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.observed import Observed
    from runner.review.rules.rule import Finding, Subject


_BUILDING = frozenset({"create", "reindex"})


def _check(subject: Subject) -> Iterator[Finding]:
    trace = subject.trace
    if trace.migration.header.mode is Mode.TRANSACTION:
        return
    statement_timeouts = timeouts(trace, "statement_timeout", trace.migration.header.statement_timeout_ms)
    lock_timeouts = timeouts(trace, "lock_timeout", trace.migration.header.lock_timeout_ms)
    for statement, timeout, lock_timeout in zip(subject.statements, statement_timeouts, lock_timeouts, strict=True):
        if "concurrently" not in statement.words or statement.verb not in _BUILDING:
            continue
        for message in _messages(statement, cut=bool(timeout)):
            small = all(subject.small(table) for table in subject.tables_of(statement.built))
            yield RULE.found(statement, Severity.NOTE if statement.built and small else Severity.WARNING, message)
        if lock_timeout is not None:
            message = "The runner sets lock_timeout to 0 for CONCURRENTLY: what the file says about it has no effect."
            yield RULE.found(statement, Severity.NOTE, message)


def _messages(statement: Observed, *, cut: bool) -> Iterator[str]:
    if cut:
        yield "The file's statement_timeout cuts the build short and leaves an invalid index behind."
    if statement.verb == "create" and _is_unnamed(statement):
        yield "The file does not name the index: after a stop the runner can neither find an invalid one nor drop it."
    if statement.verb == "create" and not statement.built and statement.refusal is None:
        yield "An index of that name is there, and IF NOT EXISTS keeps it, whatever its columns are: nothing is built."


def _is_unnamed(statement: Observed) -> bool:
    return ("concurrently", "on") in pairwise(statement.words)


RULE = Rule(
    name="concurrently-lock-timeout",
    summary="CREATE or REINDEX INDEX CONCURRENTLY may leave an invalid index behind, or keep another one.",
    condition="""\
A file with the directive `no-transaction` builds an index CONCURRENTLY, and

- sets a `statement_timeout`, by its directive or by SET, or
- gives the index no name, or
- says IF NOT EXISTS, and an index of that name is there already.

A `lock_timeout` of the file is a note: the runner sets it to 0 before every such statement.""",
    effect="""\
CONCURRENTLY waits for every older transaction of the database. If a timeout ends that wait, an index stays behind
that is invalid: no query uses it, and every write keeps it up. The runner drops it before it builds it again, and
checks that the new one is valid, but it has to know the name for that; and with the timeout the next try ends in the
same way. A valid index is kept by IF NOT EXISTS even if it has other columns.""",
    safe="""\
Name the index, and leave both timeouts and IF NOT EXISTS out: the ledger already says that the file runs once.

```sql
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id);
```""",
    setup="CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);",
    bad="""\
-- migrate: no-transaction
-- migrate: statement-timeout=5s
CREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id);""",
    good=("-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id);",),
    check=_check,
)
