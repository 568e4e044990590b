-- name: CreateModel :one
-- The new deployment of a model.
-- json: params = gateway.shapes:ModelParams
INSERT INTO models (
    name,
    provider,
    credential_id,
    params,
    weight,
    requests_per_minute,
    tokens_per_minute,
    prompt_token_price,
    completion_token_price,
    cached_token_price
)
VALUES (
    @name,
    @provider,
    @credential_id,
    @params,
    @weight,
    @requests_per_minute,
    @tokens_per_minute,
    @prompt_token_price,
    @completion_token_price,
    @cached_token_price
)
RETURNING id, version, created_at;

-- name: GetModel :one
-- One deployment, with the name of its credential.
-- json: params = gateway.shapes:ModelParams
SELECT
    m.id,
    m.name,
    m.provider,
    m.credential_id,
    c.name AS credential_name,
    m.params,
    m.weight,
    m.requests_per_minute,
    m.tokens_per_minute,
    m.prompt_token_price,
    m.completion_token_price,
    m.cached_token_price,
    m.blocked_at,
    m.version,
    m.created_at,
    m.updated_at
FROM models AS m
LEFT JOIN credentials AS c ON c.id = m.credential_id
WHERE m.id = @id;

-- name: LoadModels :many
-- The deployments that an instance needs for routing: those of the ids given, or with NULL all of them. An id that does
-- not come back has been deleted. Read all in one REPEATABLE READ transaction with GetConfigRevision.
-- json: params = gateway.shapes:ModelParams
SELECT
    m.id,
    m.name,
    m.provider,
    m.credential_id,
    m.params,
    m.weight,
    m.requests_per_minute,
    m.tokens_per_minute,
    m.prompt_token_price,
    m.completion_token_price,
    m.cached_token_price,
    m.blocked_at,
    m.version
FROM models AS m
WHERE @ids::uuid[] IS NULL OR m.id = ANY(@ids)
ORDER BY m.name, m.id;

