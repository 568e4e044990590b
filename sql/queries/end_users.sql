-- name: FindEndUser :one
-- The end user that a request names, as the organization of its key knows it. No row: never seen, so neither blocked
-- nor with a budget. Two conditions for the organization, since IS NOT DISTINCT FROM would not use the index.
SELECT e.id, e.blocked_at
FROM end_users AS e
WHERE
    e.external_id = @external_id
    AND (e.organization_id = @organization_id? OR (e.organization_id IS NULL AND @organization_id::uuid IS NULL));

-- name: UpsertEndUsers :execrows
-- Notes when end users were seen, in bulk; all zeros stand for no organization. Sorted, so that instances cannot
-- deadlock; a row is written at most once a day. FindEndUsers, asked afterwards, gives their ids.
INSERT INTO end_users AS e (organization_id, external_id, first_seen_on, last_seen_on)
SELECT
    nullif(seen.organization_id, '00000000-0000-0000-0000-000000000000'),
    seen.external_id,
    min(seen.day),
    max(seen.day)
FROM unnest(@organization_ids::uuid[], @external_ids::text[], @days::date[]) AS seen (organization_id, external_id, day)
GROUP BY seen.organization_id, seen.external_id
ORDER BY seen.organization_id, seen.external_id
ON CONFLICT (organization_id, external_id) DO UPDATE
SET
    first_seen_on = least(e.first_seen_on, EXCLUDED.first_seen_on),
    last_seen_on = greatest(e.last_seen_on, EXCLUDED.last_seen_on)
WHERE e.first_seen_on > EXCLUDED.first_seen_on OR e.last_seen_on < EXCLUDED.last_seen_on;

-- name: FindEndUsers :many
-- The ids of many end users; all zeros stand for no organization, in the answer too.
SELECT e.id, asked.organization_id, e.external_id, e.blocked_at
FROM unnest(@organization_ids::uuid[], @external_ids::text[]) AS asked (organization_id, external_id)
JOIN end_users AS e ON e.organization_id = asked.organization_id AND e.external_id = asked.external_id
UNION ALL
SELECT e.id, asked.organization_id, e.external_id, e.blocked_at
FROM unnest(@organization_ids::uuid[], @external_ids::text[]) AS asked (organization_id, external_id)
JOIN end_users AS e ON e.organization_id IS NULL AND e.external_id = asked.external_id
WHERE asked.organization_id = '00000000-0000-0000-0000-000000000000';

-- name: ListEndUsersOfOrganization :many
-- One page of the end users of an organization by the names they are given, after the last one seen.
SELECT e.id, e.external_id, e.blocked_at, e.first_seen_on, e.last_seen_on
FROM end_users AS e
WHERE e.organization_id = @organization_id AND e.external_id > coalesce(@after_external_id::text, '')
ORDER BY e.external_id
LIMIT @page_size;

-- name: BlockEndUser :one
-- Refuses requests for an end user, seen before or not. No row: they are refused already.
INSERT INTO end_users AS e (organization_id, external_id, blocked_at, first_seen_on, last_seen_on)
VALUES (
    @organization_id,
    @external_id,
    now(),
    (now() AT TIME ZONE 'UTC')::date,
    (now() AT TIME ZONE 'UTC')::date
)
ON CONFLICT (organization_id, external_id) DO UPDATE
SET blocked_at = EXCLUDED.blocked_at
WHERE e.blocked_at IS NULL
RETURNING e.*;

-- name: LockEndUser :one
-- One end user, as it stays until the end of the transaction.
SELECT e.*
FROM end_users AS e
WHERE e.id = @id
FOR NO KEY UPDATE;

-- name: UnblockEndUser :execrows
-- Lets requests for an end user pass again; 0 where there was no block.
UPDATE end_users
SET blocked_at = NULL
WHERE id = @id AND blocked_at IS NOT NULL;

-- name: DeleteIdleEndUsers :execrows
-- Deletes a batch of the end users not seen since a day. Whoever is blocked or has a budget stays: with the row the
-- block and the budget would be lost.
DELETE FROM end_users AS e
USING (
    SELECT due.id
    FROM end_users AS due
    WHERE
        due.last_seen_on < @seen_before
        AND due.blocked_at IS NULL
        AND NOT EXISTS (SELECT FROM budgets AS b WHERE b.entity_kind = 'end_user' AND b.entity_id = due.id)
    ORDER BY due.last_seen_on
    LIMIT @batch_size
    FOR UPDATE OF due SKIP LOCKED
) AS idle
WHERE e.id = idle.id;

-- name: PurgeEndUsers :execrows
-- Deletes a batch of the end users of organizations removed before a time, with their budgets, so that these can be
-- purged.
WITH due AS MATERIALIZED (
    SELECT e.id
    FROM organizations AS o
    JOIN end_users AS e ON e.organization_id = o.id
    WHERE o.deleted_at < @deleted_before
    ORDER BY e.id
    LIMIT @batch_size
    FOR UPDATE OF e SKIP LOCKED
),
released AS (
    -- In the order of the ids, as flushes hold budgets too.
    DELETE FROM budgets AS b
    USING (
        SELECT held.id
        FROM budgets AS held
        JOIN due ON held.entity_kind = 'end_user' AND held.entity_id = due.id
        ORDER BY held.id
        FOR UPDATE OF held
    ) AS gone
    WHERE b.id = gone.id
)
DELETE FROM end_users AS e
USING due
WHERE e.id = due.id;
