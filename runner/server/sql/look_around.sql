-- What `doctor` shows of the session: its rights, its settings, and who else is there. One row.
SELECT
    role.rolsuper,
    role.rolsuper OR role.rolcreatedb,
    coalesce(
        pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace(pg_catalog.quote_ident(:'schema')), 'CREATE'),
        pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    ),
    pg_catalog.current_setting('search_path'),
    pg_catalog.current_setting('statement_timeout'),
    pg_catalog.current_setting('lock_timeout'),
    pg_catalog.current_setting('TimeZone'),
    coalesce(pg_catalog.host(pg_catalog.inet_server_addr()) || ':' || pg_catalog.inet_server_port(), 'a local socket'),
    others.sessions,
    others.idle,
    others.oldest
FROM pg_catalog.pg_roles AS role
CROSS JOIN (
    SELECT
        pg_catalog.count(*),
        pg_catalog.count(*) FILTER (WHERE state = 'idle in transaction'),
        pg_catalog.date_part('epoch', pg_catalog.max(pg_catalog.clock_timestamp() - xact_start))::bigint
    FROM pg_catalog.pg_stat_activity
    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'
) AS others (sessions, idle, oldest)
WHERE role.rolname = CURRENT_USER
