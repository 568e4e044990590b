"""Values to JSON: one document a command, whose shape is a contract (docs/reference/json.schema.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from runner.results import (
    AdoptResult,
    BaselineResult,
    CheckResult,
    DeclaredResult,
    DocsResult,
    DoctorResult,
    DraftResult,
    DumpResult,
    FleetResult,
    GenerateCheck,
    GenerateResult,
    PlanResult,
    ResolveResult,
    ReviewResult,
    StatsResult,
    StatusResult,
    UpResult,
    VerifyResult,
)
from runner.review.sizes import as_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.catalog.difference import Difference
    from runner.client.compare import QueryFinding
    from runner.client.described import Access, Described
    from runner.errors import Exit, MigrateError
    from runner.ledger.edits import Edit
    from runner.ledger.integrity import Row
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script
    from runner.results import Applied, Outcome, Result, SchemaCheck
    from runner.review.observed import Observed
    from runner.review.review import Reviewed

FORMAT = 1


def document(command: str, status: Exit, parts: dict[str, Any]) -> str:
    """The document; every command has the first three members."""
    import json

    return json.dumps({"format": FORMAT, "command": command, "status": int(status), **parts}, indent=2)


def result_parts(result: Result) -> dict[str, Any]:
    """The members that a command's result has."""
    match result:
        case UpResult():
            applied = [_applied(each) for each in result.applied]
            return {"applied": applied, "history": result.history, "duration_ms": result.duration_ms}
        case StatusResult():
            return {"versions": [_row(row) for row in result.rows], "history": result.history}
        case VerifyResult():
            return _verified(result)
        case DraftResult():
            return {"files": [{"file": str(file.path), "left": file.left} for file in result.files]}
        case DumpResult():
            return {"sql": result.sql, "file": str(result.output) if result.output else None}
        case DeclaredResult():
            return {"file": result.path, "schema": _checked(result.schema)}
        case GenerateResult():
            written = result.written
            queries = [_query(each) for each in result.described]
            return {"queries": queries, "written": list(written.files), "removed": list(written.removed)}
        case GenerateCheck():
            return {"stale": list(result.stale)}
        case CheckResult():
            findings = [_finding(each) for each in result.findings]
            counts = {"queries": result.queries, "pending": result.pending}
            return {"revision": result.revision, **counts, "findings": findings}
        case ReviewResult():
            return _reviewed(result)
        case StatsResult():
            return {"statistics": as_document(result.sizes)}
        case DocsResult():
            return {"tables": sum(key.kind == "table" for key in result.catalog.objects)}
        case DoctorResult():
            sections = {section.name: [seen._asdict() for seen in section.seen] for section in result.sections}
            return {"sections": sections, "problem": error_parts(result.error)["error"] if result.error else None}
        case FleetResult():
            targets = [_outcome(each) for each in result.outcomes]
            return {"targets": targets, "duration_ms": result.duration_ms}
        case PlanResult():
            pending = [_planned(step.migration, result.scripts[step.migration.version]) for step in result.plan.steps]
            return {"pending": pending} | ({} if result.sql is None else {"sql": result.sql})
        case BaselineResult():
            return {"recorded": [_file(migration) for migration in result.recorded]}
        case AdoptResult():
            return _adopted(result)
        case ResolveResult():
            decided = {"decision": result.decision.value, "reason": result.reason}
            return {"resolved": _file(result.migration) | decided}
        case _ as never:
            assert_never(never)


def _verified(result: VerifyResult) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "versions": [_row(row) for row in result.rows],
        "differences": [_row(row) for row in result.differences],
        "edits": [_edit(edit) for edit in result.edits.values()],
        "history": result.history,
    }
    if result.expected_history is not None:
        parts["expected_history"] = result.expected_history
    return parts | ({"schema": _checked(result.schema)} if result.schema else {})


def _checked(check: SchemaCheck) -> dict[str, Any]:
    parts = {
        "against": check.against.value,
        "compared": check.reason is None,
        "reason": check.reason,
        "fingerprint": check.fingerprint,
        "differences": None if check.differences is None else [_difference(each) for each in check.differences],
    }
    return parts | ({} if check.repair is None else {"repair_sql": check.repair})


def _outcome(outcome: Outcome) -> dict[str, Any]:
    parts: dict[str, Any] = {"target": outcome.name, "status": outcome.status}
    if outcome.status is not None:
        parts["duration_ms"] = outcome.duration_ms
    if outcome.result:
        parts |= result_parts(outcome.result)
    return parts | (error_parts(outcome.error) if outcome.error else {})


def _reviewed(result: ReviewResult) -> dict[str, Any]:
    return {
        "files": [_reviewed_file(each) for each in result.files],
        "findings": {str(severity): number for severity, number in result.counts.items()},
        "differences": [_difference(each) for each in result.differences],
        "traced_on": result.major,
        "statistics": as_document(result.sizes) if result.sizes else None,
        "revision": result.revision,
        "queries": result.queries,
    }


