-- Who holds the runner's lock; nobody, if it was freed meanwhile. Other columns are null without pg_read_all_stats.
SELECT
    activity.pid,
    coalesce(
        activity.client_hostname,
        pg_catalog.host(activity.client_addr),
        CASE WHEN activity.backend_start IS NULL THEN 'unknown host' ELSE 'this host' END
    ),
    activity.application_name,
    pg_catalog.to_char(activity.xact_start, 'HH24:MI:SS')
FROM pg_catalog.pg_locks AS lock
LEFT JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = lock.pid
WHERE
    :the_lock
