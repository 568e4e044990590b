-- The first partitions, from yesterday to two weeks from now.
-- Why: a fresh schema accepts rows at once; the gateway makes the later ones.
-- Locks: SHARE UPDATE EXCLUSIVE on the four partitioned tables; reading and writing go on.

SELECT ensure_partitions(14);
