CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE posts (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), title text);
CREATE FUNCTION titled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.title := coalesce(NEW.title, 'untitled; as yet');
    RETURN NEW;
END
$$;
CREATE TRIGGER titled BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION titled();
CREATE INDEX posts_user_id_idx ON posts (user_id);

CREATE OR REPLACE VIEW titles AS SELECT title FROM posts;

CREATE TABLE flyway_schema_history (
    installed_rank integer NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
    version varchar(50),
    description varchar(200) NOT NULL,
    type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL,
    checksum integer,
    installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(),
    execution_time integer NOT NULL,
    success boolean NOT NULL
);
CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
INSERT INTO flyway_schema_history VALUES (1, '1', 'create users', 'SQL', 'V1__create_users.sql', 647625551, 'app', '2024-01-05 12:00:00', 5, true);
INSERT INTO flyway_schema_history VALUES (2, '1.1', 'create posts', 'SQL', 'V1.1__create_posts.sql', -208176090, 'app', '2024-01-05 12:00:00', 5, true);
INSERT INTO flyway_schema_history VALUES (3, '2', 'index posts', 'SQL', 'V2__index_posts.sql', 797969881, 'app', '2024-01-05 12:00:00', 5, true);
INSERT INTO flyway_schema_history VALUES (4, NULL, 'titles', 'SQL', 'R__titles.sql', 201409353, 'app', '2024-01-05 12:00:00', 5, true);
