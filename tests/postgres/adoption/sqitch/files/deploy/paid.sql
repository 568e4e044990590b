-- Deploy shop:paid to pg

BEGIN;

ALTER TABLE posts ADD COLUMN paid_at timestamptz;

COMMIT;
