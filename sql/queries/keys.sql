-- name: AuthorizeKey :one
-- All that a request needs to know of its key, from the SHA-256 of the secret. No row: no such key.
-- refusal is NULL where the key may be used, else the first reason why not; the row comes back all the same, so that
-- the refusal can be logged. secret_valid_until and expires_at bound the time for which the answer may be cached.
-- over_budget comes last and holds for this moment: a budget is used up. Whether one has room for a certain request is
-- told by ReserveBudgets alone.
SELECT
    k.id AS key_id,
    k.name AS key_name,
    k.kind,
    k.metadata,
    k.expires_at,
    h.valid_until AS secret_valid_until,
    p.id AS project_id,
    t.id AS team_id,
    o.id AS organization_id,
    u.id AS user_id,
    u.role AS user_role,
    m.id AS membership_id,
    CASE
        WHEN k.deleted_at IS NOT NULL THEN 'key_deleted'
        WHEN h.valid_until <= now() THEN 'secret_expired'
        WHEN k.expires_at <= now() THEN 'key_expired'
        WHEN k.blocked_at IS NOT NULL THEN 'key_blocked'
        WHEN p.deleted_at IS NOT NULL THEN 'project_deleted'
        WHEN p.blocked_at IS NOT NULL THEN 'project_blocked'
        WHEN t.deleted_at IS NOT NULL THEN 'team_deleted'
        WHEN t.blocked_at IS NOT NULL THEN 'team_blocked'
        WHEN o.deleted_at IS NOT NULL THEN 'organization_deleted'
        WHEN o.blocked_at IS NOT NULL THEN 'organization_blocked'
        WHEN u.deleted_at IS NOT NULL THEN 'user_deleted'
        WHEN u.blocked_at IS NOT NULL THEN 'user_blocked'
        WHEN EXISTS (
            SELECT
            FROM (
                VALUES
                    ('gateway', '00000000-0000-0000-0000-000000000000'::uuid),
                    ('organization', o.id),
                    ('team', t.id),
                    ('project', p.id),
                    ('user', u.id),
                    ('membership', m.id),
                    ('key', k.id)
            ) AS scope (entity_kind, entity_id)
            JOIN budgets AS b ON b.entity_kind = scope.entity_kind AND b.entity_id = scope.entity_id
            JOIN budget_counters AS c
                ON c.budget_id = b.id AND c.period_started_at = budget_period_started_at(b.period, b.anchor_at, now())
            WHERE c.spent + c.reserved >= b.max_amount
        ) THEN 'over_budget'
    END AS refusal,
    k.allowed_models AS key_allowed_models,
    p.allowed_models AS project_allowed_models,
    t.allowed_models AS team_allowed_models,
    o.allowed_models AS organization_allowed_models,
    u.allowed_models AS user_allowed_models,
    k.requests_per_minute AS key_requests_per_minute,
    p.requests_per_minute AS project_requests_per_minute,
    t.requests_per_minute AS team_requests_per_minute,
    o.requests_per_minute AS organization_requests_per_minute,
    u.requests_per_minute AS user_requests_per_minute,
    k.tokens_per_minute AS key_tokens_per_minute,
    p.tokens_per_minute AS project_tokens_per_minute,
    t.tokens_per_minute AS team_tokens_per_minute,
    o.tokens_per_minute AS organization_tokens_per_minute,
    u.tokens_per_minute AS user_tokens_per_minute,
    k.max_parallel AS key_max_parallel,
    p.max_parallel AS project_max_parallel,
    t.max_parallel AS team_max_parallel,
    o.max_parallel AS organization_max_parallel,
    u.max_parallel AS user_max_parallel,
    ARRAY(
        SELECT found
        FROM (
            SELECT
                b.id,
                b.entity_kind,
                b.entity_id,
                b.period,
                b.max_amount,
                b.soft_amount
            FROM (
                VALUES
                    ('gateway', '00000000-0000-0000-0000-000000000000'::uuid),
                    ('organization', o.id),
                    ('team', t.id),
                    ('project', p.id),
                    ('user', u.id),
                    ('membership', m.id),
                    ('key', k.id)
            ) AS scope (entity_kind, entity_id)
            JOIN budgets AS b ON b.entity_kind = scope.entity_kind AND b.entity_id = scope.entity_id
            ORDER BY b.id
        ) AS found
    ) AS budgets
