-- A no-transaction file has finished.
UPDATE :"schema"._migrations
SET
    state = 'applied',
    applied_at = pg_catalog.clock_timestamp(),
    duration_ms = :'duration_ms',
    statements_done = :'statements_done'
WHERE version = :'version' AND state = 'started'
