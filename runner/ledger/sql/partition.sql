-- Whether the partition is half detached, by a DETACH … CONCURRENTLY that stopped; no row if it is no partition.
SELECT inhdetachpending
FROM pg_catalog.pg_inherits
WHERE
    inhrelid = pg_catalog.to_regclass(:'partition')
    AND inhparent = pg_catalog.to_regclass(:'parent')
