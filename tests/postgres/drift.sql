-- One of each kind of object that a catalog tells; tests/postgres/test_drift.py changes them by hand.
CREATE SCHEMA billing;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE pair AS (first integer, second text);
CREATE TYPE span AS RANGE (subtype = timestamptz);
CREATE DOMAIN cents AS bigint DEFAULT 0 CONSTRAINT cents_check CHECK (value >= 0);
CREATE SEQUENCE ticket_seq INCREMENT BY 5;
CREATE COLLATION german (provider = libc, locale = 'POSIX');

CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL,
    name text,
    mood mood NOT NULL DEFAULT 'happy',
    credit numeric(20,10) NOT NULL DEFAULT 0,
    doubled numeric GENERATED ALWAYS AS (credit * 2) STORED,
    joined_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customers_pkey PRIMARY KEY (id),
    CONSTRAINT customers_email_key UNIQUE (email),
    CONSTRAINT customers_credit_check CHECK (credit >= 0)
);
CREATE INDEX customers_name_idx ON customers (lower(name)) WHERE name IS NOT NULL;
COMMENT ON TABLE customers IS 'Who pays.';
COMMENT ON COLUMN customers.email IS 'Where the bill goes.';
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY customers_own ON customers FOR SELECT USING (email = current_user);

CREATE TABLE billing.invoices (
    id serial PRIMARY KEY,
    customer_id bigint NOT NULL,
    amount cents NOT NULL,
    note text COLLATE german,
    CONSTRAINT invoices_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id)
);
CREATE INDEX invoices_customer_id_idx ON billing.invoices (customer_id);
CREATE STATISTICS billing.invoices_stat (dependencies) ON customer_id, amount FROM billing.invoices;

CREATE TABLE events (
    at timestamptz NOT NULL,
    kind text
) PARTITION BY RANGE (at);
CREATE INDEX events_kind_idx ON events (kind);
CREATE TABLE events_p2026 PARTITION OF events FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');

CREATE VIEW rich AS SELECT id, email FROM customers WHERE credit > 100;
CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(amount) AS total FROM billing.invoices GROUP BY customer_id;
CREATE UNIQUE INDEX totals_customer_id_idx ON totals (customer_id);

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.joined_at := now();
    RETURN new;
END
$$;
CREATE FUNCTION add(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE PROCEDURE tidy() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE plus(integer) (sfunc = add, stype = integer, initcond = '0');
CREATE TRIGGER customers_touch BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE rich_insert AS ON INSERT TO rich DO INSTEAD NOTHING;

CREATE PUBLICATION feed FOR TABLE customers WITH (publish = 'insert');
GRANT SELECT ON customers TO drift_reader;
GRANT EXECUTE ON FUNCTION add(integer, integer) TO drift_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA billing GRANT SELECT ON TABLES TO drift_reader;
