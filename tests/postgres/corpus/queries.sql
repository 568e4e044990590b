-- Queries, each with what is true of its result for any rows that the constraints of schema.sql allow (data.sql's or not).
-- They need PostgreSQL 15. The dialect is sqlc's; a parameter is @name, and @name? is one that may be NULL, as sqlc.narg(name).
--
--   name        what the query is called, and sqlc's word for what it gives
--   columns     the result's columns in order; one with ? can come out NULL
--   parameters  the parameters in order; NULL makes sense for one with ?: it goes to a column that can be NULL, the query
--               asks IS NULL, IS DISTINCT FROM or COALESCE of it, or it is declared so
--   rows        "one" where exactly one row is certain
--   run         values to run it with, as SQL; there may be several such lines
--   null        why a column with ? can be NULL although no run of it on data.sql shows that
--   why         what is easily missed
--
-- What is said of columns holds for parameters that are NULL, too, even those without ?: nobody keeps them from being passed.

-- Joins

-- name: InnerJoin :many
-- columns: id, name, team_id, team, motto?
SELECT p.id, p.name, p.team_id, t.name AS team, t.motto FROM person p JOIN team t ON t.id = p.team_id;

-- name: InnerJoinOnTwoNullables :many
-- columns: mood, motto?
-- why: what is compared by = is not NULL on either side
SELECT p.mood, t.motto FROM person p JOIN person b ON b.mood = p.mood JOIN team t ON t.id = p.team_id;

-- name: LeftJoinNullsTheRightSide :many
-- columns: id, name, person_id?, person?, score?
SELECT t.id, t.name, p.id AS person_id, p.name AS person, p.score FROM team t LEFT JOIN person p ON p.team_id = t.id;

-- name: RightJoinNullsTheLeftSide :many
-- columns: id?, name?, person_id, person
SELECT t.id, t.name, p.id AS person_id, p.name AS person FROM team t RIGHT JOIN person p ON p.team_id = t.id;

-- name: FullJoinNullsBothSides :many
-- columns: id?, name?, person_id?, person?
SELECT t.id, t.name, p.id AS person_id, p.name AS person FROM team t FULL JOIN person p ON p.team_id = t.id;

-- name: CrossJoin :many
-- columns: id, room, number
SELECT t.id, s.room, s.number FROM team t CROSS JOIN seat s;

-- name: CommaJoinWithWhere :many
-- columns: id, person_id, team_id
SELECT t.id, p.id AS person_id, p.team_id FROM team t, person p WHERE p.team_id = t.id;

-- name: SelfJoinToTheBoss :many
-- columns: name, boss?, boss_id?
SELECT p.name, b.name AS boss, p.boss_id FROM person p LEFT JOIN person b ON b.id = p.boss_id;

-- name: SelfJoinInner :many
-- columns: name, boss, boss_id, boss_boss_id?
SELECT p.name, b.name AS boss, p.boss_id, b.boss_id AS boss_boss_id FROM person p JOIN person b ON b.id = p.boss_id;

-- name: LeftJoinOnANullableOfTheLeft :many
-- columns: team_id?, name?
-- why: the condition of an outer join says nothing of the side that is kept
SELECT p.team_id, t.name FROM person p LEFT JOIN team t ON t.id = p.team_id AND p.team_id IS NOT NULL;

-- name: LeftJoinFilteredInOn :many
-- columns: name, score?, points?
SELECT t.name, p.score, p.points FROM team t LEFT JOIN person p ON p.team_id = t.id AND p.score > 3;

-- name: LeftJoinFilteredInWhere :many
-- columns: name, score, points, person, mood?
-- why: WHERE throws away the rows that the outer join made
SELECT t.name, p.score, p.points, p.name AS person, p.mood
FROM team t LEFT JOIN person p ON p.team_id = t.id WHERE p.score > 3;

-- name: LeftJoinKeepsOnlyTheUnmatched :many
-- columns: name, person_id?, person?
SELECT t.name, p.id AS person_id, p.name AS person FROM team t LEFT JOIN person p ON p.team_id = t.id WHERE p.id IS NULL;

-- name: LeftJoinUndoneByANullableColumn :many
-- columns: id, name, motto, budget?
-- why: a motto that is there proves the row to be there, and with it the row's NOT NULL columns
SELECT t.id, t.name, t.motto, t.budget FROM person p LEFT JOIN team t ON t.id = p.team_id WHERE t.motto IS NOT NULL;

-- name: LeftJoinUndoneByAnInnerJoin :many
-- columns: name, team, reviewer
SELECT k.title AS name, t.name AS team, p.name AS reviewer
FROM task k LEFT JOIN person p ON p.id = k.reviewer_id JOIN team t ON t.id = p.team_id;

-- name: LeftJoinNotUndoneByOr :many
-- columns: name, team?, score?
SELECT p.name, t.name AS team, p.score FROM person p LEFT JOIN team t ON t.id = p.team_id WHERE t.id = 1 OR p.score >= 0;

-- name: LeftJoinUndoneByBothArmsOfOr :many
-- columns: name, team, motto?
SELECT p.name, t.name AS team, t.motto FROM person p LEFT JOIN team t ON t.id = p.team_id WHERE t.id = 1 OR t.name = 'blue';

-- name: LeftJoinNotUndoneByCoalesce :many
-- columns: name, team?
SELECT p.name, t.name AS team FROM person p LEFT JOIN team t ON t.id = p.team_id WHERE coalesce(t.id, 1) = 1;

-- name: LeftJoinAfterLeftJoin :many
-- columns: team, person?, task?
SELECT t.name AS team, p.name AS person, k.title AS task
FROM team t LEFT JOIN person p ON p.team_id = t.id LEFT JOIN task k ON k.person_id = p.id;

-- name: InnerJoinNestedInLeftJoin :many
-- columns: team, person?, task?
SELECT t.name AS team, p.name AS person, k.title AS task
FROM team t LEFT JOIN (person p JOIN task k ON k.person_id = p.id) ON p.team_id = t.id;

-- name: LeftJoinNestedInInnerJoin :many
-- columns: team, person, task?
SELECT t.name AS team, p.name AS person, k.title AS task
FROM team t JOIN (person p LEFT JOIN task k ON k.person_id = p.id) ON p.team_id = t.id;

-- name: FullJoinNarrowedToLeft :many
-- columns: id, name, person_id?
SELECT t.id, t.name, p.id AS person_id FROM team t FULL JOIN person p ON p.team_id = t.id WHERE t.id IS NOT NULL;

-- name: FullJoinThenLeftJoin :many
-- columns: team?, person?, task?
SELECT t.name AS team, p.name AS person, k.title AS task
FROM team t FULL JOIN person p ON p.team_id = t.id LEFT JOIN task k ON k.person_id = p.id;

-- name: UsingInner :many
-- columns: id, name, note?
SELECT id, t.name, g.note FROM team t JOIN guarded g USING (id);

-- name: UsingInnerOnNullable :many
-- columns: mood, name, other
SELECT mood, p.name, q.name AS other FROM person p JOIN person q USING (mood);

-- name: UsingLeft :many
-- columns: id, left_id, right_id?, note?
SELECT id, t.id AS left_id, g.id AS right_id, g.note FROM team t LEFT JOIN guarded g USING (id);

-- name: UsingRight :many
-- columns: id, left_id?, right_id
SELECT id, g.id AS left_id, t.id AS right_id FROM guarded g RIGHT JOIN team t USING (id);

-- name: UsingFull :many
-- columns: id, left_id?, right_id?
-- why: the column that is merged is the one or the other
SELECT id, t.id AS left_id, p.id AS right_id FROM booking t FULL JOIN team p USING (id);

-- name: UsingFullOnNullable :many
-- columns: team_id?, id?, person_id?
SELECT team_id, l.id, p.id AS person_id FROM legacy l FULL JOIN person p USING (team_id);

-- name: NaturalLeft :many
-- columns: id, name, note?
SELECT id, t.name, b.note FROM team t NATURAL LEFT JOIN (SELECT id, note FROM guarded) b;

-- name: NaturalFullStar :many
-- columns: id, what?, amount?
SELECT * FROM (SELECT id, what FROM event) e NATURAL FULL JOIN (SELECT id, amount FROM guarded) g;

-- name: JoinAliasHidesTheTables :many
-- columns: team, person?
SELECT j.team, j.person FROM (team t (t_id, team) LEFT JOIN person p (p_id, of_team, p_boss, person) ON of_team = t_id) AS j;

-- name: UsingAlias :many
-- columns: id, amount
SELECT j.id, g.amount FROM team t JOIN guarded g USING (id) AS j;

-- name: LateralCross :many
-- columns: name, title, hours
SELECT p.name, k.title, k.hours
FROM person p CROSS JOIN LATERAL (SELECT title, hours FROM task WHERE person_id = p.id ORDER BY hours DESC LIMIT 1) k;

-- name: LateralLeft :many
-- columns: name, title?, hours?
SELECT p.name, k.title, k.hours
FROM person p LEFT JOIN LATERAL (SELECT title, hours FROM task WHERE person_id = p.id ORDER BY hours DESC LIMIT 1) k ON true;

-- name: LateralLeftAggregate :many
-- columns: name, tasks, hours?
-- why: an aggregate without GROUP BY always gives its row, and ON true takes it
SELECT p.name, k.tasks, k.hours
FROM person p LEFT JOIN LATERAL (SELECT count(*) AS tasks, sum(hours) AS hours FROM task WHERE person_id = p.id) k ON true;

-- name: LateralLeftAggregateOnCondition :many
-- columns: name, tasks?
SELECT p.name, k.tasks
FROM person p LEFT JOIN LATERAL (SELECT count(*) AS tasks FROM task WHERE person_id = p.id) k ON k.tasks > 0;

-- name: LeftJoinToSubquery :many
-- columns: name, members?
SELECT t.name, m.members
FROM team t LEFT JOIN (SELECT team_id, count(*) AS members FROM person GROUP BY team_id) m ON m.team_id = t.id;

-- name: LeftJoinToSubqueryCoalesced :many
-- columns: name, members
SELECT t.name, coalesce(m.members, 0) AS members
FROM team t LEFT JOIN (SELECT team_id, count(*) AS members FROM person GROUP BY team_id) m ON m.team_id = t.id;

-- name: LeftJoinToCte :many
-- columns: name, points?
WITH rich AS (SELECT team_id, points FROM person WHERE points > 15)
SELECT t.name, r.points FROM team t LEFT JOIN rich r ON r.team_id = t.id;

-- name: LeftJoinToValues :many
-- columns: name, word?
SELECT t.name, v.word FROM team t LEFT JOIN (VALUES (1, 'one'), (9, 'nine')) AS v (id, word) USING (id);

-- name: LeftJoinToFunction :many
-- columns: name, n?
SELECT p.name, n FROM person p LEFT JOIN generate_series(1, 4) n ON n = p.score;

-- name: LeftJoinOnTrue :many
-- columns: name, other?
SELECT t.name, n.name AS other FROM team t LEFT JOIN nothing n ON true;

-- name: LeftJoinByForeignKey :many
-- columns: title, person
-- why: the foreign key of a NOT NULL column always finds its row
SELECT k.title, p.name AS person FROM task k LEFT JOIN person p ON p.id = k.person_id;

-- name: LeftJoinByForeignKeyAndMore :many
-- columns: title, person?
SELECT k.title, p.name AS person FROM task k LEFT JOIN person p ON p.id = k.person_id AND p.points > 10;

-- name: LeftJoinByForeignKeyNotValid :many
-- columns: id, team?
SELECT l.id, t.name AS team FROM legacy l LEFT JOIN team t ON t.id = l.team_id;

-- name: LeftJoinByDeferredForeignKey :many
-- columns: id, team?
-- null: in the transaction that has not yet added the team
SELECT d.id, t.name AS team FROM deferred d LEFT JOIN team t ON t.id = d.team_id;

-- name: LeftJoinByForeignKeyOfTwoColumns :many
-- columns: id, room, number?, color?
SELECT b.id, b.room, b.number, s.color FROM booking b LEFT JOIN seat s ON s.room = b.room AND s.number = b.number;

-- WHERE

-- name: WhereIsNotNull :many
-- columns: score, mood?
SELECT score, mood FROM person WHERE score IS NOT NULL;

-- name: WhereIsNull :many
-- columns: score?, name
SELECT score, name FROM person WHERE score IS NULL;

-- name: WhereEqualsParameter :many
-- columns: team_id, score?
-- parameters: team_id
-- run: team_id => 1
SELECT team_id, score FROM person WHERE team_id = @team_id;

-- name: WhereEqualsOptionalParameter :many
-- columns: team_id?, name
-- parameters: team_id?
-- run: team_id => 1
SELECT team_id, name FROM person WHERE team_id = @team_id? OR @team_id? IS NULL;

-- name: WhereEqualsCoalescedParameter :many
-- columns: team_id, name
-- parameters: team_id?
-- run: team_id => 1
-- why: without the parameter it is team_id = team_id, which no NULL passes
SELECT team_id, name FROM person WHERE team_id = coalesce(@team_id, team_id);

-- name: WhereNotDistinctFromParameter :many
-- columns: team_id?
-- parameters: team_id?
-- run: team_id => 1
SELECT team_id FROM person WHERE team_id IS NOT DISTINCT FROM @team_id;

-- name: WhereNotDistinctFromConstant :many
-- columns: team_id
SELECT team_id FROM person WHERE team_id IS NOT DISTINCT FROM 1;

-- name: WhereDistinctFromConstant :many
-- columns: team_id?
SELECT team_id FROM person WHERE team_id IS DISTINCT FROM 1;

-- name: WhereDistinctFromNull :many
-- columns: team_id
SELECT team_id FROM person WHERE team_id IS DISTINCT FROM NULL;

-- name: WhereGreater :many
-- columns: score, team_id?
SELECT score, team_id FROM person WHERE score > 3 OR 1 > score;

-- name: WhereIn :many
-- columns: mood
SELECT mood FROM person WHERE mood IN ('low', 'high');

-- name: WhereNotIn :many
-- columns: mood
SELECT mood FROM person WHERE mood NOT IN ('low', 'high');

-- name: WhereAnyParameter :many
-- columns: team_id
-- parameters: ids
-- run: ids => '{1,NULL}'::int[]
SELECT team_id FROM person WHERE team_id = ANY(@ids::int[]);

-- name: WhereAllParameter :many
-- columns: team_id?
-- parameters: ids
-- run: ids => '{1}'::int[]
-- run: ids => '{}'::int[]
-- why: anything, NULL too, differs from all of nothing
SELECT team_id FROM person WHERE team_id <> ALL(@ids::int[]);

-- name: WhereBetween :many
-- columns: score
SELECT score FROM person WHERE score BETWEEN 1 AND 10;

-- name: WhereLike :many
-- columns: motto, name
SELECT motto, name FROM team WHERE motto ILIKE 'on%';

-- name: WhereOrOfTwo :many
-- columns: score?, team_id?
SELECT score, team_id FROM person WHERE score = 0 OR team_id = 1;

-- name: WhereOrOfTheSame :many
-- columns: score
SELECT score FROM person WHERE score = 5 OR score > 100 OR score IN (0, 3);

-- name: WhereOrOfAnds :many
-- columns: team_id, score?, mood?
SELECT team_id, score, mood FROM person WHERE team_id = 1 AND score = 5 OR team_id = 2 AND mood = 'low' OR team_id = 1 AND name = 'bob';

-- name: WhereOrIsNull :many
-- columns: score?
SELECT score FROM person WHERE score = 5 OR score IS NULL;

-- name: WhereNotEquals :many
-- columns: score
SELECT score FROM person WHERE NOT (score = 5);

-- name: WhereNotAnd :many
-- columns: score?, team_id?
-- why: one of the two being false is enough
SELECT score, team_id FROM person WHERE NOT (score = 5 AND team_id = 2);

-- name: WhereNotOr :many
-- columns: score, team_id
SELECT score, team_id FROM person WHERE NOT (score = 5 OR team_id = 3);

-- name: WhereNotIsNull :many
-- columns: score
SELECT score FROM person WHERE NOT (score IS NULL);

-- name: WhereNotIsNotNull :many
-- columns: score?
SELECT score FROM person WHERE NOT (score IS NOT NULL);

-- name: WhereCoalesceIsZero :many
-- columns: score?
SELECT score FROM person WHERE coalesce(score, 0) = 0;

-- name: WhereCoalesceOfTwo :many
-- columns: team_id?, boss_id?, either
SELECT team_id, boss_id, coalesce(team_id, boss_id) AS either FROM person WHERE coalesce(team_id, boss_id) > 0;

-- name: WhereNullif :many
-- columns: score
SELECT score FROM person WHERE nullif(score, 5) < 10;

-- name: WhereBoolean :many
-- columns: active
SELECT active FROM person WHERE active;

-- name: WhereNotBoolean :many
-- columns: active
SELECT active FROM person WHERE NOT active;

-- name: WhereIsNotTrue :many
-- columns: active?, score?
SELECT active, score FROM person WHERE active IS NOT TRUE OR (score > 3) IS NOT FALSE;

-- name: WhereIsTrue :many
-- columns: active, score
SELECT active, score FROM person WHERE active IS TRUE AND (score > 100) IS FALSE;

-- name: WhereIsNotUnknown :many
-- columns: score
SELECT score FROM person WHERE (score > 3) IS NOT UNKNOWN;

-- name: WhereStrictFunction :many
-- columns: motto, upped
SELECT motto, upper(motto) AS upped FROM team WHERE length(motto) > 3;

-- name: WhereConcat :many
-- columns: motto?
-- why: concat() takes NULL for nothing
SELECT motto FROM team WHERE concat(motto, 'x') <> '';

-- name: WhereConcatOperator :many
-- columns: motto
SELECT motto FROM team WHERE motto || 'x' <> '';

-- name: WhereOwnFunctionThatIsNotStrict :many
-- columns: motto?
SELECT motto FROM team WHERE blank(motto);

-- name: WhereSum :many
-- columns: score, boss_id
SELECT score, boss_id FROM person WHERE score + boss_id > 1;

-- name: WhereTwoColumnsEqual :many
-- columns: mood, feeling
SELECT mood, feeling FROM person WHERE mood = feeling;

-- name: WhereRowEquals :many
-- columns: score, team_id
SELECT score, team_id FROM person WHERE (score, team_id) = (5, 1);

-- name: WhereRowDiffers :many
-- columns: score?, team_id?
-- why: one part that differs is enough
SELECT score, team_id FROM person WHERE (score, team_id) <> (5, 2);

-- name: WhereRowLess :many
-- columns: boss_id, score?
-- why: the second part is only asked when the first ones are equal
SELECT boss_id, score FROM person WHERE (boss_id, score) < (3, 3);

-- name: WhereRowIn :many
-- columns: score, team_id
SELECT score, team_id FROM person WHERE (score, team_id) IN ((5, 1), (3, 2));

-- name: WhereRowIsNotNull :many
-- columns: score, team_id
SELECT score, team_id FROM person WHERE (score, team_id) IS NOT NULL;

-- name: WhereNotRowIsNull :many
-- columns: score?, team_id?
-- why: NOT (row IS NULL) is true for a row of which one part is NULL
SELECT score, team_id FROM person WHERE NOT ((score, team_id) IS NULL);

-- name: WhereExists :many
-- columns: team_id
-- why: the subquery cannot have found a row by a NULL
SELECT team_id FROM person p WHERE EXISTS (SELECT 1 FROM team t WHERE t.id = p.team_id);

-- name: WhereNotExists :many
-- columns: team_id?
SELECT team_id FROM person p WHERE NOT EXISTS (SELECT 1 FROM team t WHERE t.id = p.team_id);

-- name: WhereInSubquery :many
-- columns: team_id
SELECT team_id FROM person WHERE team_id IN (SELECT id FROM team);

-- name: WhereNotInSubquery :many
-- columns: team_id?
-- why: NULL is not in an empty list
SELECT team_id FROM person WHERE team_id NOT IN (SELECT id FROM nothing);

-- name: WhereGreaterThanAllOfSubquery :many
-- columns: score?
SELECT score FROM person WHERE score > ALL (SELECT id FROM nothing);

-- name: WhereEqualsScalarSubquery :many
-- columns: score, name
SELECT score, name FROM person WHERE score = (SELECT max(score) FROM person);

-- name: WhereInsideSubquery :many
-- columns: score, name
SELECT s.score, s.name FROM (SELECT score, name FROM person WHERE score IS NOT NULL) s;

-- name: WhereOnSubquery :many
-- columns: grade
SELECT s.grade FROM (SELECT score + 1 AS grade FROM person) s WHERE s.grade > 2;

-- name: WhereInsideScalarSubqueryIsNoFilter :many
-- columns: score?, found?
-- why: the condition is the subquery's own
SELECT p.score, (SELECT q.score FROM person q WHERE q.id = p.id AND p.score IS NOT NULL) AS found FROM person p;

-- name: WhereJsonbKeyIsThere :many
-- columns: extra, a?
-- why: an array of strings has "keys", too
SELECT extra, extra -> 'a' AS a FROM person WHERE extra ? 'a';

-- name: WhereJsonbText :many
-- columns: extra, a
SELECT extra, extra ->> 'a' AS a FROM person WHERE extra ->> 'a' = '1';

-- name: WhereComposite :many
-- columns: home, street, zip
SELECT home, (home).street, (home).zip FROM person WHERE home IS NOT NULL;

-- name: WhereNotCompositeIsNull :many
-- columns: home, zip?
SELECT home, (home).zip FROM person WHERE NOT (home IS NULL);

-- name: WhereFieldOfComposite :many
-- columns: home, street?, zip
SELECT home, (home).street, (home).zip FROM person WHERE (home).zip > 0;

-- name: WhereCase :many
-- columns: score?
SELECT score FROM person WHERE CASE WHEN score IS NULL THEN true ELSE score > 3 END;

-- name: WhereOwnOperator :many
-- columns: score
SELECT score FROM person WHERE score === 4;

-- name: WhereFalse :many
-- columns: name
SELECT name FROM person WHERE false;

-- Subqueries

-- name: ScalarSubqueryMayFindNothing :many
-- columns: name, team?
SELECT p.name, (SELECT t.name FROM team t WHERE t.id = p.boss_id) AS team FROM person p;

-- name: ScalarSubqueryByForeignKey :many
-- columns: title, person
SELECT k.title, (SELECT p.name FROM person p WHERE p.id = k.person_id) AS person FROM task k;

-- name: ScalarSubqueryThatCounts :many
-- columns: name, members, points?
SELECT t.name, (SELECT count(*) FROM person p WHERE p.team_id = t.id) AS members,
    (SELECT sum(points) FROM person p WHERE p.team_id = t.id) AS points
FROM team t;

-- name: ScalarSubqueryThatCountsAGroup :many
-- columns: name, members?
SELECT t.name, (SELECT count(*) FROM person p WHERE p.team_id = t.id GROUP BY p.team_id) AS members FROM team t;

-- name: ScalarSubqueryThatCountsWithHaving :many
-- columns: members?
-- rows: one
SELECT (SELECT count(*) FROM person HAVING count(*) > 1000) AS members;

-- name: ScalarSubqueryThatCountsWithOffset :many
-- columns: members?, first
-- rows: one
SELECT (SELECT count(*) FROM person OFFSET 1) AS members, (SELECT count(*) FROM person LIMIT 1) AS first;

-- name: ScalarSubqueryWithoutFrom :one
-- columns: one, nothing?
-- rows: one
SELECT (SELECT 1) AS one, (SELECT 1 WHERE false) AS nothing;

-- name: Exists :many
-- columns: name, has_members
SELECT name, EXISTS (SELECT score FROM person p WHERE p.team_id = t.id) AS has_members FROM team t;

-- name: InSubquery :many
-- columns: sure, list_has_null?, left_is_null?
SELECT p.id IN (SELECT person_id FROM task) AS sure, p.id IN (SELECT reviewer_id FROM task) AS list_has_null,
    p.team_id IN (SELECT person_id FROM task) AS left_is_null
FROM person p;

-- name: NotInSubqueryWithoutNull :many
-- columns: sure
SELECT p.id NOT IN (SELECT reviewer_id FROM task WHERE reviewer_id IS NOT NULL) AS sure FROM person p;

-- name: AnySubquery :many
-- columns: sure, unsure?, all_sure
SELECT points > ANY (SELECT id FROM team) AS sure, points > ANY (SELECT score FROM person) AS unsure,
    points > ALL (SELECT id FROM team) AS all_sure
FROM person;

-- name: ArraySubquery :many
-- columns: name, scores, first?
SELECT t.name, ARRAY(SELECT p.score FROM person p WHERE p.team_id = t.id) AS scores,
    (ARRAY(SELECT p.points FROM person p WHERE p.team_id = t.id))[1] AS first
FROM team t;

-- name: RowEqualsSubquery :many
-- columns: name, same?
SELECT t.name, (t.id, t.name) = (SELECT p.team_id, p.name FROM person p WHERE p.id = t.id AND p.id > 2) AS same FROM team t;

-- name: SubqueryInFrom :many
-- columns: id, total, score?
SELECT s.id, s.total, s.score FROM (SELECT id, points + name_length AS total, score FROM person WHERE name_length IS NOT NULL) AS s;

-- name: SubqueryInFromOfOneRow :one
-- columns: people, oldest?
-- rows: one
-- null: the table can be empty
SELECT s.people, s.oldest FROM (SELECT count(*) AS people, min(born) AS oldest FROM person) s;

-- Common table expressions

-- name: CteKeepsWhatItsWhereSays :many
-- columns: id, score, team_id?
WITH s AS (SELECT id, score, team_id FROM person WHERE score IS NOT NULL) SELECT * FROM s;

-- name: CteMaterialized :many
-- columns: id, motto?, words
WITH s AS MATERIALIZED (SELECT id, motto FROM team), v AS NOT MATERIALIZED (SELECT id, coalesce(motto, name) AS words FROM team)
SELECT s.id, s.motto, v.words FROM s JOIN v USING (id);

-- name: CteWithColumnNames :many
-- columns: a, b?
WITH s (a, b) AS (SELECT id, motto FROM team) SELECT a, b FROM s;

-- name: CteShadowsTheTable :many
-- columns: id?, name?
WITH team AS (SELECT boss_id AS id, email::text AS name FROM person) SELECT id, name FROM team;

-- name: RecursiveNumbers :many
-- columns: n
WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5) SELECT n FROM s;

