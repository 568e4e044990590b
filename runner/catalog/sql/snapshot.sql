-- The snapshot but for its text, beside the ledger and the system catalogs as they are.
SELECT
    kept.version,
    kept.entries,
    kept.format,
    kept.server_major,
    kept.ignored,
    kept.fingerprint,
    (SELECT pg_catalog.count(*) FROM :"schema"._migrations WHERE state <> 'started'),
    kept.stamp = (
        :stamp
    )
FROM :"schema"._migrations_catalog AS kept
