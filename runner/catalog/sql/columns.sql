-- Columns of tables, and attributes of composite types; those that come from a parent are told with the parent.
-- attoptions is not read: PostgreSQL 15.20 stamps it with a number that differs between equal databases.
SELECT
    CASE relation.relkind WHEN 'c' THEN 'attribute' ELSE 'column' END,
    relation.schema,
    relation.name,
    pg_catalog.quote_ident(attribute.attname),
    'pg_catalog.pg_class'::regclass,
    relation.oid,
    attribute.attnum,
    pg_catalog.json_build_array(
        pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
        CASE WHEN attribute.attcollation <> type.typcollation THEN attribute.attcollation::regcollation::text END,
        pg_catalog.pg_get_expr(value.adbin, value.adrelid, true),
        CASE attribute.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
        CASE attribute.attgenerated WHEN 's' THEN 'STORED' WHEN 'v' THEN 'VIRTUAL' END,
        CASE
            WHEN attribute.attnotnull AND unproven.conrelid IS NOT NULL THEN 'NOT NULL NOT VALID'
            WHEN attribute.attnotnull THEN 'NOT NULL'
        END,
        CASE
            WHEN attribute.attstorage = type.typstorage THEN NULL
            WHEN attribute.attstorage = 'p' THEN 'PLAIN'
            WHEN attribute.attstorage = 'e' THEN 'EXTERNAL'
            WHEN attribute.attstorage = 'm' THEN 'MAIN'
            WHEN attribute.attstorage = 'x' THEN 'EXTENDED'
        END,
        CASE attribute.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
        CASE WHEN attribute.attstattarget >= 0 THEN attribute.attstattarget END,
        attribute.attfdwoptions
    )
FROM relation
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = relation.oid
JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS value
    ON value.adrelid = attribute.attrelid AND value.adnum = attribute.attnum
LEFT JOIN (
    SELECT conrelid, conkey[1] AS attnum
    FROM pg_catalog.pg_constraint
    WHERE contype = 'n' AND NOT convalidated
) AS unproven ON unproven.conrelid = attribute.attrelid AND unproven.attnum = attribute.attnum
WHERE relation.relkind IN ('r', 'p', 'f', 'c')
    AND attribute.attnum > 0
    AND NOT attribute.attisdropped
    AND attribute.attinhcount = 0
