-- Schemas; that of the ledger is made by the runner.
SELECT 'schema', '', '', schema, 'pg_catalog.pg_namespace'::regclass, oid, 0, pg_catalog.json_build_array()
FROM space
WHERE schema <> pg_catalog.quote_ident(:'ledger') AND schema <> 'public'
