
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

CREATE SCHEMA sqitch;

COMMENT ON SCHEMA sqitch IS 'Sqitch database deployment metadata v1.1.';

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

CREATE TABLE public.posts (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    title text,
    number integer
);

CREATE TABLE public.users (
    id bigint NOT NULL,
    email text NOT NULL
);

CREATE TABLE sqitch.changes (
    change_id text NOT NULL,
    script_hash text,
    change text NOT NULL,
    project text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL
);

COMMENT ON TABLE sqitch.changes IS 'Tracks the changes currently deployed to the database.';

COMMENT ON COLUMN sqitch.changes.change_id IS 'Change primary key.';

COMMENT ON COLUMN sqitch.changes.script_hash IS 'Deploy script SHA-1 hash.';

COMMENT ON COLUMN sqitch.changes.change IS 'Name of a deployed change.';

COMMENT ON COLUMN sqitch.changes.project IS 'Name of the Sqitch project to which the change belongs.';

COMMENT ON COLUMN sqitch.changes.note IS 'Description of the change.';

COMMENT ON COLUMN sqitch.changes.committed_at IS 'Date the change was deployed.';

COMMENT ON COLUMN sqitch.changes.committer_name IS 'Name of the user who deployed the change.';

COMMENT ON COLUMN sqitch.changes.committer_email IS 'Email address of the user who deployed the change.';

COMMENT ON COLUMN sqitch.changes.planned_at IS 'Date the change was added to the plan.';

COMMENT ON COLUMN sqitch.changes.planner_name IS 'Name of the user who planed the change.';

COMMENT ON COLUMN sqitch.changes.planner_email IS 'Email address of the user who planned the change.';

CREATE TABLE sqitch.dependencies (
    change_id text NOT NULL,
    type text NOT NULL,
    dependency text NOT NULL,
    dependency_id text,
    CONSTRAINT dependencies_check CHECK ((((type = 'require'::text) AND (dependency_id IS NOT NULL)) OR ((type = 'conflict'::text) AND (dependency_id IS NULL))))
);

COMMENT ON TABLE sqitch.dependencies IS 'Tracks the currently satisfied dependencies.';

COMMENT ON COLUMN sqitch.dependencies.change_id IS 'ID of the depending change.';

COMMENT ON COLUMN sqitch.dependencies.type IS 'Type of dependency.';

COMMENT ON COLUMN sqitch.dependencies.dependency IS 'Dependency name.';

COMMENT ON COLUMN sqitch.dependencies.dependency_id IS 'Change ID the dependency resolves to.';

CREATE TABLE sqitch.events (
    event text NOT NULL,
    change_id text NOT NULL,
    change text NOT NULL,
    project text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    requires text[] DEFAULT '{}'::text[] NOT NULL,
    conflicts text[] DEFAULT '{}'::text[] NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL,
    CONSTRAINT events_event_check CHECK ((event = ANY (ARRAY['deploy'::text, 'revert'::text, 'fail'::text, 'merge'::text])))
);

COMMENT ON TABLE sqitch.events IS 'Contains full history of all deployment events.';

COMMENT ON COLUMN sqitch.events.event IS 'Type of event.';

COMMENT ON COLUMN sqitch.events.change_id IS 'Change ID.';

COMMENT ON COLUMN sqitch.events.change IS 'Change name.';

COMMENT ON COLUMN sqitch.events.project IS 'Name of the Sqitch project to which the change belongs.';

COMMENT ON COLUMN sqitch.events.note IS 'Description of the change.';

COMMENT ON COLUMN sqitch.events.requires IS 'Array of the names of required changes.';

COMMENT ON COLUMN sqitch.events.conflicts IS 'Array of the names of conflicting changes.';

COMMENT ON COLUMN sqitch.events.tags IS 'Tags associated with the change.';

COMMENT ON COLUMN sqitch.events.committed_at IS 'Date the event was committed.';

COMMENT ON COLUMN sqitch.events.committer_name IS 'Name of the user who committed the event.';

COMMENT ON COLUMN sqitch.events.committer_email IS 'Email address of the user who committed the event.';

COMMENT ON COLUMN sqitch.events.planned_at IS 'Date the event was added to the plan.';

COMMENT ON COLUMN sqitch.events.planner_name IS 'Name of the user who planed the change.';

COMMENT ON COLUMN sqitch.events.planner_email IS 'Email address of the user who plan planned the change.';

CREATE TABLE sqitch.projects (
    project text NOT NULL,
    uri text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    creator_name text NOT NULL,
    creator_email text NOT NULL
);

COMMENT ON TABLE sqitch.projects IS 'Sqitch projects deployed to this database.';

COMMENT ON COLUMN sqitch.projects.project IS 'Unique Name of a project.';

COMMENT ON COLUMN sqitch.projects.uri IS 'Optional project URI';

COMMENT ON COLUMN sqitch.projects.created_at IS 'Date the project was added to the database.';

COMMENT ON COLUMN sqitch.projects.creator_name IS 'Name of the user who added the project.';

COMMENT ON COLUMN sqitch.projects.creator_email IS 'Email address of the user who added the project.';

CREATE TABLE sqitch.releases (
    version real NOT NULL,
    installed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    installer_name text NOT NULL,
    installer_email text NOT NULL
);

COMMENT ON TABLE sqitch.releases IS 'Sqitch registry releases.';

COMMENT ON COLUMN sqitch.releases.version IS 'Version of the Sqitch registry.';

COMMENT ON COLUMN sqitch.releases.installed_at IS 'Date the registry release was installed.';

COMMENT ON COLUMN sqitch.releases.installer_name IS 'Name of the user who installed the registry release.';

