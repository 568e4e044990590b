-- The running instances of the gateway, with the jobs that only one of them may do at a time.
-- Why: partitions, sweeps, retention need one worker, and people want to see which versions run.
-- Locks: nothing that exists; the tables are new.

CREATE TABLE instances (
    id uuid NOT NULL,
    host text NOT NULL,
    version text NOT NULL,
    schema_version bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT instances_pkey PRIMARY KEY (id),
    CONSTRAINT instances_schema_version_check CHECK (schema_version >= 0),
    CONSTRAINT instances_last_seen_at_check CHECK (last_seen_at >= started_at)
) WITH (fillfactor = 70);

COMMENT ON TABLE instances IS
    'One row a process, refreshed every few seconds; those not seen for long are deleted. Few rows, hence no further '
    'index.';
COMMENT ON COLUMN instances.id IS 'Made by the process when it starts; hence no default.';
COMMENT ON COLUMN instances.host IS 'Host and process id, for people.';
COMMENT ON COLUMN instances.version IS 'Of the gateway.';
COMMENT ON COLUMN instances.schema_version IS
    'The highest migration that this build knows: while an older one runs, nothing may be removed that it reads.';

CREATE TABLE job_leases (
    job text NOT NULL,
    instance_id uuid NOT NULL,
    term bigint NOT NULL DEFAULT 1,
    acquired_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT job_leases_pkey PRIMARY KEY (job),
    CONSTRAINT job_leases_job_check CHECK (job ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT job_leases_term_check CHECK (term > 0),
    CONSTRAINT job_leases_expires_at_check CHECK (expires_at >= acquired_at)
) WITH (fillfactor = 70);

COMMENT ON TABLE job_leases IS
    'Who may do a job until when. Taken by an upsert that succeeds only where the lease has expired, so it works '
    'through any connection pooler; one row a job.';
COMMENT ON COLUMN job_leases.instance_id IS
    'As in instances, without a foreign key: a lease ends by expiring, whatever becomes of that row.';
COMMENT ON COLUMN job_leases.term IS
    'Raised each time the lease changes hands: a holder that was stalled sees that it is no longer the holder.';
COMMENT ON COLUMN job_leases.expires_at IS 'The holder renews it before; by the clock of the database alone.';
