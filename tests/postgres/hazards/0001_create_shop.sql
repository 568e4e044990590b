-- What is there before 0002_hazards.sql.
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN short_text AS text;
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text,
    nickname varchar(50),
    legacy_code text
);
CREATE TABLE products (id integer PRIMARY KEY, price integer, name text);
CREATE TABLE warehouses (id bigint PRIMARY KEY, city text);
CREATE TABLE carts (id bigint PRIMARY KEY, customer_id bigint, note text);
CREATE TABLE invoices (id bigint PRIMARY KEY, total numeric, customer_id bigint);
CREATE TABLE refunds (id bigint PRIMARY KEY, invoice_id bigint REFERENCES invoices (id), amount numeric);
CREATE TABLE countries (code text PRIMARY KEY, name text);
CREATE TABLE addresses (id bigint PRIMARY KEY, country text REFERENCES countries (code));
CREATE TABLE coupons (code text, percent integer);
CREATE UNIQUE INDEX coupons_code_idx ON coupons (code);
CREATE TABLE bookings (room integer, during tsrange);
CREATE TABLE sessions (id bigint PRIMARY KEY, token text, seen_at timestamptz);
CREATE INDEX sessions_token_idx ON sessions (token);
CREATE INDEX sessions_seen_at_idx ON sessions (seen_at);
CREATE TABLE ratings (id bigint PRIMARY KEY, stars integer);
CREATE TABLE labels (id bigint PRIMARY KEY, text short_text);
CREATE TABLE visits (id bigint PRIMARY KEY, page text);
CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE measurements (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE measurements_2026 (id bigint, at timestamptz NOT NULL);
CREATE TABLE tickets (id bigint PRIMARY KEY, body text);
CREATE TABLE messages (id bigint PRIMARY KEY, body text);
CREATE TABLE archives (id bigint PRIMARY KEY, body text);
CREATE TABLE stock (id bigint PRIMARY KEY, amount integer);
CREATE TABLE shipments (id bigint PRIMARY KEY, state text);
CREATE TABLE parcels (id bigint PRIMARY KEY, weight numeric);
CREATE MATERIALIZED VIEW daily_sales AS SELECT count(*) AS orders FROM invoices;
