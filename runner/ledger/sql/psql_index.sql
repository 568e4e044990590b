DO $index$
BEGIN
    IF NOT EXISTS (
        :state
        AND index.indisvalid
    ) THEN
        RAISE EXCEPTION 'the index % is not valid: go on with migrate up, which builds it again', :'name';
    END IF;
END
$index$;
