-- The locks that another session has or waits for right now; no relation: it waits for older transactions to end.
SELECT relation, mode, granted
FROM pg_catalog.pg_locks
WHERE pid = :'pid' AND locktype IN ('relation', 'virtualxid') AND (locktype = 'relation' OR NOT granted)