FROM api_key_hashes AS h
JOIN api_keys AS k ON k.id = h.key_id
LEFT JOIN projects AS p ON p.id = k.project_id
LEFT JOIN teams AS t ON t.id = coalesce(k.team_id, p.team_id)
LEFT JOIN organizations AS o ON o.id = coalesce(k.organization_id, t.organization_id)
LEFT JOIN users AS u ON u.id = k.user_id
LEFT JOIN team_memberships AS m ON m.team_id = t.id AND m.user_id = u.id
WHERE h.hash = @hash;

-- name: CreateKey :one
-- The new key, with its first secret. No row: the id, or a live key of this name in this place, is there already and
-- nothing was written; GetKey or FindKey returns it. So a set-up by file may run at every start.
WITH created AS (
    INSERT INTO api_keys (
        id,
        name,
        hint,
        kind,
        organization_id,
        team_id,
        project_id,
        user_id,
        allowed_models,
        requests_per_minute,
        tokens_per_minute,
        max_parallel,
        metadata,
        expires_at,
        created_by
    )
    VALUES (
        @id,
        @name,
        @hint,
        @kind,
        @organization_id,
        @team_id,
        @project_id,
        @user_id,
        @allowed_models,
        @requests_per_minute,
        @tokens_per_minute,
        @max_parallel,
        @metadata,
        @expires_at,
        @created_by
    )
    ON CONFLICT DO NOTHING
    RETURNING id, name, hint, kind, created_at
),
hashed AS (
    INSERT INTO api_key_hashes (hash, key_id)
    SELECT @hash, created.id
    FROM created
)
SELECT id, name, hint, kind, created_at
FROM created;

-- name: GetKey :one
-- One key, deleted or not, with where it hangs and when it was last used.
SELECT
    sqlc.embed(k),
    coalesce(k.team_id, p.team_id) AS effective_team_id,
    coalesce(k.organization_id, t.organization_id) AS effective_organization_id,
    p.name AS project_name,
    t.name AS team_name,
    o.name AS organization_name,
    s.last_used_at
FROM api_keys AS k
LEFT JOIN projects AS p ON p.id = k.project_id
LEFT JOIN teams AS t ON t.id = coalesce(k.team_id, p.team_id)
LEFT JOIN organizations AS o ON o.id = coalesce(k.organization_id, t.organization_id)
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
WHERE k.id = @id;

-- name: LockKey :one
-- One key, deleted or not, as it stays until the end of the transaction.
SELECT k.*
FROM api_keys AS k
WHERE k.id = @id
FOR NO KEY UPDATE;

-- name: GetKeyDetails :one
-- One key for its page in the console: who owns it, its budgets with what is spent of them, its secrets and rotations.
SELECT
    sqlc.embed(k),
    sqlc.embed(u),
    s.last_used_at,
    ARRAY(
        SELECT found
        FROM (
            SELECT
                b.id,
                b.period,
                b.max_amount,
                b.soft_amount,
                starts.period_started_at,
                coalesce(c.spent, 0) AS spent,
                coalesce(c.reserved, 0) AS reserved
            FROM budgets AS b
            CROSS JOIN LATERAL (
                SELECT budget_period_started_at(b.period, b.anchor_at, now()) AS period_started_at
            ) AS starts
            LEFT JOIN budget_counters AS c
                ON c.budget_id = b.id AND c.period_started_at = starts.period_started_at
            WHERE b.entity_kind = 'key' AND b.entity_id = k.id
            ORDER BY b.period
        ) AS found
    ) AS budgets,
    ARRAY(
        SELECT found
        FROM (
            SELECT h.created_at, h.valid_until
            FROM api_key_hashes AS h
            WHERE h.key_id = k.id
            ORDER BY h.created_at DESC
        ) AS found
    ) AS secrets,
    ARRAY(
        SELECT found
        FROM (
            SELECT r.id, r.rotated_at, r.rotated_by, r.grace_ends_at
            FROM key_rotations AS r
            WHERE r.key_id = k.id
            ORDER BY r.rotated_at DESC
            LIMIT 20
        ) AS found
    ) AS rotations
