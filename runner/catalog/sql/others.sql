-- Collations, event triggers and foreign servers; and what is told by its presence alone: operators and their kin.
SELECT
    'collation',
    space.schema,
    '',
    pg_catalog.quote_ident("collation".collname),
    "collation".tableoid,
    "collation".oid,
    0,
    pg_catalog.json_build_array(
        CASE "collation".collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
        coalesce(
            pg_catalog.to_jsonb("collation") ->> 'colllocale',
            pg_catalog.to_jsonb("collation") ->> 'colliculocale',
            "collation".collcollate
        ),
        "collation".collisdeterministic
    )
FROM pg_catalog.pg_collation AS "collation"
JOIN space ON space.oid = "collation".collnamespace
UNION ALL
SELECT
    'event trigger',
    '',
    '',
    pg_catalog.quote_ident(event.evtname),
    event.tableoid,
    event.oid,
    0,
    pg_catalog.json_build_array(
        event.evtevent,
        event.evtfoid::regprocedure::text,
        (
            SELECT pg_catalog.string_agg(pg_catalog.quote_literal(tag), ', ' ORDER BY tag COLLATE "C")
            FROM pg_catalog.unnest(event.evttags) AS tag
        ),
        CASE event.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END
    )
FROM pg_catalog.pg_event_trigger AS event
UNION ALL
SELECT
    'server',
    '',
    '',
    pg_catalog.quote_ident(server.srvname),
    server.tableoid,
    server.oid,
    0,
    pg_catalog.json_build_array(pg_catalog.quote_ident(wrapper.fdwname), server.srvtype, server.srvversion, server.srvoptions)
FROM pg_catalog.pg_foreign_server AS server
JOIN pg_catalog.pg_foreign_data_wrapper AS wrapper ON wrapper.oid = server.srvfdw
UNION ALL
SELECT
    named.type,
    coalesce(named.schema, ''),
    '',
    named.identity,
    other.classid,
    other.oid,
    0,
    pg_catalog.json_build_array()
FROM (
    SELECT 'pg_catalog.pg_operator'::regclass AS classid, oid FROM pg_catalog.pg_operator
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::regclass, oid FROM pg_catalog.pg_opclass
    UNION ALL
    SELECT 'pg_catalog.pg_opfamily'::regclass, oid FROM pg_catalog.pg_opfamily
    UNION ALL
    SELECT 'pg_catalog.pg_cast'::regclass, oid FROM pg_catalog.pg_cast
    UNION ALL
    SELECT 'pg_catalog.pg_conversion'::regclass, oid FROM pg_catalog.pg_conversion
    UNION ALL
    SELECT 'pg_catalog.pg_transform'::regclass, oid FROM pg_catalog.pg_transform
    UNION ALL
    SELECT 'pg_catalog.pg_language'::regclass, oid FROM pg_catalog.pg_language
    UNION ALL
    SELECT 'pg_catalog.pg_foreign_data_wrapper'::regclass, oid FROM pg_catalog.pg_foreign_data_wrapper
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::regclass, oid FROM pg_catalog.pg_ts_config
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::regclass, oid FROM pg_catalog.pg_ts_dict
) AS other
CROSS JOIN LATERAL pg_catalog.pg_identify_object(other.classid, other.oid, 0) AS named
WHERE other.oid >= 16384
    AND NOT EXISTS (
        SELECT FROM extended
        WHERE extended.classid = other.classid AND extended.objid = other.oid
    )
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS made
        WHERE made.classid = other.classid AND made.objid = other.oid AND made.deptype = 'i'
    )
