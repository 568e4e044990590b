-- Functions and procedures as PostgreSQL writes them out, and aggregates by what they are made of.
SELECT
    CASE function.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END,
    space.schema,
    '',
    pg_catalog.quote_ident(function.proname) || '(' || CASE function.prokind
        WHEN 'a' THEN pg_catalog.pg_get_function_identity_arguments(function.oid)
        ELSE pg_catalog.oidvectortypes(function.proargtypes)
    END || ')',
    function.tableoid,
    function.oid,
    0,
    CASE function.prokind
        WHEN 'a' THEN pg_catalog.json_build_array(
            aggregate.aggtransfn::regprocedure::text,
            pg_catalog.format_type(aggregate.aggtranstype, NULL),
            nullif(aggregate.aggfinalfn::regprocedure::text, '-'),
            nullif(aggregate.aggcombinefn::regprocedure::text, '-'),
            aggregate.agginitval,
            nullif(aggregate.aggsortop::regoperator::text, '0'),
            aggregate.aggkind,
            function.proparallel
        )
        ELSE pg_catalog.json_build_array(pg_catalog.pg_get_functiondef(function.oid))
    END
FROM pg_catalog.pg_proc AS function
JOIN space ON space.oid = function.pronamespace
LEFT JOIN pg_catalog.pg_aggregate AS aggregate ON aggregate.aggfnoid = function.oid
WHERE NOT EXISTS (
    SELECT FROM extended
    WHERE extended.classid = 'pg_catalog.pg_proc'::regclass AND extended.objid = function.oid
)
AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS made
    WHERE made.classid = 'pg_catalog.pg_proc'::regclass AND made.objid = function.oid AND made.deptype = 'i'
)
