# Made by migrate from sql/queries/models.sql; do not edit (source 342d4fad1610e382, text 1d412fa7b5f41e3c)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/models.sql."""

import datetime
import decimal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.shapes import CredentialMetadata, ModelParams

from . import Database

CREATE_MODEL = """\
-- name: CreateModel :one
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
    $1,
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    $8,
    $9,
    $10
)
RETURNING id, version, created_at"""

GET_MODEL = """\
-- name: GetModel :one
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
WHERE m.id = $1"""

LOAD_MODELS = """\
-- name: LoadModels :many
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
WHERE $1::uuid[] IS NULL OR m.id = ANY($1)
ORDER BY m.name, m.id"""

LIST_MODELS = """\
-- name: ListModels :many
SELECT m.id, m.name, m.provider, m.weight, m.blocked_at, m.version, m.updated_at
FROM models AS m
WHERE
    (m.name, m.id) > (
        coalesce($1::text, ''),
        coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    )
    AND ($3::text IS NULL OR m.provider = $3)
ORDER BY m.name, m.id
LIMIT $4"""

LIST_MODEL_NAMES = """\
-- name: ListModelNames :many
SELECT m.name, count(*) AS deployments
FROM models AS m
WHERE m.blocked_at IS NULL
GROUP BY m.name
ORDER BY m.name"""

UPDATE_MODEL = """\
-- name: UpdateModel :one
UPDATE models
SET
    name = $1,
    provider = $2,
    credential_id = $3,
    params = $4,
    weight = $5,
    requests_per_minute = $6,
    tokens_per_minute = $7,
    prompt_token_price = $8,
    completion_token_price = $9,
    cached_token_price = $10,
    version = version + 1,
    updated_at = now()
WHERE id = $11 AND version = $12
RETURNING version"""

BLOCK_MODEL = """\
-- name: BlockModel :one
UPDATE models
SET blocked_at = coalesce(blocked_at, now()), version = version + 1, updated_at = now()
WHERE id = $1
RETURNING version"""

UNBLOCK_MODEL = """\
-- name: UnblockModel :one
UPDATE models
SET blocked_at = NULL, version = version + 1, updated_at = now()
WHERE id = $1 AND blocked_at IS NOT NULL
RETURNING version"""

DELETE_MODEL = """\
-- name: DeleteModel :execrows
DELETE FROM models
WHERE id = $1 AND version = $2"""

SET_MODEL_ALIAS = """\
-- name: SetModelAlias :one
INSERT INTO model_aliases AS a (team_id, name, target_name)
VALUES ($1, $2, $3)
ON CONFLICT (team_id, name) DO UPDATE
SET target_name = EXCLUDED.target_name, updated_at = now()
RETURNING a.id"""

DELETE_MODEL_ALIAS = """\
-- name: DeleteModelAlias :execrows
DELETE FROM model_aliases
WHERE id = $1"""

LOAD_MODEL_ALIASES = """\
-- name: LoadModelAliases :many
SELECT a.id, a.team_id, a.name, a.target_name
FROM model_aliases AS a
WHERE $1::uuid[] IS NULL OR a.id = ANY($1)
ORDER BY a.team_id, a.name"""

LIST_MODEL_ALIASES = """\
-- name: ListModelAliases :many
SELECT
    a.id,
    a.team_id,
    a.name,
    a.target_name,
    a.team_id IS NULL AND EXISTS (
        SELECT
        FROM model_aliases AS own
        WHERE own.team_id = $1 AND own.name = a.name
    ) AS overridden
FROM model_aliases AS a
WHERE a.team_id = $1 OR a.team_id IS NULL
ORDER BY a.name, a.team_id"""

RESOLVE_MODEL_NAME = """\
-- name: ResolveModelName :one
SELECT coalesce(
    (SELECT a.target_name FROM model_aliases AS a WHERE a.team_id = $1 AND a.name = $2),
    (SELECT a.target_name FROM model_aliases AS a WHERE a.team_id IS NULL AND a.name = $2),
    $2
) AS "resolved_name!\""""

CREATE_CREDENTIAL = """\
-- name: CreateCredential :one
INSERT INTO credentials (name, provider, secret, encryption_key_version, metadata)
VALUES ($1, $2, $3, $4, $5)
RETURNING id, created_at, updated_at"""

GET_CREDENTIAL = """\
-- name: GetCredential :one
SELECT c.id, c.name, c.provider, c.secret, c.encryption_key_version, c.metadata, c.updated_at
FROM credentials AS c
WHERE c.id = $1"""

