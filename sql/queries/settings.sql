-- name: GetSetting :one
-- One setting, if it differs from the gateway's default.
SELECT s.key, s.value, s.version, s.updated_by, s.updated_at
FROM settings AS s
WHERE s.key = @key;

-- name: LoadSettings :many
-- The settings of the keys given, or with NULL all of them. A key that does not come back has its default.
SELECT s.key, s.value, s.version, s.updated_by, s.updated_at
FROM settings AS s
WHERE @keys::text[] IS NULL OR s.key = ANY(@keys)
ORDER BY s.key;

-- name: SetSetting :one
-- Sets a setting, if it still has the version that was read, and returns the next one; version NULL: if it is not set.
-- No row: changed meanwhile.
WITH changed AS (
    UPDATE settings AS s
    SET value = @value, version = s.version + 1, updated_by = @updated_by, updated_at = now()
    WHERE s.key = @key AND s.version = @version?
    RETURNING s.version
),
added AS (
    INSERT INTO settings (key, value, updated_by)
    SELECT @key, @value, @updated_by
    WHERE @version::integer IS NULL
    ON CONFLICT (key) DO NOTHING
    RETURNING version
)
SELECT changed.version
FROM changed
UNION ALL
SELECT added.version
FROM added;

-- name: DeleteSetting :execrows
-- Gives a setting its default back, if it still has the version that was read.
DELETE FROM settings
WHERE key = @key AND version = @version;

-- name: LockConfig :exec
-- The first statement of every transaction that changes settings, models, aliases or credentials. The trigger takes
-- this lock at the first change, when the row is held already: whoever took it first and came to that row would wait
-- for ever.
LOCK TABLE config_changes IN SHARE ROW EXCLUSIVE MODE;

-- name: GetConfigRevision :one
-- The revision of the configuration, 0 before the first change, with the oldest change that is still listed: whoever
-- has seen less than the one before that reads everything anew.
SELECT coalesce(max(c.revision), 0) AS revision, min(c.revision) AS oldest_revision
FROM config_changes AS c;

-- name: ListConfigChanges :many
-- The changes after a revision in their order, one line an object however often it changed: the last one tells whether
-- it is to be read again or forgotten.
SELECT latest.revision, latest.object_kind, latest.object_id, latest.operation, latest.changed_at
FROM (
    SELECT DISTINCT ON (c.object_kind, c.object_id)
        c.revision,
        c.object_kind,
        c.object_id,
        c.operation,
        c.changed_at
    FROM config_changes AS c
    WHERE c.revision > @revision
    ORDER BY c.object_kind, c.object_id, c.revision DESC
) AS latest
ORDER BY latest.revision;

-- name: PurgeConfigChanges :execrows
-- Deletes the changes before a time, the last one excepted, which is the revision.
DELETE FROM config_changes
WHERE changed_at < @changed_before AND revision < (SELECT max(c.revision) FROM config_changes AS c);
