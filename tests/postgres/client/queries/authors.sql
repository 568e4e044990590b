-- Text above the first name belongs to nobody.

-- name: CreateAuthor :one
-- Creates an author. A second sentence
-- goes into a paragraph of its own.
--
-- And a third paragraph, with "quotes" and a \ backslash.
-- json: settings = tests.postgres.client.shapes:Settings
INSERT INTO authors (name, born, mood, home, settings)
VALUES (@name, @born, @mood, @home, @settings)
RETURNING *;

-- name: FindAuthor :one
-- json: settings = tests.postgres.client.shapes:Settings
SELECT id, name, settings FROM authors WHERE name = $1;

/* name: CountAuthors :one */
SELECT count(*) FROM authors;

-- name: AuthorBirth :one
SELECT born FROM authors WHERE id = sqlc.arg(id);

-- name: AuthorMood :one
SELECT mood FROM authors WHERE id = @id;

-- name: ListNames :many
SELECT name FROM authors ORDER BY name LIMIT $1 OFFSET $2;

-- name: FilterAuthors :many
-- Every filter that is None is no filter.
SELECT sqlc.embed(a)
FROM authors AS a
WHERE (@mood::mood IS NULL OR a.mood = @mood)
AND (sqlc.narg(born_since)::date IS NULL OR a.born >= sqlc.narg('born_since'))
AND a.name = ANY (@names::text[])
ORDER BY a.id;

-- name: AuthorsWithBooks :many
-- One row an author, with the books in it.
SELECT
    a.name,
    ARRAY(
        SELECT x FROM (SELECT b.id, b.title, b.mood, b.price FROM books AS b WHERE b.author_id = a.id ORDER BY b.id) AS x
    ) AS books,
    (SELECT y FROM (SELECT max(b.price) AS dearest, count(*) AS number FROM books AS b WHERE b.author_id = a.id) AS y)
        AS "summary!"
FROM authors AS a
ORDER BY a.name;

-- name: StreamNames :iter
SELECT a.id, a.name FROM authors AS a WHERE a.id > @after ORDER BY a.id;

-- name: StreamMoods :iter
SELECT mood FROM authors ORDER BY id;

-- name: Rename :execrows
UPDATE authors SET name = @name WHERE id = @id;

-- name: Forget :exec
DELETE FROM authors WHERE id = ANY (@ids::bigint[]);

-- name: Notify :exec
SELECT pg_notify('authors', @row?::text);

-- name: MaybeMoods :one
SELECT ARRAY[NULL, 'calm']::mood[] AS "moods[?]", ARRAY[NULL, 'x'] AS "words[?]!";
