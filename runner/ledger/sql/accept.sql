-- A person decided that the file, as it is now, is what the database has.
UPDATE :"schema"._migrations
SET
    state = CASE WHEN state = 'started' THEN 'applied' ELSE state END,
    applied_at = coalesce(applied_at, pg_catalog.clock_timestamp()),
    checksum = :'checksum',
    history = :'history',
    statements_done = :'statements_done',
    sql = :'sql'
WHERE version = :'version'
