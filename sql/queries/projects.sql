-- name: CreateProject :one
-- The new project of a team. Fails where a live one of the team has this name.
INSERT INTO projects (
    team_id,
    name,
    allowed_models,
    requests_per_minute,
    tokens_per_minute,
    max_parallel,
    metadata
)
VALUES (
    @team_id,
    @name,
    @allowed_models,
    @requests_per_minute,
    @tokens_per_minute,
    @max_parallel,
    @metadata
)
RETURNING *;

-- name: GetProject :one
-- One project, deleted or not, with its team.
SELECT sqlc.embed(p), sqlc.embed(t)
FROM projects AS p
JOIN teams AS t ON t.id = p.team_id
WHERE p.id = @id;

-- name: LockProject :one
-- One project, deleted or not, as it stays until the end of the transaction.
SELECT p.*
FROM projects AS p
WHERE p.id = @id
FOR NO KEY UPDATE;

-- name: ListProjectsOfTeam :many
-- One page of the live projects of a team by name, after the last name seen; NULL for the first page.
SELECT
    p.id,
    p.name,
    p.allowed_models,
    p.requests_per_minute,
    p.tokens_per_minute,
    p.max_parallel,
    p.blocked_at,
    p.created_at
FROM projects AS p
WHERE
    p.team_id = @team_id
    AND p.deleted_at IS NULL
    AND p.name > coalesce(@after_name::text, '')
ORDER BY p.name
LIMIT @page_size;

-- name: UpdateProject :one
-- Sets all that may be edited of a live project; NULL lifts a restriction. With if_updated_at the change is made only
-- to the row that was read. No row: deleted, absent, or changed meanwhile.
UPDATE projects
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

-- name: MoveProject :execrows
-- Puts a live project, with its keys, into another team.
UPDATE projects
SET team_id = @team_id, updated_at = now()
WHERE id = @id AND deleted_at IS NULL;

-- name: BlockProject :one
-- Since when every key of the project is refused: from now, or from before where it was blocked already.
UPDATE projects
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = @id AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!";

-- name: UnblockProject :execrows
-- Lets the keys of a project be used again; 0 where it was not blocked.
UPDATE projects
SET blocked_at = NULL, updated_at = now()
WHERE id = @id AND blocked_at IS NOT NULL AND deleted_at IS NULL;

-- name: DeleteProject :execrows
-- Removes a project: its keys are refused from now on.
UPDATE projects
SET deleted_at = now(), updated_at = now()
WHERE id = @id AND deleted_at IS NULL;

-- name: RestoreProject :execrows
-- Takes back the removal of a project that is not purged yet. Fails where a live one has its name there by now.
UPDATE projects
SET deleted_at = NULL, updated_at = now()
WHERE id = @id AND deleted_at IS NOT NULL;

-- name: PurgeProjects :many
-- Deletes for good a batch of the projects removed before a time to which no key refers any more, with their budgets.
WITH due AS MATERIALIZED (
    SELECT p.id
    FROM projects AS p
    WHERE
        p.deleted_at < @deleted_before
        AND NOT EXISTS (SELECT FROM api_keys AS k WHERE k.project_id = p.id)
    ORDER BY p.id
    LIMIT @batch_size
    FOR UPDATE OF p SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN due ON held.entity_kind = 'project' AND held.entity_id = due.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM projects AS p
USING due
WHERE p.id = due.id
RETURNING p.id, p.name, p.team_id;
