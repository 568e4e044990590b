--liquibase formatted sql

--changeset ada:1 splitStatements:false
--comment: posts
CREATE TABLE posts (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    title text
);
CREATE FUNCTION titled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.title := coalesce(NEW.title, 'untitled; as yet');
    RETURN NEW;
END
$$;
CREATE TRIGGER titled BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION titled();
--rollback DROP TABLE posts;

--changeset ada:2 runInTransaction:false
CREATE INDEX CONCURRENTLY posts_user_id_idx ON posts (user_id);
--rollback DROP INDEX posts_user_id_idx;

--changeset ada:3
--preconditions onFail:MARK_RAN
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = 'users'
CREATE TABLE users_again (id bigint);