-- name: RecursiveTree :many
-- columns: id, boss_id?, path, depth
WITH RECURSIVE tree AS (
    SELECT id, boss_id, ARRAY[name] AS path, 1 AS depth FROM person WHERE boss_id IS NULL
    UNION ALL
    SELECT p.id, p.boss_id, tree.path || p.name, tree.depth + 1 FROM person p JOIN tree ON p.boss_id = tree.id
)
SELECT id, boss_id, path, depth FROM tree;

-- name: RecursiveArmBringsNull :many
-- columns: n, word?
WITH RECURSIVE s AS (SELECT 1 AS n, 'first'::text AS word UNION ALL SELECT n + 1, NULL FROM s WHERE n < 3) SELECT n, word FROM s;

-- name: RecursiveNullWandersThroughTheColumns :many
-- columns: n, a?, b?, c?
-- why: only the third round has a NULL in a
WITH RECURSIVE s AS (
    SELECT 1 AS n, 1 AS a, 2 AS b, 3 AS c UNION ALL SELECT n + 1, b, c, NULL::int FROM s WHERE n < 5
)
SELECT n, a, b, c FROM s;

-- name: RecursiveSearchAndCycle :many
-- columns: id, seq, is_cycle, way
WITH RECURSIVE tree AS (
    SELECT id, boss_id FROM person WHERE boss_id IS NULL
    UNION ALL
    SELECT p.id, p.boss_id FROM person p JOIN tree ON p.boss_id = tree.id
) SEARCH DEPTH FIRST BY id SET seq CYCLE id SET is_cycle USING way
SELECT id, seq, is_cycle, way FROM tree;

