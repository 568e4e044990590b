-- Twenty-six hazards and six harmless decoys; the comment above each says which rule has to find it.

-- hazard: table-rewrite
ALTER TABLE customers ADD COLUMN token double precision DEFAULT random();

-- hazard: table-rewrite
ALTER TABLE products ALTER COLUMN price TYPE bigint;

-- hazard: table-rewrite
ALTER TABLE warehouses ADD COLUMN capacity positive;

-- hazard: set-not-null-scan
ALTER TABLE carts ALTER COLUMN customer_id SET NOT NULL;

-- hazard: check-scan
ALTER TABLE invoices ADD CONSTRAINT invoices_total_check CHECK (total >= 0);

-- hazard: foreign-key-scan
ALTER TABLE invoices ADD CONSTRAINT invoices_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);

-- hazard: foreign-key-locks-parent
CREATE TABLE returns (id bigint PRIMARY KEY, shipment_id bigint REFERENCES shipments (id));

-- hazard: drop-locks-parent
DROP TABLE addresses;

-- hazard: index-blocking
CREATE INDEX refunds_amount_idx ON refunds (amount);

-- hazard: unique-blocking
ALTER TABLE tickets ADD CONSTRAINT tickets_body_key UNIQUE (body);

-- hazard: primary-key-nulls
ALTER TABLE coupons ADD CONSTRAINT coupons_pkey PRIMARY KEY USING INDEX coupons_code_idx;

-- hazard: exclusion-blocking
ALTER TABLE bookings ADD CONSTRAINT bookings_during_excl EXCLUDE USING gist (during WITH &&);

-- hazard: drop-index-blocking
DROP INDEX sessions_token_idx;

-- hazard: reindex-blocking
REINDEX INDEX sessions_seen_at_idx;

-- hazard: concurrently-in-transaction
CREATE INDEX CONCURRENTLY visits_page_idx ON visits (page);

-- hazard: table-rewrite
CLUSTER archives USING archives_pkey;

-- hazard: concurrently-in-transaction
VACUUM FULL stock;

-- hazard: attach-partition-scan
ALTER TABLE measurements ATTACH PARTITION measurements_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- hazard: partition-locks-parent
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- hazard: trigger-policy-rule
CREATE POLICY own_messages ON messages USING (body IS NOT NULL);

-- hazard: domain-constraint-scan
ALTER DOMAIN short_text ADD CONSTRAINT short_text_check CHECK (length(VALUE) < 100);

-- hazard: explicit-lock
LOCK TABLE ratings IN ACCESS EXCLUSIVE MODE;

-- hazard: refresh-materialized-view
REFRESH MATERIALIZED VIEW daily_sales;

-- hazard: full-table-dml
UPDATE parcels SET weight = 0;

-- hazard: drop-column-or-table
ALTER TABLE customers DROP COLUMN legacy_code;

-- hazard: dynamic-ddl
DO $$
BEGIN
    EXECUTE 'ALTER TABLE visits ' || 'ADD COLUMN referrer text';
END
$$;

-- decoy
ALTER TABLE customers ALTER COLUMN nickname TYPE text;

-- decoy
ALTER TABLE shipments ADD COLUMN created_at timestamptz DEFAULT now();

-- decoy
ALTER TABLE shipments ADD COLUMN note text;

-- decoy
ALTER TABLE shipments ADD COLUMN attempts integer NOT NULL DEFAULT 0;

-- decoy
CREATE TABLE wishes (id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> ''));

-- decoy
CREATE INDEX wishes_name_idx ON wishes (name);
