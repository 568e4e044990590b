-- Who belongs to which organization or team, with which role.
-- Why: one row a membership, so that joining or leaving never rewrites a list that others change at the same time.
-- Locks: SHARE ROW EXCLUSIVE on organizations, teams, users, for a moment, to add the foreign keys.

CREATE TABLE organization_memberships (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'member',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organization_memberships_pkey PRIMARY KEY (organization_id, user_id),
    CONSTRAINT organization_memberships_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT organization_memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT organization_memberships_role_check CHECK (role IN ('admin', 'auditor', 'member'))
);

CREATE INDEX organization_memberships_user_id_idx ON organization_memberships (user_id);

COMMENT ON TABLE organization_memberships IS
    'A user in an organization. Goes with either side (ON DELETE CASCADE), as it is nothing without both.';
COMMENT ON COLUMN organization_memberships.role IS
    'admin: may change the organization and all below it; auditor: may read it; member: may be put in its teams.';

CREATE TABLE team_memberships (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'member',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT team_memberships_pkey PRIMARY KEY (id),
    CONSTRAINT team_memberships_team_id_user_id_key UNIQUE (team_id, user_id),
    CONSTRAINT team_memberships_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
    CONSTRAINT team_memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT team_memberships_role_check CHECK (role IN ('admin', 'member'))
);

CREATE INDEX team_memberships_user_id_idx ON team_memberships (user_id);

COMMENT ON TABLE team_memberships IS
    'A user in a team. Goes with either side (ON DELETE CASCADE), as it is nothing without both.';
COMMENT ON COLUMN team_memberships.id IS
    'What the budget of one member within one team refers to (budgets.entity_kind = membership).';
COMMENT ON COLUMN team_memberships.role IS
    'admin: may change the team and its keys; member: may use the team and see its own keys.';
