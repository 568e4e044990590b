-- Views and materialized views.
SELECT
    CASE relation.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END,
    relation.schema,
    relation.name,
    '',
    class.tableoid,
    class.oid,
    0,
    pg_catalog.json_build_array(
        pg_catalog.pg_get_viewdef(relation.oid, true),
        options.sorted,
        method.amname,
        pg_catalog.quote_ident(place.spcname)
    )
FROM relation
JOIN pg_catalog.pg_class AS class ON class.oid = relation.oid
LEFT JOIN pg_catalog.pg_am AS method ON method.oid = class.relam AND method.amname <> 'heap'
LEFT JOIN pg_catalog.pg_tablespace AS place ON place.oid = class.reltablespace
LEFT JOIN LATERAL (
    SELECT pg_catalog.string_agg(option, ', ' ORDER BY option COLLATE "C") AS sorted
    FROM pg_catalog.unnest(class.reloptions) AS option
) AS options ON class.reloptions IS NOT NULL
WHERE relation.relkind IN ('v', 'm')
UNION ALL
SELECT
    'view default',
    relation.schema,
    relation.name,
    pg_catalog.quote_ident(attribute.attname),
    value.tableoid,
    value.oid,
    0,
    pg_catalog.json_build_array(pg_catalog.pg_get_expr(value.adbin, value.adrelid, true))
FROM relation
JOIN pg_catalog.pg_attrdef AS value ON value.adrelid = relation.oid
JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = value.adrelid AND attribute.attnum = value.adnum
WHERE relation.relkind = 'v'
