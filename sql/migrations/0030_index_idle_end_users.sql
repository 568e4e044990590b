-- An index by last_seen_on, to delete end users who have not been seen for long.
-- Why: alone and CONCURRENTLY, as end_users is large and every flush writes to it; a plain build would stop those.
-- Locks: SHARE UPDATE EXCLUSIVE on end_users; reading and writing go on.
-- migrate: no-transaction

CREATE INDEX CONCURRENTLY end_users_last_seen_on_idx ON end_users (last_seen_on);
