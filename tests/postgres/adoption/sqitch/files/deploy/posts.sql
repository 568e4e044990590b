-- Deploy shop:posts to pg

BEGIN;

ALTER TABLE posts ADD COLUMN number int;

COMMIT;
