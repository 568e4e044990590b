DO $guard$
BEGIN
    IF (SELECT history FROM :"schema"._migrations ORDER BY version DESC LIMIT 1) IS DISTINCT FROM :'history' THEN
        RAISE EXCEPTION 'the ledger has moved since this script was made: make it anew with migrate plan --sql';
    END IF;
END
$guard$;