COMMENT ON COLUMN sqitch.releases.installer_email IS 'Email address of the user who installed the registry release.';

CREATE TABLE sqitch.tags (
    tag_id text NOT NULL,
    tag text NOT NULL,
    project text NOT NULL,
    change_id text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL
);

COMMENT ON TABLE sqitch.tags IS 'Tracks the tags currently applied to the database.';

COMMENT ON COLUMN sqitch.tags.tag_id IS 'Tag primary key.';

COMMENT ON COLUMN sqitch.tags.tag IS 'Project-unique tag name.';

COMMENT ON COLUMN sqitch.tags.project IS 'Name of the Sqitch project to which the tag belongs.';

COMMENT ON COLUMN sqitch.tags.change_id IS 'ID of last change deployed before the tag was applied.';

COMMENT ON COLUMN sqitch.tags.note IS 'Description of the tag.';

COMMENT ON COLUMN sqitch.tags.committed_at IS 'Date the tag was applied to the database.';

COMMENT ON COLUMN sqitch.tags.committer_name IS 'Name of the user who applied the tag.';

COMMENT ON COLUMN sqitch.tags.committer_email IS 'Email address of the user who applied the tag.';

COMMENT ON COLUMN sqitch.tags.planned_at IS 'Date the tag was added to the plan.';

COMMENT ON COLUMN sqitch.tags.planner_name IS 'Name of the user who planed the tag.';

COMMENT ON COLUMN sqitch.tags.planner_email IS 'Email address of the user who planned the tag.';

INSERT INTO sqitch.changes VALUES ('47d345233232705375d602dec060a10aa7263fed', '15cc41f296f38b82fcbf39ba8ea8203edb18eb3d', 'users', 'shop', 'users', '2026-11-30 12:13:50.077212+00', 'An Author', 'author@example.com', '2026-11-30 12:13:46+00', 'An Author', 'author@example.com');
INSERT INTO sqitch.changes VALUES ('4597dc29024ea5a4f2caa46e405caadf85061a1f', '6ef703bfbcb995499d46b223f20fb3014c4041a3', 'posts', 'shop', 'posts', '2026-11-30 12:13:50.221546+00', 'An Author', 'author@example.com', '2026-11-30 12:13:47+00', 'An Author', 'author@example.com');
INSERT INTO sqitch.changes VALUES ('59d3ba946a21f314765e82d0209113fde2307dd9', '1b7e9f4cae998f47b43af2420b760713aad3b5c2', 'posts', 'shop', 'count them', '2026-11-30 12:13:53.649259+00', 'An Author', 'author@example.com', '2026-11-30 12:13:51+00', 'An Author', 'author@example.com');

INSERT INTO sqitch.dependencies VALUES ('4597dc29024ea5a4f2caa46e405caadf85061a1f', 'require', 'users', '47d345233232705375d602dec060a10aa7263fed');
INSERT INTO sqitch.dependencies VALUES ('59d3ba946a21f314765e82d0209113fde2307dd9', 'require', 'posts@v1', '4597dc29024ea5a4f2caa46e405caadf85061a1f');

INSERT INTO sqitch.events VALUES ('deploy', '47d345233232705375d602dec060a10aa7263fed', 'users', 'shop', 'users', '{}', '{}', '{}', '2026-11-30 12:13:50.078313+00', 'An Author', 'author@example.com', '2026-11-30 12:13:46+00', 'An Author', 'author@example.com');
INSERT INTO sqitch.events VALUES ('deploy', '4597dc29024ea5a4f2caa46e405caadf85061a1f', 'posts', 'shop', 'posts', '{users}', '{}', '{@v1}', '2026-11-30 12:13:50.223757+00', 'An Author', 'author@example.com', '2026-11-30 12:13:47+00', 'An Author', 'author@example.com');
INSERT INTO sqitch.events VALUES ('deploy', '59d3ba946a21f314765e82d0209113fde2307dd9', 'posts', 'shop', 'count them', '{posts@v1}', '{}', '{}', '2026-11-30 12:13:53.66011+00', 'An Author', 'author@example.com', '2026-11-30 12:13:51+00', 'An Author', 'author@example.com');

INSERT INTO sqitch.projects VALUES ('shop', NULL, '2026-11-30 12:13:49.954746+00', 'An Author', 'author@example.com');

INSERT INTO sqitch.releases VALUES (1.1, '2026-11-30 12:13:49.948768+00', 'An Author', 'author@example.com');

INSERT INTO sqitch.tags VALUES ('4913aaacd7f6cae056edaafba850834de71aea6d', '@v1', 'shop', '4597dc29024ea5a4f2caa46e405caadf85061a1f', 'one', '2026-11-30 12:13:50.223032+00', 'An Author', 'author@example.com', '2026-11-30 12:13:48+00', 'An Author', 'author@example.com');

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (change_id);

ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_project_script_hash_key UNIQUE (project, script_hash);

ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_pkey PRIMARY KEY (change_id, dependency);

ALTER TABLE ONLY sqitch.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (change_id, committed_at);

ALTER TABLE ONLY sqitch.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (project);

ALTER TABLE ONLY sqitch.projects
    ADD CONSTRAINT projects_uri_key UNIQUE (uri);

ALTER TABLE ONLY sqitch.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (version);

ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (tag_id);

ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_project_tag_key UNIQUE (project, tag);

CREATE TRIGGER titled BEFORE INSERT ON public.posts FOR EACH ROW EXECUTE FUNCTION public.titled();

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;

ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_change_id_fkey FOREIGN KEY (change_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_dependency_id_fkey FOREIGN KEY (dependency_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE;

ALTER TABLE ONLY sqitch.events
    ADD CONSTRAINT events_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;

ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_change_id_fkey FOREIGN KEY (change_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE;

ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;

