# Made by migrate from sql/queries/keys.sql; do not edit (source 036a8cbde8963457, text f8bd1a3c01aef7b5)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/keys.sql."""

import datetime
import decimal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from . import ApiKeysRow, Database, Json, JsonValue, KeyRotationsRow, UsersRow

AUTHORIZE_KEY = """\
-- name: AuthorizeKey :one
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
WHERE h.hash = $1"""

CREATE_KEY = """\
-- name: CreateKey :one
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
        $1,
        $2,
        $3,
        $4,
        $5,
        $6,
        $7,
        $8,
        $9,
        $10,
        $11,
        $12,
        $13,
        $14,
        $15
    )
    ON CONFLICT DO NOTHING
    RETURNING id, name, hint, kind, created_at
),
hashed AS (
    INSERT INTO api_key_hashes (hash, key_id)
    SELECT $16, created.id
    FROM created
)
SELECT id, name, hint, kind, created_at
FROM created"""

GET_KEY = """\
-- name: GetKey :one
SELECT
    k.id, k.name, k.hint, k.kind, k.organization_id, k.team_id, k.project_id, k.user_id, k.allowed_models, k.requests_per_minute, k.tokens_per_minute, k.max_parallel, k.metadata, k.expires_at, k.blocked_at, k.deleted_at, k.created_by, k.created_at, k.updated_at,
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
WHERE k.id = $1"""

GET_KEY_DETAILS = """\
-- name: GetKeyDetails :one
SELECT
    k.id, k.name, k.hint, k.kind, k.organization_id, k.team_id, k.project_id, k.user_id, k.allowed_models, k.requests_per_minute, k.tokens_per_minute, k.max_parallel, k.metadata, k.expires_at, k.blocked_at, k.deleted_at, k.created_by, k.created_at, k.updated_at,
    u.id, u.email, u.name, u.sso_subject, u.role, u.allowed_models, u.requests_per_minute, u.tokens_per_minute, u.max_parallel, u.metadata, u.blocked_at, u.deleted_at, u.created_at, u.updated_at,
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
WHERE k.id = $1"""

FIND_KEY = """\
-- name: FindKey :one
SELECT k.id, k.hint, k.kind, k.expires_at, k.blocked_at, k.created_at
FROM api_keys AS k
WHERE
    k.name = $1
    AND k.deleted_at IS NULL
    AND (k.organization_id = $2 OR (k.organization_id IS NULL AND $2::uuid IS NULL))
    AND (k.team_id = $3 OR (k.team_id IS NULL AND $3::uuid IS NULL))
    AND (k.project_id = $4 OR (k.project_id IS NULL AND $4::uuid IS NULL))
    AND (k.user_id = $5 OR (k.user_id IS NULL AND $5::uuid IS NULL))"""

LIST_KEYS = """\
-- name: ListKeys :many
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
        coalesce($1::timestamptz, '-infinity'),
        coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    )
    AND ($3::text IS NULL OR k.kind = $3)
    AND ($4::boolean IS NULL OR (k.blocked_at IS NOT NULL) = $4)
    AND ($5::text IS NULL OR position(lower($5) IN lower(k.name)) > 0)
ORDER BY k.created_at, k.id
LIMIT $6"""

LIST_KEYS_OF_ORGANIZATION = """\
-- name: ListKeysOfOrganization :many
SELECT k.id, k.name, k.hint, k.kind, k.user_id, k.expires_at, k.blocked_at, k.created_at, s.last_used_at
FROM api_keys AS k
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
WHERE
    k.organization_id = $1
    AND k.deleted_at IS NULL
    AND (k.created_at, k.id) > (
        coalesce($2::timestamptz, '-infinity'),
        coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY k.created_at, k.id
LIMIT $4"""

LIST_KEYS_OF_TEAM = """\
-- name: ListKeysOfTeam :many
SELECT k.id, k.name, k.hint, k.kind, k.project_id, k.user_id, k.expires_at, k.blocked_at, k.created_at, s.last_used_at
FROM (
    (
        SELECT direct.id
        FROM api_keys AS direct
        WHERE
            direct.team_id = $1
            AND direct.deleted_at IS NULL
            AND (direct.created_at, direct.id) > (
                coalesce($2::timestamptz, '-infinity'),
                coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
            )
        ORDER BY direct.created_at, direct.id
        LIMIT $4
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
                coalesce($2::timestamptz, '-infinity'),
                coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
            )
        ORDER BY indirect.created_at, indirect.id
        LIMIT $4
    ) AS below
    WHERE p.team_id = $1
) AS candidate
JOIN api_keys AS k ON k.id = candidate.id
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
ORDER BY k.created_at, k.id
LIMIT $4"""