-- name: CteThatDeletes :many
-- columns: id, note?
WITH gone AS (DELETE FROM guarded WHERE amount > 0 RETURNING id, note) SELECT id, note FROM gone;

-- name: CteThatDeletesByNotNull :many
-- columns: id, note
WITH gone AS (DELETE FROM guarded WHERE note IS NOT NULL RETURNING id, note) SELECT id, note FROM gone;

-- name: CteThatInsertsAndCounts :one
-- columns: added
-- parameters: name, motto?
-- rows: one
-- run: name => 'new', motto => 'm'
WITH made AS (INSERT INTO team (name, motto) VALUES (@name, @motto) RETURNING id) SELECT count(*) AS added FROM made;

-- name: CteThatUpdatesLeftJoined :many
-- columns: id, new_motto?
WITH changed AS (UPDATE team SET motto = 'changed' WHERE id < 3 RETURNING id, motto)
SELECT t.id, c.motto AS new_motto FROM team t LEFT JOIN changed c USING (id);

-- name: CteThatUpdates :many
-- columns: id, motto, budget?
WITH changed AS (UPDATE team SET motto = 'changed' RETURNING id, motto, budget) SELECT id, motto, budget FROM changed;

-- Set operations

-- name: UnionOfUnequal :many
-- columns: id, text?
SELECT id, name AS text FROM team UNION ALL SELECT id, motto FROM team;

-- name: UnionOfEqual :many
-- columns: id, text
SELECT id, name AS text FROM team UNION SELECT id, name FROM person;

-- name: UnionWithNull :many
-- columns: id?, name
SELECT id, name FROM team UNION ALL SELECT NULL, 'total';

-- name: UnionOfFiltered :many
-- columns: motto
SELECT motto FROM team WHERE motto IS NOT NULL UNION ALL SELECT name FROM team;

-- name: IntersectIsNotNullWhenOneSideIs :many
-- columns: id
-- why: what is on both sides is on the side that has no NULL
SELECT team_id AS id FROM person INTERSECT SELECT id FROM team;

-- name: IntersectOfNullables :many
-- columns: id?
SELECT team_id AS id FROM person INTERSECT SELECT boss_id FROM person;

-- name: ExceptIsLikeItsLeft :many
-- columns: id
SELECT id FROM team EXCEPT SELECT team_id FROM person WHERE id > 100;

-- name: ExceptOfNullableLeft :many
-- columns: id?
-- why: the right side takes no NULL away
SELECT team_id AS id FROM person EXCEPT SELECT id FROM team;

-- name: NestedSetOperations :many
-- columns: id, other?
(SELECT id, team_id AS other FROM person UNION SELECT id, id FROM team)
EXCEPT (SELECT 1, 1 INTERSECT SELECT id, boss_id FROM person) ORDER BY 1;

-- name: UnionInSubquery :many
-- columns: kind, text
SELECT kind, text FROM (SELECT 'a' AS kind, motto AS text FROM team UNION ALL SELECT 'b', email FROM person) u WHERE text <> '';

-- name: UnionOfCounts :many
-- columns: n
SELECT count(*) AS n FROM team UNION ALL SELECT count(*) FROM person;

-- VALUES

-- name: ValuesWithNull :many
-- columns: id, word?
SELECT id, word FROM (VALUES (1, 'one'), (2, NULL)) AS v (id, word);

-- name: ValuesAlone :many
-- columns: column1, column2?
VALUES (1, 'one'), (2, NULL);

-- name: ValuesOfOneRow :one
-- columns: column1, column2
-- rows: one
VALUES (1, 'one');

-- name: ValuesOfParameters :many
-- columns: id, word?
-- parameters: word?
-- run: word => 'x'
SELECT id, word FROM (VALUES (1, 'one'), (2, @word?::text)) AS v (id, word);

-- name: SelectOnlyConstants :one
-- columns: number, text, nothing?, list, instant
-- rows: one
SELECT 1 AS number, 'x' AS text, NULL AS nothing, ARRAY[NULL, 1] AS list, now() AS instant;

-- name: SelectOnlyParameters :one
-- columns: bare?, sum?, sure
-- parameters: x, y?
-- rows: one
-- run: x => 1, y => 2
SELECT @x::int AS bare, @x::int + 1 AS sum, coalesce(@y?::int, 0) AS sure;

-- name: SelectWhereParameter :many
-- columns: one
-- parameters: yes
-- run: yes => true
SELECT 1 AS one WHERE @yes::boolean;

-- Grouping

-- name: GroupByNullable :many
-- columns: team_id?, members, points, score?
SELECT team_id, count(*) AS members, sum(points) AS points, sum(score) AS score FROM person GROUP BY team_id;

-- name: GroupByFiltered :many
-- columns: team_id, best
SELECT team_id, max(score) AS best FROM person WHERE team_id IS NOT NULL AND score > 0 GROUP BY team_id;

-- name: GroupByPrimaryKey :many
-- columns: id, name, motto?, members, best?
SELECT t.id, t.name, t.motto, count(p.id) AS members, max(p.points) AS best
FROM team t LEFT JOIN person p ON p.team_id = t.id GROUP BY t.id;

-- name: GroupByExpression :many
-- columns: year?, n
SELECT extract(year FROM born) AS year, count(*) AS n FROM person GROUP BY extract(year FROM born);

-- name: Rollup :many
-- columns: feeling?, n, points?
-- parameters: least
-- run: least => 0
-- run: least => 1000
-- why: the grand total has a row for no rows, too
SELECT feeling, count(*) AS n, sum(points) AS points FROM person WHERE points >= @least GROUP BY ROLLUP (feeling);

-- name: RollupOfAFilteredColumn :many
-- columns: team_id?, name?
SELECT team_id, name FROM person WHERE team_id IS NOT NULL GROUP BY ROLLUP (team_id, name);

-- name: RollupKeptByHaving :many
-- columns: feeling, n
SELECT feeling, count(*) AS n FROM person GROUP BY ROLLUP (feeling) HAVING feeling IS NOT NULL;

-- name: RollupCoalesced :many
-- columns: feeling, level
SELECT coalesce(feeling::text, 'all') AS feeling, GROUPING(feeling) AS level FROM person GROUP BY ROLLUP (feeling);

-- name: Cube :many
-- columns: feeling?, done?, n, hours?
-- parameters: title
-- run: title => 'one'
-- run: title => 'none'
SELECT p.feeling, k.done, count(*) AS n, sum(k.hours) AS hours
FROM person p JOIN task k ON k.person_id = p.id WHERE k.title = @title GROUP BY CUBE (p.feeling, k.done);

-- name: GroupingSetsThatAllHaveAColumn :many
-- columns: feeling, name?, points
-- why: feeling is in each set
SELECT feeling, name, sum(points) AS points FROM person GROUP BY GROUPING SETS ((feeling, name), (feeling));

-- name: GroupingSetsApart :many
-- columns: feeling?, name?, level
SELECT feeling, name, GROUPING(feeling, name) AS level FROM person GROUP BY GROUPING SETS ((feeling), (name));

-- name: GroupByAndRollup :many
-- columns: feeling, name?, n
SELECT feeling, name, count(*) AS n FROM person GROUP BY feeling, ROLLUP (name);

-- name: GroupByNothing :one
-- columns: n, points?
-- rows: one
-- null: the table can be empty
SELECT count(*) AS n, sum(points) AS points FROM person GROUP BY ();

-- name: GroupingSetsTwiceEmpty :many
-- columns: n
SELECT count(*) AS n FROM person GROUP BY GROUPING SETS ((), ());

-- name: RollupExpression :many
-- columns: shout?, n
SELECT upper(name) AS shout, count(*) AS n FROM person GROUP BY ROLLUP (name);

-- name: HavingOnAggregate :many
-- columns: team_id?, best
SELECT team_id, max(score) AS best FROM person GROUP BY team_id HAVING max(score) > 0;

-- name: HavingOnCount :many
-- columns: team_id?, best
-- why: one score that is counted is one for max() to find
SELECT team_id, max(score) AS best FROM person GROUP BY team_id HAVING count(score) > 0;

-- name: HavingOnColumn :many
-- columns: team_id, n
SELECT team_id, count(*) AS n FROM person GROUP BY team_id HAVING team_id > 0;

-- name: HavingWithoutGroupBy :many
-- columns: n, points
-- why: one row or none; and when there is one, then of rows
SELECT count(*) AS n, sum(points) AS points FROM person HAVING count(*) > 0;

-- name: HavingOnOther :many
-- columns: team_id?, score?
SELECT team_id, sum(score) AS score FROM person GROUP BY team_id HAVING count(*) > 0 AND sum(points) > 0;

-- name: DistinctOn :many
-- columns: team_id?, name, score?
SELECT DISTINCT ON (team_id) team_id, name, score FROM person ORDER BY team_id, score NULLS FIRST;

-- name: DistinctPlain :many
-- columns: mood?
SELECT DISTINCT mood FROM person;

-- Aggregates

-- name: AggregatesOfNothing :one
-- columns: n, of_names, sum?, least?, most?, mean?, list?, text?, json?, jsonb?, all_true?, some_true?
-- parameters: id
-- rows: one
-- run: id => 1
-- run: id => -1
SELECT count(*) AS n, count(name) AS of_names, sum(points) AS sum, min(points) AS least, max(name) AS most, avg(points) AS mean,
    array_agg(id) AS list, string_agg(name, ',') AS text, json_agg(id) AS json, jsonb_object_agg(id, name) AS jsonb,
    bool_and(points > 0) AS all_true, bool_or(points > 0) AS some_true
FROM person WHERE id = @id;

-- name: AggregatesOfGroups :many
-- columns: team_id?, n, sum, least, most, mean, list, text, json, jsonb, all_true, some_true
SELECT team_id, count(*) AS n, sum(points) AS sum, min(points) AS least, max(name) AS most, avg(points) AS mean,
    array_agg(id) AS list, string_agg(name, ',') AS text, json_agg(id) AS json, jsonb_object_agg(id, name) AS jsonb,
    bool_and(points > 0) AS all_true, bool_or(points > 0) AS some_true
FROM person GROUP BY team_id;

