-- The databases of the server whose names are LIKE the pattern and that allow connections, in the same order as schemas.
SELECT datname
FROM pg_catalog.pg_database
WHERE datname LIKE :'pattern' AND datallowconn AND NOT datistemplate
ORDER BY pg_catalog.regexp_replace(datname, '\d+.*', '') COLLATE "C", pg_catalog.length(datname), datname COLLATE "C"
