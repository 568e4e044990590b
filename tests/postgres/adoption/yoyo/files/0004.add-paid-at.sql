-- depends: 0003.index-posts

ALTER TABLE posts ADD COLUMN paid_at timestamptz;
