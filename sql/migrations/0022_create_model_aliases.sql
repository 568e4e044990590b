-- Other names for models, for everyone or for one team.
-- Why: callers keep the name in their code while the model behind it changes.
-- Locks: SHARE ROW EXCLUSIVE on teams, for a moment, to add the foreign key.

CREATE TABLE model_aliases (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    team_id uuid,
    name text NOT NULL,
    target_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT model_aliases_pkey PRIMARY KEY (id),
    CONSTRAINT model_aliases_team_id_name_key UNIQUE NULLS NOT DISTINCT (team_id, name),
    CONSTRAINT model_aliases_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
    CONSTRAINT model_aliases_name_check CHECK (name <> ''),
    CONSTRAINT model_aliases_target_name_check CHECK (target_name <> '' AND target_name <> name)
);

COMMENT ON TABLE model_aliases IS
    'The alias of a team goes before one for everyone. Aliases are followed once: an alias of an alias is not looked '
    'up.';
COMMENT ON COLUMN model_aliases.team_id IS 'NULL: for everyone. An alias goes with its team (ON DELETE CASCADE).';
COMMENT ON COLUMN model_aliases.name IS 'What the caller asks for.';
COMMENT ON COLUMN model_aliases.target_name IS
    'A name in models; no foreign key, as several deployments bear it and it may come later.';
COMMENT ON COLUMN model_aliases.updated_at IS 'Set by the statement that changes the row.';
