-- Up Migration
ALTER TABLE posts ADD COLUMN paid_at timestamptz;

-- Down Migration
