"""The jobs of the gateway: what is made ahead of time, given back, or tidied away."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.client import (
    audit,
    budgets,
    end_users,
    jobs,
    keys,
    limits,
    organizations,
    projects,
    settings,
    spend,
    teams,
    users,
)
from gateway.upkeep.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from gateway.link import Connection, Link
    from gateway.upkeep.retention import Retention

    Batch = Callable[[Connection, datetime], Awaitable[int]]
    """Does a batch of some work in a transaction, by the clock of the database, and returns how much it did."""

BATCH = 1000
"""How much is done in one transaction; less than this: nothing is left to do."""
_WITHIN = 60.0  # seconds for one batch
_MINUTE, _HOUR = 60.0, 3600.0
_FLUSHES_KEPT = timedelta(days=35)  # longer than a machine is off that has spend on its disk
_RESERVATIONS_KEPT = timedelta(days=7)  # longer than a request takes with the way of its cost into the database
_SECRETS_KEPT = timedelta(days=7)
_COUNTERS_KEPT = timedelta(days=400)  # for a look back over a year
_CHANGES_KEPT = timedelta(days=7)
_WINDOWS_KEPT = timedelta(minutes=5)
_INSTANCES_KEPT = timedelta(minutes=5)
_DELETED_KEPT = timedelta(days=90)  # for as long a deletion can be taken back

_BATCHES: Mapping[str, tuple[float, Batch]] = {
    "expired_reservations": (10.0, lambda at, _: budgets.release_expired_reservations(at, batch_size=BATCH)),
    "rate_limit_windows": (
        _MINUTE,
        lambda at, _: limits.purge_rate_limit_windows(at, ended_for=_WINDOWS_KEPT, batch_size=BATCH),
    ),
    "parallel_slots": (_MINUTE, lambda at, _: limits.purge_expired_slots(at, batch_size=BATCH)),
    "dead_instances": (_MINUTE, lambda at, _: jobs.delete_dead_instances(at, unseen_for=_INSTANCES_KEPT)),
    "flushes": (
        _HOUR,
        lambda at, now: spend.delete_old_flushes(at, applied_before=now - _FLUSHES_KEPT, batch_size=BATCH),
    ),
    "closed_reservations": (
        _HOUR,
        lambda at, now: budgets.delete_closed_reservations(
            at, closed_before=now - _RESERVATIONS_KEPT, batch_size=BATCH
        ),
    ),
    "past_counters": (
        _HOUR,
        lambda at, now: budgets.delete_past_counters(at, started_before=now - _COUNTERS_KEPT, batch_size=BATCH),
    ),
    "ended_secrets": (
        _HOUR,
        lambda at, now: keys.delete_ended_secrets(at, ended_before=now - _SECRETS_KEPT, batch_size=BATCH),
    ),
    "config_changes": (_HOUR, lambda at, now: settings.purge_config_changes(at, changed_before=now - _CHANGES_KEPT)),
}

_PURGES: Sequence[tuple[str, Callable[..., Awaitable[Any]]]] = (
    ("key", keys.purge_keys),
    ("project", projects.purge_projects),
    ("team", teams.purge_teams),
    ("user", users.purge_users),
    ("end_user", end_users.purge_end_users),
    ("organization", organizations.purge_organizations),
)
"""What is below goes before what it is below of, as nothing is purged to which something refers."""


def chores(link: Link, retention: Retention) -> tuple[Job, ...]:
    """All jobs, for Jobs to do."""

    async def drop() -> int:
        return len(await retention.drop())

    async def purge() -> int:
        return sum([await _until_done(link, _purging(kind, query)) for kind, query in _PURGES])

    return (
        Job("partitions", _HOUR, retention.ensure),
        Job("retention", _HOUR, drop),
        Job("purge", _HOUR, purge),
        *(Job(name, every, partial(_until_done, link, batch)) for name, (every, batch) in _BATCHES.items()),
    )


async def _until_done(link: Link, batch: Batch) -> int:
    total = 0
    while True:
        async with link.transaction(_WITHIN) as connection:
            done = await batch(connection, await jobs.get_clock(connection))
        total += done
        if done < BATCH:
            return total


def _purging(kind: str, query: Callable[..., Awaitable[Any]]) -> Batch:
    """Purges a batch of one kind and notes it; end users go with their organization, without a word."""

    async def batch(connection: Connection, now: datetime) -> int:
        purged = await query(connection, deleted_before=now - _DELETED_KEPT, batch_size=BATCH)
        if isinstance(purged, int):
            return purged
        ids = [str(getattr(row, "id", row)) for row in purged]
        return await audit.append_purge_events(connection, job="purge", object_kind=kind, object_ids=ids)

    return batch
