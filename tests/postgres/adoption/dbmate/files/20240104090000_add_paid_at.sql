-- migrate:up
ALTER TABLE posts ADD COLUMN paid_at timestamptz;

-- migrate:down
