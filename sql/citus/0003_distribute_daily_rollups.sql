-- The daily sums, spread over the nodes by the entity that they are about.
-- Why: a report is about one entity, so one node answers; ROLLUP and GROUPING SETS work in no other way in Citus.
-- Locks: writes to daily_rollups wait while its rows are copied, and with them flushes; reading goes on.

SELECT create_distributed_table('daily_rollups', 'entity_id', colocate_with => 'none');
