-- One light file, wholly: lock, file, entry, commit. The entry is only written on top of the history that was planned
-- for: 1 / 0 ends whatever is not as it should be.
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
WHERE
    1 / (
        coalesce((SELECT history FROM :"schema"._migrations ORDER BY version DESC LIMIT 1), '') = :'history'
    )::integer = 1;
COMMIT;
