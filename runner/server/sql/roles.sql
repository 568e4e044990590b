-- The roles that somebody made here.
SELECT pg_catalog.quote_ident(rolname)
FROM pg_catalog.pg_roles
WHERE rolname !~ '^pg_' AND rolname <> CURRENT_USER
