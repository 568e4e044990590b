-- name: AcquireLease :one
-- The lease of a job that nobody holds, or whose holder let it expire. No row: it is held. The term goes along with
-- what the holder writes, since it changes with the holder.
INSERT INTO job_leases AS l (job, instance_id, expires_at)
VALUES (@job, @instance_id, now() + @ttl::interval)
ON CONFLICT (job) DO UPDATE
SET
    instance_id = EXCLUDED.instance_id,
    term = l.term + 1,
    acquired_at = EXCLUDED.acquired_at,
    expires_at = EXCLUDED.expires_at
WHERE l.expires_at <= now()
RETURNING l.term, l.expires_at;

-- name: RenewLease :one
-- Until when the lease holds now. No row: another instance has taken it, and the job must stop.
UPDATE job_leases
SET expires_at = greatest(expires_at, now() + @ttl::interval)
WHERE job = @job AND instance_id = @instance_id AND term = @term
RETURNING expires_at;

-- name: ReleaseLease :execrows
-- Lets the next instance take a job at once. The row stays, so that terms go on.
UPDATE job_leases
SET expires_at = greatest(acquired_at, now())
WHERE job = @job AND instance_id = @instance_id AND term = @term;

-- name: HoldLease :one
-- Whether the lease is still held, and keeps it from changing hands until the transaction ends: the first statement of
-- one that writes what only the holder may write.
SELECT l.expires_at
FROM job_leases AS l
WHERE l.job = @job AND l.instance_id = @instance_id AND l.term = @term
FOR SHARE;

-- name: ListLeases :many
-- Who does which job until when, with the instance where it is still known.
SELECT l.job, l.term, l.acquired_at, l.expires_at, l.expires_at <= now() AS expired, sqlc.embed(i)
FROM job_leases AS l
LEFT JOIN instances AS i ON i.id = l.instance_id
ORDER BY l.job;

-- name: BeatInstance :exec
-- Says that an instance is alive, the first time and every few seconds after it.
INSERT INTO instances AS i (id, host, version, schema_version)
VALUES (@id, @host, @version, @schema_version)
ON CONFLICT (id) DO UPDATE
SET last_seen_at = greatest(i.last_seen_at, now());

-- name: ListLiveInstances :many
-- The instances seen within a time, the longest running first.
SELECT i.id, i.host, i.version, i.schema_version, i.started_at, i.last_seen_at
FROM instances AS i
WHERE i.last_seen_at > now() - @within::interval
ORDER BY i.started_at, i.id;

-- name: GetOldestSchemaVersion :one
-- The least schema version that a live instance knows, NULL where there is none: until it is high enough, nothing may
-- be removed that the older build reads.
SELECT min(i.schema_version) AS schema_version
FROM instances AS i
WHERE i.last_seen_at > now() - @within::interval;

-- name: RemoveInstance :exec
-- Takes an instance off the list when it stops.
DELETE FROM instances
WHERE id = @id;

-- name: DeleteDeadInstances :execrows
-- Takes those off the list that were not seen for a time. One that lives all the same comes back with its next beat.
DELETE FROM instances AS i
USING (
    SELECT due.id
    FROM instances AS due
    WHERE due.last_seen_at <= now() - @unseen_for::interval
    ORDER BY due.id
    FOR UPDATE SKIP LOCKED
) AS dead
WHERE i.id = dead.id;

-- name: GetClock :one
-- The time of the database, by which all instances decide what is old.
SELECT now() AS "clock!";
