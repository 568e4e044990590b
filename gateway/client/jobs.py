# Made by migrate from sql/queries/jobs.sql; do not edit (source dceb105eff9bfff7, text dda073b2d9e5dbbc)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/jobs.sql."""

import datetime
import uuid
from dataclasses import dataclass

from . import Database, InstancesRow

ACQUIRE_LEASE = """\
-- name: AcquireLease :one
INSERT INTO job_leases AS l (job, instance_id, expires_at)
VALUES ($1, $2, now() + $3::interval)
ON CONFLICT (job) DO UPDATE
SET
    instance_id = EXCLUDED.instance_id,
    term = l.term + 1,
    acquired_at = EXCLUDED.acquired_at,
    expires_at = EXCLUDED.expires_at
WHERE l.expires_at <= now()
RETURNING l.term, l.expires_at"""

RENEW_LEASE = """\
-- name: RenewLease :one
UPDATE job_leases
SET expires_at = greatest(expires_at, now() + $1::interval)
WHERE job = $2 AND instance_id = $3 AND term = $4
RETURNING expires_at"""

RELEASE_LEASE = """\
-- name: ReleaseLease :execrows
UPDATE job_leases
SET expires_at = greatest(acquired_at, now())
WHERE job = $1 AND instance_id = $2 AND term = $3"""

HOLD_LEASE = """\
-- name: HoldLease :one
SELECT l.expires_at
FROM job_leases AS l
WHERE l.job = $1 AND l.instance_id = $2 AND l.term = $3
FOR SHARE"""

LIST_LEASES = """\
-- name: ListLeases :many
SELECT l.job, l.term, l.acquired_at, l.expires_at, l.expires_at <= now() AS expired, i.id, i.host, i.version, i.schema_version, i.started_at, i.last_seen_at
FROM job_leases AS l
LEFT JOIN instances AS i ON i.id = l.instance_id
ORDER BY l.job"""

BEAT_INSTANCE = """\
-- name: BeatInstance :exec
INSERT INTO instances AS i (id, host, version, schema_version)
VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE
SET last_seen_at = greatest(i.last_seen_at, now())"""

LIST_LIVE_INSTANCES = """\
-- name: ListLiveInstances :many
SELECT i.id, i.host, i.version, i.schema_version, i.started_at, i.last_seen_at
FROM instances AS i
WHERE i.last_seen_at > now() - $1::interval
ORDER BY i.started_at, i.id"""

GET_OLDEST_SCHEMA_VERSION = """\
-- name: GetOldestSchemaVersion :one
SELECT min(i.schema_version) AS schema_version
FROM instances AS i
WHERE i.last_seen_at > now() - $1::interval"""

REMOVE_INSTANCE = """\
-- name: RemoveInstance :exec
DELETE FROM instances
WHERE id = $1"""

DELETE_DEAD_INSTANCES = """\
-- name: DeleteDeadInstances :execrows
DELETE FROM instances AS i
USING (
    SELECT due.id
    FROM instances AS due
    WHERE due.last_seen_at <= now() - $1::interval
    ORDER BY due.id
    FOR UPDATE SKIP LOCKED
) AS dead
WHERE i.id = dead.id"""


@dataclass(frozen=True, slots=True)
class AcquireLeaseRow:
    """A row of AcquireLease."""

    term: int
    expires_at: datetime.datetime


async def acquire_lease(
    database: Database,
    /,
    *,
    job: str,
    instance_id: uuid.UUID,
    ttl: datetime.timedelta,
) -> AcquireLeaseRow | None:
    """The lease of a job that nobody holds, or whose holder let it expire.

    No row: it is held. The term goes along with what the holder writes, since it changes with the
    holder.
    """
    row = await database.fetchrow(ACQUIRE_LEASE, job, instance_id, ttl)
    if row is None:
        return None
    return AcquireLeaseRow(*row)


async def renew_lease(
    database: Database,
    /,
    *,
    ttl: datetime.timedelta,
    job: str,
    instance_id: uuid.UUID,
    term: int,
) -> datetime.datetime | None:
    """Until when the lease holds now.

    No row: another instance has taken it, and the job must stop.
    """
    value: datetime.datetime | None = await database.fetchval(
        RENEW_LEASE,
        ttl,
        job,
        instance_id,
        term,
    )
    return value


async def release_lease(
    database: Database,
    /,
    *,
    job: str,
    instance_id: uuid.UUID,
    term: int,
) -> int:
    """Lets the next instance take a job at once.

    The row stays, so that terms go on.
    """
    status = await database.execute(RELEASE_LEASE, job, instance_id, term)
    return int(status.rpartition(" ")[2])


async def hold_lease(
    database: Database,
    /,
    *,
    job: str,
    instance_id: uuid.UUID,
    term: int,
) -> datetime.datetime | None:
    """Whether the lease is still held, and keeps it from changing hands until the transaction ends: the first statement of one that writes what only the holder may write."""
    value: datetime.datetime | None = await database.fetchval(HOLD_LEASE, job, instance_id, term)
    return value


@dataclass(frozen=True, slots=True)
class ListLeasesRow:
    """A row of ListLeases."""

    job: str
    term: int
    acquired_at: datetime.datetime
    expires_at: datetime.datetime
    expired: bool
    i: InstancesRow | None


async def list_leases(database: Database, /) -> list[ListLeasesRow]:
    """Who does which job until when, with the instance where it is still known."""
    rows = await database.fetch(LIST_LEASES)
    return [
        ListLeasesRow(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            None if row[5] is None else InstancesRow(*row[5:11]),
        )
        for row in rows
    ]


async def beat_instance(
    database: Database,
    /,
    *,
    id: uuid.UUID,
    host: str,
    version: str,
    schema_version: int,
) -> None:
    """Says that an instance is alive, the first time and every few seconds after it."""
    await database.execute(BEAT_INSTANCE, id, host, version, schema_version)


async def list_live_instances(
    database: Database,
    /,
    *,
    within: datetime.timedelta,
) -> list[InstancesRow]:
    """The instances seen within a time, the longest running first."""
    rows = await database.fetch(LIST_LIVE_INSTANCES, within)
    return [InstancesRow(*row) for row in rows]


async def get_oldest_schema_version(
    database: Database,
    /,
    *,
    within: datetime.timedelta,
) -> int | None:
    """The least schema version that a live instance knows, NULL where there is none: until it is high enough, nothing may be removed that the older build reads."""
    value: int | None = await database.fetchval(GET_OLDEST_SCHEMA_VERSION, within)
    return value


async def remove_instance(database: Database, /, *, id: uuid.UUID) -> None:
    """Takes an instance off the list when it stops."""
    await database.execute(REMOVE_INSTANCE, id)


async def delete_dead_instances(database: Database, /, *, unseen_for: datetime.timedelta) -> int:
    """Takes those off the list that were not seen for a time.

    One that lives all the same comes back with its next beat.
    """
    status = await database.execute(DELETE_DEAD_INSTANCES, unseen_for)
    return int(status.rpartition(" ")[2])