LIST_KEYS_OF_PROJECT = """\
-- name: ListKeysOfProject :many
SELECT k.id, k.name, k.hint, k.kind, k.user_id, k.expires_at, k.blocked_at, k.created_at, s.last_used_at
FROM api_keys AS k
LEFT JOIN api_key_uses AS s ON s.key_id = k.id
WHERE
    k.project_id = $1
    AND k.deleted_at IS NULL
    AND (k.created_at, k.id) > (
        coalesce($2::timestamptz, '-infinity'),
        coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY k.created_at, k.id
LIMIT $4"""

LIST_KEYS_OF_USER = """\
-- name: ListKeysOfUser :many
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
    k.user_id = $1
    AND k.deleted_at IS NULL
    AND (k.created_at, k.id) > (
        coalesce($2::timestamptz, '-infinity'),
        coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY k.created_at, k.id
LIMIT $4"""

LIST_KEYS_EXPIRING_SOON = """\
-- name: ListKeysExpiringSoon :many
SELECT k.id, k.name, k.hint, k.expires_at, k.user_id, u.email
FROM api_keys AS k
LEFT JOIN users AS u ON u.id = k.user_id
WHERE
    k.deleted_at IS NULL
    AND k.expires_at BETWEEN now() AND now() + $1::interval
ORDER BY k.expires_at, k.id"""

COUNT_KEYS_BY_TEAM = """\
-- name: CountKeysByTeam :many
SELECT t.id AS team_id, t.name AS team_name, count(*) AS keys
FROM api_keys AS k
LEFT JOIN projects AS p ON p.id = k.project_id
JOIN teams AS t ON t.id = coalesce(k.team_id, p.team_id)
WHERE k.deleted_at IS NULL
GROUP BY t.id
ORDER BY t.name, t.id"""

UPDATE_KEY = """\
-- name: UpdateKey :one
UPDATE api_keys
SET
    name = $1,
    allowed_models = $2,
    requests_per_minute = $3,
    tokens_per_minute = $4,
    max_parallel = $5,
    metadata = $6,
    expires_at = $7,
    updated_at = now()
WHERE
    id = $8
    AND deleted_at IS NULL
    AND ($9::timestamptz IS NULL OR updated_at = $9)
RETURNING id, name, hint, kind, organization_id, team_id, project_id, user_id, allowed_models, requests_per_minute, tokens_per_minute, max_parallel, metadata, expires_at, blocked_at, deleted_at, created_by, created_at, updated_at"""

MOVE_KEY = """\
-- name: MoveKey :one
UPDATE api_keys
SET
    organization_id = $1,
    team_id = $2,
    project_id = $3,
    updated_at = now()
WHERE id = $4 AND deleted_at IS NULL
RETURNING id, organization_id, team_id, project_id, updated_at"""

BLOCK_KEY = """\
-- name: BlockKey :one
UPDATE api_keys
SET blocked_at = coalesce(blocked_at, now()), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL
RETURNING blocked_at AS "blocked_at!\""""

UNBLOCK_KEY = """\
-- name: UnblockKey :execrows
UPDATE api_keys
SET blocked_at = NULL, updated_at = now()
WHERE id = $1 AND blocked_at IS NOT NULL AND deleted_at IS NULL"""

EXPIRE_KEY = """\
-- name: ExpireKey :one
UPDATE api_keys
SET expires_at = least(expires_at, coalesce($1::timestamptz, now())), updated_at = now()
WHERE id = $2 AND deleted_at IS NULL
RETURNING expires_at AS "expires_at!\""""

