--! Previous: -
--! Hash: sha1:d2df09b17991c7c6eca9a8ccdfd9098102b5de7f
--! Message: the next one

CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
