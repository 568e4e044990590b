-- The function that makes partitions ahead of time.
-- Why: a row without a partition is refused; the gateway calls this at every start and on a timer.
-- Locks: nothing that exists; the function says in its comment what it locks when it is called.

CREATE FUNCTION ensure_partitions(days_ahead integer)
RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    made integer := 0;
    wanted record;
    child text;
BEGIN
    IF (days_ahead BETWEEN 0 AND 366) IS NOT TRUE THEN
        RAISE EXCEPTION 'days_ahead must be from 0 to 366, not %', days_ahead
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- There is no DEFAULT partition, on purpose. With one, partitions could no longer be detached CONCURRENTLY, adding
    -- one would lock and scan the default, and rows that fell into it would bar the partition they belong to. Without
    -- one, a forgotten day shows at once as SQLSTATE 23514 without the name of a constraint; the writer then calls
    -- this function and tries again.
    FOR wanted IN
        SELECT
            parent.oid::regclass AS parent,
            schema.nspname AS schema,
            format('%s_p%s', parent.relname, to_char(starts, grains.suffix)) AS name,
            to_char(starts, 'YYYY-MM-DD') AS first_day,
            to_char(starts + grains.length, 'YYYY-MM-DD') AS next_day
        FROM (
            VALUES
                ('spend_logs', 'day', interval '1 day', 'YYYYMMDD'),
                ('spend_log_payloads', 'day', interval '1 day', 'YYYYMMDD'),
                ('daily_rollups', 'month', interval '1 month', 'YYYYMM'),
                ('audit_events', 'month', interval '1 month', 'YYYYMM')
        ) AS grains (parent, grain, length, suffix)
        JOIN pg_class AS parent ON parent.oid = grains.parent::regclass
        JOIN pg_namespace AS schema ON schema.oid = parent.relnamespace
        CROSS JOIN generate_series(
            date_trunc(grains.grain, (today - 1)::timestamp),
            (today + days_ahead)::timestamp,
            grains.length
        ) AS starts
        ORDER BY parent.relname, starts
    LOOP
        child := format('%I.%I', wanted.schema, wanted.name);
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_inherits WHERE inhrelid = to_regclass(child) AND inhparent = wanted.parent
        );
        EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', wanted.parent);
        -- Asked again under the lock: another caller may have made it while this one waited.
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_inherits WHERE inhrelid = to_regclass(child) AND inhparent = wanted.parent
        );
        EXECUTE format(
            'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING STORAGE)',
            child, wanted.parent
        );
        EXECUTE format(
            'COMMENT ON TABLE %s IS %L',
            child, format('%s from %s until before %s, in UTC.', wanted.parent, wanted.first_day, wanted.next_day)
        );
        EXECUTE format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
            wanted.parent, child, wanted.first_day || ' 00:00:00+00', wanted.next_day || ' 00:00:00+00'
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END;
$$;

COMMENT ON FUNCTION ensure_partitions(integer) IS
    'Makes what is not there of the partitions from yesterday to days_ahead days from now, days and months in UTC, '
    'and returns how many it made. Any number of gateways may call it at once. Where something is to be made it '
    'takes SHARE UPDATE EXCLUSIVE on the parent, which readers and writers do not notice: the table is created apart '
    'and then attached. The caller must own the tables. Retention must leave yesterday alone, or this makes it again.';