-- name: AggregatesOfNullablesInGroups :many
-- columns: id, n, sum?, least?, list, text?, json, all_true?
-- why: an array and a JSON array of NULLs are no NULL
SELECT id, count(score) AS n, sum(score) AS sum, min(mood) AS least, array_agg(score) AS list, string_agg(email, ',') AS text,
    json_agg(score) AS json, bool_and(active) AS all_true
FROM person GROUP BY id;

-- name: AggregatesCoalesced :one
-- columns: sum, list, text
-- rows: one
SELECT coalesce(sum(score), 0) AS sum, coalesce(array_agg(id), '{}') AS list, coalesce(string_agg(name, ','), '') AS text
FROM person WHERE id < 0;

-- name: AggregatesFiltered :many
-- columns: team_id?, n, points?, list?
SELECT team_id, count(*) FILTER (WHERE points > 15) AS n, sum(points) FILTER (WHERE points > 15) AS points,
    array_agg(id) FILTER (WHERE points > 15) AS list
FROM person GROUP BY team_id;

-- name: AggregateOfCase :many
-- columns: team_id?, rich, poor?
SELECT team_id, sum(CASE WHEN points > 5 THEN 1 ELSE 0 END) AS rich, sum(CASE WHEN points <= 5 THEN 1 END) AS poor
FROM person GROUP BY team_id;

-- name: OrderedSetAggregates :many
-- columns: team_id?, median, middle, usual, median_score?, usual_mood?
SELECT team_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY points) AS median,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY points) AS middle, mode() WITHIN GROUP (ORDER BY feeling) AS usual,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY score) AS median_score, mode() WITHIN GROUP (ORDER BY mood) AS usual_mood
FROM person GROUP BY team_id;

-- name: OrderedSetAggregatesOfAll :one
-- columns: median?, rank
-- parameters: part, least
-- rows: one
-- run: part => 0.5, least => 0
SELECT percentile_cont(@part::float) WITHIN GROUP (ORDER BY points) AS median, rank(5) WITHIN GROUP (ORDER BY score) AS rank
FROM person WHERE points >= @least;

-- name: StatisticalAggregates :many
-- columns: team_id?, sample?, population, slope?, pairs
-- why: one value has no sample deviation
SELECT team_id, stddev(points) AS sample, stddev_pop(points) AS population, regr_slope(points, id) AS slope,
    regr_count(points, score) AS pairs
FROM person GROUP BY team_id;

-- name: DistinctAndOrderedAggregates :many
-- columns: team_id?, n, names, list
SELECT team_id, count(DISTINCT score) AS n, string_agg(DISTINCT name, ',' ORDER BY name) AS names,
    array_agg(score ORDER BY points DESC) AS list
FROM person GROUP BY team_id;

-- name: OwnAggregates :one
-- columns: first?, total
-- parameters: least
-- rows: one
-- run: least => 0
-- run: least => 1000
SELECT first_of(points) AS first, total_of(score) AS total FROM person WHERE points >= @least;

-- name: AggregateOverLeftJoin :many
-- columns: name, n, all_rows, list, points?, titles?
SELECT t.name, count(p.id) AS n, count(*) AS all_rows, array_agg(p.name) AS list, sum(p.points) AS points,
    string_agg(p.name, ',') AS titles
FROM team t LEFT JOIN person p ON p.team_id = t.id GROUP BY t.name;

-- name: AggregateOverAggregate :one
-- columns: most?, groups
-- rows: one
-- null: the table can be empty
SELECT max(n) AS most, count(*) AS groups FROM (SELECT team_id, count(*) AS n FROM person GROUP BY team_id) s;

-- name: AggregatePlusLimit :many
-- columns: n
-- parameters: most
-- run: most => 1
-- run: most => 0
SELECT count(*) AS n FROM person LIMIT @most;

-- name: AggregateAndSetReturningFunction :many
-- columns: n, word
SELECT count(*) AS n, unnest(ARRAY['a', 'b']) AS word FROM person;

-- name: RangeAggregates :many
-- columns: team_id?, ranges
SELECT team_id, range_agg(shift) AS ranges FROM person GROUP BY team_id;

-- Windows

-- name: WindowRanks :many
-- columns: number, rank, dense, part, share, quarter
SELECT row_number() OVER w AS number, rank() OVER w AS rank, dense_rank() OVER w AS dense, percent_rank() OVER w AS part,
    cume_dist() OVER w AS share, ntile(4) OVER w AS quarter
FROM person WINDOW w AS (ORDER BY score);

-- name: WindowNtileOfParameter :many
-- columns: id, bucket?
-- parameters: n
-- run: n => 2
-- why: ntile(NULL) is NULL
SELECT id, ntile(@n) OVER (ORDER BY id) AS bucket FROM person;

-- name: WindowLagAndLead :many
-- columns: id, before?, after?, before_or_zero, score_before?, after_or_score?
SELECT id, lag(points) OVER w AS before, lead(points) OVER w AS after, lag(points, 1, 0) OVER w AS before_or_zero,
    lag(score, 1, 0) OVER w AS score_before, lead(points, 1, score) OVER w AS after_or_score
FROM person WHERE id IN (2, 3, 6) WINDOW w AS (ORDER BY id);

-- name: WindowLagByParameter :many
-- columns: id, before?
-- parameters: n
-- run: n => 1
-- why: lag(…, NULL, …) is NULL whatever its default
SELECT id, lag(points, @n, 0) OVER (ORDER BY id) AS before FROM person;

-- name: WindowFirstAndLast :many
-- columns: id, first, last, second?, first_score?
SELECT id, first_value(points) OVER w AS first, last_value(points) OVER w AS last, nth_value(points, 2) OVER w AS second,
    first_value(score) OVER w AS first_score
FROM person WINDOW w AS (PARTITION BY team_id ORDER BY points DESC);

-- name: WindowSums :many
-- columns: id, running, score_running?, n, list
SELECT id, sum(points) OVER w AS running, sum(score) OVER w AS score_running, count(*) OVER w AS n, array_agg(score) OVER w AS list
FROM person WINDOW w AS (ORDER BY id DESC);

-- name: WindowFramesThatCanBeEmpty :many
-- columns: id, before?, after?, first?, n
SELECT id, sum(points) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS before,
    max(points) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS after,
    first_value(points) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS first,
    count(*) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS n
FROM person;

-- name: WindowFramesThatHaveTheRow :many
-- columns: id, around, all_rows, to_come
SELECT id, sum(points) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS around,
    sum(points) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS all_rows,
    min(points) OVER (ORDER BY id RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS to_come
FROM person;

-- name: WindowFrameExcludes :many
-- columns: id, others?, no_peers?, tied
SELECT id, sum(points) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS others,
    sum(points) OVER (ORDER BY feeling ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE GROUP) AS no_peers,
    sum(points) OVER (ORDER BY feeling ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) AS tied
FROM person;

-- name: WindowFilter :many
-- columns: id, rich?, n
SELECT id, sum(points) FILTER (WHERE points > 15) OVER (ORDER BY id) AS rich, count(*) FILTER (WHERE points > 15) OVER () AS n FROM person;

-- name: WindowOverAggregate :many
-- columns: team_id?, points, total, before?
SELECT team_id, sum(points) AS points, sum(sum(points)) OVER () AS total, lag(count(*)) OVER (ORDER BY team_id) AS before
FROM person GROUP BY team_id;

-- name: WindowOverLeftJoin :many
-- columns: name, best?, number
SELECT t.name, max(p.points) OVER (PARTITION BY t.id) AS best, row_number() OVER () AS number
FROM team t LEFT JOIN person p ON p.team_id = t.id;

-- name: WindowInSubqueryFiltered :many
-- columns: id, before
SELECT id, before FROM (SELECT id, lag(points) OVER (ORDER BY id) AS before FROM person) s WHERE before IS NOT NULL;

-- CASE, COALESCE and their kin

-- name: CaseWithoutElse :many
-- columns: id, size?
SELECT id, CASE WHEN points > 5 THEN 'big' END AS size FROM person;

-- name: CaseWithElse :many
-- columns: id, size, mood?, null_arm?
SELECT id, CASE WHEN score > 3 THEN 'big' ELSE 'small' END AS size, CASE WHEN points > 5 THEN feeling ELSE mood END AS mood,
    CASE feeling WHEN 'low' THEN 1 WHEN 'fine' THEN NULL ELSE 2 END AS null_arm
FROM person;

-- name: CaseAsksForNull :many
-- columns: id, score, mood, grade
-- why: the arm is only taken when its condition holds
SELECT id, CASE WHEN score IS NOT NULL THEN score ELSE 0 END AS score, CASE WHEN mood IS NULL THEN feeling ELSE mood END AS mood,
    CASE WHEN score > 3 THEN score + 1 ELSE 0 END AS grade
FROM person;

-- name: CaseAsksForAnother :many
-- columns: id, score?
SELECT id, CASE WHEN mood IS NOT NULL THEN score ELSE 0 END AS score FROM person;

-- name: CaseElseAfterComparison :many
-- columns: id, score?
-- why: ELSE is also where a comparison with NULL goes
SELECT id, CASE WHEN score > 3 THEN 0 ELSE score END AS score FROM person;

-- name: Coalesce :many
-- columns: id, score, either?, deep
SELECT id, coalesce(score, points) AS score, coalesce(score, boss_id) AS either, coalesce(score, boss_id, NULL, 0) AS deep FROM person;

-- name: Nullif :many
-- columns: id, points?, score?
SELECT id, nullif(points, 0) AS points, nullif(score, 0) AS score FROM person;

-- name: GreatestAndLeast :many
-- columns: id, greatest, least?, sure
-- why: they skip NULL
SELECT id, greatest(score, points) AS greatest, least(score, boss_id) AS least, least(points, id, NULL) AS sure FROM person;

-- name: NullTests :many
-- columns: a, b, c, d, e
-- parameters: score?
-- run: score => 5
SELECT score IS NULL AS a, (score > 3) IS TRUE AS b, (score > 3) IS UNKNOWN AS c, score IS DISTINCT FROM boss_id AS d,
    score IS NOT DISTINCT FROM @score AS e
FROM person;

-- name: ThreeValuedLogic :many
-- columns: both?, any?, negation?, sure, never_null
SELECT score > 3 AND points > 3 AS both, score > 3 OR points > 3 AS any, NOT active AS negation, id > 3 OR NOT points > 3 AS sure,
    score > 3 AND false AS never_null
FROM person;

-- name: Arithmetic :many
-- columns: sum?, sure, negative?, concat?, concat_all
SELECT points + score AS sum, points * 2 + id % 3 AS sure, -score AS negative, name || email AS concat, concat(name, email) AS concat_all
FROM person;

-- name: Comparisons :many
-- columns: between?, listed?, listed_null?, similar, like_null?, not_listed
SELECT score BETWEEN 1 AND 5 AS between, mood IN ('low', 'high') AS listed, points IN (10, NULL) AS listed_null,
    name LIKE 'a%' AS similar, email ~ 'x' AS like_null, id NOT IN (1, 2) AS not_listed
FROM person;

-- name: RowComparisons :many
-- columns: equal?, equal_sure, less?, different, is_null, whole
-- why: whole rows compare NULL with NULL as equal
SELECT (p.id, p.score) = (q.id, q.score) AS equal, (p.id, p.name) = (q.id, q.name) AS equal_sure, (p.id, p.score) < (q.id, q.score) AS less,
    (p.id, p.score) IS DISTINCT FROM (q.id, q.score) AS different, (p.id, p.score) IS NULL AS is_null, q = p AS whole
FROM team t JOIN person p ON p.team_id = t.id JOIN person q ON q.id = p.id;

-- Arrays

-- name: ArraySubscripts :many
-- columns: skills, first?, slice, tag_slice?, slice_of_parameter?
-- parameters: n
-- run: n => 1
-- why: an index beyond the end is NULL, a slice beyond the end is an empty array
SELECT skills, skills[1] AS first, skills[5:6] AS slice, tags[1:1] AS tag_slice, skills[1:@n] AS slice_of_parameter FROM person;

-- name: ArrayFunctions :many
-- columns: length?, size, upper?, place?, places, dims?, joined, added, appended, removed
-- why: an empty array has no length, but zero elements
SELECT array_length(skills, 1) AS length, cardinality(skills) AS size, array_upper(skills, 1) AS upper,
    array_position(skills, 'sql') AS place, array_positions(skills, 'sql') AS places, array_ndims(skills) AS dims,
    array_to_string(skills, ',') AS joined, skills || ARRAY['x'] AS added, array_append(tags, 'x') AS appended,
    array_remove(skills, 'sql') AS removed
FROM person;

-- name: ArrayConcatenation :many
-- columns: elem_added, both?, null_added
-- why: || with an array takes NULL for nothing
SELECT tags || 'x'::text AS elem_added, tags || tags AS both, skills || NULL::text[] AS null_added FROM person;

-- name: ArrayComparisons :many
-- columns: same, contains, overlaps?, constant_any, any_elem?, any_tag?
-- why: = ANY meets the NULLs among the elements
SELECT skills = ARRAY['sql', NULL] AS same, skills @> ARRAY['sql'] AS contains, tags && skills AS overlaps,
    id = ANY(ARRAY[1, 2]) AS constant_any, name = ANY(skills) AS any_elem, name = ANY(tags) AS any_tag
FROM person;

-- name: ArrayAnyParameter :many
-- columns: id, wanted?
-- parameters: ids
-- run: ids => '{1,NULL}'::int[]
SELECT id, id = ANY(@ids::int[]) AS wanted FROM person;

-- name: ArrayConstructors :many
-- columns: list, nested, empty
SELECT ARRAY[score, NULL] AS list, ARRAY[tags, NULL] AS nested, '{}'::int[] AS empty FROM person WHERE tags IS NULL;

-- name: UnnestInFrom :many
-- columns: id, skill?, ordinal
SELECT p.id, s.skill, s.ordinal FROM person p, unnest(p.skills) WITH ORDINALITY AS s (skill, ordinal);

-- name: UnnestLeftJoined :many
-- columns: id, skill?, ordinal?
SELECT p.id, s.skill, s.ordinal FROM person p LEFT JOIN unnest(p.skills) WITH ORDINALITY AS s (skill, ordinal) ON true;

-- name: UnnestTwoOfDifferentLength :many
-- columns: a?, b?, ordinal
SELECT a, b, ordinal FROM unnest(ARRAY[1, 2, 3], ARRAY['x']) WITH ORDINALITY AS u (a, b, ordinal)
UNION ALL SELECT * FROM unnest(ARRAY[1], ARRAY['x', 'y']) WITH ORDINALITY;

-- name: UnnestConstants :many
-- columns: n
SELECT n FROM unnest(ARRAY[1, 2, 3]) AS n;

-- name: UnnestParameter :many
-- columns: n?
-- parameters: ns
-- run: ns => '{1,NULL}'::int[]
SELECT n FROM unnest(@ns::int[]) AS n;

-- name: RowsFrom :many
-- columns: a?, b?, ordinal
SELECT a, b, ordinal FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['x', 'y', 'z'])) WITH ORDINALITY AS r (a, b, ordinal)
UNION ALL SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['x'])) WITH ORDINALITY;

