-- name: CreateTeam :one
-- The new team, in an organization or alone. Fails where a live one has this name there.
INSERT INTO teams (
    organization_id,
    name,
    allowed_models,
    requests_per_minute,
    tokens_per_minute,
    max_parallel,
    metadata
)
VALUES (
    @organization_id,
    @name,
    @allowed_models,
    @requests_per_minute,
    @tokens_per_minute,
    @max_parallel,
    @metadata
)
RETURNING *;

-- name: GetTeam :one
-- One team, deleted or not, with its organization, members, projects and budgets.
SELECT
    sqlc.embed(t),
    sqlc.embed(o),
    ARRAY(
        SELECT found
        FROM (
            SELECT m.id AS membership_id, m.user_id, m.role, u.name, u.email, u.blocked_at
            FROM team_memberships AS m
            JOIN users AS u ON u.id = m.user_id
            WHERE m.team_id = t.id AND u.deleted_at IS NULL
            ORDER BY m.created_at, m.id
        ) AS found
    ) AS members,
    ARRAY(
        SELECT found
        FROM (
            SELECT p.id, p.name, p.blocked_at
            FROM projects AS p
            WHERE p.team_id = t.id AND p.deleted_at IS NULL
            ORDER BY p.name
        ) AS found
    ) AS projects,
    ARRAY(
        SELECT found
        FROM (
            SELECT b.id, b.period, b.max_amount, b.soft_amount
            FROM budgets AS b
            WHERE b.entity_kind = 'team' AND b.entity_id = t.id
            ORDER BY b.period
        ) AS found
    ) AS budgets
FROM teams AS t
LEFT JOIN organizations AS o ON o.id = t.organization_id
WHERE t.id = @id;

-- name: LockTeam :one
-- One team, deleted or not, as it stays until the end of the transaction.
SELECT t.*
FROM teams AS t
WHERE t.id = @id
FOR NO KEY UPDATE;

