
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

CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
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

INSERT INTO public._sqlx_migrations VALUES (20240101090000, 'create users', '2026-11-30 12:38:19.978759+00', true, '\xccc07995a8744fe42f85efb99a0d7736df5e3baa5f20beee31d02ad6da00e37d3bdb02d7cde288119c9c34c829f63c74', 2045732);
INSERT INTO public._sqlx_migrations VALUES (20240102090000, 'create posts', '2026-11-30 12:38:19.98109+00', true, '\x958ca35ed00e13d13af4433bbcf0ba05b1892928a2f73a5f5b49dd8b8754fdeb4e21d9c4c17d98b0f09e05e4bf637c6d', 3495491);
INSERT INTO public._sqlx_migrations VALUES (20240103090000, 'index posts', '2026-11-30 12:38:19.985317+00', true, '\xd30703dd7c69fd6ae1dcd4c18ffb57309d6a70832b0a5afb0482517f33fbb2cb9dc1e6cbc640548c804d8fcb405e0373', 692877);

ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX posts_user_id_idx ON public.posts USING btree (user_id);

CREATE TRIGGER titled BEFORE INSERT ON public.posts FOR EACH ROW EXECUTE FUNCTION public.titled();

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

