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

CREATE TABLE _sqlx_migrations (
    version bigint PRIMARY KEY,
    description text NOT NULL,
    installed_on timestamptz NOT NULL DEFAULT now(),
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
INSERT INTO _sqlx_migrations VALUES (20240101090000, 'create users', '2024-01-05 12:00:00', true, '\xdf8ce3ba83a35fd6cc02cf54a82fe7da22f0810c0f998afa8c84e67336898e58d991b21350d9af66c4076fb0828274c7', 5000);
INSERT INTO _sqlx_migrations VALUES (20240102090000, 'create posts', '2024-01-05 12:00:00', true, '\xeeeaa971d34c03934ec9cc65ef9608542589a331f08df62afe038b2fbbb9c687159bd86fd65f6d06ca6755dc312eae25', 5000);
INSERT INTO _sqlx_migrations VALUES (20240103090000, 'index posts', '2024-01-05 12:00:00', true, '\xd30703dd7c69fd6ae1dcd4c18ffb57309d6a70832b0a5afb0482517f33fbb2cb9dc1e6cbc640548c804d8fcb405e0373', 5000);
