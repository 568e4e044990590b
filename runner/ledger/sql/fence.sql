-- If the file ended the transaction, the lock went with it: then no row is written, and the runner sees that.
WHERE EXISTS (
    SELECT
    FROM pg_catalog.pg_locks
    WHERE
        locktype = 'advisory'
        AND pid = pg_catalog.pg_backend_pid()
        AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        AND (classid::bigint << 32 | objid::bigint) = :'key'
        AND objsubid = 1
        AND granted
)
