-- The rows of another tool's history, whatever columns its version has.
SELECT pg_catalog.to_jsonb(history)
FROM :"schema".:"table" AS history
