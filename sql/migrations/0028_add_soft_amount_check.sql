-- A budget must warn before it refuses, so soft_amount may not exceed max_amount.
-- Why: NOT VALID, so that it holds for new rows at once and reads none of the old; the next file checks those.
-- Locks: ACCESS EXCLUSIVE on budgets, for a moment.

ALTER TABLE budgets
    ADD CONSTRAINT budgets_soft_amount_max_amount_check CHECK (soft_amount <= max_amount) NOT VALID;

COMMENT ON CONSTRAINT budgets_soft_amount_max_amount_check ON budgets IS
    'A warning beyond the limit would never be given.';
