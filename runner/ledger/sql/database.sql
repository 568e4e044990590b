-- One row if there is a database of that name.
SELECT true
FROM pg_catalog.pg_database
WHERE datname = (pg_catalog.parse_ident(:'name')::name[])[1]
