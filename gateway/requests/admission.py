"""The door that every request comes through: its key, its limits, its budgets."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from gateway.errors import SpoolFull, SpoolUnusable
from gateway.requests.answers import Accepted, Key, Refusal, Refused, Unknown
from gateway.requests.request import Asked, Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.administration.end_users import EndUsers
    from gateway.requests.access import Access
    from gateway.requests.budgets import Budgets
    from gateway.requests.limits import ParallelLimits, RateLimits
    from gateway.spending.spend import Spend

Admitted: TypeAlias = Request | Refused | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The door that every request comes through."""

    access: Access
    rates: RateLimits
    parallel: ParallelLimits
    budgets: Budgets
    end_users: EndUsers
    spend: Spend

    async def admit(self, asked: Asked) -> Admitted:
        """A Request that may go on, Refused with the reason, or Unknown where nothing is known of the key now.

        What a refused request had taken is given back, and the refusal recorded with the cost 0. Raises SpoolFull,
        before anybody is paid for what could not be recorded.
        """
        if self.spend.full:
            raise SpoolFull("the spool is full: no request can be recorded until the database is back")
        match await self.access.authorize(asked.secret, model=asked.model):
            case Refused(key=Key() as key) as refused:
                return self._refuse_at_once(asked, key, refused)
            case Accepted(key=key) if key.kind == "read_only":
                why = Refused(Refusal.READ_ONLY_KEY, "the key may read reports, and not call models", key)
                return self._refuse_at_once(asked, key, why)
            case Accepted(key=key):
                return await self._let_in(Request(self, asked, key))
            case of_no_key:
                return of_no_key

    async def _let_in(self, request: Request) -> Admitted:
        """The request, once it has passed limits and budgets; what a refused one had taken is given back."""
        async with AsyncExitStack() as undo:
            refused = await request.enter(undo)
            if refused is None:
                undo.pop_all()
                return request
        return self._refuse(request, refused)

    def _refuse_at_once(self, asked: Asked, key: Key, refused: Refused) -> Refused:
        # The name is only what the caller says: under it, anybody could make rows without end in the sums.
        return self._refuse(Request(self, replace(asked, model=""), key), refused, {"model": asked.model})

    def _refuse(self, request: Request, refused: Refused, metadata: Mapping[str, str] | None = None) -> Refused:
        outcome = Outcome(status="refused", error_code=refused.why, metadata=metadata or {})
        with suppress(SpoolFull, SpoolUnusable):  # counted by Spend; the answer is the same
            self.spend.record(request.record(outcome))
        return replace(refused, request_id=request.id)
