-- Constraints of tables and domains; those that come from a parent are told with the parent, NOT NULL with its column.
SELECT
    'constraint',
    relation.schema,
    relation.name,
    pg_catalog.quote_ident("constraint".conname),
    "constraint".tableoid,
    "constraint".oid,
    0,
    pg_catalog.json_build_array(
        pg_catalog.pg_get_constraintdef("constraint".oid, true),
        class.reloptions,
        pg_catalog.quote_ident(place.spcname),
        index.indisreplident,
        index.indisclustered,
        CASE "constraint".contype WHEN 'f' THEN nullif(EXISTS (
            SELECT FROM pg_catalog.pg_trigger AS trigger
            WHERE trigger.tgconstraint = "constraint".oid AND trigger.tgenabled IN ('D', 'R')
        ), false) END
    )
FROM relation
JOIN pg_catalog.pg_constraint AS "constraint" ON "constraint".conrelid = relation.oid
LEFT JOIN pg_catalog.pg_index AS index
    ON index.indexrelid = "constraint".conindid AND "constraint".contype IN ('p', 'u', 'x')
LEFT JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
LEFT JOIN pg_catalog.pg_tablespace AS place ON place.oid = class.reltablespace
WHERE "constraint".contype IN ('c', 'f', 'p', 'u', 'x')
    AND "constraint".conparentid = 0
    AND "constraint".coninhcount = 0
UNION ALL
SELECT
    'domain constraint',
    space.schema,
    pg_catalog.quote_ident(type.typname),
    pg_catalog.quote_ident("constraint".conname),
    "constraint".tableoid,
    "constraint".oid,
    0,
    pg_catalog.json_build_array(pg_catalog.pg_get_constraintdef("constraint".oid, true))
FROM pg_catalog.pg_constraint AS "constraint"
JOIN pg_catalog.pg_type AS type ON type.oid = "constraint".contypid
JOIN space ON space.oid = type.typnamespace
WHERE "constraint".conrelid = 0 -- has an index
    AND "constraint".contypid <> 0
    AND "constraint".contype = 'c'
    AND NOT EXISTS (
        SELECT FROM extended
        WHERE extended.classid = 'pg_catalog.pg_type'::regclass AND extended.objid = type.oid
    )
