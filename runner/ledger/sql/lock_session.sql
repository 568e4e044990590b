-- A no-transaction file has no transaction to hold the lock, so its session does. No row: another runner is at work.
:settings
SELECT WHERE pg_catalog.pg_try_advisory_lock(:'key')
