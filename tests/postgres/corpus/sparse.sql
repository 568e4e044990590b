-- Rows by chance for schema.sql in place of data.sql's: few, and full of NULLs. setseed() says which ones.

CREATE FUNCTION pg_temp.any_of(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE
    AS $$ SELECT choices[1 + floor(random() * cardinality(choices))::integer] $$;
CREATE FUNCTION pg_temp.some(most integer) RETURNS SETOF integer LANGUAGE sql VOLATILE
    AS $$ SELECT generate_series(1, floor(random() * (most + 1))::integer) $$;

INSERT INTO team (id, name, motto, budget, founded, settings)
SELECT g, chr(96 + g), pg_temp.any_of(NULL, '', 'a', 'm'), pg_temp.any_of(NULL, '0', '5')::numeric,
    pg_temp.any_of(NULL, 'infinity', '2024-01-01')::date, pg_temp.any_of('null', '{}', '[1]', '{"a": 1}')::jsonb
FROM generate_series(1, 3) g;

INSERT INTO person (id, team_id, boss_id, name, nick, email, mood, feeling, born, joined, score, points, active, tags,
    skills, home, extra, stay, shift)
SELECT g, pg_temp.any_of(NULL, '1', '2')::integer, CASE WHEN g > 1 THEN pg_temp.any_of(NULL, '1')::integer END,
    pg_temp.any_of('', 'a', 'b', 'm'), 'a', pg_temp.any_of(NULL, g || '@x'),
    pg_temp.any_of(NULL, 'low', 'high')::mood, 'fine', pg_temp.any_of(NULL, NULL, 'infinity', '2020-01-01')::date,
    now(), pg_temp.any_of(NULL, '0', '1', '2')::integer, pg_temp.any_of('0', '1', '2')::integer,
    pg_temp.any_of(NULL, 'true', 'false')::boolean, pg_temp.any_of(NULL, '{}', '{a,NULL}')::text[],
    pg_temp.any_of('{}', '{a}', '{NULL}')::text[], pg_temp.any_of(NULL, '(,)', '(a,1)')::place,
    pg_temp.any_of(NULL, 'null', '{"a": null}', '[1, null]')::jsonb,
    pg_temp.any_of(NULL, 'empty', '[2020-01-01,)')::daterange, pg_temp.any_of('empty', '(,)', '[1,3)')::int4range
FROM pg_temp.some(5) g;
UPDATE person SET nick = (SELECT nick FROM person WHERE false) WHERE random() < 0.5;

INSERT INTO task (person_id, reviewer_id, title, done, due, price, priority, kind, phone, mail)
SELECT (SELECT min(id) FROM person), pg_temp.any_of(NULL, '1')::integer, pg_temp.any_of('a', 'b'),
    pg_temp.any_of('true', 'false')::boolean, pg_temp.any_of(NULL, '2024-01-01')::date, NULL, NULL, 'k',
    pg_temp.any_of('1', NULL), 'm'
FROM pg_temp.some(3) g
WHERE EXISTS (SELECT FROM person WHERE id = 1);

INSERT INTO nothing SELECT g, pg_temp.any_of('a', 'b'), pg_temp.any_of(NULL, 'a') FROM pg_temp.some(2) g;
INSERT INTO seat SELECT pg_temp.any_of('a', 'b'), g, 'red' FROM generate_series(1, 2) g;
INSERT INTO booking SELECT g, 'c', NULL FROM pg_temp.some(3) g;
INSERT INTO guarded SELECT g, pg_temp.any_of(NULL, 'a'), pg_temp.any_of('0', '1')::integer FROM pg_temp.some(3) g;
INSERT INTO animal SELECT g, 'a', pg_temp.any_of(NULL, 'a') FROM pg_temp.some(2) g;
INSERT INTO dog SELECT g, pg_temp.any_of(NULL, 'a'), NULL, 'm' FROM pg_temp.some(2) g;
INSERT INTO event SELECT g, '2025-01-01', 'a', pg_temp.any_of(NULL, 'a') FROM pg_temp.some(2) g;
INSERT INTO shard SELECT g, pg_temp.any_of(NULL, 'a') FROM pg_temp.some(2) g;
REFRESH MATERIALIZED VIEW best;