-- name: ListModels :many
-- One page of the deployments by name, after the last (name, id) seen; both NULL for the first page.
SELECT m.id, m.name, m.provider, m.weight, m.blocked_at, m.version, m.updated_at
FROM models AS m
WHERE
    (m.name, m.id) > (
        coalesce(@after_name::text, ''),
        coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
    AND (@provider::text IS NULL OR m.provider = @provider)
ORDER BY m.name, m.id
LIMIT @page_size;

-- name: ListModelNames :many
-- The public names that can be asked for now, with how many deployments serve each.
SELECT m.name, count(*) AS deployments
FROM models AS m
WHERE m.blocked_at IS NULL
GROUP BY m.name
ORDER BY m.name;

-- name: UpdateModel :one
-- Sets all that may be edited of a deployment, if it still has the version that was read, and returns the next one.
-- No row: absent, or changed meanwhile.
-- json: params = gateway.shapes:ModelParams
UPDATE models
SET
    name = @name,
    provider = @provider,
    credential_id = @credential_id,
    params = @params,
    weight = @weight,
    requests_per_minute = @requests_per_minute,
    tokens_per_minute = @tokens_per_minute,
    prompt_token_price = @prompt_token_price,
    completion_token_price = @completion_token_price,
    cached_token_price = @cached_token_price,
    version = version + 1,
    updated_at = now()
WHERE id = @id AND version = @version
RETURNING version;

-- name: BlockModel :one
-- Sends no more requests to a deployment, and returns its version. Whatever version it has: in an emergency nobody
-- should have to read first. No row: absent.
UPDATE models
SET blocked_at = coalesce(blocked_at, now()), version = version + 1, updated_at = now()
WHERE id = @id
RETURNING version;

-- name: UnblockModel :one
-- Sends requests to a deployment again, and returns its version. No row: absent, or not blocked.
UPDATE models
SET blocked_at = NULL, version = version + 1, updated_at = now()
WHERE id = @id AND blocked_at IS NOT NULL
RETURNING version;

-- name: DeleteModel :execrows
-- Deletes a deployment, if it still has the version that was read. Logs and rollups keep its name.
DELETE FROM models
WHERE id = @id AND version = @version;

-- name: SetModelAlias :one
-- Lets a name stand for another, for one team or, with NULL, for everyone.
INSERT INTO model_aliases AS a (team_id, name, target_name)
VALUES (@team_id, @name, @target_name)
ON CONFLICT (team_id, name) DO UPDATE
SET target_name = EXCLUDED.target_name, updated_at = now()
RETURNING a.*;

-- name: FindModelAlias :one
-- The alias of a name, for one team or, with NULL, for everyone.
SELECT a.*
FROM model_aliases AS a
WHERE a.name = @name AND (a.team_id = @team_id? OR (a.team_id IS NULL AND @team_id::uuid IS NULL));

-- name: DeleteModelAlias :one
-- Lets a name stand for itself again, and returns what it stood for. No row: absent.
DELETE FROM model_aliases
WHERE id = @id
RETURNING *;

-- name: LoadModelAliases :many
-- The aliases that an instance needs: those of the ids given, or with NULL all of them.
SELECT a.id, a.team_id, a.name, a.target_name
FROM model_aliases AS a
WHERE @ids::uuid[] IS NULL OR a.id = ANY(@ids)
ORDER BY a.team_id, a.name;

-- name: ListModelAliases :many
-- The aliases that hold for a team, or with NULL those for everyone alone. Those of the team go before those for
-- everyone, and overridden says which of these it replaces.
SELECT
    a.id,
    a.team_id,
    a.name,
    a.target_name,
    a.team_id IS NULL AND EXISTS (
        SELECT
        FROM model_aliases AS own
        WHERE own.team_id = @team_id AND own.name = a.name
    ) AS overridden
FROM model_aliases AS a
WHERE a.team_id = @team_id? OR a.team_id IS NULL
ORDER BY a.name, a.team_id;

-- name: ResolveModelName :one
-- The name that a caller's name stands for: by the alias of the team, else by that for everyone, else itself. Aliases
-- are followed once.
SELECT coalesce(
    (SELECT a.target_name FROM model_aliases AS a WHERE a.team_id = @team_id? AND a.name = @name),
    (SELECT a.target_name FROM model_aliases AS a WHERE a.team_id IS NULL AND a.name = @name),
    @name
) AS "resolved_name!";

-- name: CreateCredential :one
-- The new credential; its secret is encrypted before it comes here.
-- json: metadata = gateway.shapes:CredentialMetadata
INSERT INTO credentials (name, provider, secret, encryption_key_version, metadata)
VALUES (@name, @provider, @secret, @encryption_key_version, @metadata)
RETURNING id, created_at, updated_at;

-- name: GetCredential :one
-- One credential with its encrypted secret, for calling the provider.
-- json: metadata = gateway.shapes:CredentialMetadata
SELECT c.id, c.name, c.provider, c.secret, c.encryption_key_version, c.metadata, c.updated_at
FROM credentials AS c
WHERE c.id = @id;

-- name: LoadCredentials :many
-- The credentials that an instance needs: those of the ids given, or with NULL all of them.
-- json: metadata = gateway.shapes:CredentialMetadata
SELECT c.id, c.name, c.provider, c.secret, c.encryption_key_version, c.metadata
FROM credentials AS c
WHERE @ids::uuid[] IS NULL OR c.id = ANY(@ids)
ORDER BY c.name;

-- name: ListCredentials :many
-- All credentials by name, without their secrets, with the models that use each.
SELECT
    c.id,
    c.name,
    c.provider,
    c.encryption_key_version,
    c.updated_at,
    ARRAY(
        SELECT found
        FROM (
            SELECT m.id, m.name, m.blocked_at
            FROM models AS m
            WHERE m.credential_id = c.id
            ORDER BY m.name, m.id
        ) AS found
    ) AS models
FROM credentials AS c
ORDER BY c.name;

-- name: ListModelsOfCredential :many
-- The deployments that use a credential, by name.
SELECT m.id, m.name
FROM models AS m
WHERE m.credential_id = @credential_id
ORDER BY m.name, m.id;

-- name: UpdateCredential :one
-- Sets a new secret and what is not secret, if the credential is as it was read. No row: absent, or changed meanwhile.
-- json: metadata = gateway.shapes:CredentialMetadata
UPDATE credentials
SET
    provider = @provider,
    secret = @secret,
    encryption_key_version = @encryption_key_version,
    metadata = @metadata,
    updated_at = now()
WHERE id = @id AND updated_at = @if_updated_at
RETURNING updated_at;

-- name: ListCredentialsToReencrypt :many
-- A batch of the secrets that are encrypted with an earlier version of the key, by id after the last one seen. Never
-- those of a later one: an instance that does not know it yet must not undo it.
SELECT c.id, c.name, c.secret, c.encryption_key_version
FROM credentials AS c
WHERE
    c.encryption_key_version < @encryption_key_version
    AND c.id > coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY c.id
LIMIT @batch_size;

-- name: ReencryptCredential :execrows
-- Puts the same secret under another version of the key, unless it was changed since it was read.
UPDATE credentials
SET secret = @secret, encryption_key_version = @encryption_key_version, updated_at = now()
WHERE id = @id AND secret = @read_secret;

-- name: DeleteCredential :execrows
-- Deletes a credential. Fails while a model uses it.
DELETE FROM credentials
WHERE id = @id;
