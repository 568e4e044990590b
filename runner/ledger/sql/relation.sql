-- One row if there is a relation of that name.
SELECT true
WHERE pg_catalog.to_regclass(:'name') IS NOT NULL
