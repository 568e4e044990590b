-- transactional: false
-- depends: 0002.create-posts

CREATE INDEX CONCURRENTLY posts_user_id_idx ON posts (user_id);
