ALTER TABLE posts ADD COLUMN paid_at timestamptz;

---- create above / drop below ----

ALTER TABLE posts DROP COLUMN paid_at;
