-- The ledger but for the texts.
SELECT
    version,
    name,
    checksum,
    state,
    statements_done,
    history,
    applied_at,
    duration_ms,
    applied_by
FROM :"schema"._migrations
WHERE version >= :'first'
ORDER BY version