ROTATE_KEY = """\
-- name: RotateKey :one
WITH target AS MATERIALIZED (
    SELECT k.id
    FROM api_keys AS k
    WHERE k.id = $1 AND k.deleted_at IS NULL
    FOR NO KEY UPDATE
),
rotation AS (
    INSERT INTO key_rotations (id, key_id, grace_ends_at, rotated_by)
    SELECT $2, target.id, now() + $3::interval, $4
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
    SELECT $5, rotation.key_id
    FROM rotation
    WHERE (SELECT count(*) FROM limited) >= 0
)
UPDATE api_keys AS k
SET hint = $6, updated_at = now()
FROM rotation
WHERE k.id = rotation.key_id
RETURNING k.id AS key_id, rotation.grace_ends_at, k.updated_at AS rotated_at"""

GET_KEY_ROTATION = """\
-- name: GetKeyRotation :one
SELECT r.id, r.key_id, r.grace_ends_at, r.rotated_by, r.rotated_at
FROM key_rotations AS r
WHERE r.id = $1"""

END_GRACE = """\
-- name: EndGrace :execrows
UPDATE api_key_hashes
SET valid_until = greatest(created_at, now())
WHERE key_id = $1 AND valid_until > now()"""

DELETE_KEY = """\
-- name: DeleteKey :execrows
UPDATE api_keys
SET deleted_at = now(), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL"""

RESTORE_KEY = """\
-- name: RestoreKey :execrows
UPDATE api_keys
SET deleted_at = NULL, updated_at = now()
WHERE id = $1 AND deleted_at IS NOT NULL"""

PURGE_KEYS = """\
-- name: PurgeKeys :many
WITH due AS MATERIALIZED (
    SELECT k.id
    FROM api_keys AS k
    WHERE k.deleted_at < $1
    ORDER BY k.deleted_at, k.id
    LIMIT $2
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
RETURNING k.id, k.name, k.hint"""

DELETE_ENDED_SECRETS = """\
-- name: DeleteEndedSecrets :execrows
DELETE FROM api_key_hashes AS h
USING (
    SELECT due.hash
    FROM api_key_hashes AS due
    WHERE due.valid_until < $1
    ORDER BY due.valid_until
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS ended
WHERE h.hash = ended.hash"""

TOUCH_KEYS = """\
-- name: TouchKeys :execrows
INSERT INTO api_key_uses AS s (key_id, last_used_at)
SELECT k.id, max(used.last_used_at)
FROM unnest($1::uuid[], $2::timestamptz[]) AS used (key_id, last_used_at)
JOIN api_keys AS k ON k.id = used.key_id
GROUP BY k.id
ORDER BY k.id
ON CONFLICT (key_id) DO UPDATE
SET last_used_at = EXCLUDED.last_used_at
WHERE s.last_used_at < EXCLUDED.last_used_at"""


@dataclass(frozen=True, slots=True)
class AuthorizeKeyRowBudgets:
    """A record of AuthorizeKey.budgets."""

    id: uuid.UUID
    entity_kind: str
    entity_id: uuid.UUID
    period: str
    max_amount: decimal.Decimal | None
    soft_amount: decimal.Decimal | None


@dataclass(frozen=True, slots=True)
class AuthorizeKeyRow:
    """A row of AuthorizeKey."""

    key_id: uuid.UUID
    key_name: str | None
    kind: str
    metadata: Json
    expires_at: datetime.datetime | None
    secret_valid_until: datetime.datetime | None
    project_id: uuid.UUID | None
    team_id: uuid.UUID | None
    organization_id: uuid.UUID | None
    user_id: uuid.UUID | None
    user_role: str | None
    membership_id: uuid.UUID | None
    refusal: str | None
    key_allowed_models: list[str] | None
    project_allowed_models: list[str] | None
    team_allowed_models: list[str] | None
    organization_allowed_models: list[str] | None
    user_allowed_models: list[str] | None
    key_requests_per_minute: int | None
    project_requests_per_minute: int | None
    team_requests_per_minute: int | None
    organization_requests_per_minute: int | None
    user_requests_per_minute: int | None
    key_tokens_per_minute: int | None
    project_tokens_per_minute: int | None
    team_tokens_per_minute: int | None
    organization_tokens_per_minute: int | None
    user_tokens_per_minute: int | None
    key_max_parallel: int | None
    project_max_parallel: int | None
    team_max_parallel: int | None
    organization_max_parallel: int | None
    user_max_parallel: int | None
    budgets: list[AuthorizeKeyRowBudgets]


