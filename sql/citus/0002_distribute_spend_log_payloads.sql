-- The contents of requests, each on the node of its log row.
-- Why: a log row and its contents are read together by both columns of their keys; side by side, one node answers.
-- Locks: writes to spend_log_payloads wait while its rows are copied; reading goes on.

SELECT create_distributed_table('spend_log_payloads', 'request_id', colocate_with => 'spend_logs');
