-- The snapshot's text.
SELECT catalog, fingerprint
FROM :"schema"._migrations_catalog
