-- Whether anybody holds the runner's lock.
EXISTS (SELECT FROM pg_catalog.pg_locks WHERE
:the_lock
)
