-- The entry, in the transaction of its file; the time is that since the transaction began.
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
    CASE WHEN :'state' = 'applied' THEN 1000 * extract(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.now()) END,
    :'statements_done',
    :'applied_by',
    :'runner_version',
    :'history',
    :'sql'
