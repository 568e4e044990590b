-- The text that ran.
SELECT sql
FROM :"schema"._migrations
WHERE version = :'version'
