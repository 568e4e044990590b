"""What `up` would do: the pending migrations in order, or the reason why nothing may run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Edited, FileGone, MigrateError, OutOfOrder, Place, Unfinished, UnknownVersion
from runner.ledger.integrity import TO_APPLY, Row, Standing, compare
from runner.migrations.migration import Mode

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from runner.ledger.entry import LedgerEntry
    from runner.migrations.migration import Migration


class Step(NamedTuple):
    """One migration to apply; `started` is its entry if it is a no-transaction file that stopped half-way."""

    migration: Migration
    started: LedgerEntry | None = None


class Plan(NamedTuple):
    """The steps in order, and every version that files or ledger know."""

    steps: tuple[Step, ...]
    rows: tuple[Row, ...]


def make_plan(
    migrations: Sequence[Migration],
    entries: Mapping[int, LedgerEntry],
    *,
    to: int | None = None,
    allow_out_of_order: bool = False,
    reformatted: Container[int] = (),
) -> Plan:
    """The plan for these files and this ledger, up to version `to`.

    Raises Edited, FileGone or OutOfOrder before anything is applied, UnknownVersion for a `to` that no file has.
    """
    rows = compare(migrations, entries, reformatted=reformatted)
    if to is not None and not any(row.version == to for row in rows):
        raise unknown_version(to, migrations)
    steps = tuple(
        Step(row.migration, row.entry)
        for row in rows
        if row.standing in TO_APPLY and row.migration and (to is None or row.version <= to)
    )
    planned = {step.migration.version for step in steps}
    for row in rows:
        problem = difference(row)
        allowed = row.standing is Standing.OUT_OF_ORDER and (allow_out_of_order or row.version not in planned)
        if problem and not allowed:
            raise problem
    return Plan(steps, rows)


def unknown_version(version: int, migrations: Sequence[Migration]) -> UnknownVersion:
    """The error for a version that the user named and no file has."""
    return UnknownVersion(
        f"there is no migration with version {version}",
        hint=f"The files go from {migrations[0].label} to {migrations[-1].label}.",
    )


def difference(row: Row) -> MigrateError | None:
    """The error for a row that differs, or None."""
    path = row.migration.path if row.migration else row.title
    match row.standing:
        case Standing.EDITED:
            return Edited(
                f"{row.title} was edited after it was applied",
                place=Place(path),
                detail=_checksums(row),
                hint="Restore the file and put the change into a new one (migrate new …). If the edit is meant: "
                f"migrate resolve {row.version} --accept-edit --reason TEXT",
            )
        case Standing.GONE:
            return FileGone(
                f"{row.title} is applied, and its file is gone",
                hint="Restore it from version control, or from the ledger: its column sql keeps the text.",
            )
        case Standing.OUT_OF_ORDER:
            return OutOfOrder(
                f"{row.title} came in below a version that is already applied",
                place=Place(path),
                hint="Give it the next free number, or apply it as it is with --allow-out-of-order.",
            )
        case Standing.STARTED if row.migration is None:
            return Unfinished(
                f"{row.title} stopped half-way, and its file is gone",
                hint="Restore it from version control, or from the ledger: its column sql keeps the text. "
                "Then run migrate up again.",
            )
        case Standing.STARTED if row.migration and row.migration.header.mode is Mode.TRANSACTION:
            return Unfinished(
                f"{row.title} stopped half-way as a no-transaction file, and is none any more",
                place=Place(path),
                hint="Put the line `-- migrate: no-transaction` back at its top, then run migrate up again.",
            )
        case _:
            return None


def _checksums(row: Row) -> str | None:
    if not (row.migration and row.entry):
        return None
    return f"applied as {row.entry.checksum[:19]}…, now {row.migration.checksum[:19]}…"