LOAD_CREDENTIALS = """\
-- name: LoadCredentials :many
SELECT c.id, c.name, c.provider, c.secret, c.encryption_key_version, c.metadata
FROM credentials AS c
WHERE $1::uuid[] IS NULL OR c.id = ANY($1)
ORDER BY c.name"""

LIST_CREDENTIALS = """\
-- name: ListCredentials :many
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
ORDER BY c.name"""

UPDATE_CREDENTIAL = """\
-- name: UpdateCredential :one
UPDATE credentials
SET
    provider = $1,
    secret = $2,
    encryption_key_version = $3,
    metadata = $4,
    updated_at = now()
WHERE id = $5 AND updated_at = $6
RETURNING updated_at"""

LIST_CREDENTIALS_TO_REENCRYPT = """\
-- name: ListCredentialsToReencrypt :many
SELECT c.id, c.secret, c.encryption_key_version
FROM credentials AS c
WHERE
    c.encryption_key_version <> $1
    AND c.id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY c.id
LIMIT $3"""

REENCRYPT_CREDENTIAL = """\
-- name: ReencryptCredential :execrows
UPDATE credentials
SET secret = $1, encryption_key_version = $2, updated_at = now()
WHERE id = $3 AND secret = $4"""

DELETE_CREDENTIAL = """\
-- name: DeleteCredential :execrows
DELETE FROM credentials
WHERE id = $1"""


@dataclass(frozen=True, slots=True)
class CreateModelRow:
    """A row of CreateModel."""

    id: uuid.UUID
    version: int
    created_at: datetime.datetime


async def create_model(
    database: Database,
    /,
    *,
    name: str,
    provider: str,
    credential_id: uuid.UUID | None,
    params: ModelParams,
    weight: int,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    prompt_token_price: decimal.Decimal | None,
    completion_token_price: decimal.Decimal | None,
    cached_token_price: decimal.Decimal | None,
) -> CreateModelRow:
    """The new deployment of a model."""
    row = await database.fetchrow(
        CREATE_MODEL,
        name,
        provider,
        credential_id,
        params,
        weight,
        requests_per_minute,
        tokens_per_minute,
        prompt_token_price,
        completion_token_price,
        cached_token_price,
    )
    return CreateModelRow(*row)


@dataclass(frozen=True, slots=True)
class GetModelRow:
    """A row of GetModel."""

    id: uuid.UUID
    name: str
    provider: str
    credential_id: uuid.UUID | None
    credential_name: str | None
    params: ModelParams
    weight: int
    requests_per_minute: int | None
    tokens_per_minute: int | None
    prompt_token_price: decimal.Decimal | None
    completion_token_price: decimal.Decimal | None
    cached_token_price: decimal.Decimal | None
    blocked_at: datetime.datetime | None
    version: int
    created_at: datetime.datetime
    updated_at: datetime.datetime


async def get_model(database: Database, /, *, id: uuid.UUID) -> GetModelRow | None:
    """One deployment, with the name of its credential."""
    row = await database.fetchrow(GET_MODEL, id)
    if row is None:
        return None
    return GetModelRow(*row)


@dataclass(frozen=True, slots=True)
class LoadModelsRow:
    """A row of LoadModels."""

    id: uuid.UUID
    name: str
    provider: str
    credential_id: uuid.UUID | None
    params: ModelParams
    weight: int
    requests_per_minute: int | None
    tokens_per_minute: int | None
    prompt_token_price: decimal.Decimal | None
    completion_token_price: decimal.Decimal | None
    cached_token_price: decimal.Decimal | None
    blocked_at: datetime.datetime | None
    version: int


