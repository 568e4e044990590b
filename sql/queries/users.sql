-- name: CreateUser :one
-- The new user, or service account where there is no address. Fails where a live user has the address or the subject.
INSERT INTO users (
    email,
    name,
    sso_subject,
    role,
    allowed_models,
    requests_per_minute,
    tokens_per_minute,
    max_parallel,
    metadata
)
VALUES (
    @email,
    @name,
    @sso_subject,
    @role,
    @allowed_models,
    @requests_per_minute,
    @tokens_per_minute,
    @max_parallel,
    @metadata
)
RETURNING *;

-- name: AddUserBySso :one
-- The new user of a subject of the identity provider, at the first sign-in. No row: a live user has the subject. Fails
-- on users_email_idx where another live user has the address: LinkUserToSso joins the two, if the provider has verified
-- it.
INSERT INTO users (email, name, sso_subject, role)
VALUES (@email, @name, sqlc.arg(sso_subject), @role)
ON CONFLICT (sso_subject) WHERE deleted_at IS NULL DO NOTHING
RETURNING *;

-- name: LockUserBySso :one
-- The id of the live user of a subject of the identity provider, as it stays until the end of the transaction.
SELECT u.id
FROM users AS u
WHERE u.sso_subject = @sso_subject AND u.deleted_at IS NULL
FOR NO KEY UPDATE;

-- name: LockUserByEmail :one
-- The id of the live user of an address, as it stays until the end of the transaction.
SELECT u.id
FROM users AS u
WHERE lower(u.email) = lower(@email) AND u.deleted_at IS NULL
FOR NO KEY UPDATE;

-- name: LockLiveUsers :many
-- Those of some users who are live, whom nobody can delete before the end of the transaction.
SELECT u.id
FROM users AS u
WHERE u.id = ANY(@ids::uuid[]) AND u.deleted_at IS NULL
ORDER BY u.id
FOR SHARE;

-- name: LinkUserToSso :execrows
-- Gives a live user who has never signed in through the identity provider its subject; 0 where the user has one.
UPDATE users
SET sso_subject = sqlc.arg(sso_subject), updated_at = now()
WHERE id = @id AND deleted_at IS NULL AND sso_subject IS NULL;

-- name: GetUser :one
-- One user, deleted or not, with the organizations and teams that the user is in.
SELECT
    sqlc.embed(u),
    ARRAY(
        SELECT found
        FROM (
            SELECT o.id, o.name, m.role
            FROM organization_memberships AS m
            JOIN organizations AS o ON o.id = m.organization_id
            WHERE m.user_id = u.id AND o.deleted_at IS NULL
            ORDER BY o.name
        ) AS found
    ) AS organizations,
    ARRAY(
        SELECT found
        FROM (
            SELECT t.id, t.name, t.organization_id, m.id AS membership_id, m.role
            FROM team_memberships AS m
            JOIN teams AS t ON t.id = m.team_id
            WHERE m.user_id = u.id AND t.deleted_at IS NULL
            ORDER BY t.name, t.id
        ) AS found
    ) AS teams
FROM users AS u
WHERE u.id = @id;

-- name: LockUser :one
-- One user, deleted or not, as it stays until the end of the transaction.
SELECT u.*
FROM users AS u
WHERE u.id = @id
FOR NO KEY UPDATE;

-- name: FindUserByEmail :one
-- The live user of an address, however it is spelled.
SELECT u.id, u.email AS "email!", u.name, u.sso_subject, u.role, u.blocked_at
FROM users AS u
WHERE lower(u.email) = lower(@email) AND u.deleted_at IS NULL;

-- name: FindUserBySso :one
-- The live user of a subject of the identity provider.
SELECT u.id, u.email, u.name, u.role, u.blocked_at
FROM users AS u
WHERE u.sso_subject = @sso_subject AND u.deleted_at IS NULL;

-- name: ListUsers :many
-- One page of the live users, oldest first, after the last (created_at, id) seen; both NULL for the first page.
SELECT u.id, u.email, u.name, u.role, u.blocked_at, u.created_at
FROM users AS u
WHERE
    u.deleted_at IS NULL
    AND (u.created_at, u.id) > (
        coalesce(@after_created_at::timestamptz, '-infinity'),
        coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
    AND (@role::text IS NULL OR u.role = @role)
    AND (@email_part::text IS NULL OR position(lower(@email_part) IN lower(u.email)) > 0)
ORDER BY u.created_at, u.id
LIMIT @page_size;

-- name: ListTeamsOfUser :many
-- The live teams that a user is in, by name.
SELECT t.id, t.name, t.organization_id, m.id AS membership_id, m.role
FROM team_memberships AS m
JOIN teams AS t ON t.id = m.team_id
WHERE m.user_id = @user_id AND t.deleted_at IS NULL
ORDER BY t.name, t.id;

-- name: ListOrganizationsOfUser :many
-- The live organizations that a user is in, by name.
SELECT o.id, o.name, m.role
FROM organization_memberships AS m
JOIN organizations AS o ON o.id = m.organization_id
WHERE m.user_id = @user_id AND o.deleted_at IS NULL
ORDER BY o.name;

-- name: UpdateUser :one
-- Sets all that may be edited of a live user; NULL lifts a restriction. With if_updated_at the change is made only to
-- the row that was read. No row: deleted, absent, or changed meanwhile.
UPDATE users
SET
    email = @email,
    name = @name,
    role = @role,
    allowed_models = @allowed_models,
    requests_per_minute = @requests_per_minute,
    tokens_per_minute = @tokens_per_minute,
    max_parallel = @max_parallel,
    metadata = @metadata,
    updated_at = now()
WHERE
    id = @id
    AND deleted_at IS NULL
    AND (@if_updated_at::timestamptz IS NULL OR updated_at = @if_updated_at)
RETURNING *;

-- name: BlockUser :one
-- Since when every key of the user is refused: from now, or from before where the user was blocked already.
UPDATE users
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = @id AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!";

-- name: UnblockUser :execrows
-- Lets the keys of a user be used again; 0 where the user was not blocked.
UPDATE users
SET blocked_at = NULL, updated_at = now()
WHERE id = @id AND blocked_at IS NOT NULL AND deleted_at IS NULL;

-- name: DeleteUser :execrows
-- Removes a user: the user's keys are refused from now on. The address and the subject may be given again.
UPDATE users
SET deleted_at = now(), updated_at = now()
WHERE id = @id AND deleted_at IS NULL;

-- name: RestoreUser :execrows
-- Takes back the removal of a user that is not purged yet. Fails where a live one has the address or the subject by now.
UPDATE users
SET deleted_at = NULL, updated_at = now()
WHERE id = @id AND deleted_at IS NOT NULL;

-- name: PurgeUsers :many
-- Deletes for good a batch of the users removed before a time to whom no key belongs any more, with their budgets, also
-- those within teams. Memberships go with them.
WITH due AS MATERIALIZED (
    SELECT u.id
    FROM users AS u
    WHERE
        u.deleted_at < @deleted_before
        AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.user_id = u.id)
    ORDER BY u.id
    LIMIT @batch_size
    FOR UPDATE OF u SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM (
            SELECT 'user' AS entity_kind, due.id AS entity_id
            FROM due
            UNION ALL
            SELECT 'membership', m.id
            FROM due
            JOIN team_memberships AS m ON m.user_id = due.id
        ) AS entity
        JOIN budgets AS held ON held.entity_kind = entity.entity_kind AND held.entity_id = entity.entity_id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM users AS u
USING due
WHERE u.id = due.id
RETURNING u.id;