async def authorize_key(database: Database, /, *, hash: bytes) -> AuthorizeKeyRow | None:
    """All that a request needs to know of its key, from the SHA-256 of the secret.

    No row: no such key. refusal is NULL where the key may be used, else the first reason why not;
    the row comes back all the same, so that the refusal can be logged. secret_valid_until and
    expires_at bound the time for which the answer may be cached. Whether a budget still has room is
    told by ReserveBudgets alone: here budgets only says which there are.
    """
    row = await database.fetchrow(AUTHORIZE_KEY, hash)
    if row is None:
        return None
    return AuthorizeKeyRow(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        row[12],
        row[13],
        row[14],
        row[15],
        row[16],
        row[17],
        row[18],
        row[19],
        row[20],
        row[21],
        row[22],
        row[23],
        row[24],
        row[25],
        row[26],
        row[27],
        row[28],
        row[29],
        row[30],
        row[31],
        row[32],
        [AuthorizeKeyRowBudgets(*item) for item in row[33]],
    )


@dataclass(frozen=True, slots=True)
class CreateKeyRow:
    """A row of CreateKey."""

    id: uuid.UUID
    name: str | None
    hint: str
    kind: str
    created_at: datetime.datetime


async def create_key(
    database: Database,
    /,
    *,
    id: uuid.UUID,
    name: str | None,
    hint: str,
    kind: str,
    organization_id: uuid.UUID | None,
    team_id: uuid.UUID | None,
    project_id: uuid.UUID | None,
    user_id: uuid.UUID | None,
    allowed_models: Sequence[str] | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_parallel: int | None,
    metadata: JsonValue,
    expires_at: datetime.datetime | None,
    created_by: str,
    hash: bytes,
) -> CreateKeyRow | None:
    """The new key, with its first secret.

    No row: the id, or a live key of this name in this place, is there already and nothing was
    written; GetKey or FindKey returns it. So a set-up by file may run at every start.
    """
    row = await database.fetchrow(
        CREATE_KEY,
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
        created_by,
        hash,
    )
    if row is None:
        return None
    return CreateKeyRow(*row)


@dataclass(frozen=True, slots=True)
class GetKeyRow:
    """A row of GetKey."""

    k: ApiKeysRow
    effective_team_id: uuid.UUID | None
    effective_organization_id: uuid.UUID | None
    project_name: str | None
    team_name: str | None
    organization_name: str | None
    last_used_at: datetime.datetime | None


async def get_key(database: Database, /, *, id: uuid.UUID) -> GetKeyRow | None:
    """One key, deleted or not, with where it hangs and when it was last used."""
    row = await database.fetchrow(GET_KEY, id)
    if row is None:
        return None
    return GetKeyRow(ApiKeysRow(*row[0:19]), *row[19:25])


@dataclass(frozen=True, slots=True)
class GetKeyDetailsRowBudgets:
    """A record of GetKeyDetails.budgets."""

    id: uuid.UUID
    period: str
    max_amount: decimal.Decimal | None
    soft_amount: decimal.Decimal | None
    period_started_at: datetime.datetime | None
    spent: decimal.Decimal
    reserved: decimal.Decimal


@dataclass(frozen=True, slots=True)
class GetKeyDetailsRowSecrets:
    """A record of GetKeyDetails.secrets."""

    created_at: datetime.datetime
    valid_until: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class GetKeyDetailsRowRotations:
    """A record of GetKeyDetails.rotations."""

    id: uuid.UUID
    rotated_at: datetime.datetime
    rotated_by: str
    grace_ends_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class GetKeyDetailsRow:
    """A row of GetKeyDetails."""

    k: ApiKeysRow
    u: UsersRow | None
    last_used_at: datetime.datetime | None
    budgets: list[GetKeyDetailsRowBudgets]
    secrets: list[GetKeyDetailsRowSecrets]
    rotations: list[GetKeyDetailsRowRotations]


async def get_key_details(database: Database, /, *, id: uuid.UUID) -> GetKeyDetailsRow | None:
    """One key for its page in the console: who owns it, its budgets with what is spent of them, its secrets and rotations."""
    row = await database.fetchrow(GET_KEY_DETAILS, id)
    if row is None:
        return None
    return GetKeyDetailsRow(
        ApiKeysRow(*row[0:19]),
        None if row[19] is None else UsersRow(*row[19:33]),
        row[33],
        [GetKeyDetailsRowBudgets(*item) for item in row[34]],
        [GetKeyDetailsRowSecrets(*item) for item in row[35]],
        [GetKeyDetailsRowRotations(*item) for item in row[36]],
    )


