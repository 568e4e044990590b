-- The invalid copies that an interrupted REINDEX CONCURRENTLY left behind, within what it was about.
SELECT pg_catalog.format('%I.%I', namespace.nspname, relation.relname)
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indexrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
WHERE
    NOT index.indisvalid
    AND relation.relname ~ '_cc(new|old)[0-9]*$'
    AND CASE :'kind'
        WHEN 'index' THEN index.indrelid = (
            SELECT target.indrelid FROM pg_catalog.pg_index AS target
            WHERE target.indexrelid = pg_catalog.to_regclass(:'name')
        )
        WHEN 'table' THEN index.indrelid = pg_catalog.to_regclass(:'name')
        WHEN 'schema' THEN namespace.nspname = (pg_catalog.parse_ident(:'name')::name[])[1]
        ELSE namespace.nspname !~ '^pg_'
    END
