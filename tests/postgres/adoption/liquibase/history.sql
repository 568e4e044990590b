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

CREATE TABLE databasechangeloglock (
    id integer CONSTRAINT databasechangeloglock_pkey PRIMARY KEY,
    locked boolean NOT NULL,
    lockgranted timestamp,
    lockedby varchar(255)
);
INSERT INTO databasechangeloglock VALUES (1, false, NULL, NULL);
CREATE TABLE databasechangelog (
    id varchar(255) NOT NULL,
    author varchar(255) NOT NULL,
    filename varchar(255) NOT NULL,
    dateexecuted timestamp NOT NULL,
    orderexecuted integer NOT NULL,
    exectype varchar(10) NOT NULL,
    md5sum varchar(35),
    description varchar(255),
    comments varchar(255),
    tag varchar(255),
    liquibase varchar(20),
    contexts varchar(255),
    labels varchar(255),
    deployment_id varchar(10)
);
INSERT INTO databasechangelog VALUES ('1', 'ada', 'db/changelog/changes/001-users.sql', '2024-01-05 12:00:00', 1, 'EXECUTED', '9:0123456789abcdef0123456789abcdef', 'sql', '', NULL, '4.33.0', NULL, NULL, '4437222222');
INSERT INTO databasechangelog VALUES ('1', 'ada', 'db/changelog/changes/002-posts.sql', '2024-01-05 12:00:00', 2, 'EXECUTED', '9:0123456789abcdef0123456789abcdef', 'sql', '', NULL, '4.33.0', NULL, NULL, '4437222222');
INSERT INTO databasechangelog VALUES ('2', 'ada', 'db/changelog/changes/002-posts.sql', '2024-01-05 12:00:00', 3, 'EXECUTED', '9:0123456789abcdef0123456789abcdef', 'sql', '', NULL, '4.33.0', NULL, NULL, '4437222222');
