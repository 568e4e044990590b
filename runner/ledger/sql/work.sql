-- How far the runner's session is with what PostgreSQL counts: in which phase of what, done, and of how much.
SELECT
    phase,
    CASE WHEN blocks_total > 0 THEN blocks_done WHEN tuples_total > 0 THEN tuples_done ELSE lockers_done END,
    CASE WHEN blocks_total > 0 THEN blocks_total WHEN tuples_total > 0 THEN tuples_total ELSE lockers_total END
FROM pg_catalog.pg_stat_progress_create_index
WHERE pid = :'pid'
UNION ALL
SELECT
    'vacuum: ' || phase,
    heap_blks_scanned,
    heap_blks_total
FROM pg_catalog.pg_stat_progress_vacuum
WHERE pid = :'pid'
UNION ALL
SELECT
    pg_catalog.lower(command) || ': ' || phase,
    heap_blks_scanned,
    heap_blks_total
FROM pg_catalog.pg_stat_progress_cluster
WHERE pid = :'pid'
UNION ALL
SELECT
    pg_catalog.lower(command),
    bytes_processed,
    bytes_total
FROM pg_catalog.pg_stat_progress_copy
WHERE pid = :'pid'
