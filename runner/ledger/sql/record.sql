-- The entry, in the transaction of its file. The transactions of one message share their now(), so light files keep
-- the time at which theirs began in a setting of its own.
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
    began.at,
    CASE WHEN :'state' <> 'started' THEN pg_catalog.clock_timestamp() END,
    CASE WHEN :'state' = 'applied' THEN 1000 * extract(EPOCH FROM pg_catalog.clock_timestamp() - began.at) END,
    :'statements_done',
    :'applied_by',
    :'runner_version',
    :'history',
    :'sql'
FROM (
    SELECT coalesce(
        nullif(pg_catalog.current_setting('migrate.began', true), '')::timestamptz,
        pg_catalog.now()
    ) AS at
) AS began
