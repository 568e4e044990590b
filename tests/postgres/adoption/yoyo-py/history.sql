
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE FUNCTION public.titled() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.title := coalesce(NEW.title, 'untitled; as yet');
    RETURN NEW;
END
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public._yoyo_log (
    id character varying(36) NOT NULL,
    migration_hash character varying(64),
    migration_id character varying(255),
    operation character varying(10),
    username character varying(255),
    hostname character varying(255),
    comment character varying(255),
    created_at_utc timestamp without time zone
);

CREATE TABLE public._yoyo_migration (
    migration_hash character varying(64) NOT NULL,
    migration_id character varying(255),
    applied_at_utc timestamp without time zone
);

CREATE TABLE public._yoyo_version (
    version integer NOT NULL,
    installed_at_utc timestamp without time zone
);

CREATE TABLE public.posts (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    title text
);

CREATE TABLE public.users (
    id bigint NOT NULL,
    email text NOT NULL
);

CREATE TABLE public.yoyo_lock (
    locked integer DEFAULT 1 NOT NULL,
    ctime timestamp without time zone,
    pid integer NOT NULL
);

INSERT INTO public._yoyo_log VALUES ('65f78710-ecb7-11f1-a8fb-02fc00000001', '42f2cff72edf661c7859ceff7e62d9326b0da280abb2e22b6907ee4daafabb70', '20240101_01_aB3cD-create-users', 'apply', 'root', 'localhost', NULL, '2026-11-30 12:13:05.910358');
INSERT INTO public._yoyo_log VALUES ('65ff9b4e-ecb7-11f1-a8fb-02fc00000001', '77b8e8120fda9df404de1209199ef170e63b3bfdf3caa6eba58e43c8f0efb68b', '20240102_01_xY9zW-create-posts', 'apply', 'root', 'localhost', NULL, '2026-11-30 12:13:05.961922');

INSERT INTO public._yoyo_migration VALUES ('42f2cff72edf661c7859ceff7e62d9326b0da280abb2e22b6907ee4daafabb70', '20240101_01_aB3cD-create-users', '2026-11-30 12:13:05.924759');
INSERT INTO public._yoyo_migration VALUES ('77b8e8120fda9df404de1209199ef170e63b3bfdf3caa6eba58e43c8f0efb68b', '20240102_01_xY9zW-create-posts', '2026-11-30 12:13:05.962522');

INSERT INTO public._yoyo_version VALUES (2, '2026-11-30 12:13:05.852911');

ALTER TABLE ONLY public._yoyo_log
    ADD CONSTRAINT _yoyo_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public._yoyo_migration
    ADD CONSTRAINT _yoyo_migration_pkey PRIMARY KEY (migration_hash);

ALTER TABLE ONLY public._yoyo_version
    ADD CONSTRAINT _yoyo_version_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.yoyo_lock
    ADD CONSTRAINT yoyo_lock_pkey PRIMARY KEY (locked);

CREATE TRIGGER titled BEFORE INSERT ON public.posts FOR EACH ROW EXECUTE FUNCTION public.titled();

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

