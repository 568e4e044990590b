-- Who holds the runner's lock; nobody, if it was freed meanwhile. Other columns are null without pg_read_all_stats.
SELECT
    activity.pid,
    coalesce(activity.client_hostname, pg_catalog.host(activity.client_addr), 'this host'),
    activity.application_name,
    pg_catalog.to_char(activity.xact_start, 'HH24:MI:SS')
FROM pg_catalog.pg_locks AS lock
LEFT JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = lock.pid
WHERE
    lock.locktype = 'advisory'
    AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND (lock.classid::bigint << 32 | lock.objid::bigint) = :'key'
    AND lock.objsubid = 1
    AND lock.granted
