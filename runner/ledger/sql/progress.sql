-- One more statement of a no-transaction file has finished.
UPDATE :"schema"._migrations
SET statements_done = :'statements_done'
WHERE
    version = :'version'
    AND state = 'started'
    AND
    :fence
