-- Checks the rows that were in budgets before 0028.
-- Why: in a transaction of its own, so that the scan does not run under the lock that adding the constraint took.
-- Locks: SHARE UPDATE EXCLUSIVE on budgets during the scan; reading and writing go on.

ALTER TABLE budgets VALIDATE CONSTRAINT budgets_soft_amount_max_amount_check;
