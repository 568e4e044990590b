-- Queries for PostgreSQL 17 and later; queries.sql says how to read them.

-- name: MergeReturning :many
-- columns: merge_action, id, motto?
-- parameters: name
-- rows: one
-- run: name => 'red'
-- run: name => 'new'
-- why: the name is unique, and either case is provided for
MERGE INTO team t USING (SELECT @name::text AS name) s ON t.name = s.name
WHEN MATCHED THEN UPDATE SET motto = NULL
WHEN NOT MATCHED THEN INSERT (name, motto) VALUES (s.name, 'new')
RETURNING merge_action(), t.id, t.motto;

-- name: MergeReturnsTheSource :many
-- columns: action, id, word, motto
MERGE INTO team t USING (VALUES (1, 'one'), (9, 'nine')) AS s (id, word) ON t.id = s.id
WHEN MATCHED THEN UPDATE SET motto = 'set'
WHEN NOT MATCHED THEN INSERT (name, motto) VALUES (s.word, s.word)
RETURNING merge_action() AS action, t.id, s.word, t.motto;

-- name: MergeNotMatchedBySource :many
-- columns: action, id, word?, motto?
-- why: a row that the source has not is joined with NULLs
MERGE INTO team t USING (VALUES (1, 'one'), (9, 'nine')) AS s (id, word) ON t.id = s.id
WHEN MATCHED THEN DO NOTHING
WHEN NOT MATCHED THEN INSERT (name, motto) VALUES (s.word, s.word)
WHEN NOT MATCHED BY SOURCE THEN UPDATE SET motto = NULL
RETURNING merge_action() AS action, t.id, s.word, t.motto;

-- name: MergeThatDeletes :many
-- columns: action, id, note?, name
MERGE INTO guarded g USING team t ON g.id = t.id
WHEN MATCHED THEN DELETE
RETURNING merge_action() AS action, g.id, g.note, t.name;

-- name: MergeDeletesWhatTheSourceHasNot :many
-- columns: id, note, team?
MERGE INTO guarded g USING team t ON g.id = t.id
WHEN MATCHED AND g.note IS NOT NULL THEN DELETE
WHEN NOT MATCHED BY SOURCE AND g.note IS NOT NULL THEN DELETE
RETURNING g.id, g.note, t.name AS team;

-- name: MergeFromLeftJoin :many
-- columns: id, name?, team_id?, motto?
MERGE INTO team t USING (SELECT p.id AS person_id, k.title AS name, p.team_id FROM person p LEFT JOIN task k ON k.reviewer_id = p.id) s
ON t.id = s.person_id
WHEN MATCHED THEN UPDATE SET motto = s.name
RETURNING t.id, s.name, s.team_id, t.motto;

-- name: MergeInCte :many
-- columns: name, action?
WITH m AS (
    MERGE INTO team t USING (VALUES (1)) AS s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET motto = 'x' RETURNING t.id, merge_action() AS action
)
SELECT t.name, m.action FROM team t LEFT JOIN m USING (id);

-- name: MergeWithTrigger :many
-- columns: id, note?
MERGE INTO guarded g USING (VALUES (1, 1000), (2, 1)) AS s (id, amount) ON g.id = s.id
WHEN MATCHED THEN UPDATE SET amount = s.amount, note = 'x'
RETURNING g.id, g.note;

-- name: SqlJsonFunctions :many
-- columns: id, value?, query?, there, there_unknown?, or_default?
-- why: the default is for what is missing; a null that is there stays one
SELECT id, JSON_VALUE(settings, '$.color') AS value, JSON_QUERY(settings, '$.list') AS query, JSON_EXISTS(settings, '$.size') AS there,
    JSON_EXISTS(settings, 'strict $.size' UNKNOWN ON ERROR) AS there_unknown,
    JSON_VALUE(settings, '$.color' DEFAULT 'none' ON EMPTY DEFAULT 'wrong' ON ERROR) AS or_default
FROM team;

-- name: SqlJsonConstructors :many
-- columns: object, array, is_json?, scalar?
SELECT JSON_OBJECT('motto': motto) AS object, JSON_ARRAY(motto) AS array, motto IS JSON AS is_json, JSON_SCALAR(motto) AS scalar FROM team;

-- name: SqlJsonArraySubquery :many
-- columns: id, array?, aggregate
-- why: an empty subquery makes no empty array
SELECT t.id, JSON_ARRAY(SELECT p.score FROM person p WHERE p.team_id = t.id) AS array,
    (SELECT count(*) FROM person p WHERE p.team_id = t.id) AS aggregate
FROM team t;

-- name: AnyValue :many
-- columns: team_id?, name, score?
SELECT team_id, any_value(name) AS name, any_value(score) AS score FROM person GROUP BY team_id;

-- name: InfiniteIntervals :many
-- columns: age?, finite, text?
SELECT age(born) AS age, isfinite(deadline - '2020-01-01') AS finite, to_char(deadline - '2020-01-01', 'DD') AS text
FROM task JOIN person ON person.id < 3;
