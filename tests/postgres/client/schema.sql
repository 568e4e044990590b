-- What the generated client of these tests is made for: every row of the type table, and the odd things.

CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('calm', 'in a hurry', '3rd');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN emails AS email[];
CREATE TYPE street AS (name text, number integer);
CREATE TYPE address AS (street street, moods mood[], since date);
CREATE TYPE price_range AS RANGE (subtype = numeric);

CREATE TABLE everything (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    a_smallint smallint NOT NULL,
    an_integer integer NOT NULL,
    a_bigint bigint NOT NULL,
    an_oid oid NOT NULL,
    an_xid8 xid8 NOT NULL,
    an_lsn pg_lsn NOT NULL,
    a_boolean boolean NOT NULL,
    a_real real NOT NULL,
    a_double double precision NOT NULL,
    a_numeric numeric NOT NULL,
    a_money money NOT NULL,
    a_text text NOT NULL,
    a_varchar varchar(20) NOT NULL,
    a_char char(3) NOT NULL,
    a_name name NOT NULL,
    a_byte "char" NOT NULL,
    a_bytea bytea NOT NULL,
    a_uuid uuid NOT NULL,
    a_timestamptz timestamptz NOT NULL,
    a_timestamp timestamp NOT NULL,
    a_date date NOT NULL,
    a_time time NOT NULL,
    a_timetz timetz NOT NULL,
    an_interval interval NOT NULL,
    a_json json NOT NULL,
    a_jsonb jsonb NOT NULL,
    an_inet inet NOT NULL,
    a_cidr cidr NOT NULL,
    a_macaddr macaddr NOT NULL,
    a_tsvector tsvector NOT NULL,
    a_tsquery tsquery NOT NULL,
    a_jsonpath jsonpath NOT NULL,
    a_regclass regclass NOT NULL,
    a_bit bit(3) NOT NULL,
    a_varbit varbit NOT NULL,
    a_point point NOT NULL,
    a_box box NOT NULL,
    a_circle circle NOT NULL,
    a_mood mood NOT NULL,
    an_email email NOT NULL,
    some_emails emails NOT NULL,
    some_texts text[] NOT NULL,
    some_moods mood[] NOT NULL,
    some_numerics numeric[] NOT NULL,
    some_json jsonb[] NOT NULL,
    an_int4range int4range NOT NULL,
    a_tstzrange tstzrange NOT NULL,
    a_price_range price_range NOT NULL,
    a_multirange int4multirange NOT NULL,
    an_hstore hstore NOT NULL,
    a_citext citext NOT NULL,
    an_address address NOT NULL,
    some_streets street[] NOT NULL
);

CREATE TABLE authors (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    born date,
    mood mood NOT NULL DEFAULT 'calm',
    home address,
    settings jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE books (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author_id bigint REFERENCES authors,
    title text NOT NULL,
    mood mood,
    price numeric NOT NULL DEFAULT 1,
    "class" text
);

CREATE TABLE notes (body text, "when" timestamptz);

CREATE SCHEMA side;
CREATE TABLE side.log (at timestamptz NOT NULL, word text);
CREATE VIEW shelf AS SELECT a.name, b.title, b.price FROM authors AS a LEFT JOIN books AS b ON b.author_id = a.id;

CREATE TYPE protocol AS ENUM ('tcp');
CREATE TYPE "Role" AS ENUM ('½');

CREATE TABLE odd (
    uuid uuid NOT NULL,
    owner uuid NOT NULL,
    bytes bigint NOT NULL,
    payload bytea NOT NULL,
    "limit" integer NOT NULL,
    protocol protocol NOT NULL,
    role "Role" NOT NULL
);