-- Set-returning functions in the select list

-- name: SeriesInSelect :many
-- columns: name, n
SELECT name, generate_series(1, 2) AS n FROM team;

-- name: SeriesInSelectOfDifferentLength :many
-- columns: a?, b, plus?
SELECT generate_series(1, 2) AS a, unnest(ARRAY['x', 'y', 'z']) AS b, generate_series(1, 2) + 1 AS plus;

-- name: UnnestInSelect :many
-- columns: id, skill?
SELECT id, unnest(skills) AS skill FROM person;

-- name: SeriesOfOneRow :many
-- columns: n, now
-- parameters: last
-- run: last => 3
SELECT generate_series(1, @last::int) AS n, now() AS now;

-- name: RegexpMatchesInSelect :many
-- columns: name, match, first?
SELECT name, regexp_matches(name, '(x)?(.)', 'g') AS match, (regexp_match(name, '(x)?(.)'))[1] AS first FROM person;

-- Ranges

-- name: RangeBounds :many
-- columns: low?, high?, empty, low_inc, stay_empty?
-- why: an empty range and an open one have no bounds
SELECT lower(shift) AS low, upper(shift) AS high, isempty(shift) AS empty, lower_inc(shift) AS low_inc, isempty(stay) AS stay_empty FROM person;

-- name: RangeOperators :many
-- columns: contains, overlap?, common, merged, made, made_open?
-- parameters: until
-- run: until => '2020-02-02'::date
SELECT shift @> points AS contains, stay && daterange('2020-01-01', NULL) AS overlap, shift * int4range(1, 3) AS common,
    range_merge(shift, int4range(1, 3)) AS merged, daterange(born, @until) AS made, upper(daterange(born, '1990-05-06')) AS made_open
FROM person WHERE born IS NULL OR born <= '1990-05-06';

-- JSON

-- name: JsonbOperators :many
-- columns: settings, color?, color_text?, size?, first?, has, contains, without
SELECT settings, settings -> 'color' AS color, settings ->> 'color' AS color_text, settings #> '{size}' AS size,
    settings #>> '{list,0}' AS first, settings ? 'color' AS has, settings @> '{"size": 3}' AS contains, settings - 'size' AS without
FROM team WHERE id <> 4;

-- name: JsonbOfNullable :many
-- columns: extra?, contains?, joined?, type?
SELECT extra, extra @> '{"a": 1}' AS contains, extra || '{}' AS joined, jsonb_typeof(extra) AS type FROM person;

-- name: JsonbPathFunctions :many
-- columns: first?, list, there, there_operator?, matches?, match_operator?
-- why: a predicate of JSON can be unknown; and the operators keep silent about errors
SELECT jsonb_path_query_first(settings, '$.color') AS first, jsonb_path_query_array(settings, '$.color') AS list,
    jsonb_path_exists(settings, '$.color') AS there, settings @? 'strict $.color' AS there_operator,
    jsonb_path_match(settings, '$.color > 2') AS matches, settings @@ '$.size' AS match_operator
FROM team;

-- name: JsonbPathQuery :many
-- columns: name, item
SELECT t.name, item FROM team t, jsonb_path_query(t.settings, '$.*') AS item;

-- name: JsonbArrayElements :many
-- columns: elem, ordinal
SELECT e.elem, e.ordinal FROM team t, jsonb_array_elements(t.settings) WITH ORDINALITY AS e (elem, ordinal) WHERE t.id = 3;

-- name: JsonbArrayElementsText :many
-- columns: elem?
-- why: a null in JSON is NULL as text
SELECT e.elem FROM team t, jsonb_array_elements_text(t.settings) AS e (elem) WHERE t.id = 3;

-- name: JsonbEach :many
-- columns: key, value
SELECT e.key, e.value FROM team t, jsonb_each(t.settings) e WHERE t.id = 1;

-- name: JsonbEachText :many
-- columns: key, value?
SELECT e.key, e.value FROM team t, jsonb_each_text(t.settings) e WHERE t.id = 1;

-- name: JsonbKeys :many
-- columns: id, key
SELECT t.id, jsonb_object_keys(t.settings) AS key FROM team t WHERE t.id < 3;

-- name: JsonbBuilders :many
-- columns: object, array, row, of_null?, of_value, set?, stripped
-- parameters: value
-- run: value => '1'::jsonb
SELECT jsonb_build_object('id', id, 'motto', motto) AS object, jsonb_build_array(motto, NULL) AS array, row_to_json(t) AS row,
    to_jsonb(motto) AS of_null, to_jsonb(name) AS of_value, jsonb_set(settings, '{size}', @value) AS set,
    jsonb_strip_nulls(settings) AS stripped
FROM team t WHERE id < 3;

-- name: JsonbToRecordset :many
-- columns: a?, b?
SELECT r.a, r.b FROM jsonb_to_recordset('[{"a": 1}, {"b": "x"}]') AS r (a int, b text);

-- name: JsonbPopulate :one
-- columns: street?, zip?
-- rows: one
SELECT r.street, r.zip FROM jsonb_populate_record(NULL::place, '{"street": null}') AS r;

-- Casts

-- name: Casts :many
-- columns: id, text, score?, day, motto?, number?
SELECT id, id::text AS text, score::text AS score, '2020-01-01'::text::date AS day, CAST(email AS varchar(3)) AS motto,
    (extra ->> 'a')::int AS number
FROM person WHERE extra IS NULL OR id < 5;

-- name: CastOfJsonb :many
-- columns: text
SELECT (settings -> 'size')::text AS text FROM team WHERE settings -> 'size' IS NOT NULL;

-- name: CastByOwnFunction :many
-- columns: home, zip?
SELECT home, home::int AS zip FROM person WHERE home IS NOT NULL OR (home).street = 'Side';

-- name: CastToRegclass :one
-- columns: there, perhaps?
-- rows: one
SELECT 'team'::regclass AS there, to_regclass('nowhere') AS perhaps;

-- name: CastToDomain :many
-- columns: email?, label, number
SELECT motto::email AS email, name::label AS label, id::positive AS number FROM team WHERE motto IS NULL;

-- Texts

-- name: TextFunctions :many
-- columns: upper, size, position, part, padded, replaced, joined?, quoted?, quoted_null, formatted, hash
SELECT upper(name) AS upper, length(name) AS size, position('a' IN name) AS position, split_part(name, 'a', 7) AS part,
    lpad(name, 9) AS padded, regexp_replace(name, 'a', 'b') AS replaced, concat_ws(email, name, 'x') AS joined,
    quote_literal(email) AS quoted, quote_nullable(email) AS quoted_null, format('%s', email) AS formatted, md5(name) AS hash
FROM person;

-- name: TextPatterns :many
-- columns: match?, sub?, sub_at, similar?, words
SELECT regexp_match(name, '^a') AS match, substring(name FROM 'b.') AS sub, substring(name FROM 9) AS sub_at,
    substring(name SIMILAR 'a#"_#"%' ESCAPE '#') AS similar, string_to_array(name, ',') AS words
FROM person;

-- name: TextFormats :many
-- columns: number, instant?, day
-- why: infinity has no text by format
SELECT to_char(points, '999') AS number, to_char(joined, 'YYYY') AS instant, to_date('2020', 'YYYY') AS day FROM person;

-- name: TextAgainstOwnFunctions :many
-- columns: own?, builtin, lost?, total?, total_default?, own_operator?
SELECT upper(feeling) AS own, upper(name) AS builtin, lost(points) AS lost, total(points, id) AS total, total(points) AS total_default,
    points === id AS own_operator
FROM person
UNION ALL SELECT 'LOW', 'x', 'y', NULL, 1, true;

-- Dates

-- name: ExtractOfInfinity :many
-- columns: year, month?, epoch, part?, text
-- why: infinity has a year, infinity again, but no month
SELECT extract(year FROM deadline) AS year, extract(month FROM deadline) AS month, extract(epoch FROM deadline) AS epoch,
    date_part('dow', deadline) AS part, deadline::text AS text
FROM task;

-- name: DateFunctions :many
-- columns: month, next, finite, age?, age_until?, days, shifted?
SELECT date_trunc('month', deadline) AS month, deadline + interval '1 day' AS next, isfinite(deadline) AS finite,
    age(born) AS age, age('2020-01-01'::timestamp, born) AS age_until, make_interval(days => points) AS days, born + points AS shifted
FROM person JOIN task ON isfinite(deadline) WHERE isfinite(born) OR born IS NULL;

-- name: DateConstants :one
-- columns: now, today, local, made, at, text
-- rows: one
SELECT now() AS now, current_date AS today, localtimestamp AS local, make_date(2020, 1, 2) AS made,
    now() AT TIME ZONE 'UTC' AS at, timeofday() AS text;

-- Rows

-- name: WholeRow :many
-- columns: t, id
SELECT t, t.id FROM team t;

-- name: WholeRowLeftJoined :many
-- columns: t, p?
SELECT t, p FROM team t LEFT JOIN person p ON p.team_id = t.id;

-- name: RowConstructor :many
-- columns: pair, fields, home?, zip?
SELECT ROW(score, NULL) AS pair, (score, mood) AS fields, home, (home).zip FROM person;

-- name: WholeRowIsNull :many
-- columns: id, unmatched, full
SELECT t.id, p IS NULL AS unmatched, p IS NOT NULL AS full FROM team t LEFT JOIN person p ON p.team_id = t.id;

-- name: FieldsOfRowOfSubquery :many
-- columns: id, name?, home_made
SELECT t.id, ((SELECT p FROM person p WHERE p.id = t.id + 7)).name, ROW('x', t.id)::place AS home_made FROM team t;

-- name: StarOfTable :many
-- columns: id, name, note?
SELECT * FROM nothing UNION ALL SELECT id, name, motto FROM team;

-- name: EnumFunctions :many
-- columns: first, all, some, text?
-- why: enum_first(NULL) only wants to know the type, and NULL as a bound is no bound
SELECT enum_first(NULL::mood) AS first, enum_range(mood) AS all, enum_range('low', mood) AS some, mood::text AS text FROM person;

-- Functions of one's own, and of the system

-- name: FunctionStrictAndYetNull :many
-- columns: id, found?
SELECT id, lost(points) AS found FROM person;

-- name: FunctionSetOfTable :many
-- columns: id, name, score?
-- parameters: team
-- run: team => 1
SELECT m.id, m.name, m.score FROM members(@team) m;

-- name: FunctionSetOfTableGivesGhosts :many
-- columns: id?, name?
-- why: a function's row type does not bring the table's constraints
SELECT g.id, g.name FROM ghosts() g;

