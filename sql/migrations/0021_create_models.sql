-- The models that the gateway offers, one row a deployment at a provider.
-- Why: all instances route by the same list and follow its changes.
-- Locks: SHARE ROW EXCLUSIVE on credentials, for a moment, to add the foreign key.

CREATE TABLE models (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    provider text NOT NULL,
    credential_id uuid,
    params jsonb NOT NULL DEFAULT '{}',
    weight integer NOT NULL DEFAULT 1,
    requests_per_minute bigint,
    tokens_per_minute bigint,
    prompt_token_price numeric(20,10),
    completion_token_price numeric(20,10),
    cached_token_price numeric(20,10),
    blocked_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT models_pkey PRIMARY KEY (id),
    CONSTRAINT models_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES credentials (id) ON DELETE RESTRICT,
    CONSTRAINT models_name_check CHECK (name <> ''),
    CONSTRAINT models_provider_check CHECK (provider <> ''),
    CONSTRAINT models_params_check CHECK (jsonb_typeof(params) = 'object'),
    CONSTRAINT models_weight_check CHECK (weight >= 0),
    CONSTRAINT models_requests_per_minute_check CHECK (requests_per_minute > 0),
    CONSTRAINT models_tokens_per_minute_check CHECK (tokens_per_minute > 0),
    CONSTRAINT models_prompt_token_price_check CHECK (prompt_token_price >= 0),
    CONSTRAINT models_completion_token_price_check CHECK (completion_token_price >= 0),
    CONSTRAINT models_cached_token_price_check CHECK (cached_token_price >= 0),
    CONSTRAINT models_version_check CHECK (version > 0)
);

CREATE INDEX models_name_idx ON models (name);
CREATE INDEX models_credential_id_idx ON models (credential_id);

COMMENT ON TABLE models IS 'A deployment of a model. Deployments that share a name share its requests by weight.';
COMMENT ON COLUMN models.name IS 'The public name that callers ask for. Not unique.';
COMMENT ON COLUMN models.credential_id IS
    'NULL: the provider needs none, or takes it from the environment. A credential in use cannot be deleted.';
COMMENT ON COLUMN models.params IS
    'How to call the provider: its own name of the model, address, time limits. Nothing secret; secrets are in '
    'credentials.';
COMMENT ON COLUMN models.weight IS 'Share of the requests among deployments of one name. 0: only when the others fail.';
COMMENT ON COLUMN models.requests_per_minute IS
    'What the provider grants this deployment. NULL: unknown, no limit here.';
COMMENT ON COLUMN models.tokens_per_minute IS 'What the provider grants this deployment. NULL: unknown, no limit here.';
COMMENT ON COLUMN models.prompt_token_price IS
    'For one token. NULL: as in the price list that the gateway brings along.';
COMMENT ON COLUMN models.completion_token_price IS
    'For one token. NULL: as in the price list that the gateway brings along.';
COMMENT ON COLUMN models.cached_token_price IS
    'For one prompt token that the provider had cached. NULL: as in the price list that the gateway brings along.';
COMMENT ON COLUMN models.blocked_at IS 'Since when no request is sent there. NULL: in use.';
COMMENT ON COLUMN models.version IS
    'Raised by every change, which names the version it read: a change made from a stale view changes nothing.';
COMMENT ON COLUMN models.updated_at IS 'Set by the statement that changes the row.';
