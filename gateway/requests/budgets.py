"""Budgets: what may be spent, held before a request and settled after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.administration.audit import changing
from gateway.client import budgets
from gateway.errors import Away, NotFound
from gateway.requests.answers import Key, Refusal, Refused, Unknown

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Sequence
    from decimal import Decimal

    from gateway.administration.audit import Actor
    from gateway.client import BudgetsRow
    from gateway.client.budgets import (
        AdjustBudgetSpendRow,
        GetBudgetStatusRow,
        ListBudgetHistoryRow,
        ListBudgetsOfRow,
        ListBudgetsOverSoftAmountRow,
        ReserveBudgetsRow,
    )
    from gateway.link import Link

    Scope = tuple[str, uuid.UUID]

_TRIES = 5  # each opens the periods that have just begun


@dataclass(frozen=True, slots=True)
class Reserved:
    """The amount is held for the request, in every budget it falls under; `holds` is False where there is none."""

    request_id: uuid.UUID
    amount: Decimal
    holds: bool


def scopes_of(key: Key, end_user_id: uuid.UUID | None = None) -> list[Scope]:
    """The entities with a budget that a request with a key falls under."""
    scopes = {(each.entity_kind, each.entity_id) for each in key.budgets}
    return sorted(scopes | ({("end_user", end_user_id)} if end_user_id else set()))


class Budgets:
    """The budgets of everyone and everything, with what is spent of each in its present period."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def reserve(
        self,
        request_id: uuid.UUID,
        amount: Decimal,
        scopes: Sequence[Scope],
        *,
        ttl: dt.timedelta,
        key: Key | None = None,
    ) -> Reserved | Refused | Unknown:
        """Holds an amount in all budgets of all scopes or in none; exact however many ask at once.

        The hold ends by itself after `ttl`. Asking again for the same request changes nothing.
        """
        if not scopes:
            return Reserved(request_id, amount, holds=False)
        try:
            for _ in range(_TRIES):
                row = await self._reserve(request_id, amount, scopes, ttl)
                if row.outcome == "refused":
                    return _refused(row, amount, key)
                if row.outcome != "again":
                    return Reserved(request_id, amount, holds=True)
        except Away as away:
            return Unknown(str(away))
        return Unknown("a period of a budget has begun and could not be opened; try again")

    async def _reserve(
        self, request_id: uuid.UUID, amount: Decimal, scopes: Sequence[Scope], ttl: dt.timedelta
    ) -> ReserveBudgetsRow:
        kinds, ids = zip(*scopes, strict=True)
        async with self._link.asking() as connection:
            return await budgets.reserve_budgets(
                connection, entity_kinds=kinds, entity_ids=ids, request_id=request_id, amount=amount, ttl=ttl
            )

    async def extend(self, request_id: uuid.UUID, *, ttl: dt.timedelta) -> bool:
        """Whether the hold of a long request goes on for `ttl` from now. Raises Away."""
        async with self._link.asking() as connection:
            return await budgets.extend_reservation(connection, request_id=request_id, ttl=ttl) > 0

    async def settle(self, costs: dict[uuid.UUID, Decimal]) -> None:
        """Puts what requests cost in the place of what they held; can be repeated. Flushes do the same. Raises Away."""
        async with self._link.asking() as connection:
            await budgets.settle_reservations(connection, request_ids=list(costs), costs=list(costs.values()))

    async def release(self, request_ids: Sequence[uuid.UUID]) -> None:
        """Gives back what requests hold that were never sent; can be repeated. Raises Away: then it ends by itself."""
        async with self._link.asking() as connection:
            await budgets.release_reservations(connection, request_ids=request_ids)

    async def set(  # noqa: PLR0913  # these are the columns of a budget, and who sets it
        self,
        scope: Scope,
        period: str,
        *,
        by: Actor,
        max_amount: Decimal | None = None,
        soft_amount: Decimal | None = None,
        anchor_at: dt.datetime | None = None,
        reason: str | None = None,
    ) -> BudgetsRow:
        """The budget of an entity for a period (hour, day, week, month, total), new or changed; what is spent counts.

        Raises BadValue, Away.
        """
        kind, entity = scope
        async with changing(self._link, by, reason) as change:
            before = await budgets.lock_budget(change.connection, entity_kind=kind, entity_id=entity, period=period)
            after = await budgets.upsert_budget(
                change.connection,
                entity_kind=kind,
                entity_id=entity,
                period=period,
                anchor_at=anchor_at,
                max_amount=max_amount,
                soft_amount=soft_amount,
            )
            await change.note("update" if before else "create", "budget", after.id, before, after)
            return after

    async def delete(self, budget_id: uuid.UUID, *, by: Actor, reason: str | None = None) -> None:
        """Removes a budget with all that was counted under it. Raises NotFound, Away."""
        async with changing(self._link, by, reason) as change:
            before = await budgets.get_budget_status(change.connection, id=budget_id)
            if before is None or not await budgets.delete_budget(change.connection, id=budget_id):
                raise NotFound(f"there is no budget with the id {budget_id}")
            await change.note("delete", "budget", budget_id, before.b, None)

    async def adjust(
        self, budget_id: uuid.UUID, delta: Decimal, *, by: Actor, reason: str | None = None
    ) -> AdjustBudgetSpendRow:
        """What is spent in the present period after a correction by hand, never below zero. Raises NotFound, Away."""
        async with self._link.connection() as connection:
            adjusted = await budgets.adjust_budget_spend(
                connection, budget_id=budget_id, delta=delta, actor_kind=by.kind, actor_id=by.id, reason=reason
            )
        if adjusted is None:
            raise NotFound(f"there is no budget with the id {budget_id}")
        return adjusted

    async def status(self, budget_id: uuid.UUID) -> GetBudgetStatusRow | None:
        """A budget with what is spent and reserved of it now."""
        async with self._link.connection() as connection:
            return await budgets.get_budget_status(connection, id=budget_id)

    async def of(self, scopes: Sequence[Scope]) -> list[ListBudgetsOfRow]:
        """The budgets of several entities, each with what is spent and reserved of it now."""
        kinds, ids = [kind for kind, _ in scopes], [entity for _, entity in scopes]
        async with self._link.connection() as connection:
            return await budgets.list_budgets_of(connection, entity_kinds=kinds, entity_ids=ids)

    async def history(self, budget_id: uuid.UUID, *, size: int = 24) -> list[ListBudgetHistoryRow]:
        """What was spent of a budget in its periods, latest first."""
        async with self._link.connection() as connection:
            return await budgets.list_budget_history(connection, budget_id=budget_id, page_size=size)

    async def over_soft_amount(
        self, *, after: uuid.UUID | None = None, size: int = 100
    ) -> list[ListBudgetsOverSoftAmountRow]:
        """A page of the budgets that people should be warned of, by id."""
        async with self._link.connection() as connection:
            return await budgets.list_budgets_over_soft_amount(connection, after_id=after, page_size=size)


def _refused(row: ReserveBudgetsRow, amount: Decimal, key: Key | None) -> Refused:
    full = row.refused_by[0]
    detail = (
        f"the {full.period} budget of the {full.entity_kind} is {full.max_amount:f}: "
        f"{full.spent:f} spent and {full.reserved:f} held leave no room for {amount:f}"
    )
    return Refused(Refusal.OVER_BUDGET, detail, key)
