-- A message of light files failed half-way: end it, and wait until those before are on disk, as they will be reported.
ROLLBACK;
SELECT pg_catalog.pg_logical_emit_message(true, 'migrate', '')
