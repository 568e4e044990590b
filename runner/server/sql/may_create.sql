-- Whether the role may create databases.
SELECT rolcreatedb OR rolsuper
FROM pg_catalog.pg_roles
WHERE rolname = CURRENT_USER
