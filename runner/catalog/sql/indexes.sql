-- Indexes that no constraint makes; those of partitions that their parent's index makes are told with that.
SELECT
    'index',
    relation.schema,
    relation.name,
    pg_catalog.quote_ident(class.relname),
    class.tableoid,
    class.oid,
    0,
    pg_catalog.json_build_array(
        pg_catalog.pg_get_indexdef(index.indexrelid, 0, true),
        index.indisvalid,
        index.indisreplident,
        index.indisclustered,
        pg_catalog.quote_ident(place.spcname)
    )
FROM relation
JOIN pg_catalog.pg_index AS index ON index.indrelid = relation.oid
JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid AND NOT class.relispartition
LEFT JOIN pg_catalog.pg_tablespace AS place ON place.oid = class.reltablespace
LEFT JOIN pg_catalog.pg_constraint AS "constraint"
    ON "constraint".conindid = index.indexrelid
    AND "constraint".conrelid = index.indrelid
    AND "constraint".contype IN ('p', 'u', 'x')
WHERE "constraint".oid IS NULL
