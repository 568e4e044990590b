-- What only PostgreSQL 18 knows. Load it after schema.sql and data.sql; its rows are here, too.

CREATE TABLE modern (
    id integer PRIMARY KEY,
    amount integer NOT NULL,
    rate integer,
    total integer GENERATED ALWAYS AS (amount * 2) VIRTUAL,
    perhaps integer GENERATED ALWAYS AS (rate * 2) VIRTUAL,
    certain integer NOT NULL GENERATED ALWAYS AS (coalesce(rate, 0)) VIRTUAL,
    late text,
    promised text CONSTRAINT modern_promised CHECK (promised IS NOT NULL) NOT ENFORCED,
    team_id integer NOT NULL CONSTRAINT modern_team REFERENCES team NOT ENFORCED
);
INSERT INTO modern (id, amount, rate, late, promised, team_id) VALUES (1, 5, 7, 'x', 'y', 1), (2, 6, NULL, NULL, NULL, 999);
ALTER TABLE modern ADD CONSTRAINT modern_late NOT NULL late NOT VALID;
