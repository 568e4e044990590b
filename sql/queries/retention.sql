-- name: EnsurePartitions :one
-- Makes the partitions from yesterday to some days ahead that are not there, and returns how many it made.
SELECT ensure_partitions(@days_ahead) AS "made!";

-- name: ListPartitions :many
-- The partitions of the gateway's tables in their order, with their bounds, days in UTC of which until is the first
-- after, and sizes. rows_estimate is of the last analyze, below zero before the first; detaching says that a DETACH
-- CONCURRENTLY was begun and not ended. Detaching and dropping take names, so they are no named queries; for them the
-- names stand also as this session would have to write them.
SELECT
    parent.relname::text AS parent_table,
    child.relname::text AS partition_name,
    parent.oid::regclass::text AS parent_sql,
    child.oid::regclass::text AS partition_sql,
    bounds.since AS "since!",
    bounds.until AS "until!",
    i.inhdetachpending AS detaching,
    obj_description(child.oid, 'pg_class') AS comment,
    child.reltuples::bigint AS rows_estimate,
    pg_total_relation_size(child.oid) AS "total_bytes!"
FROM pg_inherits AS i
JOIN pg_class AS parent ON parent.oid = i.inhparent
JOIN pg_class AS child ON child.oid = i.inhrelid
JOIN pg_partitioned_table AS p ON p.partrelid = parent.oid
CROSS JOIN LATERAL (SELECT pg_get_expr(child.relpartbound, child.oid) AS definition) AS bound
CROSS JOIN LATERAL (
    SELECT
        substring(bound.definition FROM 'FROM \(''([^'']+)''\)') AS first,
        substring(bound.definition FROM 'TO \(''([^'']+)''\)') AS next
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
ORDER BY parent.relname, bounds.since;

-- name: ListLeftTables :many
-- The tables that have been detached to be dropped and are still there: their comment says so since before they were
-- detached. A table that somebody detached to keep it is none of them.
SELECT child.relname::text AS table_name, child.oid::regclass::text AS table_sql
FROM pg_class AS child
WHERE
    child.relkind = 'r'
    AND NOT child.relispartition
    AND child.relnamespace = (SELECT home.relnamespace FROM pg_class AS home WHERE home.oid = 'spend_logs'::regclass)
    AND obj_description(child.oid, 'pg_class') = @comment::text
ORDER BY child.relname;

-- name: ListDefaultPartitions :many
-- The DEFAULT partitions that somebody has added: none, if all is well, since with one neither ensure_partitions nor a
-- concurrent detach would work.
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
ORDER BY parent.relname;

-- name: ListUncoveredDays :many
-- The days from yesterday to some days ahead on which a table has no partition to write to: none, once
-- EnsurePartitions has been called with as many days.
WITH parents (name) AS (
    VALUES ('spend_logs'), ('spend_log_payloads'), ('daily_rollups'), ('audit_events')
),
bounds AS MATERIALIZED (
    SELECT
        i.inhparent AS parent,
        substring(pg_get_expr(child.relpartbound, child.oid) FROM 'FROM \(''([^'']+)''\)') AS first,
        substring(pg_get_expr(child.relpartbound, child.oid) FROM 'TO \(''([^'']+)''\)') AS next
    FROM parents
    JOIN pg_inherits AS i ON i.inhparent = parents.name::regclass
    JOIN pg_class AS child ON child.oid = i.inhrelid
    WHERE NOT i.inhdetachpending
)
SELECT parents.name AS parent_table, day.start::date AS day
FROM parents
CROSS JOIN generate_series(
    (now() AT TIME ZONE 'UTC')::date::timestamp - interval '1 day',
    (now() AT TIME ZONE 'UTC')::date::timestamp + make_interval(days => @days_ahead::integer),
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
ORDER BY parents.name, day.start;
