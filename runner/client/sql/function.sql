-- A query as the body of a temporary function: the server keeps its analyzed tree.
CREATE FUNCTION pg_temp.migrate_query(
:parameters
)
RETURNS
:result
LANGUAGE sql
BEGIN ATOMIC
:query
; END
