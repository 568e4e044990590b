---- tern: disable-tx ----
CREATE INDEX CONCURRENTLY posts_user_id_idx ON posts (user_id);

---- create above / drop below ----

DROP INDEX posts_user_id_idx;