def _reviewed_file(reviewed: Reviewed) -> dict[str, Any]:
    trace = reviewed.subject.trace
    return {
        **_file(trace.migration),
        "mode": trace.migration.header.mode.value,
        "statements": [_observed(each) for each in trace.statements],
        "findings": [
            {
                "rule": finding.rule,
                "severity": str(finding.severity),
                "statement": finding.number or None,
                "line": trace.statements[finding.number - 1].place.line if finding.number else None,
                "message": finding.message,
                "allowed": finding.allowed,
            }
            for finding in reviewed.findings
        ],
        "queries": [_finding(each) for each in reviewed.subject.queries],
        "differences": [_difference(each) for each in trace.differences],
    }


def _observed(observed: Observed) -> dict[str, Any]:
    return {
        "line": observed.place.line,
        "sql": observed.sql,
        "locks": [
            {"relation": str(lock.relation), "kind": lock.relation.kind, "mode": str(lock.mode)}
            for lock in observed.locks
        ],
        "rewrites": [str(each) for each in (*observed.rewritten, *observed.rebuilt)],
        "scans": [str(each) for each in observed.scanned],
        "builds": [str(each) for each in observed.built],
        "waits_for_transactions": observed.waits,
        "wal_bytes": observed.wal,
        "skipped": observed.skipped,
        "refused": observed.refusal._asdict() if observed.refusal else None,
    }


def _adopted(result: AdoptResult) -> dict[str, Any]:
    return {
        "tool": result.tool,
        "table": result.table,
        "source": result.source,
        "checks": result.checks,
        "files": [
            {
                "version": step.version,
                "file": step.path,
                "adopted_from": [each.shown for each in step.theirs],
                "becomes": step.becomes.value,
                "write": step.text is not None,
            }
            for step in result.steps
        ],
        "done": result.done,
        "recorded": [_file(migration) for migration in result.recorded],
    }


def _query(described: Described) -> dict[str, Any]:
    query = described.query
    return {
        "name": query.name,
        "command": query.command.value,
        "file": query.place.path,
        "line": query.place.line,
        "parameters": [{"name": each.name, "nullable": each.nullable} for each in described.parameters],
        "columns": [{"name": each.name, "nullable": each.nullable} for each in described.columns],
        "one_row": described.one_row,
        "reads": _accesses(described.reads),
        "writes": _accesses(described.writes),
        "missing": _accesses(described.missing),
    }


def _finding(finding: QueryFinding) -> dict[str, Any]:
    return {
        "query": finding.query.name,
        "file": finding.place.path,
        "line": finding.place.line,
        "migration": finding.migration.title if finding.migration else None,
        "breaks": finding.breaks,
        "text": finding.text,
        "hint": finding.hint,
    }


def _accesses(accesses: Sequence[Access]) -> dict[str, list[str]]:
    return {access.relation: list(access.columns) for access in accesses}


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "version": edit.migration.version,
        "file": edit.migration.path,
        "formatting_alone": edit.formatting_alone,
        "diff": list(edit.diff) if edit.old is not None else None,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    key, expected, actual, _ = difference
    return {
        "kind": key.kind,
        "schema": key.schema,
        "relation": key.relation or None,
        "name": key.name or key.relation,
        "expected": None if expected is None else difference.text(expected),
        "actual": None if actual is None else difference.text(actual),
    }


def error_parts(error: MigrateError) -> dict[str, Any]:
    """The error, in the parts of its picture."""
    place = error.place
    return {
        "error": {
            "name": error.name,
            "message": error.message,
            "file": place.path if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "sqlstate": error.sqlstate,
            "detail": error.detail,
            "context": error.context,
            "hint": error.hint,
            "state": error.state,
        }
    }


def _applied(applied: Applied) -> dict[str, Any]:
    entry = applied.entry
    return {**_file(applied.migration), "duration_ms": entry.duration_ms, "statements": entry.statements_done}


def _planned(migration: Migration, script: Script) -> dict[str, Any]:
    header = migration.header
    return {
        **_file(migration),
        "mode": header.mode.value,
        "statements": script.count,
        "lock_timeout_ms": header.lock_timeout_ms,
        "statement_timeout_ms": header.statement_timeout_ms,
        "allowed": [{"rule": rule, "reason": reason} for rule, reason in header.allowed],
    }


def _row(row: Row) -> dict[str, Any]:
    entry = row.entry
    return {
        "version": row.version,
        "name": row.migration.name if row.migration else entry.name if entry else "",
        "file": row.migration.path if row.migration else None,
        "standing": row.standing.value,
        "checksum": row.migration.checksum if row.migration else None,
        "applied_checksum": entry.checksum if entry else None,
        "applied_at": entry.applied_at if entry else None,
        "applied_by": entry.applied_by if entry else None,
        "duration_ms": entry.duration_ms if entry else None,
        "statements_done": entry.statements_done if entry else None,
    }


def _file(migration: Migration) -> dict[str, Any]:
    return {
        "version": migration.version,
        "name": migration.name,
        "file": migration.path,
        "checksum": migration.checksum,
    }
