"""What one flush writes: a batch of spend as the records, sums and charges that it comes to."""

from __future__ import annotations

import asyncio
import decimal
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gateway.spending.packing import Packed, unpack
from gateway.spending.records import Charge

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator

    from gateway.spending.records import SpendRecord

NOBODY = uuid.UUID(int=0)
_ZERO = decimal.Decimal(0)
_AT_A_TIME = 32  # records, which take some two milliseconds
_EXACT = decimal.Context(prec=60)  # whatever the thread's own context is
_KINDS = ("organization", "team", "project", "user", "membership", "key")
_NOT_BY_KEY = frozenset({"gateway", "key", "end_user"})


class EndUser(NamedTuple):
    """An end user whose id only the database knows; all zeros stand for no organization."""

    organization_id: uuid.UUID
    external_id: str


class Cell(NamedTuple):
    """What a row of daily_rollups is about."""

    entity_kind: str
    entity: uuid.UUID | EndUser
    day: dt.date
    key_id: uuid.UUID
    model_name: str
    provider: str
    endpoint: str


class Use(NamedTuple):
    """What a row of daily_rollups counts."""

    requests: int
    failed_requests: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: decimal.Decimal


class Added(NamedTuple):
    """What a request that had reserved nothing adds to the budgets of one of its entities."""

    entity_kind: str
    entity: uuid.UUID | EndUser
    started_at: dt.datetime
    amount: decimal.Decimal


@dataclass(slots=True)
class Flush:
    """A batch as it is going to be written; it grows record by record, so that the event loop need not wait for all."""

    id: uuid.UUID
    packed: dict[tuple[dt.datetime, uuid.UUID], Packed] = field(default_factory=dict)
    """The records by what they are known by: of those that bear the same time and id the first alone counts."""
    rollups: dict[Cell, Use] = field(default_factory=dict)
    end_users: set[tuple[EndUser, dt.date]] = field(default_factory=set)
    """With the days on which each was seen."""
    last_uses: dict[uuid.UUID, dt.datetime] = field(default_factory=dict)
    """When each key was used last."""
    settled: dict[uuid.UUID, decimal.Decimal] = field(default_factory=dict)
    """The costs of the requests that hold a reservation."""
    added: list[Added] = field(default_factory=list)

    def add(self, packed: Packed) -> None:
        """Adds a record, unless it is there."""
        record = packed.record
        identity = record.started_at, record.request_id
        if identity in self.packed:
            return
        self.packed[identity] = packed
        self._add_rollups(record)
        self._add_charge(record)
        if record.end_user:
            self.end_users.add((end_user_of(record), record.started_at.date()))
        if record.key_id:
            self.last_uses[record.key_id] = max(record.started_at, self.last_uses.get(record.key_id, record.started_at))

    def without(self, logged: Collection[tuple[dt.datetime, uuid.UUID]]) -> Flush:
        """The same flush for the requests that have not been logged before."""
        rest = Flush(self.id)
        for identity, packed in self.packed.items():
            if identity not in logged:
                rest.add(packed)
        return rest

    def _add_rollups(self, record: SpendRecord) -> None:
        use, day, sums = _use(record), record.started_at.date(), self.rollups
        by_key = record.key_id or NOBODY
        what = record.model_name, record.provider, record.endpoint
        for kind, entity in _entities(record):
            cell = Cell(kind, entity, day, NOBODY if kind in _NOT_BY_KEY else by_key, *what)
            sums[cell] = _sum(sums[cell], use) if cell in sums else use

    def _add_charge(self, record: SpendRecord) -> None:
        if record.charge is Charge.SETTLE:
            before = self.settled.get(record.request_id, _ZERO)
            self.settled[record.request_id] = _EXACT.add(before, record.cost)
        elif record.cost:
            for kind, entity in _entities(record):
                self.added.append(Added(kind, entity, record.started_at, record.cost))


async def read_flush(flush: Flush, bodies: Iterable[bytes], contents_since: dt.datetime) -> None:
    """Adds the records of a batch, without contents of earlier requests, which are not kept.

    Lets others have the event loop in between. Raises BadRecord for bytes that are none.
    """
    for number, body in enumerate(bodies):
        packed = unpack(body)
        flush.add(packed if packed.record.started_at >= contents_since else Packed(packed.record, "", ""))
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)


def _entities(record: SpendRecord) -> Iterator[tuple[str, uuid.UUID | EndUser]]:
    """Everybody whom a request is counted for."""
    yield "gateway", NOBODY
    for kind in _KINDS:
        if entity := getattr(record, f"{kind}_id"):
            yield kind, entity
    if record.end_user:
        yield "end_user", end_user_of(record)


def end_user_of(record: SpendRecord) -> EndUser:
    """Whom a record that names an end user means."""
    return EndUser(record.organization_id or NOBODY, record.end_user or "")


def _use(record: SpendRecord) -> Use:
    failed = int(record.status != "success")
    return Use(1, failed, record.prompt_tokens, record.completion_tokens, record.cached_tokens, record.cost)


def _sum(one: Use, other: Use) -> Use:
    return Use(
        one.requests + other.requests,
        one.failed_requests + other.failed_requests,
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.cached_tokens + other.cached_tokens,
        _EXACT.add(one.cost, other.cost),
    )
