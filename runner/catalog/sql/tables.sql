-- Tables, partitioned ones, partitions and foreign tables, without what is a row of its own.
SELECT
    'table',
    relation.schema,
    relation.name,
    '',
    class.tableoid,
    relation.oid,
    0,
    pg_catalog.json_build_array(
        CASE
            WHEN relation.relkind = 'f' THEN 'FOREIGN'
            WHEN class.relpersistence = 'u' THEN 'UNLOGGED'
        END,
        CASE relation.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(relation.oid) END,
        CASE WHEN class.relispartition THEN parents.names END,
        CASE WHEN class.relispartition THEN pg_catalog.pg_get_expr(class.relpartbound, relation.oid, true) END,
        CASE WHEN NOT class.relispartition THEN parents.names END,
        CASE WHEN class.reloftype <> 0 THEN pg_catalog.format_type(class.reloftype, NULL) END,
        method.amname,
        options.sorted,
        pg_catalog.quote_ident(place.spcname),
        class.relrowsecurity,
        class.relforcerowsecurity,
        CASE class.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' END,
        pg_catalog.quote_ident(server.srvname),
        far.ftoptions
    )
FROM relation
JOIN pg_catalog.pg_class AS class ON class.oid = relation.oid
LEFT JOIN pg_catalog.pg_am AS method ON method.oid = class.relam AND method.amname <> 'heap'
LEFT JOIN pg_catalog.pg_tablespace AS place ON place.oid = class.reltablespace
LEFT JOIN pg_catalog.pg_foreign_table AS far ON far.ftrelid = class.oid
LEFT JOIN pg_catalog.pg_foreign_server AS server ON server.oid = far.ftserver
LEFT JOIN (
    SELECT inhrelid, pg_catalog.string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) AS names
    FROM pg_catalog.pg_inherits
    GROUP BY inhrelid
) AS parents ON parents.inhrelid = class.oid
LEFT JOIN LATERAL (
    SELECT pg_catalog.string_agg(option, ', ' ORDER BY option COLLATE "C") AS sorted
    FROM pg_catalog.unnest(class.reloptions) AS option
) AS options ON class.reloptions IS NOT NULL
WHERE relation.relkind IN ('r', 'p', 'f')
