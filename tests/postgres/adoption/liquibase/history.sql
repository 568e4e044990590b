
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

CREATE TABLE public.databasechangelog (
    id character varying(255) NOT NULL,
    author character varying(255) NOT NULL,
    filename character varying(255) NOT NULL,
    dateexecuted timestamp without time zone NOT NULL,
    orderexecuted integer NOT NULL,
    exectype character varying(10) NOT NULL,
    md5sum character varying(35),
    description character varying(255),
    comments character varying(255),
    tag character varying(255),
    liquibase character varying(20),
    contexts character varying(255),
    labels character varying(255),
    deployment_id character varying(10)
);

CREATE TABLE public.databasechangeloglock (
    id integer NOT NULL,
    locked boolean NOT NULL,
    lockgranted timestamp without time zone,
    lockedby character varying(255)
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

INSERT INTO public.databasechangelog VALUES ('1', 'ada', 'db/changelog/changes/001-users.sql', '2026-11-30 12:39:22.220296', 1, 'EXECUTED', '9:3171c3bec2e9e4c673d6a994a6d09ad4', 'sql', '', NULL, '4.28.0', NULL, NULL, '6042362142');
INSERT INTO public.databasechangelog VALUES ('1', 'ada', 'db/changelog/changes/002-posts.sql', '2026-11-30 12:39:22.262743', 2, 'EXECUTED', '9:aacdf4e73ed7de559bf414ce5b75a6cf', 'sql', 'posts', NULL, '4.28.0', NULL, NULL, '6042362142');
INSERT INTO public.databasechangelog VALUES ('2', 'ada', 'db/changelog/changes/002-posts.sql', '2026-11-30 12:39:22.281329', 3, 'EXECUTED', '9:dec2bb941b021e26383f160fb688abb5', 'sql', '', NULL, '4.28.0', NULL, NULL, '6042362142');
INSERT INTO public.databasechangelog VALUES ('3', 'ada', 'db/changelog/changes/002-posts.sql', '2026-11-30 12:39:22.295956', 4, 'MARK_RAN', '9:dbd47f53e05b66927fd06448987d63ed', 'sql', '', NULL, '4.28.0', NULL, NULL, '6042362142');

INSERT INTO public.databasechangeloglock VALUES (1, false, NULL, NULL);

ALTER TABLE ONLY public.databasechangeloglock
    ADD CONSTRAINT databasechangeloglock_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX posts_user_id_idx ON public.posts USING btree (user_id);

CREATE TRIGGER titled BEFORE INSERT ON public.posts FOR EACH ROW EXECUTE FUNCTION public.titled();

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

