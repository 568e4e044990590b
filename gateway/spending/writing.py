"""A flush, written: one transaction, its tables in a fixed order, the rows of each sorted by the statement itself."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from gateway.client import budgets, end_users, keys, spend
from gateway.spending.flush import EndUser, end_user_of
from gateway.spending.rejections import rejecting

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Awaitable, Callable, Mapping

    from gateway.client import Database
    from gateway.client.spend import PutDeadLetterParams
    from gateway.spending.flush import Flush
    from gateway.spending.records import SpendRecord
    from gateway.spending.rejections import Target

_LOCK_TIMEOUT_MS = 10_000


async def write(connection: Database, flush: Flush, letters: Mapping[Target, PutDeadLetterParams]) -> int:
    """How many records were written: none, where the flush was written before. Within a transaction.

    The tables of `letters` are left out, and the letters put instead; without spend_logs nothing else is written.
    Raises Rejected, with the table that refused.
    """
    with rejecting("spend_logs"):
        await spend.guard_flush(connection, lock_timeout_ms=_LOCK_TIMEOUT_MS)
        if not await spend.claim_flush(connection, flush_id=flush.id):
            return 0
    writing = _Writing(connection, flush)
    for target, step in _STEPS.items():
        if "spend_logs" not in letters and target not in letters:
            with rejecting(target):
                await step(writing)
    if letters:
        with rejecting("spend_logs"):
            await spend.put_dead_letter(connection, letters.values())
    return 0 if "spend_logs" in letters else len(flush.packed)


async def find_logged(connection: Database, flush: Flush) -> set[tuple[dt.datetime, uuid.UUID]]:
    """The time and id of those requests of a flush that have been logged before."""
    logged = await spend.find_logged(
        connection,
        started_ats=[started_at for started_at, _ in flush.packed],
        request_ids=[request_id for _, request_id in flush.packed],
    )
    return {(each.started_at, each.request_id) for each in logged}


@dataclass(slots=True)
class _Writing:
    connection: Database
    flush: Flush
    ids: dict[EndUser, uuid.UUID] = field(default_factory=dict)
    """Of the end users, once their table is written."""

    async def end_users(self) -> None:
        seen = list(self.flush.end_users)
        if not seen:
            return
        asked: dict[str, Any] = {
            "organization_ids": [each.organization_id for each, _ in seen],
            "external_ids": [each.external_id for each, _ in seen],
        }
        await end_users.upsert_end_users(self.connection, **asked, days=[day for _, day in seen])
        found = await end_users.find_end_users(self.connection, **asked)
        self.ids = {EndUser(each.organization_id, each.external_id): each.id for each in found}

    async def spend_logs(self) -> None:
        records = (each.record for each in self.flush.packed.values())
        rows = [_log_row(record, self._id(end_user_of(record)) if record.end_user else None) for record in records]
        await spend.copy_spend_logs(self.connection, rows)

    async def spend_log_payloads(self) -> None:
        kept = [each for each in self.flush.packed.values() if each.request or each.response]
        if kept:
            await spend.put_spend_log_payloads(
                self.connection,
                started_ats=[each.record.started_at for each in kept],
                request_ids=[each.record.request_id for each in kept],
                request_texts=[each.request for each in kept],
                response_texts=[each.response for each in kept],
            )

    async def daily_rollups(self) -> None:
        rows = [(cell, id_, use) for cell, use in self.flush.rollups.items() if (id_ := self._id(cell.entity))]
        await spend.add_daily_rollups(
            self.connection,
            entity_kinds=[cell.entity_kind for cell, _, _ in rows],
            entity_ids=[entity for _, entity, _ in rows],
            days=[cell.day for cell, _, _ in rows],
            key_ids=[cell.key_id for cell, _, _ in rows],
            model_names=[cell.model_name for cell, _, _ in rows],
            providers=[cell.provider for cell, _, _ in rows],
            endpoints=[cell.endpoint for cell, _, _ in rows],
            requests=[use.requests for _, _, use in rows],
            failed_requests=[use.failed_requests for _, _, use in rows],
            prompt_tokens=[use.prompt_tokens for _, _, use in rows],
            completion_tokens=[use.completion_tokens for _, _, use in rows],
            cached_tokens=[use.cached_tokens for _, _, use in rows],
            costs=[use.cost for _, _, use in rows],
        )

    async def api_key_uses(self) -> None:
        uses = self.flush.last_uses
        if uses:
            await keys.touch_keys(self.connection, key_ids=list(uses), last_used_ats=list(uses.values()))

    async def budget_counters(self) -> None:
        """Comes last, as its locks are the ones that requests wait for."""
        settled = self.flush.settled
        added = [(each, entity) for each in self.flush.added if (entity := self._id(each.entity))]
        whose: dict[str, Any] = {
            "entity_kinds": [each.entity_kind for each, _ in added],
            "entity_ids": [entity for _, entity in added],
            "started_ats": [each.started_at for each, _ in added],
        }
        if settled and added:
            await spend.hold_budget_counters(self.connection, request_ids=list(settled), **whose)
        if settled:
            await budgets.settle_reservations(self.connection, request_ids=list(settled), costs=list(settled.values()))
        if added:
            await budgets.add_budget_spend(self.connection, **whose, amounts=[each.amount for each, _ in added])

    def _id(self, entity: uuid.UUID | EndUser) -> uuid.UUID | None:
        """None for an end user whom the database refused."""
        return self.ids.get(entity) if isinstance(entity, EndUser) else entity


_STEPS: Mapping[Target, Callable[[_Writing], Awaitable[None]]] = {
    "end_users": _Writing.end_users,
    "spend_logs": _Writing.spend_logs,
    "spend_log_payloads": _Writing.spend_log_payloads,
    "daily_rollups": _Writing.daily_rollups,
    "api_key_uses": _Writing.api_key_uses,
    "budget_counters": _Writing.budget_counters,
}
_COLUMNS = tuple(each.name for each in fields(spend.CopySpendLogsParams) if each.name != "end_user_id")


def _log_row(record: SpendRecord, end_user_id: uuid.UUID | None) -> spend.CopySpendLogsParams:
    columns = {name: getattr(record, name) for name in _COLUMNS}
    return spend.CopySpendLogsParams(**columns, end_user_id=end_user_id)
