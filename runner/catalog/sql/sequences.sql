-- Sequences: how they count, not where they are.
SELECT
    'sequence',
    relation.schema,
    coalesce(pg_catalog.quote_ident(owner.relname), relation.name),
    CASE WHEN owner.relname IS NULL THEN '' ELSE relation.name END,
    class.tableoid,
    class.oid,
    0,
    pg_catalog.json_build_array(
        pg_catalog.format_type(sequence.seqtypid, NULL),
        sequence.seqstart,
        sequence.seqincrement,
        sequence.seqmin,
        sequence.seqmax,
        sequence.seqcache,
        sequence.seqcycle,
        pg_catalog.quote_ident(attribute.attname),
        owned.deptype = 'i',
        CASE class.relpersistence WHEN 'u' THEN 'UNLOGGED' END
    )
FROM relation
JOIN pg_catalog.pg_class AS class ON class.oid = relation.oid
JOIN pg_catalog.pg_sequence AS sequence ON sequence.seqrelid = relation.oid
LEFT JOIN pg_catalog.pg_depend AS owned
    ON owned.objid = relation.oid
    AND owned.classid = 'pg_catalog.pg_class'::regclass
    AND owned.refclassid = 'pg_catalog.pg_class'::regclass
    AND owned.refobjsubid > 0
    AND owned.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class AS owner ON owner.oid = owned.refobjid AND owner.relnamespace = class.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = owned.refobjid AND attribute.attnum = owned.refobjsubid
WHERE relation.relkind = 'S'
