-- The live database in one query that reads statistics alone: each table's size and traffic, and beside it what holds for all.
SELECT
    pg_catalog.quote_ident(namespace.nspname),
    pg_catalog.quote_ident(class.relname),
    CASE
        WHEN class.relkind = 'p' THEN 0 -- its partitions have the rows, and are added up
        WHEN class.reltuples < 0 THEN COALESCE(traffic.n_live_tup, 0)
        ELSE class.reltuples::bigint
    END,
    pg_catalog.pg_table_size(class.oid),
    pg_catalog.pg_indexes_size(class.oid),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index WHERE indrelid = class.oid),
    COALESCE(traffic.seq_scan + COALESCE(traffic.idx_scan, 0), 0),
    COALESCE(traffic.n_tup_ins + traffic.n_tup_upd + traffic.n_tup_del, 0),
    published.tablename IS NOT NULL,
    pg_catalog.quote_ident(above_space.nspname),
    pg_catalog.quote_ident(above.relname),
    world.*
FROM (
    SELECT
        pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        pg_catalog.current_setting('server_version_num'),
        pg_catalog.current_setting('TimeZone'),
        (
            SELECT pg_catalog.json_agg(pg_catalog.quote_ident(schema))::text
            FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) AS schema
        ),
        pg_catalog.current_database(),
        (
            SELECT pg_catalog.to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            FROM pg_catalog.pg_stat_database
            WHERE datname = pg_catalog.current_database()
        ),
        (
            SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.min(xact_start))
            FROM pg_catalog.pg_stat_activity
            WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
        )
) AS world
LEFT JOIN (
    pg_catalog.pg_class AS class
    JOIN pg_catalog.pg_namespace AS namespace
        ON namespace.oid = class.relnamespace
        AND namespace.nspname !~ '^pg_'
        AND namespace.nspname <> 'information_schema'
) ON class.relkind IN ('r', 'm', 'p') AND class.relname !~ '^_migrations(_catalog|_log)?$'
LEFT JOIN pg_catalog.pg_stat_all_tables AS traffic ON traffic.relid = class.oid
LEFT JOIN pg_catalog.pg_inherits AS parent ON parent.inhrelid = class.oid AND class.relispartition
LEFT JOIN pg_catalog.pg_class AS above ON above.oid = parent.inhparent
LEFT JOIN pg_catalog.pg_namespace AS above_space ON above_space.oid = above.relnamespace
LEFT JOIN (
    SELECT DISTINCT schemaname, tablename FROM pg_catalog.pg_publication_tables
) AS published ON published.schemaname = namespace.nspname AND published.tablename = class.relname
