-- name: AddEverything :one
-- A row of every type.
INSERT INTO everything (
    a_smallint, an_integer, a_bigint, an_oid, an_xid8, an_lsn, a_boolean, a_real, a_double, a_numeric, a_money, a_text, a_varchar, a_char, a_name, a_byte, a_bytea, a_uuid, a_timestamptz, a_timestamp, a_date, a_time, a_timetz, an_interval, a_json, a_jsonb, an_inet, a_cidr, a_macaddr, a_tsvector, a_tsquery, a_jsonpath, a_regclass, a_bit, a_varbit, a_point, a_box, a_circle, a_mood, an_email, some_emails, some_texts, some_moods, some_numerics, some_json, an_int4range, a_tstzrange, a_price_range, a_multirange, an_hstore, a_citext, an_address, some_streets
) VALUES (
    @a_smallint, @an_integer, @a_bigint, @an_oid, @an_xid8, @an_lsn, @a_boolean, @a_real, @a_double, @a_numeric, @a_money, @a_text, @a_varchar, @a_char, @a_name, @a_byte, @a_bytea, @a_uuid, @a_timestamptz, @a_timestamp, @a_date, @a_time, @a_timetz, @an_interval, @a_json, @a_jsonb, @an_inet, @a_cidr, @a_macaddr, @a_tsvector, @a_tsquery, @a_jsonpath, @a_regclass, @a_bit, @a_varbit, @a_point, @a_box, @a_circle, @a_mood, @an_email, @some_emails, @some_texts, @some_moods, @some_numerics, @some_json, @an_int4range, @a_tstzrange, @a_price_range, @a_multirange, @an_hstore, @a_citext, @an_address, @some_streets
) RETURNING id;

-- name: GetEverything :one
SELECT * FROM everything WHERE id = @id;

-- name: EchoNothing :one
-- Every type of parameter may be absent.
SELECT
    @a_mood?::mood AS a_mood,
    @an_address?::address AS an_address,
    @some_streets?::street[] AS some_streets,
    @some_moods?::mood[] AS some_moods,
    @a_jsonb?::jsonb AS a_jsonb,
    @a_range?::int4range AS a_range;
