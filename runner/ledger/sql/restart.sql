-- A no-transaction file goes on where it stopped, with the text that it has now.
UPDATE :"schema"._migrations
SET
    started_at = pg_catalog.clock_timestamp(),
    checksum = :'checksum',
    history = :'history',
    applied_by = :'applied_by',
    runner_version = :'runner_version',
    sql = :'sql'
WHERE version = :'version' AND state = 'started'
