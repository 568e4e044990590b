-- In pg_locks: the runner's lock.
locktype = 'advisory'
AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
AND (classid::bigint << 32 | objid::bigint) = :'key'
AND objsubid = 1
AND granted
