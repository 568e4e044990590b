-- One light file, wholly: lock, file, entry, commit. 1 / 0 ends it if another runner is at work. The transactions of one
-- message share their now(), so each keeps when it began.
BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;
:settings
SET LOCAL synchronous_commit = :durability
;
SELECT
    1 / pg_catalog.pg_try_advisory_xact_lock(:'key')::integer,
    pg_catalog.set_config('migrate.began', pg_catalog.clock_timestamp()::text, true);
:text
;
:record
;
:then
COMMIT;
