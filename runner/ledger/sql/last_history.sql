-- The ledger is the one that was planned for: its last history is.
coalesce((SELECT history FROM :"schema"._migrations ORDER BY version DESC LIMIT 1), '') = :'history'