-- name: FunctionReturnsTable :many
-- columns: person_id, score?
-- parameters: least
-- run: least => 0
SELECT s.person_id, s.score FROM scores(@least) s WHERE s.person_id > 0;

-- name: FunctionSetOfText :many
-- columns: nickname?, ordinal
SELECT n.nickname, n.ordinal FROM nicknames() WITH ORDINALITY AS n (nickname, ordinal);

-- name: FunctionCompositeInFrom :one
-- columns: street?, zip?
-- parameters: id
-- rows: one
-- run: id => 1
-- run: id => -1
-- why: one that returns no set gives one row, of NULLs if need be
SELECT h.street, h.zip FROM home_of(@id) h;

-- name: FunctionScalarInFrom :one
-- columns: found?
-- parameters: n
-- rows: one
-- run: n => 1
-- run: n => 0
SELECT found FROM lost(@n) AS found;

-- name: FunctionWithOutParameters :one
-- columns: lowest?, highest?
-- parameters: xs
-- rows: one
-- run: xs => '{1,2}'::int[]
-- run: xs => '{}'::int[]
SELECT e.lowest, e.highest FROM extent(@xs) e;

-- name: FunctionLateral :many
-- columns: name, member, score?
SELECT t.name, m.name AS member, m.score FROM team t CROSS JOIN LATERAL members(t.id) m WHERE m.name IS NOT NULL;

-- name: SystemFunctions :one
-- columns: who, session, database, version, schema?, setting?, setting_sure, process, type, client?
-- rows: one
-- null: nothing of search_path need exist, and a connection by socket has no address
SELECT current_user AS who, session_user AS session, current_database() AS database, version() AS version, current_schema AS schema,
    current_setting('no.such', true) AS setting, current_setting('work_mem') AS setting_sure, pg_backend_pid() AS process,
    pg_typeof(NULL) AS type, inet_client_addr() AS client;

-- name: NullCounts :many
-- columns: id, missing, there
SELECT id, num_nulls(score, mood) AS missing, num_nonnulls(score, mood) AS there FROM person;

-- name: RandomAndSequence :one
-- columns: chance, key, next
-- rows: one
SELECT random() AS chance, gen_random_uuid() AS key, nextval('team_id_seq') AS next;

-- Views, partitions, inheritance

-- name: ViewPlain :many
-- columns: id, name, motto?
SELECT id, name, motto FROM team_name;

-- name: ViewWithOuterJoin :many
-- columns: team_id, team, motto?, person_id?, person?
SELECT team_id, team, motto, person_id, person FROM roster;

-- name: ViewOnView :many
-- columns: team_id, team, person_id, person, score?
SELECT team_id, team, person_id, person, score FROM full_roster;

-- name: ViewLeftJoined :many
-- columns: id, name?
SELECT p.id, v.name FROM person p LEFT JOIN team_name v ON v.id = p.team_id;

-- name: ViewWithAggregates :many
-- columns: team_id?, members, points, score?
SELECT team_id, members, points, score FROM team_total;

-- name: ViewOfOneRow :one
-- columns: people, best?
-- rows: one
-- null: the table can be empty
SELECT people, best FROM overall;

-- name: ViewWithFilter :many
-- columns: id, name, nick?, score
SELECT id, name, nick, score FROM scored WHERE id <> 1;

-- name: MaterializedView :many
-- columns: team?, person?, points?
SELECT team, person, points FROM best;

-- name: MaterializedViewFiltered :many
-- columns: team, points?
SELECT team, points FROM best WHERE team IS NOT NULL;

-- name: PartitionedTable :many
-- columns: id, at, what, note?
SELECT id, at, what, note FROM event;

-- name: PartitionWithMoreConstraints :many
-- columns: id, note
SELECT id, note FROM event_2024;

-- name: InheritanceParent :many
-- columns: id, name?, noise?
-- why: the child's names may be missing
SELECT id, name, noise FROM animal;

-- name: InheritanceParentOnly :many
-- columns: id, name
SELECT id, name FROM ONLY animal;

-- name: InheritanceChild :many
-- columns: id, name?, owner
SELECT id, name, owner FROM dog;

-- name: CheckedColumns :many
-- columns: kind, phone?, mail?, contact
-- why: the checks keep NULL out as well as NOT NULL does
SELECT kind, phone, mail, coalesce(phone, mail) AS contact FROM task;

-- name: CheckNotValid :many
-- columns: id, code?
SELECT id, code FROM legacy;

-- name: GeneratedColumns :many
-- columns: name_length, double_score?
-- why: what is computed from what is NOT NULL is there, too
SELECT name_length, double_score FROM person;

-- name: Domains :many
-- columns: nick?, email?, id
-- why: the domain is NOT NULL, and the row with NULL is there all the same
SELECT nick, email, id FROM person;

-- name: DomainLeftJoined :many
-- columns: id, nick?
SELECT t.id, p.nick FROM team t LEFT JOIN person p ON p.team_id = t.id;

-- name: SystemColumns :many
-- columns: tableoid, ctid, xmin, theirs?
SELECT t.tableoid, t.ctid, t.xmin, p.ctid AS theirs FROM team t LEFT JOIN person p ON p.team_id = t.id;

-- Locks, limits, samples

-- name: TakeNextTask :many
-- columns: id, title, due?
SELECT id, title, due FROM task WHERE NOT done ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: PageOfPeople :many
-- columns: id, name, score?
-- parameters: most?, skip
-- run: most => 5, skip => 1
SELECT id, name, score FROM person ORDER BY id LIMIT @most? OFFSET @skip;

-- name: Sample :many
-- columns: id, score?
-- parameters: part
-- run: part => 100
SELECT id, score FROM person TABLESAMPLE bernoulli (@part);

-- name: WithTies :many
-- columns: feeling, mood?
SELECT feeling, mood FROM person ORDER BY feeling FETCH FIRST 1 ROW WITH TIES;

-- name: SqlcFunctions :many
-- columns: id, team_id?, mood
-- parameters: least, team?
-- run: least => 0, team => 1
SELECT id, team_id, mood FROM person
WHERE points >= sqlc.arg(least) AND (team_id = sqlc.narg('team') OR sqlc.narg('team') IS NULL) AND mood IS NOT NULL;

-- INSERT

-- name: InsertOne :one
-- columns: id, name, motto?, budget?, settings
-- parameters: name, motto?
-- rows: one
-- run: name => 'n', motto => 'm'
INSERT INTO team (name, motto) VALUES (@name, @motto) RETURNING id, name, motto, budget, settings;

-- name: InsertConstants :one
-- columns: name, motto, budget?
-- rows: one
-- why: what is written is what comes back
INSERT INTO team (name, motto) VALUES ('n', 'm') RETURNING name, motto, budget;

-- name: InsertTwo :many
-- columns: id, motto?
INSERT INTO team (name, motto) VALUES ('n', 'm'), ('o', NULL) RETURNING id, motto;

-- name: InsertSelect :many
-- columns: id, name, note?
INSERT INTO nothing (id, name, note) SELECT id, name, motto FROM team RETURNING id, name, note;

-- name: InsertSelectOfParameters :many
-- columns: id, note?
-- parameters: note?
-- run: note => 'x'
INSERT INTO nothing (id, name, note) SELECT t.id, t.name, @note FROM team t RETURNING id, note;

-- name: InsertSelectOfOneRow :one
-- columns: id, name
-- rows: one
INSERT INTO nothing (id, name) SELECT count(*), 'all' FROM team RETURNING id, name;

-- name: InsertDoNothing :many
-- columns: id, name
-- parameters: name
-- run: name => 'red'
-- run: name => 'new'
INSERT INTO team (name) VALUES (@name) ON CONFLICT DO NOTHING RETURNING id, name;

-- name: Upsert :one
-- columns: id, motto?, inserted
-- parameters: name, motto?
-- rows: one
-- run: name => 'red', motto => 'm'
-- run: name => 'new', motto => 'm'
INSERT INTO team (name, motto) VALUES (@name, @motto) ON CONFLICT (name) DO UPDATE SET motto = excluded.motto
RETURNING id, motto, xmax = 0 AS inserted;

-- name: UpsertWithWhere :many
-- columns: id, motto?
-- parameters: name
-- run: name => 'blue'
-- run: name => 'red'
INSERT INTO team (name) VALUES (@name) ON CONFLICT (name) DO UPDATE SET budget = 0 WHERE team.motto IS NULL RETURNING id, motto;

-- name: UpsertThatEmpties :one
-- columns: id, motto?, name
-- rows: one
INSERT INTO team (name, motto) VALUES ('red', 'm') ON CONFLICT (name) DO UPDATE SET motto = NULL RETURNING id, motto, name;

-- name: UpsertThatKeeps :one
-- columns: id, motto?, budget
-- parameters: motto?
-- rows: one
-- run: motto => 'm'
INSERT INTO team (name, motto, budget) VALUES ('blue', @motto, 1)
ON CONFLICT (name) DO UPDATE SET motto = coalesce(excluded.motto, team.motto), budget = 2 RETURNING id, motto, budget;

-- name: InsertThroughViewWithFilter :one
-- columns: id, score?
-- parameters: score?
-- rows: one
-- run: score => 1
-- why: the view's WHERE does not hold for what is written through it
INSERT INTO scored (id, name, nick, score) VALUES (100, 'n', 'n', @score) RETURNING id, score;

-- name: InsertThroughCheckedView :one
-- columns: id, score
-- rows: one
INSERT INTO scored_checked (id, name, nick, score) VALUES (100, 'n', 'n', 1) RETURNING id, score;

-- name: InsertThroughTrickedView :many
-- columns: id?, name?
-- parameters: id?, name?
-- run: id => 1, name => 'x'
-- run: id => -1, name => 'x'
-- why: its trigger decides what is written, and says what comes back
INSERT INTO tricked (id, name) VALUES (@id, @name) RETURNING id, name;

-- name: InsertWithTrigger :many
-- columns: id, note?, amount
-- parameters: amount
-- run: amount => 1
-- run: amount => 101
-- run: amount => -1
-- why: the trigger drops the row, or its note
INSERT INTO guarded (id, note, amount) VALUES (9, 'x', @amount) RETURNING id, note, amount;

-- name: InsertIntoPartitioned :one
-- columns: id, note?
-- parameters: note?
-- rows: one
-- run: note => 'x'
INSERT INTO event (id, at, what, note) VALUES (9, '2030-01-01', 'x', @note) RETURNING id, note;

-- name: InsertIntoPartitionWithTrigger :many
-- columns: id, what?
-- parameters: id, what?
-- run: id => 2, what => 'x'
-- run: id => 1, what => 'x'
-- why: a partition's trigger drops the row
INSERT INTO shard (id, what) VALUES (@id, @what) RETURNING id, what;

-- name: InsertIntoTheDomain :one
-- columns: id, nick?
-- rows: one
INSERT INTO person (id, name, nick) VALUES (99, 'x', (SELECT nick FROM person WHERE false)) RETURNING id, nick;

-- name: InsertLeavesAColumnOut :one
-- columns: id, what?
-- rows: one
INSERT INTO shard_rest (id) VALUES (5) RETURNING id, what;

-- name: InsertWithoutReturning :exec
-- columns:
-- parameters: name, motto?, budget?
-- run: name => 'x', motto => 'y', budget => 1
INSERT INTO team (name, motto, budget) VALUES (@name, @motto, @budget);

-- UPDATE

-- name: UpdateOne :one
-- columns: id, name, motto?
-- parameters: name, motto?, id
-- run: name => 'n', motto => 'm', id => 1
UPDATE team SET name = @name, motto = @motto WHERE id = @id RETURNING id, name, motto;

-- name: UpdateOptional :one
-- columns: id, name, budget?
-- parameters: name?, id
-- run: name => 'n', id => 2
UPDATE team SET name = coalesce(@name, name) WHERE id = @id RETURNING id, name, budget;

-- name: UpdateSetsConstant :many
-- columns: id, motto, budget?
UPDATE team SET motto = 'same' RETURNING id, motto, budget;

-- name: UpdateEmptiesWhatWhereAsksFor :many
-- columns: id, motto?
-- why: WHERE is about the row before
UPDATE team SET motto = NULL WHERE motto IS NOT NULL RETURNING id, motto;

-- name: UpdateKeepsWhatWhereAsksFor :many
-- columns: id, motto, budget
UPDATE team SET budget = 1 WHERE motto IS NOT NULL RETURNING id, motto, budget;

-- name: UpdateEmptiesAGeneratedColumn :many
-- columns: id, double_score?
UPDATE person SET score = NULL WHERE double_score IS NOT NULL RETURNING id, double_score;

-- name: UpdateWithTrigger :many
-- columns: id, note?
-- why: the trigger takes the note away
UPDATE guarded SET amount = 1000 WHERE note IS NOT NULL RETURNING id, note;

