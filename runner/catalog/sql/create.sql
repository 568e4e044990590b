-- The snapshot: what the schema was when the last migration ended. One row, written anew with each `up`.
CREATE TABLE :"schema"._migrations_catalog (
    single boolean NOT NULL DEFAULT true,
    version bigint NOT NULL,
    entries bigint NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    format integer NOT NULL,
    server_major integer NOT NULL,
    ignored text NOT NULL,
    stamp text NOT NULL,
    fingerprint text NOT NULL,
    catalog text,
    CONSTRAINT _migrations_catalog_pkey PRIMARY KEY (single),
    CONSTRAINT _migrations_catalog_single_check CHECK (single)
);

COMMENT ON TABLE :"schema"._migrations_catalog IS 'What the schema was when the last migration ended; `migrate verify` compares the live schema with it. Written by `migrate` alone.';
COMMENT ON COLUMN :"schema"._migrations_catalog.version IS 'The highest version in the ledger then.';
COMMENT ON COLUMN :"schema"._migrations_catalog.entries IS 'How many entries the ledger had then that were not half-way: if it has more by now, the snapshot is out of date.';
COMMENT ON COLUMN :"schema"._migrations_catalog.format IS 'The form of the column catalog.';
COMMENT ON COLUMN :"schema"._migrations_catalog.server_major IS 'The major version of the server that wrote it.';
COMMENT ON COLUMN :"schema"._migrations_catalog.ignored IS 'The pattern of what was left out.';
COMMENT ON COLUMN :"schema"._migrations_catalog.stamp IS 'Which versions of rows the system catalogs held: while they are the same, so is the schema.';
COMMENT ON COLUMN :"schema"._migrations_catalog.fingerprint IS 'sha256 of the catalog.';
COMMENT ON COLUMN :"schema"._migrations_catalog.catalog IS 'One object a line, as JSON: kind, schema, relation, name, parts. NULL if it is longer than 32 MiB; then differences are found and cannot be named.';
