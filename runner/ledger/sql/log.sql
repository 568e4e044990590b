-- What a person decided, or where a no-transaction file failed.
INSERT INTO :"schema"._migrations_log (version, event, reason, statements_done, decided_by, old_checksum, old_sql)
SELECT
    version,
    :'event',
    :'reason',
    statements_done,
    :'decided_by',
    checksum,
    CASE WHEN :'event' <> 'failed' THEN sql END
FROM :"schema"._migrations
WHERE version = :'version'
