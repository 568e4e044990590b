-- A notification whenever something changes that decides what a key may do.
-- Why: instances keep keys in memory; one that is blocked must be refused everywhere within a moment.
-- Locks: SHARE ROW EXCLUSIVE on eight tables, for a moment, to add the triggers; traffic only reads these.

CREATE FUNCTION notify_access_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    changed jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
    PERFORM pg_notify('access_changes', TG_TABLE_SCHEMA || ':' || (changed ->> TG_ARGV[0]));
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION notify_access_change() IS
    'Trigger: notifies the channel access_changes with schema:id, the id being in the column that is the argument. '
    'Whoever keeps something in memory about this organization, team, project, user or key, or about one below it, '
    'reads it again; all zeros stand for everything. What is new is in no memory, so most inserts say nothing.';

CREATE TRIGGER organizations_notify_access
AFTER UPDATE OR DELETE ON organizations
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER teams_notify_access
AFTER UPDATE OR DELETE ON teams
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER projects_notify_access
AFTER UPDATE OR DELETE ON projects
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER users_notify_access
AFTER UPDATE OR DELETE ON users
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER api_keys_notify_access
AFTER UPDATE OR DELETE ON api_keys
FOR EACH ROW EXECUTE FUNCTION notify_access_change('id');

CREATE TRIGGER api_key_hashes_notify_access
AFTER UPDATE OR DELETE ON api_key_hashes
FOR EACH ROW EXECUTE FUNCTION notify_access_change('key_id');

CREATE TRIGGER team_memberships_notify_access
AFTER INSERT OR DELETE ON team_memberships
FOR EACH ROW EXECUTE FUNCTION notify_access_change('user_id');

CREATE TRIGGER budgets_notify_access
AFTER INSERT OR UPDATE OR DELETE ON budgets
FOR EACH ROW EXECUTE FUNCTION notify_access_change('entity_id');
