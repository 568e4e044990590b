"""Values to JSON: one document a command, whose shape is a contract (docs/reference/json.schema.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from runner.results import BaselineResult, PlanResult, ResolveResult, StatusResult, UpResult, VerifyResult

if TYPE_CHECKING:
    from runner.errors import Exit, MigrateError
    from runner.ledger.integrity import Row
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script
    from runner.results import Applied, Result

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
            differences = [_row(row) for row in result.differences]
            return {"versions": [_row(row) for row in result.rows], "differences": differences}
        case PlanResult():
            pending = [_planned(step.migration, result.scripts[step.migration.version]) for step in result.plan.steps]
            return {"pending": pending} | ({} if result.sql is None else {"sql": result.sql})
        case BaselineResult():
            return {"recorded": [_file(migration) for migration in result.recorded]}
        case ResolveResult():
            decided = {"decision": result.decision.value, "reason": result.reason}
            return {"resolved": _file(result.migration) | decided}
        case _ as never:
            assert_never(never)


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
