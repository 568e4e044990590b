-- name: CreateOrganization :one
-- The new organization. Fails where a live one has this name.
INSERT INTO organizations (
    name,
    allowed_models,
    requests_per_minute,
    tokens_per_minute,
    max_parallel,
    metadata
)
VALUES (
    @name,
    @allowed_models,
    @requests_per_minute,
    @tokens_per_minute,
    @max_parallel,
    @metadata
)
RETURNING *;

-- name: GetOrganization :one
-- One organization, deleted or not, with how much there is in it.
SELECT
    sqlc.embed(o),
    (SELECT count(*) FROM teams AS t WHERE t.organization_id = o.id AND t.deleted_at IS NULL) AS teams,
    (SELECT count(*) FROM organization_memberships AS m WHERE m.organization_id = o.id) AS members
FROM organizations AS o
WHERE o.id = @id;

-- name: LockOrganization :one
-- One organization, deleted or not, as it stays until the end of the transaction.
SELECT o.*
FROM organizations AS o
WHERE o.id = @id
FOR NO KEY UPDATE;

-- name: FindOrganization :one
-- The live organization of a name.
SELECT o.id, o.name, o.blocked_at
FROM organizations AS o
WHERE o.name = @name AND o.deleted_at IS NULL;

-- name: ListOrganizations :many
-- One page of the live organizations by name, after the last name seen; NULL for the first page.
SELECT
    o.id,
    o.name,
    o.allowed_models,
    o.requests_per_minute,
    o.tokens_per_minute,
    o.max_parallel,
    o.blocked_at,
    o.created_at,
    o.updated_at
FROM organizations AS o
WHERE o.deleted_at IS NULL AND o.name > coalesce(@after_name::text, '')
ORDER BY o.name
LIMIT @page_size;

-- name: UpdateOrganization :one
-- Sets all that may be edited of a live organization; NULL lifts a restriction. With if_updated_at the change is made
-- only to the row that was read. No row: deleted, absent, or changed meanwhile.
UPDATE organizations
SET
    name = @name,
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

-- name: BlockOrganization :one
-- Since when every request below the organization is refused: from now, or from before where it was blocked already.
UPDATE organizations
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = @id AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!";

-- name: UnblockOrganization :execrows
-- Lets the keys of an organization be used again; 0 where it was not blocked.
UPDATE organizations
SET blocked_at = NULL, updated_at = now()
WHERE id = @id AND blocked_at IS NOT NULL AND deleted_at IS NULL;

-- name: DeleteOrganization :execrows
-- Removes an organization: all keys below it are refused from now on. Its teams need no change of their own.
UPDATE organizations
SET deleted_at = now(), updated_at = now()
WHERE id = @id AND deleted_at IS NULL;

-- name: RestoreOrganization :execrows
-- Takes back the removal of an organization that is not purged yet. Fails where a live one has its name by now.
UPDATE organizations
SET deleted_at = NULL, updated_at = now()
WHERE id = @id AND deleted_at IS NOT NULL;

-- name: PurgeOrganizations :many
-- Deletes for good a batch of the organizations removed before a time to which nothing refers any more, with their
-- budgets. Keys, projects, teams and end users are purged first, in this order.
WITH due AS MATERIALIZED (
    SELECT o.id
    FROM organizations AS o
    WHERE
        o.deleted_at < @deleted_before
        AND NOT EXISTS (SELECT FROM teams AS t WHERE t.organization_id = o.id)
        AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.organization_id = o.id)
        AND NOT EXISTS (SELECT FROM end_users AS e WHERE e.organization_id = o.id)
    ORDER BY o.id
    LIMIT @batch_size
    FOR UPDATE OF o SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN due ON held.entity_kind = 'organization' AND held.entity_id = due.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM organizations AS o
USING due
WHERE o.id = due.id
RETURNING o.id, o.name;

-- name: LockOrganizationMembers :many
-- Those of some users who are in an organization, as they stay until the end of the transaction.
SELECT m.*
FROM organization_memberships AS m
WHERE m.organization_id = @organization_id AND m.user_id = ANY(@user_ids::uuid[])
ORDER BY m.user_id
FOR UPDATE;

-- name: SetOrganizationMembers :many
-- Puts users into an organization, or gives them other roles: one pair of elements a user. Returns the rows that
-- changed. Sorted, so that two such calls cannot deadlock.
INSERT INTO organization_memberships AS m (organization_id, user_id, role)
SELECT @organization_id, wanted.user_id, wanted.role
FROM unnest(@user_ids::uuid[], @roles::text[]) AS wanted (user_id, role)
ORDER BY wanted.user_id
ON CONFLICT (organization_id, user_id) DO UPDATE
SET role = EXCLUDED.role
WHERE m.role <> EXCLUDED.role
RETURNING m.*;

-- name: RemoveOrganizationMember :many
-- Takes a user out of an organization, and so out of its teams, with the budgets that the user had there. Returns what
-- the user was in these teams. The membership of the organization must be locked before: whoever puts the user into one
-- of its teams at this moment is waited for.
WITH left_teams AS (
    DELETE FROM team_memberships AS m
    USING teams AS t
    WHERE t.id = m.team_id AND t.organization_id = @organization_id AND m.user_id = @user_id
    RETURNING m.*
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN left_teams ON held.entity_kind = 'membership' AND held.entity_id = left_teams.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
),
gone AS (
    DELETE FROM organization_memberships
    WHERE organization_id = @organization_id AND user_id = @user_id
)
SELECT l.id, l.team_id, l.user_id, l.role, l.created_at
FROM left_teams AS l
ORDER BY l.team_id;

-- name: ListOrganizationMembers :many
-- One page of the users in an organization, after the last user id seen; NULL for the first page.
SELECT m.user_id, m.role, m.created_at, u.name, u.email, u.blocked_at
FROM organization_memberships AS m
JOIN users AS u ON u.id = m.user_id
WHERE
    m.organization_id = @organization_id
    AND u.deleted_at IS NULL
    AND m.user_id > coalesce(@after_user_id::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY m.user_id
LIMIT @page_size;