FROM api_keys AS k
LEFT JOIN users AS u ON u.id = k.user_id
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
WHERE k.id = @id;

-- name: FindKey :one
-- The live key of a name in one place: what CreateKey stumbled over. All places NULL: directly under the gateway.
-- Each place is asked for by one of two conditions, since IS NOT DISTINCT FROM would not use the index.
SELECT k.id, k.hint, k.kind, k.expires_at, k.blocked_at, k.created_at
FROM api_keys AS k
WHERE
    k.name = @name
    AND k.deleted_at IS NULL
    AND (k.organization_id = @organization_id? OR (k.organization_id IS NULL AND @organization_id::uuid IS NULL))
    AND (k.team_id = @team_id? OR (k.team_id IS NULL AND @team_id::uuid IS NULL))
    AND (k.project_id = @project_id? OR (k.project_id IS NULL AND @project_id::uuid IS NULL))
    AND (k.user_id = @user_id? OR (k.user_id IS NULL AND @user_id::uuid IS NULL));

-- name: ListKeys :many
-- One page of all live keys, oldest first, after the last (created_at, id) seen; both NULL for the first page.
-- The bounds are filled in by coalesce and not skipped by OR, so that every page starts at its place in the index.
SELECT
    k.id,
    k.name,
    k.hint,
    k.kind,
    k.organization_id,
    k.team_id,
    k.project_id,
    k.user_id,
    k.expires_at,
    k.blocked_at,
    k.created_at,
    s.last_used_at
