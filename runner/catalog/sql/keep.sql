-- The snapshot, in the transaction of the last migration.
:settings
DELETE FROM :"schema"._migrations_catalog;
INSERT INTO :"schema"._migrations_catalog (
    version,
    entries,
    format,
    server_major,
    ignored,
    stamp,
    fingerprint,
    catalog
)
SELECT
    ledger.version,
    ledger.entries,
    :'format',
    pg_catalog.current_setting('server_version_num')::integer / 10000,
    :'ignored',
    (
        :stamp
    ),
    'sha256:' || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(live.lines, 'UTF8')), 'hex'),
    CASE WHEN pg_catalog.octet_length(live.lines) <= :'longest' THEN live.lines END
FROM (
    SELECT coalesce(pg_catalog.string_agg(object.line, E'\n' ORDER BY object.line COLLATE "C"), '') AS lines
    FROM (
        :objects
    ) AS object
) AS live
CROSS JOIN (
    SELECT coalesce(pg_catalog.max(version), 0) AS version, pg_catalog.count(*) AS entries
    FROM :"schema"._migrations
    WHERE state <> 'started'
) AS ledger
