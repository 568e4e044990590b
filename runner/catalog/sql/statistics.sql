-- Statistics objects: what is gathered, not what was found.
SELECT
    'statistics',
    relation.schema,
    relation.name,
    space.schema || '.' || pg_catalog.quote_ident(statistics.stxname),
    statistics.tableoid,
    statistics.oid,
    0,
    pg_catalog.json_build_array(
        pg_catalog.pg_get_statisticsobjdef(statistics.oid),
        CASE WHEN statistics.stxstattarget >= 0 THEN statistics.stxstattarget END
    )
FROM relation
JOIN pg_catalog.pg_statistic_ext AS statistics ON statistics.stxrelid = relation.oid
JOIN space ON space.oid = statistics.stxnamespace