FROM api_keys AS k
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
WHERE
    k.deleted_at IS NULL
    AND (k.created_at, k.id) > (
        coalesce(@after_created_at::timestamptz, '-infinity'),
        coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
    AND (@kind::text IS NULL OR k.kind = @kind)
    AND (@blocked::boolean IS NULL OR (k.blocked_at IS NOT NULL) = @blocked)
    AND (@name_part::text IS NULL OR position(lower(@name_part) IN lower(k.name)) > 0)
ORDER BY k.created_at, k.id
LIMIT @page_size;

-- name: ListKeysOfOrganization :many
-- One page of the live keys that hang directly under an organization, oldest first.
SELECT k.id, k.name, k.hint, k.kind, k.user_id, k.expires_at, k.blocked_at, k.created_at, s.last_used_at
FROM api_keys AS k
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
WHERE
    k.organization_id = @organization_id
    AND k.deleted_at IS NULL
    AND (k.created_at, k.id) > (
        coalesce(@after_created_at::timestamptz, '-infinity'),
        coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY k.created_at, k.id
LIMIT @page_size;

-- name: ListKeysOfTeam :many
-- One page of the live keys of a team, those of its projects included, oldest first.
-- Every place is read along its index and no further than a page: an OR over both would read all keys of the team.
SELECT k.id, k.name, k.hint, k.kind, k.project_id, k.user_id, k.expires_at, k.blocked_at, k.created_at, s.last_used_at
FROM (
    (
        SELECT direct.id
        FROM api_keys AS direct
        WHERE
            direct.team_id = @team_id
            AND direct.deleted_at IS NULL
            AND (direct.created_at, direct.id) > (
                coalesce(@after_created_at::timestamptz, '-infinity'),
                coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
            )
        ORDER BY direct.created_at, direct.id
        LIMIT @page_size
    )
    UNION ALL
    SELECT below.id
    FROM projects AS p
    CROSS JOIN LATERAL (
        SELECT indirect.id
        FROM api_keys AS indirect
        WHERE
            indirect.project_id = p.id
            AND indirect.deleted_at IS NULL
            AND (indirect.created_at, indirect.id) > (
                coalesce(@after_created_at::timestamptz, '-infinity'),
                coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
            )
        ORDER BY indirect.created_at, indirect.id
        LIMIT @page_size
    ) AS below
    WHERE p.team_id = @team_id
) AS candidate
JOIN api_keys AS k ON k.id = candidate.id
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
ORDER BY k.created_at, k.id
LIMIT @page_size;

-- name: ListKeysOfProject :many
-- One page of the live keys of a project, oldest first.
SELECT k.id, k.name, k.hint, k.kind, k.user_id, k.expires_at, k.blocked_at, k.created_at, s.last_used_at
FROM api_keys AS k
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
WHERE
    k.project_id = @project_id
    AND k.deleted_at IS NULL
    AND (k.created_at, k.id) > (
        coalesce(@after_created_at::timestamptz, '-infinity'),
        coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY k.created_at, k.id
LIMIT @page_size;

-- name: ListKeysOfUser :many
-- One page of the live keys of a user, wherever they hang, oldest first.
SELECT
    k.id,
    k.name,
    k.hint,
    k.kind,
    k.organization_id,
    k.team_id,
    k.project_id,
    k.expires_at,
    k.blocked_at,
    k.created_at,
    s.last_used_at
FROM api_keys AS k
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
WHERE
    k.user_id = @user_id
    AND k.deleted_at IS NULL
    AND (k.created_at, k.id) > (
        coalesce(@after_created_at::timestamptz, '-infinity'),
        coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY k.created_at, k.id
LIMIT @page_size;

-- name: ListKeysExpiringSoon :many
-- The live keys that expire within a time, soonest first, so that their owners can be told. For a daily job: it reads
-- all live keys.
SELECT k.id, k.name, k.hint, k.expires_at, k.user_id, u.email
FROM api_keys AS k
LEFT JOIN users AS u ON u.id = k.user_id
WHERE
    k.deleted_at IS NULL
    AND k.expires_at BETWEEN now() AND now() + @within::interval
ORDER BY k.expires_at, k.id;

-- name: CountKeysByTeam :many
-- How many live keys each team has, those of its projects included. Teams without any are left out.
SELECT t.id AS team_id, t.name AS team_name, count(*) AS keys
FROM api_keys AS k
LEFT JOIN projects AS p ON p.id = k.project_id
JOIN teams AS t ON t.id = coalesce(k.team_id, p.team_id)
WHERE k.deleted_at IS NULL
GROUP BY t.id
ORDER BY t.name, t.id;

-- name: UpdateKey :one
-- Sets all that may be edited of a live key: what is not to change is passed as it is. NULL lifts a restriction.
-- With if_updated_at the change is made only to the row that was read. No row: deleted, absent, or changed meanwhile.
UPDATE api_keys
SET
    name = @name,
    allowed_models = @allowed_models,
    requests_per_minute = @requests_per_minute,
    tokens_per_minute = @tokens_per_minute,
    max_parallel = @max_parallel,
    metadata = @metadata,
    expires_at = @expires_at,
    updated_at = now()
WHERE
    id = @id
    AND deleted_at IS NULL
    AND (@if_updated_at::timestamptz IS NULL OR updated_at = @if_updated_at)
RETURNING *;

-- name: MoveKey :one
-- Hangs a live key at another place, of which at most one may be given. Its spend stays where it was counted.
UPDATE api_keys
SET
    organization_id = @organization_id,
    team_id = @team_id,
    project_id = @project_id,
    updated_at = now()
WHERE id = @id AND deleted_at IS NULL
RETURNING id, organization_id, team_id, project_id, updated_at;

-- name: BlockKey :one
-- Since when the key is blocked: from now, or from before where it was already. No row: deleted or absent.
UPDATE api_keys
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = @id AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!";

-- name: UnblockKey :execrows
-- Lets a key be used again; 0 where it was not blocked.
UPDATE api_keys
SET blocked_at = NULL, updated_at = now()
WHERE id = @id AND blocked_at IS NOT NULL AND deleted_at IS NULL;

-- name: ExpireKey :one
-- Lets a live key expire, at once where no time is given. An earlier end stays as it is.
UPDATE api_keys
SET expires_at = least(expires_at, coalesce(@expires_at::timestamptz, now())), updated_at = now()
WHERE id = @id AND deleted_at IS NULL
RETURNING expires_at AS "expires_at!";

-- name: RotateKey :one
-- Gives a live key a new secret; older ones are accepted until the grace is over, a zero grace ends them at once. The
-- key keeps its id, and so its spend, budgets and limits. No row: nothing was done, as the key is not there or this
-- rotation was made before; GetKeyRotation tells which. Of two rotations at the same time one fails with a violation
-- of api_key_hashes_key_id_idx and can be tried again.
WITH target AS MATERIALIZED (
    SELECT k.id
    FROM api_keys AS k
    WHERE k.id = @key_id AND k.deleted_at IS NULL
    FOR NO KEY UPDATE
),
rotation AS (
    INSERT INTO key_rotations (id, key_id, grace_ends_at, rotated_by)
    SELECT @rotation_id, target.id, now() + @grace::interval, @rotated_by
    FROM target
    ON CONFLICT (id) DO NOTHING
    RETURNING key_id, grace_ends_at
),
limited AS (
    -- The bound by created_at: a rotation that waited for another has the earlier now().
    UPDATE api_key_hashes AS h
    SET valid_until = greatest(h.created_at, rotation.grace_ends_at)
    FROM rotation
    WHERE h.key_id = rotation.key_id AND (h.valid_until IS NULL OR h.valid_until > rotation.grace_ends_at)
    RETURNING h.hash
),
added AS (
    -- Counting them makes sure that the present secret has been limited before there is another one.
    INSERT INTO api_key_hashes (hash, key_id)
    SELECT @hash, rotation.key_id
    FROM rotation
    WHERE (SELECT count(*) FROM limited) >= 0
)
UPDATE api_keys AS k
SET hint = @hint, updated_at = now()
FROM rotation
WHERE k.id = rotation.key_id
RETURNING k.id AS key_id, rotation.grace_ends_at, k.updated_at AS rotated_at;

-- name: GetKeyRotation :one
-- A rotation by the id that its caller chose: there once it has been made.
SELECT r.id, r.key_id, r.grace_ends_at, r.rotated_by, r.rotated_at
FROM key_rotations AS r
WHERE r.id = @rotation_id;

-- name: EndGrace :execrows
-- Refuses all older secrets of a key from now on; the present one stays.
UPDATE api_key_hashes
SET valid_until = greatest(created_at, now())
WHERE key_id = @key_id AND valid_until > now();

-- name: DeleteKey :execrows
-- Removes a key: it is refused from now on, and the row stays for reports until PurgeKeys. 0 where it was gone already.
UPDATE api_keys
SET deleted_at = now(), updated_at = now()
WHERE id = @id AND deleted_at IS NULL;

-- name: RestoreKey :execrows
-- Takes a deletion back, as long as the key has not been purged. Fails where its name has been given again.
UPDATE api_keys
SET deleted_at = NULL, updated_at = now()
WHERE id = @id AND deleted_at IS NOT NULL;

-- name: PurgeKeys :many
-- Deletes for good a batch of the keys removed before a time, with their budgets, and returns their ids for the audit.
-- Secrets, rotations and last use go with them; logs and rollups stay.
WITH due AS MATERIALIZED (
    SELECT k.id
    FROM api_keys AS k
    WHERE k.deleted_at < @deleted_before
    ORDER BY k.deleted_at, k.id
    LIMIT @batch_size
    FOR UPDATE SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN due ON held.entity_kind = 'key' AND held.entity_id = due.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM api_keys AS k
USING due
WHERE k.id = due.id
RETURNING k.id, k.name, k.hint;

-- name: DeleteEndedSecrets :execrows
-- Deletes a batch of the secrets whose grace ended before a time. They were refused already; this only tidies up.
DELETE FROM api_key_hashes AS h
USING (
    SELECT due.hash
    FROM api_key_hashes AS due
    WHERE due.valid_until < @ended_before
    ORDER BY due.valid_until
    LIMIT @batch_size
    FOR UPDATE SKIP LOCKED
) AS ended
WHERE h.hash = ended.hash;

-- name: TouchKeys :execrows
-- Notes the last use of many keys, sorted, so that instances cannot deadlock. Never moves a time back; keys that have
-- been purged are passed over.
INSERT INTO api_key_uses AS s (key_id, last_used_at)
SELECT k.id, max(used.last_used_at)
FROM unnest(@key_ids::uuid[], @last_used_ats::timestamptz[]) AS used (key_id, last_used_at)
JOIN api_keys AS k ON k.id = used.key_id
GROUP BY k.id
ORDER BY k.id
ON CONFLICT (key_id) DO UPDATE
SET last_used_at = EXCLUDED.last_used_at
WHERE s.last_used_at < EXCLUDED.last_used_at;
