
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

INSERT INTO public._yoyo_log VALUES ('65023832-ecb7-11f1-bd6f-02fc00000001', '6c91f971991294621bf3f74fad0124dbcf8b57ec973035db08a706b43bb755f5', '0001.create-users', 'apply', 'root', 'localhost', NULL, '2026-11-30 12:13:04.303282');
INSERT INTO public._yoyo_log VALUES ('650cdd00-ecb7-11f1-bd6f-02fc00000001', 'bf5982c696bedd69a3074fc43220ed74d8279121ef9e9c77ba2437f55e530ffe', '0002.create-posts', 'apply', 'root', 'localhost', NULL, '2026-11-30 12:13:04.371228');
INSERT INTO public._yoyo_log VALUES ('6511b26c-ecb7-11f1-bd6f-02fc00000001', '3f64775f1f9c9899087836cab744f0ee894ca94080c6e4e20459fa24d9d32703', '0003.index-posts', 'apply', 'root', 'localhost', NULL, '2026-11-30 12:13:04.402652');

INSERT INTO public._yoyo_migration VALUES ('6c91f971991294621bf3f74fad0124dbcf8b57ec973035db08a706b43bb755f5', '0001.create-users', '2026-11-30 12:13:04.316117');
INSERT INTO public._yoyo_migration VALUES ('bf5982c696bedd69a3074fc43220ed74d8279121ef9e9c77ba2437f55e530ffe', '0002.create-posts', '2026-11-30 12:13:04.384698');
INSERT INTO public._yoyo_migration VALUES ('3f64775f1f9c9899087836cab744f0ee894ca94080c6e4e20459fa24d9d32703', '0003.index-posts', '2026-11-30 12:13:04.403194');

INSERT INTO public._yoyo_version VALUES (2, '2026-11-30 12:13:04.271614');

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

CREATE INDEX posts_user_id_idx ON public.posts USING btree (user_id);

CREATE TRIGGER titled BEFORE INSERT ON public.posts FOR EACH ROW EXECUTE FUNCTION public.titled();

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

