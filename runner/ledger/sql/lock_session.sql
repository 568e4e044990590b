-- A no-transaction file has no transaction to hold the lock, so its session does.
SELECT pg_catalog.pg_try_advisory_lock(:'key')
