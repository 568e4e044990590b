-- The types that a column or parameter can have, with the labels of enums and the fields of composite types.
SELECT
    t.oid,
    n.nspname,
    t.typname,
    t.typtype,
    CASE
        WHEN t.typtype = 'd' THEN t.typbasetype
        WHEN t.typtype IN ('r', 'm') THEN r.rngsubtype
        ELSE t.typelem
    END,
    e.oid IS NOT NULL,
    CASE
        WHEN t.typtype = 'e' THEN (
            SELECT pg_catalog.json_agg(l.enumlabel ORDER BY l.enumsortorder)
            FROM pg_catalog.pg_enum AS l
            WHERE l.enumtypid = t.oid
        )
        WHEN t.typtype = 'c' THEN (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, a.atttypid::bigint) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        )
    END
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_range AS r ON t.oid IN (r.rngtypid, r.rngmultitypid)
LEFT JOIN pg_catalog.pg_type AS e ON e.typarray = t.oid
WHERE n.nspname <> 'pg_catalog' OR t.typrelid = 0 AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_type AS i WHERE i.typarray = t.oid AND i.typrelid <> 0
)
