-- The entry, in the transaction of its file. The WHERE is a fence: if the file ended the transaction, the lock went
-- with it, no row is written, and the runner sees that.
INSERT INTO :"schema"._migrations (
    version,
    name,
    checksum,
    state,
    started_at,
    applied_at,
    duration_ms,
    statements_done,
    applied_by,
    runner_version,
    history,
    sql
)
SELECT
    :'version',
    :'name',
    :'checksum',
    :'state',
    pg_catalog.now(),
    CASE WHEN :'state' <> 'started' THEN pg_catalog.clock_timestamp() END,
    :'duration_ms',
    :'statements_done',
    :'applied_by',
    :'runner_version',
    :'history',
    :'sql'
WHERE EXISTS (
    SELECT
    FROM pg_catalog.pg_locks
    WHERE
        locktype = 'advisory'
        AND pid = pg_catalog.pg_backend_pid()
        AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        AND (classid::bigint << 32 | objid::bigint) = :'key'
        AND objsubid = 1
        AND granted
)
