-- Whether the index of that name on that table is valid; no row if it is not there.
SELECT
    index.indisvalid,
    pg_catalog.format('%I.%I', namespace.nspname, relation.relname)
FROM pg_catalog.pg_class AS target
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = target.relnamespace
JOIN pg_catalog.pg_class AS relation
    ON relation.relnamespace = namespace.oid AND relation.relname = (pg_catalog.parse_ident(:'name')::name[])[1]
JOIN pg_catalog.pg_index AS index ON index.indexrelid = relation.oid AND index.indrelid = target.oid
WHERE target.oid = pg_catalog.to_regclass(:'table')
