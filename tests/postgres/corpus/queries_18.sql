-- Queries for PostgreSQL 18 and schema_18.sql; queries.sql says how to read them.

-- name: VirtualColumns :many
-- columns: id, total, perhaps?, certain
SELECT id, total, perhaps, certain FROM modern;

-- name: VirtualColumnFiltered :many
-- columns: perhaps, rate
SELECT perhaps, rate FROM modern WHERE perhaps > 0 AND rate > 0;

-- name: NotNullNotValid :many
-- columns: id, late?
-- why: the constraint says nothing of the rows that were there before
SELECT id, late FROM modern;

-- name: NotNullNotValidInserted :one
-- columns: id, late
-- parameters: late
-- rows: one
-- run: late => 'x'
INSERT INTO modern (id, amount, late, team_id) VALUES (3, 1, @late, 1) RETURNING id, late;

-- name: CheckNotEnforced :many
-- columns: id, promised?
SELECT id, promised FROM modern;

-- name: LeftJoinByForeignKeyNotEnforced :many
-- columns: id, team?
SELECT m.id, t.name AS team FROM modern m LEFT JOIN team t ON t.id = m.team_id;

-- name: InsertReturningOldAndNew :one
-- columns: old_id?, new_id, old_motto?, new_motto
-- rows: one
INSERT INTO team (name, motto) VALUES ('n', 'm') RETURNING old.id AS old_id, new.id AS new_id, old.motto AS old_motto, new.motto AS new_motto;

-- name: UpsertReturningOldAndNew :one
-- columns: old_id?, new_id, old_motto?, new_motto?, id, inserted
-- parameters: name, motto?
-- rows: one
-- run: name => 'red', motto => 'm'
-- run: name => 'new', motto => 'm'
-- why: there is no old row when the row is new
INSERT INTO team (name, motto) VALUES (@name, @motto) ON CONFLICT (name) DO UPDATE SET motto = excluded.motto
RETURNING old.id AS old_id, new.id AS new_id, old.motto AS old_motto, new.motto AS new_motto, id, old IS NULL AS inserted;

-- name: UpdateReturningOldAndNew :many
-- columns: old_id, new_id, old_motto, new_motto?, motto?
-- why: WHERE is about the old row
UPDATE team SET motto = NULL WHERE motto IS NOT NULL RETURNING old.id AS old_id, new.id AS new_id, old.motto AS old_motto, new.motto AS new_motto, motto;

-- name: UpdateReturningOldOfNullable :many
-- columns: old_motto?, new_motto
UPDATE team SET motto = 'x' RETURNING old.motto AS old_motto, new.motto AS new_motto;

-- name: DeleteReturningOldAndNew :many
-- columns: old_id, new_id?, id, old_note, new_note?
DELETE FROM guarded WHERE note IS NOT NULL RETURNING old.id AS old_id, new.id AS new_id, id, old.note AS old_note, new.note AS new_note;

-- name: ReturningWithAliases :many
-- columns: before?, after, id, budget_before?
UPDATE team SET motto = coalesce(motto, 'x') RETURNING WITH (OLD AS o, NEW AS n) o.motto AS before, n.motto AS after, n.id, o.budget AS budget_before;

-- name: ReturningOldStar :many
-- columns: id, note?, amount
UPDATE guarded SET amount = 5 RETURNING old.*;

-- name: ReturningWholeRows :many
-- columns: old, new?
DELETE FROM guarded RETURNING old, new;

-- name: MergeReturningOldAndNew :many
-- columns: action, old_id?, new_id, id, word
MERGE INTO team t USING (VALUES (2, 'two'), (5, 'five'), (9, 'nine')) AS s (id, word) ON t.id = s.id
WHEN MATCHED AND s.id = 2 THEN UPDATE SET motto = s.word
WHEN MATCHED THEN DO NOTHING
WHEN NOT MATCHED THEN INSERT (name) VALUES (s.word)
RETURNING merge_action() AS action, old.id AS old_id, new.id AS new_id, t.id, s.word;

-- name: MergeReturningOldAndNewOfAll :many
-- columns: action, old_id?, new_id?, id, team
MERGE INTO guarded g USING team t ON g.id = t.id
WHEN MATCHED AND t.id = 1 THEN DELETE
WHEN MATCHED THEN UPDATE SET note = t.motto
WHEN NOT MATCHED THEN INSERT (id, note, amount) VALUES (t.id, t.motto, 1)
RETURNING merge_action() AS action, old.id AS old_id, new.id AS new_id, g.id, t.name AS team;

-- name: UpdateWithTriggerReturningOldAndNew :many
-- columns: old_note, new_note?
UPDATE guarded SET amount = 1000 WHERE note IS NOT NULL RETURNING old.note AS old_note, new.note AS new_note;

-- name: CastOfJsonbNull :many
-- columns: number?, flag?, text
-- why: a null in JSON is NULL as a number, and 'null' as a text
SELECT (j -> 0)::int AS number, (j -> 0)::boolean AS flag, (j -> 0)::text AS text
FROM team t, (SELECT jsonb_build_array(NULL) AS j) s WHERE (j -> 0) IS NOT NULL;

-- name: CastOfJsonbColumn :many
-- columns: id, settings, number?
SELECT id, settings, settings::int AS number FROM team WHERE id = 4;
