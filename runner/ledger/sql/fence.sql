-- Whether this session holds the runner's lock. If a file ended the transaction, or gave the lock away, then no row is
-- written, and the runner sees that.
EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND
:the_lock
)