@dataclass(frozen=True, slots=True)
class FindKeyRow:
    """A row of FindKey."""

    id: uuid.UUID
    hint: str
    kind: str
    expires_at: datetime.datetime | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime


async def find_key(
    database: Database,
    /,
    *,
    name: str,
    organization_id: uuid.UUID | None,
    team_id: uuid.UUID | None,
    project_id: uuid.UUID | None,
    user_id: uuid.UUID | None,
) -> FindKeyRow | None:
    """The live key of a name in one place: what CreateKey stumbled over.

    All places NULL: directly under the gateway. Each place is asked for by one of two conditions,
    since IS NOT DISTINCT FROM would not use the index.
    """
    row = await database.fetchrow(FIND_KEY, name, organization_id, team_id, project_id, user_id)
    if row is None:
        return None
    return FindKeyRow(*row)


@dataclass(frozen=True, slots=True)
class ListKeysRow:
    """A row of ListKeys."""

    id: uuid.UUID
    name: str | None
    hint: str
    kind: str
    organization_id: uuid.UUID | None
    team_id: uuid.UUID | None
    project_id: uuid.UUID | None
    user_id: uuid.UUID | None
    expires_at: datetime.datetime | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime
    last_used_at: datetime.datetime | None


async def list_keys(
    database: Database,
    /,
    *,
    after_created_at: datetime.datetime | None,
    after_id: uuid.UUID | None,
    kind: str | None,
    blocked: bool | None,
    name_part: str | None,
    page_size: int,
) -> list[ListKeysRow]:
    """One page of all live keys, oldest first, after the last (created_at, id) seen; both NULL for the first page.

    The bounds are filled in by coalesce and not skipped by OR, so that every page starts at its
    place in the index.
    """
    rows = await database.fetch(
        LIST_KEYS,
        after_created_at,
        after_id,
        kind,
        blocked,
        name_part,
        page_size,
    )
    return [ListKeysRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListKeysOfOrganizationRow:
    """A row of ListKeysOfOrganization."""

    id: uuid.UUID
    name: str | None
    hint: str
    kind: str
    user_id: uuid.UUID | None
    expires_at: datetime.datetime | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime
    last_used_at: datetime.datetime | None


async def list_keys_of_organization(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID,
    after_created_at: datetime.datetime | None,
    after_id: uuid.UUID | None,
    page_size: int,
) -> list[ListKeysOfOrganizationRow]:
    """One page of the live keys that hang directly under an organization, oldest first."""
    rows = await database.fetch(
        LIST_KEYS_OF_ORGANIZATION,
        organization_id,
        after_created_at,
        after_id,
        page_size,
    )
    return [ListKeysOfOrganizationRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListKeysOfTeamRow:
    """A row of ListKeysOfTeam."""

    id: uuid.UUID
    name: str | None
    hint: str
    kind: str
    project_id: uuid.UUID | None
    user_id: uuid.UUID | None
    expires_at: datetime.datetime | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime
    last_used_at: datetime.datetime | None


async def list_keys_of_team(
    database: Database,
    /,
    *,
    team_id: uuid.UUID,
    after_created_at: datetime.datetime | None,
    after_id: uuid.UUID | None,
    page_size: int,
) -> list[ListKeysOfTeamRow]:
    """One page of the live keys of a team, those of its projects included, oldest first.

    Every place is read along its index and no further than a page: an OR over both would read all
    keys of the team.
    """
    rows = await database.fetch(LIST_KEYS_OF_TEAM, team_id, after_created_at, after_id, page_size)
    return [ListKeysOfTeamRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListKeysOfProjectRow:
    """A row of ListKeysOfProject."""

    id: uuid.UUID
    name: str | None
    hint: str
    kind: str
    user_id: uuid.UUID | None
    expires_at: datetime.datetime | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime
    last_used_at: datetime.datetime | None


async def list_keys_of_project(
    database: Database,
    /,
    *,
    project_id: uuid.UUID,
    after_created_at: datetime.datetime | None,
    after_id: uuid.UUID | None,
    page_size: int,
) -> list[ListKeysOfProjectRow]:
    """One page of the live keys of a project, oldest first."""
    rows = await database.fetch(
        LIST_KEYS_OF_PROJECT,
        project_id,
        after_created_at,
        after_id,
        page_size,
    )
    return [ListKeysOfProjectRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListKeysOfUserRow:
    """A row of ListKeysOfUser."""

    id: uuid.UUID
    name: str | None
    hint: str
    kind: str
    organization_id: uuid.UUID | None
    team_id: uuid.UUID | None
    project_id: uuid.UUID | None
    expires_at: datetime.datetime | None
    blocked_at: datetime.datetime | None
    created_at: datetime.datetime
    last_used_at: datetime.datetime | None


async def list_keys_of_user(
    database: Database,
    /,
    *,
    user_id: uuid.UUID,
    after_created_at: datetime.datetime | None,
    after_id: uuid.UUID | None,
    page_size: int,
) -> list[ListKeysOfUserRow]:
    """One page of the live keys of a user, wherever they hang, oldest first."""
    rows = await database.fetch(LIST_KEYS_OF_USER, user_id, after_created_at, after_id, page_size)
    return [ListKeysOfUserRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListKeysExpiringSoonRow:
    """A row of ListKeysExpiringSoon."""

    id: uuid.UUID
    name: str | None
    hint: str
    expires_at: datetime.datetime
    user_id: uuid.UUID | None
    email: str | None


async def list_keys_expiring_soon(
    database: Database,
    /,
    *,
    within: datetime.timedelta,
) -> list[ListKeysExpiringSoonRow]:
    """The live keys that expire within a time, soonest first, so that their owners can be told.

    For a daily job: it reads all live keys.
    """
    rows = await database.fetch(LIST_KEYS_EXPIRING_SOON, within)
    return [ListKeysExpiringSoonRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class CountKeysByTeamRow:
    """A row of CountKeysByTeam."""

    team_id: uuid.UUID
    team_name: str
    keys: int


async def count_keys_by_team(database: Database, /) -> list[CountKeysByTeamRow]:
    """How many live keys each team has, those of its projects included.

    Teams without any are left out.
    """
    rows = await database.fetch(COUNT_KEYS_BY_TEAM)
    return [CountKeysByTeamRow(*row) for row in rows]


async def update_key(
    database: Database,
    /,
    *,
    name: str | None,
    allowed_models: Sequence[str] | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_parallel: int | None,
    metadata: JsonValue,
    expires_at: datetime.datetime | None,
    id: uuid.UUID,
    if_updated_at: datetime.datetime | None,
) -> ApiKeysRow | None:
    """Sets all that may be edited of a live key: what is not to change is passed as it is.

    NULL lifts a restriction. With if_updated_at the change is made only to the row that was read.
    No row: deleted, absent, or changed meanwhile.
    """
    row = await database.fetchrow(
        UPDATE_KEY,
        name,
        allowed_models,
        requests_per_minute,
        tokens_per_minute,
        max_parallel,
        metadata,
        expires_at,
        id,
        if_updated_at,
    )
    if row is None:
        return None
    return ApiKeysRow(*row)


@dataclass(frozen=True, slots=True)
class MoveKeyRow:
    """A row of MoveKey."""

    id: uuid.UUID
    organization_id: uuid.UUID | None
    team_id: uuid.UUID | None
    project_id: uuid.UUID | None
    updated_at: datetime.datetime


async def move_key(
    database: Database,
    /,
    *,
    organization_id: uuid.UUID | None,
    team_id: uuid.UUID | None,
    project_id: uuid.UUID | None,
    id: uuid.UUID,
) -> MoveKeyRow | None:
    """Hangs a live key at another place, of which at most one may be given.

    Its spend stays where it was counted.
    """
    row = await database.fetchrow(MOVE_KEY, organization_id, team_id, project_id, id)
    if row is None:
        return None
    return MoveKeyRow(*row)


async def block_key(database: Database, /, *, id: uuid.UUID) -> datetime.datetime | None:
    """Since when the key is blocked: from now, or from before where it was already.

    No row: deleted or absent.
    """
    value: datetime.datetime | None = await database.fetchval(BLOCK_KEY, id)
    return value


async def unblock_key(database: Database, /, *, id: uuid.UUID) -> int:
    """Lets a key be used again; 0 where it was not blocked."""
    status = await database.execute(UNBLOCK_KEY, id)
    return int(status.rpartition(" ")[2])


async def expire_key(
    database: Database,
    /,
    *,
    expires_at: datetime.datetime | None,
    id: uuid.UUID,
) -> datetime.datetime | None:
    """Lets a live key expire, at once where no time is given.

    An earlier end stays as it is.
    """
    value: datetime.datetime | None = await database.fetchval(EXPIRE_KEY, expires_at, id)
    return value


@dataclass(frozen=True, slots=True)
class RotateKeyRow:
    """A row of RotateKey."""

    key_id: uuid.UUID
    grace_ends_at: datetime.datetime
    rotated_at: datetime.datetime


async def rotate_key(
    database: Database,
    /,
    *,
    key_id: uuid.UUID,
    rotation_id: uuid.UUID,
    grace: datetime.timedelta,
    rotated_by: str,
    hash: bytes,
    hint: str,
) -> RotateKeyRow | None:
    """Gives a live key a new secret; older ones are accepted until the grace is over, a zero grace ends them at once.

    The key keeps its id, and so its spend, budgets and limits. No row: nothing was done, as the key
    is not there or this rotation was made before; GetKeyRotation tells which. Of two rotations at
    the same time one fails with a violation of api_key_hashes_key_id_idx and can be tried again.
    """
    row = await database.fetchrow(ROTATE_KEY, key_id, rotation_id, grace, rotated_by, hash, hint)
    if row is None:
        return None
    return RotateKeyRow(*row)


async def get_key_rotation(
    database: Database,
    /,
    *,
    rotation_id: uuid.UUID,
) -> KeyRotationsRow | None:
    """A rotation by the id that its caller chose: there once it has been made."""
    row = await database.fetchrow(GET_KEY_ROTATION, rotation_id)
    if row is None:
        return None
    return KeyRotationsRow(*row)


async def end_grace(database: Database, /, *, key_id: uuid.UUID) -> int:
    """Refuses all older secrets of a key from now on; the present one stays."""
    status = await database.execute(END_GRACE, key_id)
    return int(status.rpartition(" ")[2])


async def delete_key(database: Database, /, *, id: uuid.UUID) -> int:
    """Removes a key: it is refused from now on, and the row stays for reports until PurgeKeys.

    0 where it was gone already.
    """
    status = await database.execute(DELETE_KEY, id)
    return int(status.rpartition(" ")[2])


async def restore_key(database: Database, /, *, id: uuid.UUID) -> int:
    """Takes a deletion back, as long as the key has not been purged.

    Fails where its name has been given again.
    """
    status = await database.execute(RESTORE_KEY, id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class PurgeKeysRow:
    """A row of PurgeKeys."""

    id: uuid.UUID
    name: str | None
    hint: str


async def purge_keys(
    database: Database,
    /,
    *,
    deleted_before: datetime.datetime,
    batch_size: int,
) -> list[PurgeKeysRow]:
    """Deletes for good a batch of the keys removed before a time, with their budgets, and returns their ids for the audit.

    Secrets, rotations and last use go with them; logs and rollups stay.
    """
    rows = await database.fetch(PURGE_KEYS, deleted_before, batch_size)
    return [PurgeKeysRow(*row) for row in rows]


async def delete_ended_secrets(
    database: Database,
    /,
    *,
    ended_before: datetime.datetime,
    batch_size: int,
) -> int:
    """Deletes a batch of the secrets whose grace ended before a time.

    They were refused already; this only tidies up.
    """
    status = await database.execute(DELETE_ENDED_SECRETS, ended_before, batch_size)
    return int(status.rpartition(" ")[2])


async def touch_keys(
    database: Database,
    /,
    *,
    key_ids: Sequence[uuid.UUID],
    last_used_ats: Sequence[datetime.datetime],
) -> int:
    """Notes the last use of many keys, sorted, so that instances cannot deadlock.

    Never moves a time back; keys that have been purged are passed over.
    """
    status = await database.execute(TOUCH_KEYS, key_ids, last_used_ats)
    return int(status.rpartition(" ")[2])
