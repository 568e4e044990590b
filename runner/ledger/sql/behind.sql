-- Whether the ledger has moved on since the snapshot.
SELECT
    (SELECT pg_catalog.count(*) FROM :"schema"._migrations WHERE state <> 'started')
    <> coalesce((SELECT entries FROM :"schema"._migrations_catalog), 0)
