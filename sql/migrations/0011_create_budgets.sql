-- The budgets: how much may be spent, by whom, in what period.
-- Why: a limit changes rarely and is read often, so it is apart from the counters that move with every request.
-- Locks: nothing that exists; the table is new.

CREATE TABLE budgets (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    entity_kind text NOT NULL,
    entity_id uuid NOT NULL,
    period text NOT NULL,
    anchor_at timestamptz NOT NULL DEFAULT '2024-01-01 00:00:00+00',
    max_amount numeric(20,10),
    soft_amount numeric(20,10),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budgets_pkey PRIMARY KEY (id),
    CONSTRAINT budgets_entity_kind_entity_id_period_key UNIQUE (entity_kind, entity_id, period),
    CONSTRAINT budgets_entity_kind_check
        CHECK (entity_kind IN ('gateway', 'organization', 'team', 'project', 'user', 'membership', 'key', 'end_user')),
    CONSTRAINT budgets_entity_id_check
        CHECK ((entity_kind = 'gateway') = (entity_id = '00000000-0000-0000-0000-000000000000')),
    CONSTRAINT budgets_period_check CHECK (period IN ('hour', 'day', 'week', 'month', 'total')),
    CONSTRAINT budgets_max_amount_check CHECK (max_amount >= 0),
    CONSTRAINT budgets_soft_amount_check CHECK (soft_amount >= 0),
    CONSTRAINT budgets_amounts_check CHECK (num_nonnulls(max_amount, soft_amount) > 0)
);

COMMENT ON TABLE budgets IS
    'A limit on spending in a period. An entity may have one budget for each period; a request must fit into all '
    'budgets of all entities above it. All money in this schema is in the one currency of the prices that the '
    'gateway knows.';
COMMENT ON COLUMN budgets.entity_kind IS
    'What entity_id is the id of. gateway: everything together; membership: one member within one team.';
COMMENT ON COLUMN budgets.entity_id IS
    'No foreign key, as it points into seven tables; whoever purges an entity deletes its budgets in the same '
    'transaction. All zeros for the gateway itself.';
COMMENT ON COLUMN budgets.period IS 'How often the budget starts anew. total: never.';
COMMENT ON COLUMN budgets.anchor_at IS
    'An instant at which a period starts; the others follow from it, so they do not drift. The default, a Monday and '
    'first of a month, gives hours, days, weeks and months of the calendar in UTC.';
COMMENT ON COLUMN budgets.max_amount IS
    'Requests that could lead beyond it are refused. NULL: never refuse, only warn.';
COMMENT ON COLUMN budgets.soft_amount IS 'Beyond it people are warned. NULL: no warning.';
COMMENT ON COLUMN budgets.updated_at IS 'Set by the statement that changes the row. Traffic never changes it.';
