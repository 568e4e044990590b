-- What roles other than the owner may do, where that is not what everybody may by default. All that there is to grant
-- is told as ALL, as later majors have more of it (MAINTAIN since 17).
SELECT
    'grant',
    granted.schema,
    granted.relation,
    granted.target || ' TO ' || CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
    granted.classid,
    granted.objid,
    granted.objsubid,
    pg_catalog.json_build_array(
        CASE
            WHEN granted.kind = 'r' AND pg_catalog.count(DISTINCT item.privilege_type) FILTER (
                WHERE item.privilege_type <> 'MAINTAIN'
            ) = 7 THEN 'ALL'
            ELSE pg_catalog.string_agg(
                DISTINCT item.privilege_type, ', ' ORDER BY item.privilege_type
            )
        END,
        pg_catalog.bool_or(item.is_grantable)
    )
FROM (
    SELECT
        relation.schema,
        relation.name AS relation,
        CASE relation.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || relation.oid::regclass::text AS target,
        CASE relation.relkind WHEN 'S' THEN 's' ELSE 'r' END AS kind,
        relation.relowner AS owner,
        relation.relacl AS acl,
        'pg_catalog.pg_class'::regclass AS classid,
        relation.oid AS objid,
        0 AS objsubid
    FROM relation
    WHERE relation.relacl IS NOT NULL
    UNION ALL
    SELECT
        relation.schema,
        relation.name,
        '(' || pg_catalog.quote_ident(attribute.attname) || ') ON TABLE ' || relation.oid::regclass::text,
        'c',
        relation.relowner,
        attribute.attacl,
        'pg_catalog.pg_class'::regclass,
        relation.oid,
        attribute.attnum
    FROM relation
    JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = relation.oid
    WHERE attribute.attacl IS NOT NULL AND NOT attribute.attisdropped
    UNION ALL
    SELECT
        space.schema,
        '',
        CASE function.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || function.oid::regprocedure::text,
        'f',
        function.proowner,
        function.proacl,
        function.tableoid,
        function.oid,
        0
    FROM pg_catalog.pg_proc AS function
    JOIN space ON space.oid = function.pronamespace
    WHERE function.proacl IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM extended
            WHERE extended.classid = 'pg_catalog.pg_proc'::regclass AND extended.objid = function.oid
        )
    UNION ALL
    SELECT
        space.schema,
        '',
        'SCHEMA ' || space.schema,
        'n',
        namespace.nspowner,
        namespace.nspacl,
        namespace.tableoid,
        namespace.oid,
        0
    FROM pg_catalog.pg_namespace AS namespace
    JOIN space ON space.oid = namespace.oid
    WHERE namespace.nspacl IS NOT NULL
    UNION ALL
    SELECT
        space.schema,
        pg_catalog.quote_ident(type.typname),
        'TYPE ' || type.oid::regtype::text,
        'T',
        type.typowner,
        type.typacl,
        type.tableoid,
        type.oid,
        0
    FROM pg_catalog.pg_type AS type
    JOIN space ON space.oid = type.typnamespace
    WHERE type.typacl IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM extended
            WHERE extended.classid = 'pg_catalog.pg_type'::regclass AND extended.objid = type.oid
        )
) AS granted
CROSS JOIN LATERAL pg_catalog.aclexplode(granted.acl) AS item
WHERE item.grantee <> granted.owner
    AND NOT (item.grantee = 0 AND granted.kind IN ('f', 'T'))
GROUP BY
    granted.schema,
    granted.relation,
    granted.target,
    granted.kind,
    granted.classid,
    granted.objid,
    granted.objsubid,
    item.grantee
UNION ALL
SELECT
    'revoke',
    space.schema,
    '',
    CASE function.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END
        || function.oid::regprocedure::text || ' FROM PUBLIC',
    function.tableoid,
    function.oid,
    0,
    pg_catalog.json_build_array('EXECUTE')
FROM pg_catalog.pg_proc AS function
JOIN space ON space.oid = function.pronamespace
WHERE function.proacl IS NOT NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(function.proacl) AS item WHERE item.grantee = 0)
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS made
        WHERE made.classid = 'pg_catalog.pg_proc'::regclass AND made.objid = function.oid AND made.deptype = 'i'
    )
    AND NOT EXISTS (
        SELECT FROM extended
        WHERE extended.classid = 'pg_catalog.pg_proc'::regclass AND extended.objid = function.oid
    )
UNION ALL
SELECT
    'default privileges',
    coalesce(pg_catalog.quote_ident(namespace.nspname), ''),
    '',
    'FOR ROLE ' || "default".defaclrole::regrole::text
        || coalesce(' IN SCHEMA ' || pg_catalog.quote_ident(namespace.nspname), '')
        || ' ON ' || CASE "default".defaclobjtype
            WHEN 'r' THEN 'TABLES'
            WHEN 'S' THEN 'SEQUENCES'
            WHEN 'f' THEN 'FUNCTIONS'
            WHEN 'T' THEN 'TYPES'
            WHEN 'n' THEN 'SCHEMAS'
            ELSE 'LARGE OBJECTS'
        END
        || ' TO ' || CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
    "default".tableoid,
    "default".oid,
    0,
    pg_catalog.json_build_array(
        CASE
            WHEN "default".defaclobjtype = 'r' AND pg_catalog.count(*) FILTER (
                WHERE item.privilege_type <> 'MAINTAIN'
            ) = 7 THEN 'ALL'
            ELSE pg_catalog.string_agg(item.privilege_type, ', ' ORDER BY item.privilege_type)
        END,
        pg_catalog.bool_or(item.is_grantable)
    )
FROM pg_catalog.pg_default_acl AS "default"
LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = "default".defaclnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode("default".defaclacl) AS item
WHERE item.grantee <> "default".defaclrole
GROUP BY
    "default".tableoid,
    "default".oid,
    namespace.nspname,
    "default".defaclrole,
    "default".defaclobjtype,
    item.grantee
UNION ALL
SELECT
    'revoke',
    '',
    '',
    'DEFAULT ' || CASE "default".defaclobjtype WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END
        || ' OF ' || "default".defaclrole::regrole::text || ' FROM PUBLIC',
    "default".tableoid,
    "default".oid,
    0,
    pg_catalog.json_build_array(CASE "default".defaclobjtype WHEN 'f' THEN 'EXECUTE' ELSE 'USAGE' END)
FROM pg_catalog.pg_default_acl AS "default"
WHERE "default".defaclobjtype IN ('f', 'T')
    AND "default".defaclnamespace = 0
    AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode("default".defaclacl) AS item WHERE item.grantee = 0)
