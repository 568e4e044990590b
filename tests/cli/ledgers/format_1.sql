-- A database as the first form of migrate left it, with the files of format_1/: 0001 a baseline, 0002 to 0004 applied,
-- 0004 after a failure and a decision, 0005 stopped at its second statement. pg_dump's output, but for the host's name.

CREATE TABLE public._migrations (
    version bigint NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    applied_at timestamp with time zone,
    duration_ms bigint,
    statements_done integer NOT NULL,
    applied_by text NOT NULL,
    runner_version text NOT NULL,
    history text NOT NULL,
    sql text,
    CONSTRAINT _migrations_applied_at_check CHECK (((applied_at IS NULL) = (state = 'started'::text))),
    CONSTRAINT _migrations_state_check CHECK ((state = ANY (ARRAY['applied'::text, 'baseline'::text, 'started'::text])))
);

COMMENT ON TABLE public._migrations IS 'migrate ledger, format 1: one row for each migration that ran here. Written by `migrate` alone.';

COMMENT ON COLUMN public._migrations.version IS 'The number that the file''s name begins with.';

COMMENT ON COLUMN public._migrations.name IS 'The words of the file''s name.';

COMMENT ON COLUMN public._migrations.checksum IS 'sha256 of the file''s text, without byte-order mark, with LF line ends, without white space at its end.';

COMMENT ON COLUMN public._migrations.state IS 'applied: ran here. baseline: was there before the ledger. started: a no-transaction file that has not finished.';

COMMENT ON COLUMN public._migrations.started_at IS 'When its transaction, or its last try, began.';

COMMENT ON COLUMN public._migrations.duration_ms IS 'Wall time in milliseconds, as the runner saw it.';

COMMENT ON COLUMN public._migrations.statements_done IS 'How many of the file''s statements have finished; tells where a no-transaction file stopped.';

COMMENT ON COLUMN public._migrations.applied_by IS 'Role, then host and process of the runner.';

COMMENT ON COLUMN public._migrations.history IS 'Hash over the history of the next lower version, this version and this checksum: equal last histories mean equal files.';

COMMENT ON COLUMN public._migrations.sql IS 'The text that ran, if it is at most 1 MiB.';

CREATE TABLE public._migrations_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    version bigint NOT NULL,
    event text NOT NULL,
    reason text NOT NULL,
    statements_done integer NOT NULL,
    decided_by text NOT NULL,
    old_checksum text,
    old_sql text,
    CONSTRAINT _migrations_log_event_check CHECK ((event = ANY (ARRAY['failed'::text, 'retry'::text, 'applied'::text, 'accept-edit'::text])))
);

COMMENT ON TABLE public._migrations_log IS 'What people decided about the ledger with `migrate resolve`, and where no-transaction files failed.';

COMMENT ON COLUMN public._migrations_log.event IS 'failed: a statement was refused and did nothing. retry, applied, accept-edit: decided with `migrate resolve`.';

COMMENT ON COLUMN public._migrations_log.reason IS 'The words of the person who decided, or the error of the server.';

COMMENT ON COLUMN public._migrations_log.old_sql IS 'The text that an accepted edit replaced.';

ALTER TABLE public._migrations_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public._migrations_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.users (
    id bigint NOT NULL,
    email text NOT NULL
);

INSERT INTO public._migrations VALUES (1, 'create_users', 'sha256:ee7ce2c20fde709665f319c02ce7848862aaab53f11f7e40c7715662eb23077b', 'baseline', '2026-11-30 13:10:27.511217+00', '2026-11-30 13:10:27.513175+00', NULL, 0, 'postgres from web-1 pid 12402', '0.1.0', 'e74f5b4744c55675da3e68a312d57b18bab66fa9c885b28ba3245f0240bb89ab', 'CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);');
INSERT INTO public._migrations VALUES (2, 'insert_users', 'sha256:3e1d60b8a36e5bbbaad89ffa1cceeea709a990422f2ec449cea6abee69ebd5fa', 'applied', '2026-11-30 13:10:27.928419+00', '2026-11-30 13:10:27.933207+00', 1, 1, 'postgres from web-1 pid 12414', '0.1.0', 'd379d7d3feb3af68aaa96be7bb751733e41c0b82c6ce9436e1f8a8c9701968f5', 'INSERT INTO users VALUES (1, ''a@example.com''), (2, ''b@example.com'');');
INSERT INTO public._migrations VALUES (3, 'index_emails', 'sha256:0c61e20b3c451f21629647838794a5e104b9fd041a2468e33130cbc4124fc6c5', 'applied', '2026-11-30 13:10:27.942022+00', '2026-11-30 13:10:27.956974+00', 15, 1, 'postgres from web-1 pid 12414', '0.1.0', 'e601564300f9add80d9931bf5b6a65d75a517e5a416fbe9e004fbbd325a00618', '-- migrate: no-transaction
CREATE INDEX CONCURRENTLY users_email_idx ON users (email);');
INSERT INTO public._migrations VALUES (4, 'vacuum_users', 'sha256:333f50869892647dcd7883a692efd9f106cf5b286e1569b9789c253cbc397354', 'applied', '2026-11-30 13:10:28.798698+00', '2026-11-30 13:10:28.809111+00', 11, 1, 'postgres from web-1 pid 12457', '0.1.0', 'ae75492935d03f331a1431d2d40316813cc55aa1a26577ed711940e1676938ea', '-- migrate: no-transaction
VACUUM users;');
INSERT INTO public._migrations VALUES (5, 'vacuum_orders', 'sha256:b53da95115aa85283188052019361ac657959d7839094a28f272985a4874eb18', 'started', '2026-11-30 13:11:09.723136+00', NULL, NULL, 1, 'postgres from web-1 pid 14711', '0.1.0', '080159f5aee7971de23936350e1d2596663d5e677988b44cac63484995356e4e', '-- migrate: no-transaction
VACUUM users;
VACUUM orders;');

INSERT INTO public._migrations_log OVERRIDING SYSTEM VALUE VALUES (1, '2026-11-30 13:10:27.964901+00', 4, 'failed', 'relation "users_of_old" does not exist (SQLSTATE 42P01)', 1, 'postgres from web-1 pid 12414', 'sha256:5b2159d08e9cc44a0f9d99e74a5dd9d53752b3665f0adf936a7fadf2bd57048a', NULL);
INSERT INTO public._migrations_log OVERRIDING SYSTEM VALUE VALUES (2, '2026-11-30 13:10:28.420213+00', 4, 'retry', 'users_of_old is gone', 1, 'postgres from web-1 pid 12443', 'sha256:5b2159d08e9cc44a0f9d99e74a5dd9d53752b3665f0adf936a7fadf2bd57048a', '-- migrate: no-transaction
VACUUM users;
VACUUM users_of_old;');
INSERT INTO public._migrations_log OVERRIDING SYSTEM VALUE VALUES (3, '2026-11-30 13:11:09.731399+00', 5, 'failed', 'relation "orders" does not exist (SQLSTATE 42P01)', 1, 'postgres from web-1 pid 14711', 'sha256:b53da95115aa85283188052019361ac657959d7839094a28f272985a4874eb18', NULL);

INSERT INTO public.users VALUES (1, 'a@example.com');
INSERT INTO public.users VALUES (2, 'b@example.com');

SELECT pg_catalog.setval('public._migrations_log_id_seq', 3, true);

ALTER TABLE ONLY public._migrations_log
    ADD CONSTRAINT _migrations_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public._migrations
    ADD CONSTRAINT _migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX users_email_idx ON public.users USING btree (email);

