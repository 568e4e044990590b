-- name: AddOdd :exec
INSERT INTO odd (uuid, owner, bytes, payload, "limit", protocol, role)
VALUES (@uuid, @owner, @bytes, @payload, @max, @protocol, @role);

-- name: AllOdd :many
SELECT * FROM odd;

-- name: OddLimits :many
SELECT o.limit, o.uuid AS order, ARRAY[o.limit, 1] AS both, sqlc.embed(o) FROM odd AS o;

-- name: OddRoles :one
SELECT ARRAY(SELECT x FROM (SELECT o.role, o.uuid FROM odd AS o) AS x) AS roles;

-- name: RecordArms :many
SELECT b.title, CASE WHEN b.mood IS NULL THEN ROW(b.id) ELSE ROW(NULL::bigint) END AS either
FROM books AS b ORDER BY b.id;

-- name: RecordsWithin :many
SELECT a.name, array_agg(r) AS books
FROM authors AS a LEFT JOIN (SELECT b.id, b.author_id FROM books AS b) AS r ON r.author_id = a.id
GROUP BY a.name ORDER BY a.name;

-- name: EmbedTotals :many
SELECT sqlc.embed(n), count(*) AS number FROM notes AS n GROUP BY GROUPING SETS ((n.body, n."when"), ());

-- name: EmbedBooks :many
SELECT sqlc.embed(b), count(*) AS number
FROM books AS b GROUP BY GROUPING SETS ((b.id, b.author_id, b.title, b.mood, b.price, b."class"), ());
