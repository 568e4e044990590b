-- The numbered feed of changes to settings, models, aliases, credentials, with a notification for each.
-- Why: instances ask for what is beyond the revision they have; as triggers write it, no statement can forget to.
-- Locks: SHARE ROW EXCLUSIVE on the four tables, for a moment, to add the triggers.

CREATE TABLE config_changes (
    revision bigint GENERATED ALWAYS AS IDENTITY,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    operation text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT config_changes_pkey PRIMARY KEY (revision),
    CONSTRAINT config_changes_object_kind_check
        CHECK (object_kind IN ('setting', 'model', 'model_alias', 'credential')),
    CONSTRAINT config_changes_operation_check CHECK (operation IN ('insert', 'update', 'delete'))
);

COMMENT ON TABLE config_changes IS
    'Written by triggers only. Revisions become visible in their order, without exception, so whoever has seen one '
    'has seen all before it. Old rows may be deleted, the last one excepted; an instance that is behind the oldest '
    'row reads everything anew.';
COMMENT ON COLUMN config_changes.revision IS
    'Grows with every change; may have gaps. The largest is the revision of the configuration.';
COMMENT ON COLUMN config_changes.object_id IS 'The id as text; for settings the key.';
COMMENT ON COLUMN config_changes.operation IS 'delete: forget the object; otherwise: read it again.';

CREATE FUNCTION record_config_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    changed jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    revision bigint;
BEGIN
    -- Held until the commit: otherwise a higher revision could be seen before a lower one, which would then be missed.
    EXECUTE format('LOCK TABLE %I.config_changes IN SHARE ROW EXCLUSIVE MODE', TG_TABLE_SCHEMA);
    EXECUTE format(
        'INSERT INTO %I.config_changes (object_kind, object_id, operation) VALUES ($1, $2, $3) RETURNING revision',
        TG_TABLE_SCHEMA
    ) INTO revision USING TG_ARGV[0], changed ->> TG_ARGV[1], lower(TG_OP);
    PERFORM pg_notify('config_changes', TG_TABLE_SCHEMA || ':' || revision);
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION record_config_change() IS
    'Trigger: adds a row to config_changes and notifies the channel of that name with schema:revision. Arguments: '
    'the object_kind and the column that holds the id. Names the schema by that of the table, so it works under any '
    'search_path. Changes of the configuration wait for one another; they are rare.';

CREATE TRIGGER settings_record_change
AFTER INSERT OR UPDATE OR DELETE ON settings
FOR EACH ROW EXECUTE FUNCTION record_config_change('setting', 'key');

CREATE TRIGGER models_record_change
AFTER INSERT OR UPDATE OR DELETE ON models
FOR EACH ROW EXECUTE FUNCTION record_config_change('model', 'id');

CREATE TRIGGER model_aliases_record_change
AFTER INSERT OR UPDATE OR DELETE ON model_aliases
FOR EACH ROW EXECUTE FUNCTION record_config_change('model_alias', 'id');

CREATE TRIGGER credentials_record_change
AFTER INSERT OR UPDATE OR DELETE ON credentials
FOR EACH ROW EXECUTE FUNCTION record_config_change('credential', 'id');
