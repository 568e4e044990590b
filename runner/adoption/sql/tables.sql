-- The tables of a name, in one schema or in any, with their columns; first those that the search_path finds.
SELECT
    namespace.nspname,
    class.relname,
    (
        SELECT pg_catalog.string_agg(attribute.attname::text, ',')
        FROM pg_catalog.pg_attribute AS attribute
        WHERE attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ),
    namespace.nspname = ANY (pg_catalog.current_schemas(false))
FROM pg_catalog.pg_class AS class
INNER JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE
    class.relname = :'table'
    AND class.relkind IN ('r', 'p', 'v')
    AND coalesce(namespace.nspname = :'schema', namespace.nspname !~ '^pg_')
ORDER BY pg_catalog.pg_table_is_visible(class.oid) DESC, namespace.nspname
