-- name: AppendAuditEvents :batchexec
-- Notes changes in the transaction that makes them, after them. before and after hold the columns that changed, without
-- secrets. The time is that of the note and not of the transaction, which may have waited for the object: so the
-- history of an object is in the order in which it was changed.
INSERT INTO audit_events (
    occurred_at,
    actor_kind,
    actor_id,
    action,
    object_kind,
    object_id,
    before,
    after,
    reason,
    client_address
)
VALUES (
    clock_timestamp(),
    @actor_kind,
    @actor_id,
    @action,
    @object_kind,
    @object_id,
    @before,
    @after,
    @reason,
    @client_address
);

-- name: AppendPurgeEvents :execrows
-- Notes that a job has purged many objects of one kind.
INSERT INTO audit_events (actor_kind, actor_id, action, object_kind, object_id)
SELECT 'system', @job, 'purge', @object_kind, purged.object_id
FROM unnest(@object_ids::text[]) AS purged (object_id);

-- name: ListAuditEvents :many
-- One page of the changes of a time, latest first, before the last (occurred_at, id) seen; both NULL for the first
-- page.
SELECT
    e.occurred_at,
    e.id,
    e.actor_kind,
    e.actor_id,
    e.action,
    e.object_kind,
    e.object_id,
    e.before,
    e.after,
    e.reason,
    e.client_address
FROM audit_events AS e
WHERE
    e.occurred_at >= @since
    AND e.occurred_at < @until
    AND e.occurred_at <= coalesce(@before_occurred_at::timestamptz, 'infinity')
    AND (e.occurred_at, e.id) < (
        coalesce(@before_occurred_at::timestamptz, 'infinity'),
        coalesce(@before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    AND (@actor_kind::text IS NULL OR e.actor_kind = @actor_kind)
    AND (@actor_id::text IS NULL OR e.actor_id = @actor_id)
    AND (@actions::text[] IS NULL OR e.action = ANY(@actions))
ORDER BY e.occurred_at DESC, e.id DESC
LIMIT @page_size;

-- name: ListObjectHistory :many
-- One page of the changes of one object, latest first, before the time of the last one seen; NULL for the first page.
SELECT
    e.occurred_at,
    e.id,
    e.actor_kind,
    e.actor_id,
    e.action,
    e.before,
    e.after,
    e.reason
FROM audit_events AS e
WHERE
    e.object_kind = @object_kind
    AND e.object_id = @object_id
    AND (e.occurred_at, e.id) < (
        coalesce(@before_occurred_at::timestamptz, 'infinity'),
        coalesce(@before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
ORDER BY e.occurred_at DESC, e.id DESC
LIMIT @page_size;

-- name: ExportAuditEvents :iter
-- All changes of a time, earliest first, row by row, within a transaction.
SELECT e.*
FROM audit_events AS e
WHERE e.occurred_at >= @since AND e.occurred_at < @until
ORDER BY e.occurred_at, e.id;
