-- Extensions by name and schema. Their versions depend on what the server has, and what they own is left out.
SELECT 'extension', '', '', pg_catalog.quote_ident(extension.extname), extension.tableoid, extension.oid, 0, pg_catalog.json_build_array(pg_catalog.quote_ident(namespace.nspname))
FROM pg_catalog.pg_extension AS extension
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = extension.extnamespace
WHERE extension.extname <> 'plpgsql'
