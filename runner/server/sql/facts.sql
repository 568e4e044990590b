-- What must be known of the server before anything is decided; one row, one round trip, nothing written.
SELECT
    pg_catalog.pg_backend_pid(),
    pg_catalog.current_setting('server_version_num'),
    pg_catalog.current_setting('server_version'),
    pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('transaction_read_only'),
    pg_catalog.version() !~* 'visual c|msvc|mingw',
    CURRENT_USER,
    pg_catalog.current_database(),
    namespace.oid IS NOT NULL,
    ledger.oid IS NOT NULL,
    pg_catalog.obj_description(ledger.oid, 'pg_class'),
    catalog.oid IS NOT NULL
FROM (VALUES (1)) AS one
LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = :'schema'
LEFT JOIN pg_catalog.pg_class AS ledger
    ON ledger.relnamespace = namespace.oid AND ledger.relname = '_migrations'
LEFT JOIN pg_catalog.pg_class AS catalog
    ON catalog.relnamespace = namespace.oid AND catalog.relname = '_migrations_catalog'
