-- The settings that are common to all instances of the gateway.
-- Why: what is set while it runs must reach every instance and survive a restart.
-- Locks: nothing that exists; the table is new.

CREATE TABLE settings (
    key text NOT NULL,
    value jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    updated_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT settings_pkey PRIMARY KEY (key),
    CONSTRAINT settings_key_check CHECK (key ~ '^[a-z][a-z0-9_.]*$'),
    CONSTRAINT settings_version_check CHECK (version > 0),
    CONSTRAINT settings_updated_by_check CHECK (updated_by <> '')
);

COMMENT ON TABLE settings IS
    'One row a setting that differs from the default of the gateway. Earlier values are in audit_events.';
COMMENT ON COLUMN settings.key IS 'Dotted name, such as retention.spend_logs.';
COMMENT ON COLUMN settings.value IS 'Of any JSON type; the gateway knows which one it expects.';
COMMENT ON COLUMN settings.version IS
    'Raised by every change, which names the version it read: a change made from a stale view changes nothing.';
COMMENT ON COLUMN settings.updated_by IS 'In the form kind:id of audit_events.';
