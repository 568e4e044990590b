-- The whole ledger but for the texts.
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
ORDER BY version