-- name: UpdateFrom :many
-- columns: id, team_id, motto?
UPDATE person p SET points = 0 FROM team t WHERE t.id = p.team_id RETURNING p.id, p.team_id, t.motto;

-- name: UpdateFromLeftJoin :many
-- columns: id, title?, team
UPDATE person p SET points = 0 FROM team t LEFT JOIN task k ON k.id = t.id - 1 WHERE p.team_id = t.id RETURNING p.id, k.title, t.name AS team;

-- name: UpdateByItsOwnValue :many
-- columns: id, score?, points
UPDATE person SET score = score + 1, points = points + 1 RETURNING id, score, points;

-- name: UpdateByNullIsWhatTheWhereSays :many
-- columns: id, score
UPDATE person SET score = score + 1 WHERE score IS NOT NULL RETURNING id, score;

-- name: UpdateBySubquery :many
-- columns: id, motto?
UPDATE team t SET motto = (SELECT p.name FROM person p WHERE p.id = t.id + 6) RETURNING t.id, t.motto;

-- name: UpdateSeveralByRow :many
-- columns: id, motto?, budget?
UPDATE team t SET (motto, budget) = (SELECT p.name, p.score FROM person p WHERE p.id = t.id + 6) RETURNING id, motto, budget;

-- name: UpdateThroughViewWithFilter :many
-- columns: id, score?
-- parameters: score?
-- run: score => 1
UPDATE scored SET score = @score RETURNING id, score;

-- name: UpdateNothingReturned :execrows
-- columns:
-- parameters: motto?, id
-- run: motto => 'm', id => 1
UPDATE team SET motto = @motto WHERE id = @id;

-- DELETE

-- name: DeleteOne :one
-- columns: id, note?
-- parameters: id
-- run: id => 2
DELETE FROM guarded WHERE id = @id RETURNING id, note;

-- name: DeleteByNotNull :many
-- columns: id, note
-- why: no trigger can change what was there
DELETE FROM guarded WHERE note IS NOT NULL RETURNING id, note;

-- name: DeleteUsing :many
-- columns: id, title, motto?
DELETE FROM task k USING person p JOIN team t ON t.id = p.team_id WHERE p.id = k.person_id AND p.id > 1 RETURNING k.id, k.title, t.motto;

-- name: DeleteUsingLeftJoin :many
-- columns: id, team?, team_id?
DELETE FROM guarded g USING person p LEFT JOIN team t ON t.id = p.team_id WHERE p.id = g.id + 3 RETURNING g.id, t.name AS team, p.team_id;

-- name: DeleteThroughView :many
-- columns: id, score
DELETE FROM scored WHERE id NOT IN (1, 2, 3) RETURNING id, score;

-- MERGE, which returns nothing before PostgreSQL 17

-- name: MergeTeams :exec
-- columns:
-- parameters: name, motto?
-- run: name => 'red', motto => 'm'
-- run: name => 'new', motto => 'm'
MERGE INTO team t USING (SELECT @name::text AS name) s ON t.name = s.name
WHEN MATCHED THEN UPDATE SET motto = @motto
WHEN NOT MATCHED THEN INSERT (name, motto) VALUES (s.name, 'new');

-- More of everything, where it is easily got wrong

-- name: NaturalInner :many
-- columns: id, name, amount
SELECT id, name, amount FROM (SELECT id, name FROM team) t NATURAL JOIN (SELECT id, amount FROM guarded) g;

-- name: StarOfLeftJoin :many
-- columns: person, id?, name?, motto?, budget?, founded?, settings?
SELECT p.name AS person, t.* FROM person p LEFT JOIN team t ON t.id = p.team_id;

-- name: StarOfUsing :many
-- columns: team_id?, lid?, code?, pid
SELECT * FROM (SELECT id AS lid, code, team_id FROM legacy) l RIGHT JOIN (SELECT id AS pid, team_id FROM person) p USING (team_id);

-- name: RightJoinUndoneByWhere :many
-- columns: team, person?
SELECT t.name AS team, p.name AS person FROM person p RIGHT JOIN team t ON t.id = p.team_id WHERE p.points > 3 OR t.motto IS NOT NULL;

-- name: LeftThenRightJoin :many
-- columns: team?, person?, task
SELECT t.name AS team, p.name AS person, k.title AS task
FROM team t LEFT JOIN person p ON p.team_id = t.id RIGHT JOIN task k ON k.reviewer_id = p.id;

-- name: LeftJoinUndoneByNotNullTestOfTheRow :many
-- columns: name, id, score?
SELECT t.name, p.id, p.score FROM team t LEFT JOIN person p ON p.team_id = t.id WHERE NOT (p IS NULL);

-- name: LeftJoinRowIsNotNull :many
-- columns: name, id, motto
-- why: a row IS NOT NULL when all of its fields are
SELECT p.name, t.id, t.motto FROM person p LEFT JOIN team t ON t.id = p.team_id WHERE t IS NOT NULL;

-- name: LeftJoinUndoneByExists :many
-- columns: name, person_id
SELECT t.name, p.id AS person_id FROM team t LEFT JOIN person p ON p.team_id = t.id
WHERE EXISTS (SELECT 1 FROM task k WHERE k.person_id = p.id);

-- name: LeftJoinUndoneInTheNextOn :many
-- columns: team, person?, task?, hours?
-- why: the condition of the second join only nulls its own right side
SELECT t.name AS team, p.name AS person, k.title AS task, k.hours
FROM team t LEFT JOIN person p ON p.team_id = t.id LEFT JOIN task k ON k.person_id = p.id AND p.score > 3;

-- name: LeftJoinKeyOfWhichIsConstant :many
-- columns: name, one?, two?
SELECT t.name, s.one, s.two FROM team t LEFT JOIN (SELECT p.team_id, 1 AS one, coalesce(p.score, 2) AS two FROM person p) s ON s.team_id = t.id;

-- name: FullJoinCoalesced :many
-- columns: id, name
SELECT coalesce(t.id, p.id) AS id, coalesce(p.name, t.name) AS name FROM team t FULL JOIN person p ON p.team_id = t.id;

-- name: UsingFullThrice :many
-- columns: id, motto?, amount?, code?
SELECT id, t.motto, g.amount, l.code FROM team t FULL JOIN guarded g USING (id) FULL JOIN legacy l USING (id);

-- name: UsingLeftThenInner :many
-- columns: id, team_id, note
SELECT id, t.id AS team_id, g.note FROM team t LEFT JOIN guarded g USING (id) JOIN (SELECT 'kept'::text AS kept) n ON n.kept = g.note;

-- name: JoinWithSubqueryInOn :many
-- columns: name, person?
SELECT t.name, p.name AS person FROM team t LEFT JOIN person p ON p.id = (SELECT max(id) FROM person WHERE team_id = t.id);

-- name: WhereEqualsDeclaredOptional :many
-- columns: score, id
-- parameters: score?
-- run: score => 5
-- why: when the parameter is NULL there is no row
SELECT score, id FROM person WHERE score = @score?;

-- name: WhereOptionalWithCast :many
-- columns: id, born?
-- parameters: since?, mood?
-- run: since => '1970-01-01', mood => 'high'
SELECT id, born FROM person WHERE (@since?::date IS NULL OR born >= @since?) AND (@mood?::mood IS NULL OR mood = @mood?);

-- name: WhereAnyWithoutParameterIsAll :many
-- columns: id, mood?
-- parameters: moods?
-- run: moods => '{low}'
SELECT id, mood FROM person WHERE mood = ANY(@moods?::mood[]) OR @moods? IS NULL;

-- name: WhereLikeAny :many
-- columns: motto
-- parameters: patterns
-- run: patterns => '{on%}'
SELECT motto FROM team WHERE motto LIKE ANY(@patterns::text[]);

-- name: WhereGreatest :many
-- columns: score?, boss_id?
SELECT score, boss_id FROM person WHERE greatest(score, boss_id) > 0;

-- name: WhereDeMorgan :many
-- columns: score, boss_id?
SELECT score, boss_id FROM person WHERE NOT (score IS NULL OR (score = 100 AND boss_id = 1));

-- name: WhereNotDistinctFromColumn :many
-- columns: mood?, feeling, boss_id?, score?
SELECT p.mood, p.feeling, p.boss_id, p.score FROM person p WHERE p.mood IS NOT DISTINCT FROM p.feeling OR p.boss_id IS NOT DISTINCT FROM p.score;

-- name: WhereNotDistinctFromNotNull :many
-- columns: mood
SELECT mood FROM person WHERE mood IS NOT DISTINCT FROM feeling;

-- name: WhereBooleanEqualsFalse :many
-- columns: active, score?
SELECT active, score FROM person WHERE (score > 3) = active OR active = (points > 0);

-- name: WhereBooleanIsNotFalse :many
-- columns: active?
SELECT active FROM person WHERE active IS NOT FALSE;

-- name: WhereArray :many
-- columns: tags, first?
SELECT tags, tags[1] AS first FROM person WHERE 'x' = ANY(tags) OR tags && ARRAY['z'];

-- name: WhereElementIsThere :many
-- columns: first, tags
SELECT tags[1] AS first, tags FROM person WHERE tags[1] IS NOT NULL;

-- name: WhereRange :many
-- columns: stay, low?
SELECT stay, lower(stay) AS low FROM person WHERE stay @> '2020-06-01'::date;

-- name: WhereInsideExistsIsNotOurs :many
-- columns: score?
SELECT score FROM person p WHERE EXISTS (SELECT 1 FROM person q WHERE q.score > 3);

-- name: WhereScalarAggregateOfItself :many
-- columns: score?
SELECT score FROM person p WHERE (SELECT count(*) FROM person q WHERE q.score = p.score) = 0;

-- name: WhereOfTheArmIsTheArms :many
-- columns: score?
SELECT score FROM person WHERE score IS NOT NULL UNION ALL SELECT score FROM person WHERE id = 2;

-- name: WhereTwiceThroughSubqueries :many
-- columns: c
SELECT c FROM (SELECT b AS c FROM (SELECT score AS b FROM person) x WHERE b IS NOT NULL) y;

-- name: WhereOnCteOfOuterJoin :many
-- columns: team, person, score?
WITH r AS (SELECT t.name AS team, p.name AS person, p.score FROM team t LEFT JOIN person p ON p.team_id = t.id)
SELECT team, person, score FROM r WHERE person IS NOT NULL;

-- name: WhereOnLeftJoinedSubquery :many
-- columns: name, members, best?
SELECT t.name, m.members, m.best
FROM team t LEFT JOIN (SELECT team_id, count(*) AS members, max(score) AS best FROM person GROUP BY team_id) m ON m.team_id = t.id
WHERE m.members > 0;

-- name: WhereLimitedBefore :many
-- columns: id, score?
SELECT id, score FROM (SELECT id, score FROM person ORDER BY score NULLS FIRST LIMIT 3) s;

-- name: OuterAggregateInSubquery :one
-- columns: best?
-- rows: one
-- null: the table can be empty
-- why: the aggregate belongs to the query outside
SELECT (SELECT max(p.points)) AS best FROM person p;

-- name: AggregateOrderedBySeries :many
-- columns: n
-- why: a series in ORDER BY makes rows, too
SELECT count(*) AS n FROM team ORDER BY generate_series(1, 2);

-- name: AggregateDistinct :one
-- columns: n
-- rows: one
SELECT DISTINCT count(*) AS n FROM team;

-- name: AggregatesSideBySide :one
-- columns: teams, people, oldest?
-- rows: one
-- null: the table can be empty
SELECT t.teams, p.people, p.oldest FROM (SELECT count(*) AS teams FROM team) t, (SELECT count(*) AS people, min(born) AS oldest FROM person) p;

-- name: AggregateInCte :one
-- columns: n
-- rows: one
WITH c AS (SELECT count(*) AS n FROM team) SELECT n FROM c;

-- name: AggregateFilteredOutside :many
-- columns: n
-- parameters: least
-- run: least => 1
-- run: least => 1000
SELECT n FROM (SELECT count(*) AS n FROM team) s WHERE n > @least;

-- name: AggregateOfFalse :one
-- columns: n, best?
-- rows: one
SELECT count(*) AS n, max(points) AS best FROM person WHERE false;

-- name: AggregateOfOneRow :one
-- columns: sum, n, list
-- rows: one
-- why: one row without FROM is one row to sum
SELECT sum(1) AS sum, count(*) AS n, array_agg('x'::text) AS list;

-- name: OneRowLeftJoined :many
-- columns: wanted?, name?
-- parameters: id
-- run: id => 2
-- run: id => 200
SELECT q.id AS wanted, p.name FROM (SELECT @id::int AS id) q LEFT JOIN person p ON p.boss_id = q.id;

-- name: OneRowLeftJoinedByLimit :one
-- columns: now, name?
-- parameters: id
-- rows: one
-- run: id => 2
-- run: id => 200
SELECT q.now, p.name FROM (SELECT now() AS now) q LEFT JOIN LATERAL (SELECT name FROM person WHERE boss_id = @id LIMIT 1) p ON true;

