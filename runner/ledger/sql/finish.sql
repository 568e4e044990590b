-- A no-transaction file has finished.
UPDATE :"schema"._migrations
SET
    state = 'applied',
    applied_at = pg_catalog.clock_timestamp(),
    duration_ms = 1000 * extract(EPOCH FROM pg_catalog.clock_timestamp() - started_at),
    statements_done = :'statements_done'
WHERE
    version = :'version'
    AND state = 'started'
    AND
    :fence
