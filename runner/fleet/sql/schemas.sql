-- The schemas whose names are LIKE the pattern, in the order of their names, numbers in them by their value.
SELECT nspname
FROM pg_catalog.pg_namespace
WHERE nspname LIKE :'pattern' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
ORDER BY pg_catalog.regexp_replace(nspname, '\d+.*', '') COLLATE "C", pg_catalog.length(nspname), nspname COLLATE "C"
