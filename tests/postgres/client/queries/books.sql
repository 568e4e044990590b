-- name: LeftShelf :many
SELECT sqlc.embed(a), sqlc.embed(b), sqlc.embed(n)
FROM authors AS a LEFT JOIN books AS b ON b.author_id = a.id LEFT JOIN notes AS n ON n.body = b.title
ORDER BY a.id, b.id;

-- name: Shelf :many
SELECT * FROM shelf ORDER BY name, title;

-- name: BooksOf :many
SELECT b.id, b.title, a.name AS "author!", b.price::text AS "price?"
FROM books AS b LEFT JOIN authors AS a ON a.id = b.author_id
WHERE ARRAY[b.title] <@ @titles::text[] AND b.id >@first ORDER BY b.id;

-- name: AddBooks :copyfrom
INSERT INTO books (author_id, title, mood) VALUES (@author_id, @title, @mood);

-- name: AddLog :copyfrom
INSERT INTO side.log (word, at) VALUES ($2, $1);

-- name: PutBooks :batchexec
INSERT INTO books (title, price, "class") VALUES (@title, @price, @kind);

-- name: AddMany :many
INSERT INTO books (title, mood)
SELECT * FROM unnest(@titles::text[], @moods::mood[])
RETURNING id;

-- name: TouchBook :one
UPDATE books SET title = @row WHERE id = @value RETURNING title AS rows, id AS row, "class" AS kind;

-- name: SetMood :one
INSERT INTO books (title, mood) VALUES ('x', @database) RETURNING mood;

-- name: PutRows :batchexec
INSERT INTO notes (body, "when") VALUES (@rows, @database);
