"""Values to JSON: one document a command, whose shape is a contract (docs/reference/json.schema.json)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.commands import PlanResult, StatusResult, UpResult, VerifyResult
    from runner.errors import Exit, MigrateError
    from runner.ledger.integrity import Row
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script

FORMAT = 1


def document(command: str, status: Exit, **parts: Any) -> str:
    """The document; every command has the first three members."""
    return json.dumps({"format": FORMAT, "command": command, "status": int(status), **parts}, indent=2)


def up_parts(result: UpResult) -> dict[str, Any]:
    """`up`: what it applied, and where the database stands."""
    applied = [
        {**_file(each.migration), "duration_ms": each.entry.duration_ms, "statements": each.entry.statements_done}
        for each in result.applied
    ]
    return {"applied": applied, "history": result.history, "duration_ms": result.duration_ms}


def status_parts(result: StatusResult) -> dict[str, Any]:
    """`status`: every version."""
    return {"versions": [_row(row) for row in result.rows], "history": result.history}


def verify_parts(result: VerifyResult) -> dict[str, Any]:
    """`verify`: every version, and which differ."""
    return {
        "versions": [_row(row) for row in result.rows],
        "differences": [_row(row) for row in result.differences],
    }


def plan_parts(result: PlanResult) -> dict[str, Any]:
    """`plan`: the files that `up` would apply, and how."""
    return {"pending": [_planned(step.migration, result.scripts[step.migration.version]) for step in result.plan.steps]}


def files_parts(migrations: tuple[Migration, ...]) -> dict[str, Any]:
    """`baseline`: the files that were recorded."""
    return {"recorded": [_file(migration) for migration in migrations]}


def resolved_parts(migration: Migration, decision: str, reason: str) -> dict[str, Any]:
    """`resolve`: the decision that was carried out."""
    return {"resolved": {**_file(migration), "decision": decision, "reason": reason}}


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


def _planned(migration: Migration, script: Script) -> dict[str, Any]:
    header = migration.header
    return {
        **_file(migration),
        "mode": header.mode.value,
        "statements": len(script.statements),
        "lock_timeout_ms": header.lock_timeout_ms,
        "statement_timeout_ms": header.statement_timeout_ms,
        "allowed": [{"rule": rule, "reason": reason} for rule, reason in header.allowed],
    }


def _row(row: Row) -> dict[str, Any]:
    entry = row.entry
    return {
        "version": row.version,
        "name": row.migration.name if row.migration else entry.name if entry else "",
        "file": str(row.migration.path) if row.migration else None,
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
        "file": str(migration.path),
        "checksum": migration.checksum,
    }
