# Made by migrate from sql/queries/retention.sql; do not edit (source 130cfe7a2c23c8b2, text 3e1456f8e9eff2e5)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/retention.sql."""

import datetime
from dataclasses import dataclass

from . import Database

ENSURE_PARTITIONS = """\
-- name: EnsurePartitions :one
SELECT ensure_partitions($1) AS "made!\""""

LIST_PARTITIONS = """\
-- name: ListPartitions :many
SELECT
    parent.relname::text AS parent_table,
    child.relname::text AS partition_name,
    bounds.since AS "since!",
    bounds.until AS "until!",
    i.inhdetachpending AS detaching,
    child.reltuples::bigint AS rows_estimate,
    pg_total_relation_size(child.oid) AS "total_bytes!"
FROM pg_inherits AS i
JOIN pg_class AS parent ON parent.oid = i.inhparent
JOIN pg_class AS child ON child.oid = i.inhrelid
JOIN pg_partitioned_table AS p ON p.partrelid = parent.oid
CROSS JOIN LATERAL (SELECT pg_get_expr(child.relpartbound, child.oid) AS definition) AS bound
CROSS JOIN LATERAL (
    SELECT
        substring(bound.definition FROM 'FROM \\(''([^'']+)''\\)') AS first,
        substring(bound.definition FROM 'TO \\(''([^'']+)''\\)') AS next
) AS written
CROSS JOIN LATERAL (
    -- An instant is written in the time zone of the session; a day is a day in UTC already.
    SELECT
        CASE
            WHEN length(written.first) = 10 THEN written.first::date
            ELSE (written.first::timestamptz AT TIME ZONE 'UTC')::date
        END AS since,
        CASE
            WHEN length(written.next) = 10 THEN written.next::date
            ELSE (written.next::timestamptz AT TIME ZONE 'UTC')::date
        END AS until
) AS bounds
WHERE
    parent.oid IN (
        'spend_logs'::regclass,
        'spend_log_payloads'::regclass,
        'daily_rollups'::regclass,
        'audit_events'::regclass
    )
    AND child.oid <> p.partdefid
ORDER BY parent.relname, bounds.since"""

LIST_DEFAULT_PARTITIONS = """\
-- name: ListDefaultPartitions :many
SELECT parent.relname::text AS parent_table, child.relname::text AS partition_name
FROM pg_partitioned_table AS p
JOIN pg_class AS parent ON parent.oid = p.partrelid
JOIN pg_class AS child ON child.oid = p.partdefid
WHERE
    parent.oid IN (
        'spend_logs'::regclass,
        'spend_log_payloads'::regclass,
        'daily_rollups'::regclass,
        'audit_events'::regclass
    )
ORDER BY parent.relname"""

LIST_UNCOVERED_DAYS = """\
-- name: ListUncoveredDays :many
WITH parents (name) AS (
    VALUES ('spend_logs'), ('spend_log_payloads'), ('daily_rollups'), ('audit_events')
),
bounds AS MATERIALIZED (
    SELECT
        i.inhparent AS parent,
        substring(pg_get_expr(child.relpartbound, child.oid) FROM 'FROM \\(''([^'']+)''\\)') AS first,
        substring(pg_get_expr(child.relpartbound, child.oid) FROM 'TO \\(''([^'']+)''\\)') AS next
    FROM parents
    JOIN pg_inherits AS i ON i.inhparent = parents.name::regclass
    JOIN pg_class AS child ON child.oid = i.inhrelid
    WHERE NOT i.inhdetachpending
)
SELECT parents.name AS parent_table, day.start::date AS day
FROM parents
CROSS JOIN generate_series(
    (now() AT TIME ZONE 'UTC')::date::timestamp - interval '1 day',
    (now() AT TIME ZONE 'UTC')::date::timestamp + make_interval(days => $1::integer),
    interval '1 day'
) AS day (start)
WHERE NOT EXISTS (
    SELECT
    FROM bounds AS b
    WHERE
        b.parent = parents.name::regclass
        AND CASE
            WHEN length(b.first) = 10 THEN day.start >= b.first::timestamp AND day.start < b.next::timestamp
            ELSE
                day.start >= b.first::timestamptz AT TIME ZONE 'UTC'
                AND day.start < b.next::timestamptz AT TIME ZONE 'UTC'
        END
)
ORDER BY parents.name, day.start"""


async def ensure_partitions(database: Database, /, *, days_ahead: int) -> int:
    """Makes the partitions from yesterday to some days ahead that are not there, and returns how many it made."""
    value: int = await database.fetchval(ENSURE_PARTITIONS, days_ahead)
    return value


@dataclass(frozen=True, slots=True)
class ListPartitionsRow:
    """A row of ListPartitions."""

    parent_table: str
    partition_name: str
    since: datetime.date
    until: datetime.date
    detaching: bool
    rows_estimate: int
    total_bytes: int


async def list_partitions(database: Database, /) -> list[ListPartitionsRow]:
    """The partitions of the gateway's tables in their order, with their bounds, days in UTC of which until is the first after, and sizes.

    rows_estimate is of the last analyze, below zero before the first; detaching says that a DETACH
    CONCURRENTLY was begun and not ended. Detaching and dropping take names, so they are no named
    queries.
    """
    rows = await database.fetch(LIST_PARTITIONS)
    return [ListPartitionsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListDefaultPartitionsRow:
    """A row of ListDefaultPartitions."""

    parent_table: str
    partition_name: str


async def list_default_partitions(database: Database, /) -> list[ListDefaultPartitionsRow]:
    """The DEFAULT partitions that somebody has added: none, if all is well, since with one neither ensure_partitions nor a concurrent detach would work."""
    rows = await database.fetch(LIST_DEFAULT_PARTITIONS)
    return [ListDefaultPartitionsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListUncoveredDaysRow:
    """A row of ListUncoveredDays."""

    parent_table: str
    day: datetime.date


async def list_uncovered_days(
    database: Database,
    /,
    *,
    days_ahead: int,
) -> list[ListUncoveredDaysRow]:
    """The days from yesterday to some days ahead on which a table has no partition to write to: none, once EnsurePartitions has been called with as many days."""
    rows = await database.fetch(LIST_UNCOVERED_DAYS, days_ahead)
    return [ListUncoveredDaysRow(*row) for row in rows]
