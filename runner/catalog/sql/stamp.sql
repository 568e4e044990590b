-- Which versions of rows the system catalogs hold. Every DDL statement writes some anew, so while the stamp is the same
-- the schema is; nothing has to be spelled out. ANALYZE and VACUUM change rows in place and leave the stamp as it is.
WITH passing AS MATERIALIZED (
    SELECT oid
    FROM pg_catalog.pg_class
    WHERE relpersistence = 't' OR relkind IN ('i', 'I', 't')
),
row_version (classid, place, writer) AS (
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_class
    WHERE oid >= 16384 AND relpersistence <> 't' AND relnamespace <> 'pg_toast'::regnamespace
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_attribute
    WHERE attrelid >= 16384 AND attnum > 0 AND attrelid NOT IN (SELECT oid FROM passing)
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_attrdef WHERE adrelid NOT IN (SELECT oid FROM passing)
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_constraint WHERE conrelid NOT IN (SELECT oid FROM passing)
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_index
    WHERE indexrelid >= 16384 AND indrelid NOT IN (SELECT oid FROM passing)
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_sequence WHERE seqrelid NOT IN (SELECT oid FROM passing)
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_inherits
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_type
    WHERE oid >= 16384 AND typelem = 0 AND typrelid NOT IN (SELECT oid FROM passing)
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_enum
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_range WHERE rngtypid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_aggregate WHERE aggfnoid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_trigger
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_rewrite WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_policy
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_statistic_ext
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_extension
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_collation WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_default_acl
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_description WHERE objoid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_event_trigger
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_foreign_data_wrapper
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_foreign_server
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_foreign_table
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_publication
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_publication_rel
    UNION ALL
    SELECT tableoid, ctid, xmin
    FROM
        :schemas_in_publications
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_operator WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_opclass WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_opfamily WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_cast WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_conversion WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_transform
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_language
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_ts_config WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, ctid, xmin FROM pg_catalog.pg_ts_dict WHERE oid >= 16384
)
SELECT
    pg_catalog.count(*) || '.'
    || pg_catalog.sum(pg_catalog.hashtidextended(place, classid::bigint << 32 | writer::text::bigint))
FROM row_version
