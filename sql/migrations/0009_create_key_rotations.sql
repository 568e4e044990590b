-- The rotations of secrets, one row each.
-- Why: a rotation that is sent twice, as after a lost answer, must change the secret once.
-- Locks: SHARE ROW EXCLUSIVE on api_keys, for a moment, to add the foreign key.

CREATE TABLE key_rotations (
    id uuid NOT NULL,
    key_id uuid NOT NULL,
    grace_ends_at timestamptz NOT NULL,
    rotated_by text NOT NULL,
    rotated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT key_rotations_pkey PRIMARY KEY (id),
    CONSTRAINT key_rotations_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
    CONSTRAINT key_rotations_grace_ends_at_check CHECK (grace_ends_at >= rotated_at),
    CONSTRAINT key_rotations_rotated_by_check CHECK (rotated_by <> '')
);

CREATE INDEX key_rotations_key_id_rotated_at_idx ON key_rotations (key_id, rotated_at);

COMMENT ON TABLE key_rotations IS
    'Written in the transaction that adds the new hash and limits the old one. A row that is already there means: '
    'done before, change nothing.';
COMMENT ON COLUMN key_rotations.id IS
    'Chosen by whoever asks for the rotation, so that asking again is recognized; hence no default.';
COMMENT ON COLUMN key_rotations.grace_ends_at IS
    'Until when the old secret is still accepted; equal to rotated_at where it ended at once.';
COMMENT ON COLUMN key_rotations.rotated_by IS 'In the form kind:id of audit_events.';
