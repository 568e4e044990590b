-- Whether this session holds the runner's lock. If a file ended the transaction, or gave the lock away, then no row is
-- written, and the runner sees that.
EXISTS (
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
