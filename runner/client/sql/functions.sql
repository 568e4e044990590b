-- The functions that the queries call: name if it is one of PostgreSQL's own, whether NULL in gives NULL out, and what
-- is certain of its result: 'total' if only an argument that is NULL makes it NULL, 'never' if nothing does.
--
-- Certain is what is listed here, casts, and the members of btree and hash operator classes, whose contract says so.
-- Not what takes geometry (lines may not meet), a JSON path (it may find nothing), a range for its bounds (it may be
-- open), or the time of an infinite timestamp. A test calls each of them with the odd values of its types.
WITH listed (certainty, names) AS (
    VALUES
    (
        'never',
        'concat quote_nullable pg_typeof array_append array_prepend json_build_object json_build_array '
        'jsonb_build_object jsonb_build_array num_nulls num_nonnulls '
        'enum_first enum_last enum_range int4range int8range numrange tsrange tstzrange daterange'
    ),
    (
        'total',
        'lower upper initcap length char_length character_length octet_length bit_length substr left right lpad rpad '
        'btrim ltrim rtrim replace translate reverse repeat strpos position overlay md5 sha224 sha256 sha384 sha512 '
        'encode decode convert convert_from convert_to chr ascii to_hex quote_ident quote_literal starts_with '
        'split_part regexp_replace regexp_count regexp_like normalize format concat_ws '
        'abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div gcd lcm factorial '
        'degrees radians pi sin cos tan asin acos atan atan2 random trim_scale '
        'now transaction_timestamp statement_timestamp clock_timestamp timeofday make_date make_time make_timestamp '
        'make_timestamptz make_interval date_trunc date_bin timezone justify_days justify_hours justify_interval '
        'isfinite gen_random_uuid uuidv4 uuidv7 '
        'to_json to_jsonb json_typeof jsonb_typeof row_to_json array_to_json jsonb_set jsonb_insert '
        'json_strip_nulls jsonb_strip_nulls jsonb_pretty json_array_length jsonb_array_length '
        'cardinality array_to_string array_positions array_remove array_replace array_cat string_to_array trim_array '
        'isempty lower_inc upper_inc lower_inf upper_inf range_merge '
        'host family masklen netmask network broadcast abbrev set_masklen '
        'to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline '
        'current_database version pg_backend_pid txid_current pg_current_xact_id nextval currval setval lastval '
        'hashtext hashtextextended pg_try_advisory_lock pg_try_advisory_xact_lock pg_advisory_unlock pg_is_in_recovery '
        'pg_size_pretty pg_postmaster_start_time set_config'
    )
),
operators AS (
    SELECT o.oprcode
    FROM pg_catalog.pg_operator AS o
    WHERE o.oid < 16384 AND o.oprname = ANY (
        '{=,<>,<,<=,>,>=,+,-,*,/,%,^,&,|,#,~,<<,>>,||,|/,||/,@,~~,!~~,~~*,!~~*,!~,~*,!~*,@>,<@,&&,-|-,&<,&>,<<=,>>=,'
        '?,?|,?&,#-,^@,@@}'
    )
),
classes AS (
    SELECT o.oprcode
    FROM pg_catalog.pg_amop AS m
    JOIN pg_catalog.pg_am AS a ON a.oid = m.amopmethod
    JOIN pg_catalog.pg_operator AS o ON o.oid = m.amopopr
    WHERE a.amname IN ('btree', 'hash')
),
casts AS (
    SELECT k.castfunc
    FROM pg_catalog.pg_cast AS k
    WHERE k.castsource NOT IN ('json'::regtype, 'jsonb'::regtype)
    AND (k.castsource, k.casttarget) NOT IN (
        ('timestamp'::regtype, 'time'::regtype),
        ('timestamptz'::regtype, 'time'::regtype),
        ('timestamptz'::regtype, 'timetz'::regtype)
    )
)
SELECT
    p.oid,
    CASE WHEN p.pronamespace = 'pg_catalog'::regnamespace AND p.oid < 16384 THEN p.proname ELSE '' END,
    p.proisstrict,
    p.provolatile <> 'v',
    CASE
        WHEN NOT plain.plain THEN ''
        WHEN l.certainty IS NOT NULL THEN l.certainty
        WHEN p.proname = 'substring' AND p.proargtypes[1] = 'integer'::regtype THEN 'total'
        WHEN p.proisstrict AND p.oid IN (
            SELECT o.oprcode FROM operators AS o
            UNION SELECT c.oprcode FROM classes AS c
            UNION SELECT k.castfunc FROM casts AS k
        ) THEN 'total'
        ELSE ''
    END
FROM pg_catalog.pg_proc AS p
CROSS JOIN LATERAL (
    SELECT p.pronamespace = 'pg_catalog'::regnamespace AND p.oid < 16384
        AND NOT p.proargtypes::oid[] && '{point,line,lseg,box,path,polygon,circle,jsonpath}'::regtype[]::oid[]
        AND NOT (p.proname IN ('lower', 'upper') AND p.proargtypes[0] <> 'text'::regtype) AS plain
) AS plain
LEFT JOIN listed AS l
    ON p.proname = ANY (pg_catalog.string_to_array(l.names, ' '))
    AND NOT p.proretset
WHERE p.oid = ANY (:'mentioned'::oid[])