-- name: ListTeams :many
-- One page of all live teams by name, after the last (name, id) seen; both NULL for the first page.
SELECT t.id, t.organization_id, o.name AS organization_name, t.name, t.allowed_models, t.blocked_at, t.created_at
FROM teams AS t
LEFT JOIN organizations AS o ON o.id = t.organization_id
WHERE
    t.deleted_at IS NULL
    AND (t.name, t.id) > (
        coalesce(@after_name::text, ''),
        coalesce(@after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY t.name, t.id
LIMIT @page_size;

-- name: ListTeamsOfOrganization :many
-- One page of the live teams of an organization by name, after the last name seen; NULL for the first page.
SELECT
    t.id,
    t.name,
    t.allowed_models,
    t.requests_per_minute,
    t.tokens_per_minute,
    t.max_parallel,
    t.blocked_at,
    t.created_at,
    (SELECT count(*) FROM team_memberships AS m WHERE m.team_id = t.id) AS members
FROM teams AS t
WHERE
    t.organization_id = @organization_id
    AND t.deleted_at IS NULL
    AND t.name > coalesce(@after_name::text, '')
ORDER BY t.name
LIMIT @page_size;

-- name: UpdateTeam :one
-- Sets all that may be edited of a live team; NULL lifts a restriction. With if_updated_at the change is made only to
-- the row that was read. No row: deleted, absent, or changed meanwhile.
UPDATE teams
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

-- name: MoveTeam :execrows
-- Puts a live team, with all below it, into another organization, or with NULL into none. What was spent before stays
-- with the organization that it was counted for.
UPDATE teams
SET organization_id = sqlc.narg(organization_id), updated_at = now()
WHERE id = @id AND deleted_at IS NULL;

-- name: BlockTeam :one
-- Since when every key of the team is refused: from now, or from before where it was blocked already.
UPDATE teams
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = @id AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!";

-- name: UnblockTeam :execrows
-- Lets the keys of a team be used again; 0 where it was not blocked.
UPDATE teams
SET blocked_at = NULL, updated_at = now()
WHERE id = @id AND blocked_at IS NOT NULL AND deleted_at IS NULL;

-- name: DeleteTeam :execrows
-- Removes a team: all keys below it are refused from now on. Its projects and keys need no change of their own.
UPDATE teams
SET deleted_at = now(), updated_at = now()
WHERE id = @id AND deleted_at IS NULL;

-- name: RestoreTeam :execrows
-- Takes back the removal of a team that is not purged yet. Fails where a live one has its name there by now.
UPDATE teams
SET deleted_at = NULL, updated_at = now()
WHERE id = @id AND deleted_at IS NOT NULL;

-- name: PurgeTeams :many
-- Deletes for good a batch of the teams removed before a time to which no project or key refers any more, with the
-- budgets of the team and of its members. Memberships and aliases go with them.
WITH due AS MATERIALIZED (
    SELECT t.id
    FROM teams AS t
    WHERE
        t.deleted_at < @deleted_before
        AND NOT EXISTS (SELECT FROM projects AS p WHERE p.team_id = t.id)
        AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.team_id = t.id)
    ORDER BY t.id
    LIMIT @batch_size
    FOR UPDATE OF t SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM (
            SELECT 'team' AS entity_kind, due.id AS entity_id
            FROM due
            UNION ALL
            SELECT 'membership', m.id
            FROM due
            JOIN team_memberships AS m ON m.team_id = due.id
        ) AS entity
        JOIN budgets AS held ON held.entity_kind = entity.entity_kind AND held.entity_id = entity.entity_id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM teams AS t
USING due
WHERE t.id = due.id
RETURNING t.id, t.name, t.organization_id;

-- name: LockTeamMembers :many
-- Those of some users who are in a team, as they stay until the end of the transaction.
SELECT m.*
FROM team_memberships AS m
WHERE m.team_id = @team_id AND m.user_id = ANY(@user_ids::uuid[])
ORDER BY m.user_id
FOR UPDATE;

-- name: ListMembersInOrganization :many
-- Those of some users who are in an organization, whom nobody can take out before the end of the transaction.
SELECT m.user_id
FROM organization_memberships AS m
WHERE m.organization_id = @organization_id AND m.user_id = ANY(@user_ids::uuid[])
ORDER BY m.user_id
FOR KEY SHARE;

-- name: ListTeamMemberIds :many
-- All users in a team, deleted ones too, as they may be restored.
SELECT m.user_id
FROM team_memberships AS m
WHERE m.team_id = @team_id
ORDER BY m.user_id;

-- name: SetTeamMembers :many
-- Puts users into a team, or gives them other roles: one pair of elements a user. Returns the rows that changed; the
-- id is what the budget of a member within the team refers to. Sorted, so that two such calls cannot deadlock.
INSERT INTO team_memberships AS m (team_id, user_id, role)
SELECT @team_id, wanted.user_id, wanted.role
FROM unnest(@user_ids::uuid[], @roles::text[]) AS wanted (user_id, role)
ORDER BY wanted.user_id
ON CONFLICT (team_id, user_id) DO UPDATE
SET role = EXCLUDED.role
WHERE m.role <> EXCLUDED.role
RETURNING m.*;

-- name: RemoveTeamMember :execrows
-- Takes a user out of a team, with the budget that the user had there. 0 where the user was not in it. Keys of the user
-- that hang in the team are not touched.
WITH released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN team_memberships AS m ON held.entity_kind = 'membership' AND held.entity_id = m.id
        WHERE m.team_id = @team_id AND m.user_id = @user_id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM team_memberships
WHERE team_id = @team_id AND user_id = @user_id;

-- name: ListTeamMembers :many
-- One page of the users in a team, after the last user id seen; NULL for the first page.
SELECT m.id AS membership_id, m.user_id, m.role, m.created_at, u.name, u.email, u.blocked_at
FROM team_memberships AS m
JOIN users AS u ON u.id = m.user_id
WHERE
    m.team_id = @team_id
    AND u.deleted_at IS NULL
    AND m.user_id > coalesce(@after_user_id::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY m.user_id
LIMIT @page_size;
