-- The sessions that hold what the runner's session waits for. Without pg_read_all_stats only their pids are seen.
SELECT
    blocking.pid,
    coalesce(session.usename, 'unknown user'),
    coalesce(nullif(session.application_name, ''), 'unknown application'),
    coalesce(session.state, 'unknown state'),
    coalesce(pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - session.xact_start)::text, 'some time'),
    coalesce(pg_catalog.left(pg_catalog.regexp_replace(session.query, '\s+', ' ', 'g'), 80), 'unknown')
FROM (SELECT DISTINCT pid FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(:'pid')) AS each (pid)) AS blocking
LEFT JOIN pg_catalog.pg_stat_activity AS session ON session.pid = blocking.pid
ORDER BY session.xact_start