-- name: LimitOnOneRow :many
-- columns: one
-- parameters: most
-- run: most => 1
-- run: most => 0
SELECT 1 AS one LIMIT @most;

-- name: RollupNullsItsHavingOther :many
-- columns: feeling, n, name?
SELECT feeling, count(*) AS n, name FROM person GROUP BY GROUPING SETS ((feeling, name), (feeling), ()) HAVING GROUPING(feeling) = 0;

-- name: RollupNullsAnExpression :many
-- columns: sum?, fixed, n
SELECT points + 1 AS sum, 1 AS fixed, count(*) AS n FROM person GROUP BY ROLLUP (points + 1);

-- name: RollupInSubquery :many
-- columns: feeling?, points
SELECT s.feeling, s.points FROM (SELECT feeling, sum(points) AS points FROM person GROUP BY ROLLUP (feeling)) s WHERE s.points > 0;

-- name: GroupByLeftJoined :many
-- columns: team, person?, n
SELECT t.name AS team, p.name AS person, count(k.id) AS n
FROM team t LEFT JOIN person p ON p.team_id = t.id LEFT JOIN task k ON k.person_id = p.id GROUP BY t.name, p.name;

-- name: AggregateFilteredByNotNull :many
-- columns: team_id?, score?, scores?
SELECT team_id, max(score) FILTER (WHERE score IS NOT NULL) AS score, array_agg(score) FILTER (WHERE score IS NOT NULL) AS scores
FROM person GROUP BY team_id;

-- name: AggregateOfAWholeRow :many
-- columns: team, n, people, json
SELECT t.name AS team, count(p) AS n, array_agg(p) AS people, json_agg(p) AS json
FROM team t LEFT JOIN person p ON p.team_id = t.id GROUP BY t.id;

-- name: AggregateOfRanges :many
-- columns: team_id?, low?, common, greatest
SELECT team_id, min(lower(shift)) AS low, range_intersect_agg(shift) AS common, max(skills) AS greatest FROM person GROUP BY team_id;

-- name: WindowAggregateOfCase :many
-- columns: id, rich?, sure
SELECT id, sum(CASE WHEN points > 15 THEN points END) OVER (ORDER BY id) AS rich,
    coalesce(lag(score) OVER (ORDER BY id), 0) AS sure
FROM person;

-- name: WindowRangeFrames :many
-- columns: id, near, before?
SELECT id, sum(points) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS near,
    sum(points) OVER (ORDER BY id RANGE BETWEEN 3 PRECEDING AND 2 PRECEDING) AS before
FROM person;

-- name: WindowFrameByParameter :many
-- columns: id, around, before?
-- parameters: n
-- run: n => 1
SELECT id, sum(points) OVER (ORDER BY id ROWS BETWEEN @n PRECEDING AND CURRENT ROW) AS around,
    sum(points) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND @n PRECEDING) AS before
FROM person;

-- name: CaseOfEverything :many
-- columns: id, sure, simple, null_cond
-- parameters: flag
-- run: flag => true
SELECT id, CASE WHEN score > 3 OR score <= 3 THEN score ELSE -1 END AS sure, CASE score WHEN 5 THEN score ELSE 0 END AS simple,
    CASE WHEN @flag::boolean THEN 'yes' WHEN NULL THEN NULL ELSE 'no' END AS null_cond
FROM person;

-- name: CaseOverParameters :many
-- columns: id, points?, sure
-- parameters: n?
-- run: n => 3
SELECT id, CASE WHEN id > 1 THEN points ELSE @n?::int END AS points, CASE WHEN @n? IS NOT NULL THEN @n?::int ELSE points END AS sure FROM person;

-- name: CoalesceOfParameter :many
-- columns: id, given?, score?
-- parameters: score?
-- run: score => 3
SELECT id, @score?::int AS given, coalesce(@score?, score) AS score FROM person;

-- name: BuiltInsThatAnswerNull :many
-- columns: cut?, both?, number?, text?, xid?, comment?, view?, allowed?
-- why: not NULL in, and NULL out
SELECT box(point(id, id), point(id + 1, id + 1)) # box '((0,0),(2,2))' AS cut, path '((0,0),(1,1))' + path '((0,0),(1,1))' AS both,
    to_number(name, left(name, 0)) AS number, to_char(interval '1 day', left(name, 0)) AS text,
    pg_current_xact_id_if_assigned() AS xid, obj_description(id::oid, 'pg_class') AS comment,
    pg_get_viewdef(id::oid) AS view, has_table_privilege(id::oid, 'SELECT') AS allowed
FROM team;

-- name: BuiltInsThatTakeNull :many
-- columns: array, object, formatted?, quoted, counted, text_list, range
SELECT array_prepend(score, NULL) AS array, jsonb_build_array(score) AS object, format(email, 'x') AS formatted, quote_nullable(email) AS quoted,
    num_nulls(email) AS counted, string_to_array(name, email) AS text_list, int4range(score, NULL) AS range
FROM person WHERE email IS NULL OR id = 1;

-- name: OverlapsAndSymmetric :many
-- columns: overlap?, symmetric, greater?
SELECT (born, born) OVERLAPS ('2000-01-01'::date, '2001-01-01'::date) AS overlap, points BETWEEN SYMMETRIC 5 AND 1 AS symmetric,
    points > ALL(ARRAY[1, score]) AS greater
FROM person WHERE born IS NULL OR isfinite(born);

-- name: MultirangeBounds :many
-- columns: low?, all, empty
SELECT lower(shift * '{[0,2)}'::int4multirange) AS low, shift::int4multirange AS all, isempty(shift::int4multirange) AS empty FROM
    (SELECT shift::int4multirange AS shift FROM person) s;

-- name: TextSearch :many
-- columns: vector, found, rank, headline
-- parameters: query
-- run: query => 'ann'
SELECT to_tsvector('simple', name) AS vector, to_tsvector('simple', name) @@ to_tsquery('simple', 'ann') AS found,
    ts_rank(to_tsvector('simple', name), to_tsquery('simple', 'ann')) AS rank, ts_headline('simple', name, to_tsquery('simple', 'ann')) AS headline
FROM person WHERE to_tsvector('simple', name) @@ plainto_tsquery('simple', @query);

-- name: Catalog :many
-- columns: relname, nspname, reloptions?
SELECT c.relname, n.nspname, c.reloptions FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public';

-- name: StringSplitToRows :many
-- columns: id, part?, piece
SELECT p.id, a.part, b.piece FROM person p, string_to_table(p.name, 'n', 'a') AS a (part), regexp_split_to_table(p.name, 'n') AS b (piece);

-- name: GenerateSubscripts :many
-- columns: id, i, skill?
SELECT p.id, i, p.skills[i] AS skill FROM person p, generate_subscripts(p.skills, 1) AS i;

-- name: FieldOfFunction :many
-- columns: id, street?, high?
SELECT id, (home_of(id)).street, (extent(ARRAY[id, points])).highest + NULL AS high FROM person;

-- name: FunctionInOnOfLeftJoin :many
-- columns: name, person_id?
SELECT t.name, s.person_id FROM team t LEFT JOIN scores(0) s ON s.score = t.id;

-- name: InsertSeries :many
-- columns: id, name
-- why: a series in VALUES makes rows, too
INSERT INTO nothing (id, name) VALUES (generate_series(1, 2), 'x') RETURNING id, name;

-- name: InsertFromArrays :many
-- columns: id, name, note?
-- parameters: ids, names, notes
-- run: ids => '{1,2}', names => '{x,y}', notes => '{NULL,z}'
INSERT INTO nothing (id, name, note) SELECT * FROM unnest(@ids::int[], @names::text[], @notes::text[]) RETURNING id, name, note;

-- name: InsertDefaults :one
-- columns: id, settings, motto?, text
-- rows: one
INSERT INTO team (name, settings, motto) VALUES ('n', DEFAULT, DEFAULT) RETURNING id, settings, motto, coalesce(motto, 'none') AS text;

-- name: InsertOverridingIdentity :one
-- columns: id, done, deadline, price?
-- parameters: price?
-- rows: one
-- run: price => 1
INSERT INTO task (id, person_id, title, kind, mail, price) OVERRIDING SYSTEM VALUE VALUES (1000, 1, 't', 'k', 'm', @price)
RETURNING id, done, deadline, price;

-- name: InsertReturningSubquery :one
-- columns: id, boss?, members
-- parameters: id, boss_id?
-- rows: one
-- run: id => 1000, boss_id => 1
INSERT INTO person (id, name, nick, boss_id) VALUES (@id, 'n', 'n', @boss_id)
RETURNING id, (SELECT b.name FROM person b WHERE b.id = person.boss_id) AS boss, (SELECT count(*) FROM person q WHERE q.boss_id = person.id) AS members;

-- name: InsertReturningGenerated :one
-- columns: name_length, double_score?
-- parameters: score?
-- rows: one
-- run: score => 1
INSERT INTO person (id, name, nick, score) VALUES (1000, 'n', 'n', @score) RETURNING name_length, double_score;

-- name: InsertCoalesced :one
-- columns: motto, budget?
-- parameters: motto?, budget?
-- rows: one
-- run: motto => 'm', budget => 1
INSERT INTO team (name, motto, budget) VALUES ('n', coalesce(@motto, 'none'), @budget) RETURNING motto, budget;

-- name: GetOrCreate :many
-- columns: id, motto?
-- parameters: name
-- run: name => 'blue'
-- run: name => 'new'
WITH made AS (INSERT INTO team (name) VALUES (@name) ON CONFLICT DO NOTHING RETURNING id, motto)
SELECT id, motto FROM made UNION ALL SELECT id, motto FROM team WHERE name = @name;

-- name: UpdateReturnsTheValueBefore :many
-- columns: id, before, after?
WITH old AS (SELECT id, motto FROM team WHERE motto IS NOT NULL FOR UPDATE)
UPDATE team t SET motto = NULL FROM old WHERE old.id = t.id RETURNING t.id, old.motto AS before, t.motto AS after;

-- name: UpdateFromArrays :many
-- columns: id, motto?, given?
-- parameters: ids, mottos
-- run: ids => '{1,2}', mottos => '{NULL,x}'
UPDATE team t SET motto = u.motto FROM unnest(@ids::int[], @mottos::text[]) AS u (id, motto) WHERE u.id = t.id RETURNING t.id, t.motto, u.motto AS given;

-- name: UpdateFromValues :many
-- columns: id, motto?
UPDATE team t SET motto = v.motto FROM (VALUES (1, 'x'), (2, NULL)) AS v (id, motto) WHERE v.id = t.id RETURNING t.id, t.motto;

-- name: UpdateFromKeepsTheOthersFacts :many
-- columns: id, score, motto
UPDATE team t SET motto = 'x' FROM person p WHERE p.team_id = t.id AND p.score > 1 RETURNING t.id, p.score, t.motto;

-- name: UpdateJoinsOnWhatItEmpties :many
-- columns: id, team_id?, name
-- why: the join was by the team it had
UPDATE person p SET team_id = NULL FROM team t WHERE t.id = p.team_id RETURNING p.id, p.team_id, t.name;

-- name: UpdateToDefault :many
-- columns: id, settings, motto?
UPDATE team SET settings = DEFAULT, motto = DEFAULT WHERE motto <> '' RETURNING id, settings, motto;

-- name: UpdateCase :many
-- columns: id, motto?
-- parameters: empty
-- run: empty => true
UPDATE team SET motto = CASE WHEN @empty::boolean THEN NULL ELSE motto END WHERE motto IS NOT NULL RETURNING id, motto;

-- name: UpdateInheritanceParent :many
-- columns: id, name?, noise
UPDATE animal SET noise = 'x' RETURNING id, name, noise;

-- name: DeleteReturningStar :many
-- columns: id, note?, amount
DELETE FROM guarded RETURNING *;

-- name: DeleteReturningSubquery :many
-- columns: id, others, name?
DELETE FROM guarded g WHERE g.id > 1 RETURNING g.id, (SELECT count(*) FROM guarded) AS others, (SELECT t.name FROM team t WHERE t.id = g.id) AS name;

-- name: WriteAndReadTogether :many
-- columns: id, motto?, new?
-- why: the query sees the table as it was before
WITH changed AS (UPDATE team SET motto = 'set' WHERE motto IS NULL RETURNING id, motto)
SELECT t.id, t.motto, c.motto AS new FROM team t LEFT JOIN changed c ON c.id = t.id;

-- name: MoveRows :many
-- columns: id, name, note
WITH gone AS (DELETE FROM guarded WHERE note IS NOT NULL RETURNING id, note)
INSERT INTO nothing (id, name, note) SELECT id, 'moved', note FROM gone RETURNING id, name, note;
