-- Who changed what in the gateway, and when.
-- Why: every administrative change must outlive its object; by month, so that old months are dropped.
-- Locks: nothing that exists; the table is new.

CREATE TABLE audit_events (
    occurred_at timestamptz NOT NULL DEFAULT now(),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    before jsonb,
    after jsonb,
    reason text,
    client_address inet,
    CONSTRAINT audit_events_pkey PRIMARY KEY (occurred_at, id),
    CONSTRAINT audit_events_actor_kind_check CHECK (actor_kind IN ('user', 'key', 'system')),
    CONSTRAINT audit_events_actor_id_check CHECK (actor_id <> ''),
    CONSTRAINT audit_events_action_check
        CHECK (action IN ('create', 'update', 'delete', 'purge', 'block', 'unblock', 'rotate', 'adjust')),
    CONSTRAINT audit_events_object_kind_check
        CHECK (object_kind IN (
            'organization', 'team', 'project', 'user', 'membership', 'end_user',
            'key', 'budget', 'model', 'model_alias', 'credential', 'setting'
        )),
    CONSTRAINT audit_events_object_id_check CHECK (object_id <> ''),
    CONSTRAINT audit_events_before_check CHECK (jsonb_typeof(before) = 'object'),
    CONSTRAINT audit_events_after_check CHECK (jsonb_typeof(after) = 'object')
) PARTITION BY RANGE (occurred_at);

CREATE INDEX audit_events_object_kind_object_id_occurred_at_idx ON audit_events (object_kind, object_id, occurred_at);

COMMENT ON TABLE audit_events IS
    'Written in the transaction of the change itself, never updated. One partition a month in UTC. No foreign keys: '
    'it must outlive what it speaks of.';
COMMENT ON COLUMN audit_events.actor_kind IS 'system: a job of the gateway or its set-up.';
COMMENT ON COLUMN audit_events.actor_id IS 'Id of the user or key, or the name of the job.';
COMMENT ON COLUMN audit_events.action IS 'adjust: spend corrected by hand; purge: a deleted object removed for good.';
COMMENT ON COLUMN audit_events.object_id IS 'The id as text; for settings the key.';
COMMENT ON COLUMN audit_events.before IS
    'The columns that changed, as they were, without secrets. NULL: the object is new.';
COMMENT ON COLUMN audit_events.after IS
    'The columns that changed, as they are, without secrets. NULL: the object is gone.';
COMMENT ON COLUMN audit_events.reason IS 'What the person gave as reason. NULL: none was asked for.';
COMMENT ON COLUMN audit_events.client_address IS 'Where the request came from. NULL for the system.';
COMMENT ON CONSTRAINT audit_events_pkey ON audit_events IS
    'Time first: it must hold the partition key, and it serves pages through all events by time.';
COMMENT ON INDEX audit_events_object_kind_object_id_occurred_at_idx IS 'The history of one object, newest first.';
