-- The last history is a hash over all entries: if it is the one that the plan was made from, nothing moved.
SELECT
    version,
    history,
    state
FROM :"schema"._migrations
ORDER BY version DESC
LIMIT 1
