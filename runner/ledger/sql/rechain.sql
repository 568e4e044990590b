-- Histories of the entries above one that came in late or was accepted as edited.
UPDATE :"schema"._migrations AS entry
SET history = chained.history
FROM (
    VALUES
    :values
) AS chained (version, history)
WHERE entry.version = chained.version
