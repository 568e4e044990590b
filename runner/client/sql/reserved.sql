-- The words that cannot be a name without quotes.
SELECT k.word FROM pg_catalog.pg_get_keywords() AS k WHERE k.catcode <> 'U'
