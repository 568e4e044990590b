-- Comments. The name is what stands between COMMENT ON and IS.
SELECT
    'comment',
    relation.schema,
    relation.name,
    CASE
        WHEN attribute.attname IS NOT NULL
            THEN 'COLUMN ' || relation.oid::regclass::text || '.' || pg_catalog.quote_ident(attribute.attname)
        WHEN relation.relkind = 'v' THEN 'VIEW ' || relation.oid::regclass::text
        WHEN relation.relkind = 'm' THEN 'MATERIALIZED VIEW ' || relation.oid::regclass::text
        WHEN relation.relkind = 'f' THEN 'FOREIGN TABLE ' || relation.oid::regclass::text
        WHEN relation.relkind = 'S' THEN 'SEQUENCE ' || relation.oid::regclass::text
        WHEN relation.relkind = 'c' THEN 'TYPE ' || relation.oid::regclass::text
        ELSE 'TABLE ' || relation.oid::regclass::text
    END,
    comment.classoid,
    comment.objoid,
    comment.objsubid,
    pg_catalog.json_build_array(comment.description)
FROM relation
JOIN pg_catalog.pg_description AS comment
    ON comment.objoid = relation.oid AND comment.classoid = 'pg_catalog.pg_class'::regclass
LEFT JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = relation.oid AND attribute.attnum = comment.objsubid AND comment.objsubid > 0
UNION ALL
SELECT
    'comment',
    relation.schema,
    relation.name,
    'INDEX ' || index.indexrelid::regclass::text,
    comment.classoid,
    comment.objoid,
    comment.objsubid,
    pg_catalog.json_build_array(comment.description)
FROM relation
JOIN pg_catalog.pg_index AS index ON index.indrelid = relation.oid
JOIN pg_catalog.pg_description AS comment
    ON comment.objoid = index.indexrelid AND comment.classoid = 'pg_catalog.pg_class'::regclass
UNION ALL
SELECT
    'comment',
    relation.schema,
    relation.name,
    part.word || ' ' || pg_catalog.quote_ident(part.name) || ' ON ' || relation.oid::regclass::text,
    comment.classoid,
    comment.objoid,
    comment.objsubid,
    pg_catalog.json_build_array(comment.description)
FROM relation
JOIN (
    SELECT 'pg_catalog.pg_constraint'::regclass AS classid, oid, 'CONSTRAINT' AS word, conname AS name, conrelid AS of
    FROM pg_catalog.pg_constraint
    WHERE contype <> 'n'
    UNION ALL
    SELECT 'pg_catalog.pg_trigger'::regclass, oid, 'TRIGGER', tgname, tgrelid
    FROM pg_catalog.pg_trigger
    UNION ALL
    SELECT 'pg_catalog.pg_policy'::regclass, oid, 'POLICY', polname, polrelid
    FROM pg_catalog.pg_policy
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::regclass, oid, 'RULE', rulename, ev_class
    FROM pg_catalog.pg_rewrite
) AS part ON part.of = relation.oid
JOIN pg_catalog.pg_description AS comment ON comment.objoid = part.oid AND comment.classoid = part.classid
UNION ALL
SELECT
    'comment',
    coalesce(named.schema, ''),
    CASE named.type WHEN 'type' THEN named.name ELSE '' END,
    CASE named.type
        WHEN 'statistics object' THEN 'STATISTICS'
        WHEN 'foreign-data wrapper' THEN 'FOREIGN DATA WRAPPER'
        ELSE pg_catalog.upper(named.type)
    END || ' ' || pg_catalog.regexp_replace(named.identity, '^public\.', ''),
    comment.classoid,
    comment.objoid,
    comment.objsubid,
    pg_catalog.json_build_array(comment.description)
FROM pg_catalog.pg_description AS comment
CROSS JOIN LATERAL pg_catalog.pg_identify_object(comment.classoid, comment.objoid, 0) AS named
WHERE comment.objoid >= 16384
    AND comment.classoid NOT IN (
        'pg_catalog.pg_class'::regclass,
        'pg_catalog.pg_constraint'::regclass,
        'pg_catalog.pg_trigger'::regclass,
        'pg_catalog.pg_policy'::regclass,
        'pg_catalog.pg_rewrite'::regclass,
        'pg_catalog.pg_extension'::regclass
    )
    AND NOT EXISTS (
        SELECT FROM extended
        WHERE extended.classid = comment.classoid AND extended.objid = comment.objoid
    )