async def load_models(
    database: Database,
    /,
    *,
    ids: Sequence[uuid.UUID] | None,
) -> list[LoadModelsRow]:
    """The deployments that an instance needs for routing: those of the ids given, or with NULL all of them.

    An id that does not come back has been deleted. Read all in one REPEATABLE READ transaction with
    GetConfigRevision.
    """
    rows = await database.fetch(LOAD_MODELS, ids)
    return [LoadModelsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListModelsRow:
    """A row of ListModels."""

    id: uuid.UUID
    name: str
    provider: str
    weight: int
    blocked_at: datetime.datetime | None
    version: int
    updated_at: datetime.datetime


async def list_models(
    database: Database,
    /,
    *,
    after_name: str | None,
    after_id: uuid.UUID | None,
    provider: str | None,
    page_size: int,
) -> list[ListModelsRow]:
    """One page of the deployments by name, after the last (name, id) seen; both NULL for the first page."""
    rows = await database.fetch(LIST_MODELS, after_name, after_id, provider, page_size)
    return [ListModelsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListModelNamesRow:
    """A row of ListModelNames."""

    name: str
    deployments: int


async def list_model_names(database: Database, /) -> list[ListModelNamesRow]:
    """The public names that can be asked for now, with how many deployments serve each."""
    rows = await database.fetch(LIST_MODEL_NAMES)
    return [ListModelNamesRow(*row) for row in rows]


async def update_model(
    database: Database,
    /,
    *,
    name: str,
    provider: str,
    credential_id: uuid.UUID | None,
    params: ModelParams,
    weight: int,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    prompt_token_price: decimal.Decimal | None,
    completion_token_price: decimal.Decimal | None,
    cached_token_price: decimal.Decimal | None,
    id: uuid.UUID,
    version: int,
) -> int | None:
    """Sets all that may be edited of a deployment, if it still has the version that was read, and returns the next one.

    No row: absent, or changed meanwhile.
    """
    value: int | None = await database.fetchval(
        UPDATE_MODEL,
        name,
        provider,
        credential_id,
        params,
        weight,
        requests_per_minute,
        tokens_per_minute,
        prompt_token_price,
        completion_token_price,
        cached_token_price,
        id,
        version,
    )
    return value


async def block_model(database: Database, /, *, id: uuid.UUID) -> int | None:
    """Sends no more requests to a deployment, and returns its version.

    Whatever version it has: in an emergency nobody should have to read first. No row: absent.
    """
    value: int | None = await database.fetchval(BLOCK_MODEL, id)
    return value


async def unblock_model(database: Database, /, *, id: uuid.UUID) -> int | None:
    """Sends requests to a deployment again, and returns its version.

    No row: absent, or not blocked.
    """
    value: int | None = await database.fetchval(UNBLOCK_MODEL, id)
    return value


async def delete_model(database: Database, /, *, id: uuid.UUID, version: int) -> int:
    """Deletes a deployment, if it still has the version that was read.

    Logs and rollups keep its name.
    """
    status = await database.execute(DELETE_MODEL, id, version)
    return int(status.rpartition(" ")[2])


async def set_model_alias(
    database: Database,
    /,
    *,
    team_id: uuid.UUID | None,
    name: str,
    target_name: str,
) -> uuid.UUID:
    """Lets a name stand for another, for one team or, with NULL, for everyone."""
    value: uuid.UUID = await database.fetchval(SET_MODEL_ALIAS, team_id, name, target_name)
    return value


async def delete_model_alias(database: Database, /, *, id: uuid.UUID) -> int:
    """Lets a name stand for itself again."""
    status = await database.execute(DELETE_MODEL_ALIAS, id)
    return int(status.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class LoadModelAliasesRow:
    """A row of LoadModelAliases."""

    id: uuid.UUID
    team_id: uuid.UUID | None
    name: str
    target_name: str


async def load_model_aliases(
    database: Database,
    /,
    *,
    ids: Sequence[uuid.UUID] | None,
) -> list[LoadModelAliasesRow]:
    """The aliases that an instance needs: those of the ids given, or with NULL all of them."""
    rows = await database.fetch(LOAD_MODEL_ALIASES, ids)
    return [LoadModelAliasesRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListModelAliasesRow:
    """A row of ListModelAliases."""

    id: uuid.UUID
    team_id: uuid.UUID | None
    name: str
    target_name: str
    overridden: bool


async def list_model_aliases(
    database: Database,
    /,
    *,
    team_id: uuid.UUID | None,
) -> list[ListModelAliasesRow]:
    """The aliases that hold for a team, or with NULL those for everyone alone.

    Those of the team go before those for everyone, and overridden says which of these it replaces.
    """
    rows = await database.fetch(LIST_MODEL_ALIASES, team_id)
    return [ListModelAliasesRow(*row) for row in rows]


async def resolve_model_name(
    database: Database,
    /,
    *,
    team_id: uuid.UUID | None,
    name: str | None,
) -> str:
    """The name that a caller's name stands for: by the alias of the team, else by that for everyone, else itself.

    Aliases are followed once.
    """
    value: str = await database.fetchval(RESOLVE_MODEL_NAME, team_id, name)
    return value


@dataclass(frozen=True, slots=True)
class CreateCredentialRow:
    """A row of CreateCredential."""

    id: uuid.UUID
    created_at: datetime.datetime
    updated_at: datetime.datetime


async def create_credential(
    database: Database,
    /,
    *,
    name: str,
    provider: str,
    secret: bytes,
    encryption_key_version: int,
    metadata: CredentialMetadata,
) -> CreateCredentialRow:
    """The new credential; its secret is encrypted before it comes here."""
    row = await database.fetchrow(
        CREATE_CREDENTIAL,
        name,
        provider,
        secret,
        encryption_key_version,
        metadata,
    )
    return CreateCredentialRow(*row)


@dataclass(frozen=True, slots=True)
class GetCredentialRow:
    """A row of GetCredential."""

    id: uuid.UUID
    name: str
    provider: str
    secret: bytes
    encryption_key_version: int
    metadata: CredentialMetadata
    updated_at: datetime.datetime


async def get_credential(database: Database, /, *, id: uuid.UUID) -> GetCredentialRow | None:
    """One credential with its encrypted secret, for calling the provider."""
    row = await database.fetchrow(GET_CREDENTIAL, id)
    if row is None:
        return None
    return GetCredentialRow(*row)


@dataclass(frozen=True, slots=True)
class LoadCredentialsRow:
    """A row of LoadCredentials."""

    id: uuid.UUID
    name: str
    provider: str
    secret: bytes
    encryption_key_version: int
    metadata: CredentialMetadata


async def load_credentials(
    database: Database,
    /,
    *,
    ids: Sequence[uuid.UUID] | None,
) -> list[LoadCredentialsRow]:
    """The credentials that an instance needs: those of the ids given, or with NULL all of them."""
    rows = await database.fetch(LOAD_CREDENTIALS, ids)
    return [LoadCredentialsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListCredentialsRowModels:
    """A record of ListCredentials.models."""

    id: uuid.UUID
    name: str
    blocked_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class ListCredentialsRow:
    """A row of ListCredentials."""

    id: uuid.UUID
    name: str
    provider: str
    encryption_key_version: int
    updated_at: datetime.datetime
    models: list[ListCredentialsRowModels]


async def list_credentials(database: Database, /) -> list[ListCredentialsRow]:
    """All credentials by name, without their secrets, with the models that use each."""
    rows = await database.fetch(LIST_CREDENTIALS)
    return [
        ListCredentialsRow(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            [ListCredentialsRowModels(*item) for item in row[5]],
        )
        for row in rows
    ]


async def update_credential(
    database: Database,
    /,
    *,
    provider: str,
    secret: bytes,
    encryption_key_version: int,
    metadata: CredentialMetadata,
    id: uuid.UUID,
    if_updated_at: datetime.datetime,
) -> datetime.datetime | None:
    """Sets a new secret and what is not secret, if the credential is as it was read.

    No row: absent, or changed meanwhile.
    """
    value: datetime.datetime | None = await database.fetchval(
        UPDATE_CREDENTIAL,
        provider,
        secret,
        encryption_key_version,
        metadata,
        id,
        if_updated_at,
    )
    return value


@dataclass(frozen=True, slots=True)
class ListCredentialsToReencryptRow:
    """A row of ListCredentialsToReencrypt."""

    id: uuid.UUID
    secret: bytes
    encryption_key_version: int


async def list_credentials_to_reencrypt(
    database: Database,
    /,
    *,
    encryption_key_version: int,
    after_id: uuid.UUID | None,
    batch_size: int,
) -> list[ListCredentialsToReencryptRow]:
    """A batch of the secrets that are not encrypted with a version of the key, by id after the last one seen."""
    rows = await database.fetch(
        LIST_CREDENTIALS_TO_REENCRYPT,
        encryption_key_version,
        after_id,
        batch_size,
    )
    return [ListCredentialsToReencryptRow(*row) for row in rows]


async def reencrypt_credential(
    database: Database,
    /,
    *,
    secret: bytes,
    encryption_key_version: int,
    id: uuid.UUID,
    read_secret: bytes,
) -> int:
    """Puts the same secret under another version of the key, unless it was changed since it was read."""
    status = await database.execute(
        REENCRYPT_CREDENTIAL,
        secret,
        encryption_key_version,
        id,
        read_secret,
    )
    return int(status.rpartition(" ")[2])


async def delete_credential(database: Database, /, *, id: uuid.UUID) -> int:
    """Deletes a credential.

    Fails while a model uses it.
    """
    status = await database.execute(DELETE_CREDENTIAL, id)
    return int(status.rpartition(" ")[2])
