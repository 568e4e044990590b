DO $lock$
BEGIN
    IF NOT
        :question
    THEN
        RAISE EXCEPTION 'another runner holds the lock: try again later';
    END IF;
END
$lock$;
