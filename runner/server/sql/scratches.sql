-- The scratch databases on the server.
SELECT datname
FROM pg_catalog.pg_database
WHERE datname LIKE 'migrate\_scratch\_%'
