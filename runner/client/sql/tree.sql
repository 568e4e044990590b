-- The analyzed query in the body of the temporary function that holds it.
SELECT p.prosqlbody
FROM pg_catalog.pg_proc AS p
WHERE p.proname = 'migrate_query' AND p.pronamespace = pg_catalog.pg_my_temp_schema()
