-- The frame around the other files: which schemas count, what belongs to an extension, and what is left out.
-- Each row: kind, schema, relation that it belongs to, name (each quoted as SQL wants it), where PostgreSQL keeps it, and its parts as a JSON array.
WITH space AS MATERIALIZED (
    SELECT oid, pg_catalog.quote_ident(nspname) AS schema
    FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND (:'only' = '' OR nspname = :'only')
),
ledger AS MATERIALIZED (
    SELECT relnamespace
    FROM pg_catalog.pg_class
    WHERE relname = '_migrations'
        AND relnamespace IN (SELECT oid FROM space)
        AND pg_catalog.obj_description(oid, 'pg_class') LIKE 'migrate ledger, format %'
),
extended AS MATERIALIZED (
    SELECT classid, objid
    FROM pg_catalog.pg_depend
    WHERE deptype = 'e' AND refclassid = 'pg_catalog.pg_extension'::regclass -- has an index
),
relation AS MATERIALIZED (
    SELECT
        class.oid,
        class.relkind,
        pg_catalog.quote_ident(class.relname) AS name,
        class.relowner,
        class.relacl,
        class.reltype,
        space.schema
    FROM pg_catalog.pg_class AS class
    JOIN space ON space.oid = class.relnamespace
    WHERE class.relkind IN ('r', 'p', 'f', 'v', 'm', 'c', 'S')
        AND NOT EXISTS (
            SELECT FROM extended
            WHERE extended.classid = 'pg_catalog.pg_class'::regclass AND extended.objid = class.oid
        )
        AND NOT (
            space.oid IN (SELECT relnamespace FROM ledger) AND class.relname IN (
                '_migrations', '_migrations_log', '_migrations_log_id_seq', '_migrations_catalog'
            )
        )
),
object (kind, schema, relation, name, classid, objid, objsubid, parts) AS (
    :objects
)
SELECT
    classid::oid,
    objid,
    objsubid,
    pg_catalog.json_build_array(kind, schema, relation, name, parts)::text AS line
FROM object
WHERE
    CASE kind WHEN 'schema' THEN name ELSE schema END || '.' || CASE relation WHEN '' THEN name ELSE relation END
    !~ :'ignored'
