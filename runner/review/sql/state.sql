-- Every relation of people's schemas, and every lock of our own session: what a statement moved shows between two of these.
WITH held AS MATERIALIZED (
    SELECT relation, pg_catalog.string_agg(mode, ',') AS modes
    FROM pg_catalog.pg_locks
    WHERE pid = pg_catalog.pg_backend_pid()
        AND locktype = 'relation'
        AND granted
        AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    GROUP BY relation
),
theirs AS MATERIALIZED (
    SELECT
        class.oid,
        class.relkind,
        class.relname,
        namespace.nspname,
        index.indrelid,
        CASE WHEN namespace.nspname <> 'public' THEN pg_catalog.quote_ident(namespace.nspname) || '.' ELSE '' END
        || pg_catalog.quote_ident(indexed.relname) AS table_name -- an index is in the schema of its table
    FROM pg_catalog.pg_class AS class
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
    LEFT JOIN pg_catalog.pg_index AS index ON index.indexrelid = class.oid
    LEFT JOIN pg_catalog.pg_class AS indexed ON indexed.oid = index.indrelid
    WHERE namespace.nspname !~ '^pg_'
        AND namespace.nspname <> 'information_schema'
        AND class.relkind <> 'c'
        AND coalesce(indexed.relname, class.relname) !~ '^_migrations(_catalog|_log|_log_id_seq)?$' -- the runner's own
)
SELECT
    COALESCE(theirs.oid, held.relation),
    theirs.relkind,
    pg_catalog.quote_ident(theirs.nspname),
    pg_catalog.quote_ident(theirs.relname),
    theirs.indrelid,
    theirs.table_name,
    pg_catalog.pg_relation_filenode(theirs.oid),
    pg_catalog.pg_stat_get_xact_numscans(theirs.oid),
    held.modes,
    pg_catalog.pg_current_wal_insert_lsn() - '0/0'
FROM theirs
FULL JOIN held ON held.relation = theirs.oid
