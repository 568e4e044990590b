-- The log rows, spread over the nodes of a Citus cluster by request.
-- Why: the largest table by far; its primary key has to hold the column, and of the two there request_id spreads best.
-- Locks: writes to spend_logs wait while its rows are copied; reading goes on. Needs the gateway's 0019.

SELECT create_distributed_table('spend_logs', 'request_id', colocate_with => 'none');
