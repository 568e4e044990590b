-- The customers of a customer, as named in the requests themselves.
-- Why: their use can be limited, blocked and reported, though they never sign in here.
-- Locks: SHARE ROW EXCLUSIVE on organizations, for a moment, to add the foreign key.

CREATE TABLE end_users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    organization_id uuid,
    external_id text NOT NULL,
    blocked_at timestamptz,
    first_seen_on date NOT NULL,
    last_seen_on date NOT NULL,
    CONSTRAINT end_users_pkey PRIMARY KEY (id),
    CONSTRAINT end_users_organization_id_external_id_key UNIQUE NULLS NOT DISTINCT (organization_id, external_id),
    CONSTRAINT end_users_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE RESTRICT,
    CONSTRAINT end_users_external_id_check CHECK (length(external_id) BETWEEN 1 AND 256),
    CONSTRAINT end_users_last_seen_on_check CHECK (last_seen_on >= first_seen_on)
);

COMMENT ON TABLE end_users IS
    'Whoever a request says it is made for. Rows appear by themselves with the first request, in bulk, so the table '
    'grows with traffic; those not seen for long can be deleted.';
COMMENT ON COLUMN end_users.organization_id IS
    'Whose customer: two organizations may use the same external_id for different people. NULL: seen under a key '
    'outside any organization.';
COMMENT ON COLUMN end_users.external_id IS 'The name that the caller gave, kept as it came.';
COMMENT ON COLUMN end_users.blocked_at IS 'Since when requests for this end user are refused. NULL: not blocked.';
COMMENT ON COLUMN end_users.first_seen_on IS 'Day in UTC.';
COMMENT ON COLUMN end_users.last_seen_on IS
    'Day in UTC; a day and not an instant, so that the row is written at most once a day.';
