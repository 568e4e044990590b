-- The analyzed query of each view of the user.
SELECT r.ev_class, r.ev_action
FROM pg_catalog.pg_rewrite AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND r.ev_type = '1' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
