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

CREATE TABLE _prisma_migrations (
    id varchar(36) NOT NULL PRIMARY KEY,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
);
INSERT INTO _prisma_migrations VALUES ('000000000000000000000000000000000000', '71ab400b8f7c9040e3e97a787261bbf23a29a5b4c05c66a6b5a161551a02f513', '2024-01-05 12:00:00', '0_init', NULL, NULL, '2024-01-05 12:00:00', 1);
INSERT INTO _prisma_migrations VALUES ('000000000000000000000000000000000001', '1c71ad7eb3a09b46bd3a4cc8047cf7ff2c0bb1f300a864f48c48b344eabf1229', '2024-01-05 12:00:00', '20240102090000_create_posts', NULL, NULL, '2024-01-05 12:00:00', 1);
INSERT INTO _prisma_migrations VALUES ('000000000000000000000000000000000002', '6efb21a54a0322bece207a020c300d66830b98f7a4c2c21c97f0ea109c902b90', '2024-01-05 12:00:00', '20240103090000_index_posts', NULL, NULL, '2024-01-05 12:00:00', 1);
INSERT INTO _prisma_migrations
VALUES ('000000000000000000000000000000000009', '0000000000000000000000000000000000000000000000000000000000000000', NULL, '20240103090000_index_posts', 'it failed', '2024-01-05 12:00:00', '2024-01-05 12:00:00', 0);
