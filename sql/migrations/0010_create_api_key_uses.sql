-- When each key was last used.
-- Why: traffic writes it, so it must not be a column of the wide rows of api_keys with their seven indexes.
-- Locks: SHARE ROW EXCLUSIVE on api_keys, for a moment, to add the foreign key.

CREATE TABLE api_key_uses (
    key_id uuid NOT NULL,
    last_used_at timestamptz NOT NULL,
    CONSTRAINT api_key_uses_pkey PRIMARY KEY (key_id),
    CONSTRAINT api_key_uses_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE
) WITH (fillfactor = 70);

COMMENT ON TABLE api_key_uses IS
    'At most one row a key, written in batches. No row: never used. Fillfactor 70 leaves room for updates within the '
    'page, which touch no index.';
COMMENT ON COLUMN api_key_uses.last_used_at IS 'Start of the latest request that was seen; late by up to one flush.';
