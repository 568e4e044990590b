-- The transaction that does the work takes the lock itself, so the two end together.
-- It never waits in here: no row back means that another runner is at work.
BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;
:settings
SELECT WHERE pg_catalog.pg_try_advisory_xact_lock(:'key')
