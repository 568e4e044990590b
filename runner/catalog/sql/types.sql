-- Enums, domains, ranges and composite types.
SELECT
    CASE type.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite type' END,
    space.schema,
    pg_catalog.quote_ident(type.typname),
    '',
    type.tableoid,
    type.oid,
    0,
    CASE type.typtype
        WHEN 'e' THEN (
            SELECT pg_catalog.json_build_array(pg_catalog.json_agg(label.enumlabel ORDER BY label.enumsortorder))
            FROM pg_catalog.pg_enum AS label
            WHERE label.enumtypid = type.oid
        )
        WHEN 'd' THEN pg_catalog.json_build_array(
            pg_catalog.format_type(type.typbasetype, type.typtypmod),
            CASE WHEN type.typcollation <> base.typcollation THEN type.typcollation::regcollation::text END,
            type.typdefault,
            type.typnotnull
        )
        WHEN 'r' THEN (
            SELECT pg_catalog.json_build_array(
                pg_catalog.format_type(range.rngsubtype, NULL),
                opclass.opcname,
                CASE WHEN range.rngcollation <> subtype.typcollation THEN range.rngcollation::regcollation::text END,
                nullif(range.rngcanonical::regprocedure::text, '-'),
                nullif(range.rngsubdiff::regprocedure::text, '-'),
                pg_catalog.format_type(range.rngmultitypid, NULL)
            )
            FROM pg_catalog.pg_range AS range
            JOIN pg_catalog.pg_type AS subtype ON subtype.oid = range.rngsubtype
            LEFT JOIN pg_catalog.pg_opclass AS opclass ON opclass.oid = range.rngsubopc AND NOT opclass.opcdefault
            WHERE range.rngtypid = type.oid
        )
        ELSE pg_catalog.json_build_array()
    END
FROM pg_catalog.pg_type AS type
JOIN space ON space.oid = type.typnamespace
LEFT JOIN pg_catalog.pg_type AS base ON base.oid = type.typbasetype
WHERE (
    type.typtype IN ('e', 'd', 'r')
    OR (type.typtype = 'c' AND type.oid IN (SELECT relation.reltype FROM relation WHERE relation.relkind = 'c'))
)
AND NOT EXISTS (
    SELECT FROM extended
    WHERE extended.classid = 'pg_catalog.pg_type'::regclass AND extended.objid = type.oid
)
