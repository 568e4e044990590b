-- How a no-transaction file stopped: its text then, and what was noted since its last try.
SELECT
    entry.sql,
    log.event
FROM :"schema"._migrations AS entry
LEFT JOIN LATERAL (
    SELECT event
    FROM :"schema"._migrations_log
    WHERE version = entry.version AND at >= entry.started_at
    ORDER BY id DESC
    LIMIT 1
) AS log ON true
WHERE entry.version = :'version'
